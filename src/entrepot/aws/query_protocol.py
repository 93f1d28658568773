"""AWS Query: `Action`, `Version` and dotted parameters in a form or query string; XML answers.

Tags.member.1.Key=team     a list of structures        Attributes.entry.1.key=a     a map
Names=                     an empty list               Enabled=true                 a scalar
"""

import math
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast

from entrepot.aws import refusals
from entrepot.aws.codec import Codec, Params, Unreadable, deferred, encode_iso, instant_of_text
from entrepot.aws.faults import Fault, in_query
from entrepot.aws.model import (
    Blob,
    Boolean,
    ListOf,
    MapOf,
    Number,
    ServiceModel,
    Shape,
    Structure,
    Text,
    Timestamp,
)
from entrepot.aws.wire import WireResponse, parse_parameters

DEEPEST_NAME = 32
"""Segments in a parameter's name; IAM's deepest has seven."""

_Write = Callable[[object], str]
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_FRACTION = re.compile(r"-?[0-9]{1,32}(?:\.[0-9]{1,32})?(?:[eE][+-]?[0-9]{1,3})?")
_INDEX = re.compile(r"[1-9][0-9]{0,8}")


class QueryProtocol:
    """The wire form of every operation of one Query service."""

    def __init__(self, model: ServiceModel) -> None:
        codec = Codec(model, _QueryReading())
        self._model = model
        self._decoders = {name: codec.decoder(op.input) for name, op in model.operations.items()}
        writers = _Writers(model.shapes)
        self._writers = {
            name: writers.of(op.output) for name, op in model.operations.items() if op.output is not None
        }

    def decode(self, operation: str, body: bytes, query: Sequence[tuple[bytes, bytes]]) -> Params:
        """The validated parameters of query string and body together; no name may come twice."""
        return self._decoders[operation](_tree([*query, *form(body)]))

    def answer(self, operation: str, result: Mapping[str, object], request_id: str) -> WireResponse:
        """The response of an operation that went well."""
        write, wrapper = self._writers.get(operation), self._model.operations[operation].result_wrapper
        inner = write(result) if write else ""
        if write and wrapper:
            inner = f"<{wrapper}>{inner}</{wrapper}>"
        return self._response(
            200,
            f'<{operation}Response xmlns="{self._model.xml_namespace}">{inner}<ResponseMetadata>'
            f"<RequestId>{escape(request_id)}</RequestId></ResponseMetadata></{operation}Response>",
            request_id,
        )

    def refuse(self, fault: Fault, request_id: str) -> WireResponse:
        """The response of a refused one: in the Query spelling, else a modelled error's code and status.

        In this order, because STS models an ExpiredTokenException about web identities, which is not the
        ExpiredToken that its front says of a session.
        """
        spelled, modelled = in_query(fault), self._model.errors.get(fault.code)
        code, status = spelled.code, spelled.status
        if spelled == fault and modelled is not None:
            code, status = modelled.code, modelled.status or fault.status
        side = "Receiver" if status >= 500 else "Sender"
        fields = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fault.fields.items())
        return self._response(
            status,
            f'<ErrorResponse xmlns="{self._model.xml_namespace}"><Error><Type>{side}</Type>'
            f"<Code>{escape(code)}</Code><Message>{escape(fault.message)}</Message>{fields}</Error>"
            f"<RequestId>{escape(request_id)}</RequestId></ErrorResponse>",
            request_id,
        )

    def _response(self, status: int, text: str, request_id: str) -> WireResponse:
        headers = (("x-amzn-RequestId", request_id), ("Content-Type", "text/xml"))
        return WireResponse(status, headers, text.encode("utf-8"))


def form(body: bytes) -> list[tuple[bytes, bytes]]:
    """The pairs of a form body."""
    return parse_parameters(body.decode("utf-8", "surrogateescape")) if body else []


def find(pairs: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    """The one value of a parameter; `WireFault` where it comes twice, None where it does not come."""
    values = [value for key, value in pairs if key == name]
    if len(values) > 1:
        raise refusals.malformed_query("a parameter is repeated")
    return values[0].decode("utf-8", "replace") if values else None


def escape(text: str) -> str:
    """Text for an XML element: markup escaped, what XML 1.0 cannot hold replaced."""
    text = _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text.translate(_MARKUP)


_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A bare carriage return would reach the reader as a line feed.
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})


