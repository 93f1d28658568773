"""Decoders and encoders compiled from shapes: what arrives is checked once, what leaves is put in wire form.

A decoder reads wire values through a `Reading`, one a protocol, and checks required members, lengths
(always before patterns), ranges, patterns and enums itself. Unknown members are ignored, null is absent.
"""

import binascii
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NoReturn, Protocol, TypeAlias, TypeVar, cast

from entrepot.aws import refusals
from entrepot.aws.model import (
    Blob,
    Boolean,
    ListOf,
    MapOf,
    Number,
    ServiceModel,
    Shape,
    Structure,
    Style,
    Text,
    Timestamp,
)
from entrepot.domain.errors import InvalidParameter, Refusal

Params: TypeAlias = dict[str, object]
Decode = Callable[[object], Params]
Encode = Callable[[object], object]
_Check = Callable[[object], object]
R = TypeVar("R")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BLOB_PIECE = 1024 * 1024
LONGEST_SHOWN_VALUE = 256


class Reading(Protocol):
    """How one protocol writes each kind of value; every method raises `Unreadable` for another kind."""

    def structure(self, value: object) -> Mapping[str, object]:
        """Members by wire name."""

    def items(self, value: object, shape: ListOf) -> Sequence[object]:
        """The elements in order."""

    def entries(self, value: object, shape: MapOf) -> Iterable[tuple[object, object]]:
        """Keys and values."""

    def text(self, value: object) -> str: ...

    def whole(self, value: object) -> int: ...

    def fraction(self, value: object) -> float: ...

    def boolean(self, value: object) -> bool: ...

    def instant(self, value: object, form: str | None) -> datetime:
        """An aware time."""


@dataclass(eq=False)
class Unreadable(Exception):
    """A value of another type than the model's; `path` grows from the inside out."""

    expected: str
    path: list[str] = field(default_factory=list)


@dataclass(eq=False)
class _Violation(Exception):
    """A value that breaks a constraint; `value` is its text, None where nothing came or it is secret."""

    ecr_reason: str
    coral_reason: str
    value: str | None
    is_sensitive: bool = False
    path: list[str] = field(default_factory=list)


class Codec:
    """All decoders and encoders of one service, each shape compiled at most once."""

    def __init__(self, model: ServiceModel, reading: Reading) -> None:
        self._shapes = model.shapes
        self._style = model.style
        self._names = model.parameter_names
        self._reading = reading
        self._checks: dict[str, _Check] = {}
        self._encoders: dict[str, Encode] = {}

    def decoder(self, shape: str | None) -> Decode:
        """What turns an operation's wire value into parameters, or refuses it in the service's words."""
        check = self._check(shape) if shape is not None else self._nothing

        def decode(value: object) -> Params:
            try:
                return cast("Params", check(value))
            except Unreadable as found:
                at = _joined(found.path)
                where = f" at '{at}'" if at else ""
                raise refusals.serialization(f"A value{where} is not {found.expected}") from None
            except _Violation as found:
                raise _violated(found, self._style, self._names) from None
            except RecursionError:
                raise refusals.serialization("The body is nested too deep") from None

        return decode

    def encoder(self, shape: str | None) -> Encode:
        """What turns a handler's answer into JSON-ready values; an answer unlike the model is a bug."""
        return self._encoder(shape) if shape is not None else (lambda _: {})

    def _nothing(self, value: object) -> object:
        self._reading.structure(value)
        return {}

    def _check(self, name: str) -> _Check:
        known = self._checks.get(name)
        if known is not None:
            return known
        # Stands in while the shape is compiled, for shapes that hold themselves.
        self._checks[name] = deferred(self._checks, name)
        self._checks[name] = check = self._compile(self._shapes[name])
        return check

    def _compile(self, shape: Shape) -> _Check:
        match shape:
            case Structure():
                members = [
                    (name, member.wire_name, self._check(member.shape))
                    for name, member in shape.members.items()
                ]
                check = _structure_check(members, shape.required, self._reading)
                return _union_check(check) if shape.is_union else check
            case ListOf():
                return _list_check(shape, self._check(shape.item.shape), self._reading)
            case MapOf():
                key, value = self._check(shape.key.shape), self._check(shape.value.shape)
                return _map_check(shape, key, value, self._reading)
            case _:
                return _scalar_check(shape, self._reading)

    def _encoder(self, name: str) -> Encode:
        known = self._encoders.get(name)
        if known is not None:
            return known
        self._encoders[name] = deferred(self._encoders, name)
        self._encoders[name] = encode = self._compile_encoder(self._shapes[name])
        return encode

    def _compile_encoder(self, shape: Shape) -> Encode:
        match shape:
            case Structure():
                return _structure_encoder(
                    {name: (m.wire_name, self._encoder(m.shape)) for name, m in shape.members.items()}
                )
            case ListOf():
                item = self._encoder(shape.item.shape)
                return lambda value: [item(each) for each in cast("Iterable[object]", value)]
            case MapOf():
                item = self._encoder(shape.value.shape)
                return lambda value: {k: item(v) for k, v in cast("Mapping[str, object]", value).items()}
            case Timestamp(form):
                return encode_iso if form == "iso8601" else _encode_epoch
            case Blob():
                return lambda value: b64encode(cast("bytes", value)).decode("ascii")
            case Text():
                return lambda value: _exactly(value, str)
            case Boolean():
                return lambda value: _exactly(value, bool)
            case Number(bits):
                return lambda value: _exactly(value, int) if bits else float(cast("float", value))


