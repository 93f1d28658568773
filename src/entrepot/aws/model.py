"""Service models: botocore's, corrected by `data/deviations.json`, as small typed shapes.

Read through botocore's loader alone: no session, and never from `~/.aws/models`, so that the files of
whoever runs the server do not change what it serves.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict, cast

import orjson
from botocore.loaders import Loader

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | float | bool | None"
Style = Literal["ecr", "coral"]
ProtocolName = Literal["json", "query"]

DEFAULT_BODY_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """A place that holds a value: the name of its shape, and its own name on the wire."""

    shape: str
    wire_name: str


@dataclass(frozen=True, slots=True)
class Structure:
    """Named members, some required; a union takes exactly one of them."""

    members: Mapping[str, Member]
    required: frozenset[str]
    is_union: bool


@dataclass(frozen=True, slots=True)
class ListOf:
    """Any number of one shape; `is_flattened` drops the wrapping element of the Query protocol."""

    item: Member
    minimum: int | None
    maximum: int | None
    is_flattened: bool


@dataclass(frozen=True, slots=True)
class MapOf:
    """Text keys to one shape."""

    key: Member
    value: Member
    minimum: int | None
    maximum: int | None
    is_flattened: bool


@dataclass(frozen=True, slots=True)
class Text:
    """Unicode text; lengths in code points, `shown_pattern` as it is quoted to callers."""

    minimum: int | None
    maximum: int | None
    pattern: re.Pattern[str] | None
    shown_pattern: str
    values: tuple[str, ...]
    is_sensitive: bool


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number of so many bits, or a fraction where `bits` is None."""

    bits: int | None
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes, base64 on the wire; lengths in decoded bytes."""

    minimum: int | None
    maximum: int | None


@dataclass(frozen=True, slots=True)
class Timestamp:
    """An instant; `form` is the model's timestampFormat, None where the protocol decides."""

    form: str | None


Shape = Structure | ListOf | MapOf | Text | Number | Boolean | Blob | Timestamp


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """A modelled error: its code on the wire, and the status where the model gives one."""

    code: str
    status: int | None
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class OperationModel:
    """One operation: shape names of what goes in and out (None: nothing), and its errors."""

    name: str
    input: str | None
    output: str | None
    result_wrapper: str | None
    errors: frozenset[str]
    is_unsigned: bool
    body_limit: int


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """One service, as much of its model as the wire needs.

    `parameter_names` maps members to the names that error texts give them where those differ.
    """

    name: str
    title: str
    api_version: str
    protocol: ProtocolName
    json_version: str
    target_prefix: str
    signing_name: str
    xml_namespace: str
    style: Style
    parameter_names: Mapping[str, str]
    operations: Mapping[str, OperationModel]
    errors: Mapping[str, ErrorModel]
    shapes: Mapping[str, Shape]


class Deviations(TypedDict, total=False):
    """Where a real service differs from its model: one entry of `data/deviations.json`.

    `shapes` overrides fields of shapes, with `patternShown` for a pattern that is quoted otherwise than
    it is applied, and a `because`. `style` chooses the words of broken constraints.
    """

    style: Style
    parameterNames: dict[str, str]
    bodyLimits: dict[str, int]
    shapes: dict[str, dict[str, Json]]


def load_service(name: str, *, folder: Path | None = None) -> ServiceModel:
    """The newest model of the service: botocore's, or that of our own in a folder laid out like its data."""
    loader = Loader(
        extra_search_paths=[str(folder or Loader.BUILTIN_DATA_PATH)],
        include_default_search_paths=False,
        include_default_extras=False,
    )
    version = loader.determine_latest_version(name, "service-2")
    return parse_model(name, loader.load_data(f"{name}/{version}/service-2"), _deviations().get(name, {}))


def parse_model(name: str, model: Mapping[str, Json], deviations: Deviations) -> ServiceModel:
    """The typed form of a service-2 document; shape fields named in the deviations replace the model's."""
    metadata = cast("Mapping[str, str]", model["metadata"])
    raw_shapes = {
        shape: {**raw, **deviations.get("shapes", {}).get(shape, {})}
        for shape, raw in cast("Mapping[str, dict[str, Json]]", model["shapes"]).items()
    }
    raw_operations = cast("Mapping[str, Mapping[str, Json]]", model["operations"])
    limits = deviations.get("bodyLimits", {})
    protocol = cast("ProtocolName", metadata["protocol"])
    return ServiceModel(
        name=name,
        title=metadata.get("serviceAbbreviation", metadata["serviceFullName"]),
        api_version=metadata["apiVersion"],
        protocol=protocol,
        json_version=metadata.get("jsonVersion", "1.1"),
        target_prefix=metadata.get("targetPrefix", ""),
        signing_name=metadata.get("signingName", metadata["endpointPrefix"]),
        xml_namespace=metadata.get("xmlNamespace", ""),
        style=deviations.get("style", "coral"),
        parameter_names=deviations.get("parameterNames", {}),
        operations={
            op: _operation(op, raw, limits.get(op, DEFAULT_BODY_LIMIT)) for op, raw in raw_operations.items()
        },
        errors={shape: _error(shape, raw) for shape, raw in raw_shapes.items() if raw.get("exception")},
        shapes={shape: _shape(raw) for shape, raw in raw_shapes.items()},
    )