def _tree(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, object]:
    """Dotted names as nested dicts; signature parameters left out."""
    root: dict[str, object] = {}
    for raw_name, raw_value in pairs:
        try:
            name, value = raw_name.decode("utf-8"), raw_value.decode("utf-8")
        except UnicodeDecodeError:
            raise refusals.malformed_query("a parameter is not UTF-8") from None
        if name.lower().startswith("x-amz-"):
            continue
        *above, last = name.split(".", DEEPEST_NAME)
        if len(above) >= DEEPEST_NAME:
            raise refusals.malformed_query("a parameter is nested too deep")
        node = root
        for segment in above:
            inner = node.setdefault(segment, {})
            if type(inner) is not dict:
                raise refusals.malformed_query("a parameter is both a value and a structure")
            node = inner
        if last in node:
            raise refusals.malformed_query("a parameter is repeated")
        node[last] = value
    return root


class _QueryReading:
    """Text for every scalar, numbered branches for lists and maps."""

    def structure(self, value: object) -> Mapping[str, object]:
        if type(value) is dict:
            return value
        if value == "":
            return {}
        raise Unreadable("a structure")

    def items(self, value: object, shape: ListOf) -> Sequence[object]:
        if value == "":
            return []
        return _numbered(value if shape.is_flattened else _branch(value, shape.item.wire_name))

    def entries(self, value: object, shape: MapOf) -> Iterable[tuple[object, object]]:
        if value == "":
            return
        for entry in _numbered(value if shape.is_flattened else _branch(value, "entry")):
            pair = self.structure(entry)
            yield pair.get(shape.key.wire_name), pair.get(shape.value.wire_name, "")

    def text(self, value: object) -> str:
        if type(value) is not str:
            raise Unreadable("a string")
        return value

    def whole(self, value: object) -> int:
        if not _WHOLE.fullmatch(text := self.text(value)):
            raise Unreadable("a whole number")
        return int(text)

    def fraction(self, value: object) -> float:
        if not _FRACTION.fullmatch(text := self.text(value)) or not math.isfinite(number := float(text)):
            raise Unreadable("a number")
        return number

    def boolean(self, value: object) -> bool:
        text = self.text(value)
        if text not in {"true", "false"}:
            raise Unreadable("true or false")
        return text == "true"

    def instant(self, value: object, form: str | None) -> datetime:
        del form
        return instant_of_text(self.text(value))


def _branch(value: object, name: str) -> object:
    if type(value) is not dict or set(value) != {name}:
        raise Unreadable("a list")
    return value[name]


def _numbered(value: object) -> list[object]:
    """Branches 1, 2, 3 … in the order of their numbers; gaps close."""
    if type(value) is not dict or not all(_INDEX.fullmatch(key) for key in value):
        raise Unreadable("a list")
    return [value[key] for key in sorted(value, key=int)]


class _Writers:
    """XML writers of one service's shapes; the content only, whoever holds a value names its element."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self._shapes = shapes
        self._known: dict[str, _Write] = {}

    def of(self, name: str) -> _Write:
        known = self._known.get(name)
        if known is not None:
            return known
        self._known[name] = deferred(self._known, name)
        self._known[name] = write = self._compile(self._shapes[name])
        return write

    def _compile(self, shape: Shape) -> _Write:
        match shape:
            case Structure():
                return self._structure(shape)
            case ListOf(item):
                write_item = self.of(item.shape)
                return lambda value: "".join(
                    _element(item.wire_name, write_item(each)) for each in cast("Iterable[object]", value)
                )
            case MapOf(key, value):
                write_value = self.of(value.shape)
                return lambda given: "".join(
                    _element(
                        "entry",
                        _element(key.wire_name, escape(k)) + _element(value.wire_name, write_value(v)),
                    )
                    for k, v in cast("Mapping[str, object]", given).items()
                )
            case Text():
                return lambda value: escape(cast("str", value))
            case Boolean():
                return lambda value: "true" if value else "false"
            case Number(bits):
                return lambda value: str(int(cast("int", value)) if bits else float(cast("float", value)))
            case Blob():
                return lambda value: b64encode(cast("bytes", value)).decode("ascii")
            case Timestamp():
                return encode_iso

    def _structure(self, shape: Structure) -> _Write:
        members = {name: (m.wire_name, self.of(m.shape)) for name, m in shape.members.items()}
        flattened = {
            name: self._flattened(name, member)
            for name, m in shape.members.items()
            if isinstance(member := self._shapes[m.shape], ListOf) and member.is_flattened
        }

        def write(value: object) -> str:
            parts = []
            for name, each in cast("Mapping[str, object]", value).items():
                wire_name, member = members[name]
                if each is None:
                    continue
                repeat = flattened.get(name)
                parts.append(repeat(each) if repeat else _element(wire_name, member(each)))
            return "".join(parts)

        return write

    def _flattened(self, name: str, shape: ListOf) -> _Write:
        write_item = self.of(shape.item.shape)
        element = name if shape.item.wire_name == "member" else shape.item.wire_name
        return lambda value: "".join(
            _element(element, write_item(each)) for each in cast("Iterable[object]", value)
        )


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"