def deferred(table: Mapping[str, Callable[[object], R]], name: str) -> Callable[[object], R]:
    """What the table will hold under a name by the time it is called."""

    def call(value: object) -> R:
        return table[name](value)

    return call


def _violated(found: _Violation, style: Style, names: Mapping[str, str]) -> Refusal:
    """The refusal of a broken constraint, in the words of the service."""
    at = _joined(found.path)
    if style == "ecr":
        return InvalidParameter(names.get(at, at), found.ecr_reason)
    if found.value is not None:
        shown = found.value[:LONGEST_SHOWN_VALUE]
        said = f"Value '{shown}'"
    else:
        said = "Value" if found.is_sensitive else "Value null"
    at = at[:1].lower() + at[1:]
    return refusals.validation(
        f"1 validation error detected: {said} at '{at}' failed to satisfy constraint: {found.coral_reason}"
    )


def _joined(path: list[str]) -> str:
    return ".".join(reversed(path))


def _structure_check(
    members: list[tuple[str, str, _Check]], required: frozenset[str], reading: Reading
) -> _Check:
    structure = reading.structure

    def check(value: object) -> object:
        given = structure(value)
        taken: Params = {}
        for name, wire_name, member in members:
            found = given.get(wire_name)
            if found is None:
                if name in required:
                    _absent(name)
                continue
            try:
                taken[name] = member(found)
            except (Unreadable, _Violation) as problem:
                problem.path.append(name)
                raise
        return taken

    return check


def _union_check(structure: _Check) -> _Check:
    def check(value: object) -> object:
        taken = structure(value)
        if len(cast("Params", taken)) != 1:
            raise Unreadable("a structure with exactly one member")
        return taken

    return check


def _absent(name: str) -> NoReturn:
    reason = "Member must not be null"
    raise _Violation(reason, reason, None, path=[name])


def _list_check(shape: ListOf, item: _Check, reading: Reading) -> _Check:
    def check(value: object) -> object:
        given = reading.items(value, shape)
        _check_length(len(given), shape.minimum, shape.maximum, "[]")
        taken = []
        for i, each in enumerate(given, 1):
            try:
                taken.append(item(each))
            except (Unreadable, _Violation) as problem:
                problem.path += ["member", str(i)]
                raise
        return taken

    return check


def _map_check(shape: MapOf, key: _Check, value: _Check, reading: Reading) -> _Check:
    def check(given: object) -> object:
        taken: dict[object, object] = {}
        for k, v in reading.entries(given, shape):
            try:
                name = key(k)
                if v is not None:
                    taken[name] = value(v)
            except (Unreadable, _Violation) as problem:
                problem.path.append("value")
                raise
        _check_length(len(taken), shape.minimum, shape.maximum, "{}")
        return taken

    return check


def _scalar_check(shape: Shape, reading: Reading) -> _Check:
    match shape:
        case Text():
            return _text_check(shape, reading)
        case Number():
            return _number_check(shape, reading)
        case Blob():
            return _blob_check(shape, reading)
        case Timestamp(form):
            return lambda value: reading.instant(value, form)
        case _:
            return reading.boolean