@cache
def _deviations() -> Mapping[str, Deviations]:
    text = resources.files("entrepot.aws").joinpath("data/deviations.json").read_bytes()
    return cast("Mapping[str, Deviations]", orjson.loads(text))


def _operation(name: str, raw: Mapping[str, Json], body_limit: int) -> OperationModel:
    given = cast("Mapping[str, str] | None", raw.get("input"))
    result = cast("Mapping[str, str] | None", raw.get("output"))
    errors = cast("list[Mapping[str, str]]", raw.get("errors", []))
    return OperationModel(
        name=name,
        input=given["shape"] if given else None,
        output=result["shape"] if result else None,
        result_wrapper=result.get("resultWrapper") if result else None,
        errors=frozenset(error["shape"] for error in errors),
        is_unsigned=raw.get("authtype") == "none",
        body_limit=body_limit,
    )


def _error(shape: str, raw: Mapping[str, Json]) -> ErrorModel:
    said = cast("Mapping[str, str | int]", raw.get("error", {}))
    status = said.get("httpStatusCode")
    return ErrorModel(
        code=str(said.get("code", shape)),
        status=int(status) if status is not None else None,
        members=frozenset(cast("Mapping[str, Json]", raw["members"])),
    )


def _shape(raw: Mapping[str, Json]) -> Shape:
    low, high = cast("int | None", raw.get("min")), cast("int | None", raw.get("max"))
    match raw["type"]:
        case "structure":
            required = cast("list[str]", raw.get("required", []))
            members = cast("Mapping[str, Mapping[str, Json]]", raw["members"])
            return Structure(
                {name: _member(name, member) for name, member in members.items()},
                frozenset(required),
                raw.get("union") is True,
            )
        case "list":
            return ListOf(_member("member", raw["member"]), low, high, raw.get("flattened") is True)
        case "map":
            key, value = _member("key", raw["key"]), _member("value", raw["value"])
            return MapOf(key, value, low, high, raw.get("flattened") is True)
        case "string":
            return _text(raw, low, high)
        case "integer":
            return Number(32, low, high)
        case "long":
            return Number(64, low, high)
        case "float" | "double":
            return Number(None, low, high)
        case "boolean":
            return Boolean()
        case "blob":
            return Blob(low, high)
        case "timestamp":
            return Timestamp(cast("str | None", raw.get("timestampFormat")))
        case kind:
            raise ValueError(f"a shape of type {kind} is not known")


def _member(name: str, raw: Json) -> Member:
    said = cast("Mapping[str, str]", raw)
    return Member(said["shape"], said.get("locationName", name))


def _text(raw: Mapping[str, Json], low: int | None, high: int | None) -> Text:
    pattern = cast("str | None", raw.get("pattern"))
    return Text(
        minimum=low,
        maximum=high,
        pattern=compile_pattern(pattern) if pattern is not None else None,
        shown_pattern=cast("str", raw.get("patternShown", pattern or "")),
        values=tuple(cast("list[str]", raw.get("enum", []))),
        is_sensitive=raw.get("sensitive") is True,
    )


# Models are written for Java: \p{L}, \p{N} and the underscore together are Python's \w; \p{Z} is every
# separator of Unicode 16; \u takes four digits in both, so the astral range of STS's arnType says
# something else than it means, and CloudTrail writes it as Java's surrogate pairs.
_JAVA_CLASSES = {
    r"\p{L}\p{Z}\p{N}_": r"\w\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    r"\u10000-\u10FFFF": r"\U00010000-\U0010FFFF",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF",
}


def compile_pattern(pattern: str) -> re.Pattern[str]:
    r"""The Python form of a model's pattern, for fullmatch: several of them lack anchors.

    In Java \w, \d and \s are ASCII unless the pattern names Unicode classes.
    """
    flags = re.UNICODE if r"\p{" in pattern else re.ASCII
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern, flags)