def _text_check(shape: Text, reading: Reading) -> _Check:
    text, values, pattern = reading.text, frozenset(shape.values), shape.pattern

    def check(value: object) -> object:
        given = text(value)
        shown = None if shape.is_sensitive else given
        # Length first: a pattern must never see more than the shape allows.
        _check_length(len(given), shape.minimum, shape.maximum, shown, is_sensitive=shape.is_sensitive)
        if values and given not in values:
            reason = f"Member must satisfy enum value set: [{', '.join(shape.values)}]"
            raise _Violation(reason, reason, shown, shape.is_sensitive)
        # fullmatch: seven of ECR's patterns lack anchors (model of 1.44.5).
        if pattern is not None and not pattern.fullmatch(given):
            raise _Violation(
                f"must satisfy regular expression '{shape.shown_pattern}'",
                f"Member must satisfy regular expression pattern: {shape.shown_pattern}",
                shown,
                shape.is_sensitive,
            )
        return given

    return check


def _number_check(shape: Number, reading: Reading) -> _Check:
    limit = 1 << (shape.bits - 1) if shape.bits else None

    def check(value: object) -> object:
        given: float
        if limit is None:
            given = reading.fraction(value)
        else:
            given = reading.whole(value)
            if not -limit <= given < limit:
                raise Unreadable(f"a whole number of {shape.bits} bits")
        if shape.minimum is not None and given < shape.minimum:
            reason = f"Member must have value greater than or equal to {shape.minimum}"
            raise _Violation(reason, reason, str(given))
        if shape.maximum is not None and given > shape.maximum:
            reason = f"Member must have value less than or equal to {shape.maximum}"
            raise _Violation(reason, reason, str(given))
        return given

    return check


def _blob_check(shape: Blob, reading: Reading) -> _Check:
    def check(value: object) -> object:
        given = reading.text(value)
        size = len(given) // 4 * 3 - given.endswith("=") - given.endswith("==")
        _check_length(size, shape.minimum, shape.maximum, None, is_sensitive=True)
        try:
            return _from_base64(given)
        except (binascii.Error, UnicodeEncodeError, ValueError):
            raise Unreadable("base64") from None

    return check


def _from_base64(text: str) -> bytes:
    """Strict, and piece by piece: one call over 20 MiB would hold every other thread for its length."""
    pieces = []
    for start in range(0, len(text), BLOB_PIECE):
        piece = binascii.a2b_base64(text[start : start + BLOB_PIECE], strict_mode=True)
        if len(text) - start > BLOB_PIECE and len(piece) != BLOB_PIECE // 4 * 3:
            raise ValueError("padding inside")
        pieces.append(piece)
    return b"".join(pieces)


def _check_length(
    length: int, low: int | None, high: int | None, shown: str | None, *, is_sensitive: bool = False
) -> None:
    if low is not None and length < low:
        words = f"must have length greater than or equal to {low}"
    elif high is not None and length > high:
        words = f"must have length less than or equal to {high}"
    else:
        return
    raise _Violation(words, f"Member {words}", shown, is_sensitive)


def _structure_encoder(members: Mapping[str, tuple[str, Encode]]) -> Encode:
    def encode(value: object) -> object:
        encoded: Params = {}
        for name, each in cast("Mapping[str, object]", value).items():
            wire_name, member = members[name]
            if each is not None:
                encoded[wire_name] = member(each)
        return encoded

    return encode


def _exactly(value: object, kind: type) -> object:
    if type(value) is kind or (isinstance(value, kind) and kind is str):
        return value
    raise TypeError(f"an answer holds {type(value).__name__} where the model has {kind.__name__}")


def _encode_epoch(value: object) -> object:
    """Seconds since 1970 as a fraction: microseconds divided once, so that no digit is invented."""
    return ((cast("datetime", value) - EPOCH) // timedelta(microseconds=1)) / 1_000_000


def encode_iso(value: object) -> str:
    """An instant as the XML protocols write it, to the millisecond."""
    moment = cast("datetime", value).astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)


def instant_of_text(text: str) -> datetime:
    """An ISO 8601 instant, UTC where it names no zone; `Unreadable` for anything else."""
    if len(text) <= 35 and _ISO.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise Unreadable("a timestamp")


def instant_of_seconds(seconds: float) -> datetime:
    """Seconds since 1970; `Unreadable` beyond the years 1 to 9999."""
    try:
        return EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise Unreadable("a timestamp") from None
