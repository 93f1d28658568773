"""The condition operators: how a value of the request is compared with those of the policy."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeVar

from entrepot.domain.policy.arns import parse_arn_pattern, split_arn
from entrepot.domain.policy.keys import plain_address
from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.domain.policy.requests import Request
from entrepot.domain.policy.templates import Resolved, Template, parse_template
from entrepot.domain.policy.wildcards import Matcher, Pattern, compile_pattern

Test = Callable[[str, Request], bool]
"""Whether one value of the request matches any of the policy's."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A policy's values for one key, where they stand, and whether `${…}` is a variable there."""

    values: tuple[str, ...]
    place: str
    has_variables: bool


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator without its prefix and suffix; a negated one holds where `compile`'s test does not."""

    name: str
    compile: Callable[[Texts], Test]
    is_negated: bool = False


def _equals(texts: Texts) -> Test:
    return _same(texts, lambda text: text)


def _equals_in_any_case(texts: Texts) -> Test:
    return _same(texts, str.casefold)


def _same(texts: Texts, fold: Callable[[str], str]) -> Test:
    def folded(patterns: list[Pattern]) -> str:
        return fold("".join(token for token in patterns[0] if isinstance(token, str)))

    wanted = [Resolved([template], folded) for template in _templates(texts, has_wildcards=False)]

    def test(value: str, request: Request) -> bool:
        given = fold(value)
        return any(each.find(request) == given for each in wanted)

    return test


def _like(texts: Texts) -> Test:
    def matcher(patterns: list[Pattern]) -> Matcher:
        return compile_pattern(patterns[0])

    wanted = [Resolved([template], matcher) for template in _templates(texts, has_wildcards=True)]

    def test(value: str, request: Request) -> bool:
        return any((matches := each.find(request)) is not None and matches(value) for each in wanted)

    return test


def _templates(texts: Texts, *, has_wildcards: bool) -> list[Template]:
    return [
        parse_template(value, texts.place, has_variables=texts.has_variables, has_wildcards=has_wildcards)
        for value in texts.values
    ]


def _arn(texts: Texts) -> Test:
    patterns = [
        parse_arn_pattern(value, texts.place, has_variables=texts.has_variables) for value in texts.values
    ]
    return lambda value, request: any(pattern.matches(split_arn(value), request) for pattern in patterns)


def _bool(texts: Texts) -> Test:
    wanted = frozenset(_read(_truth, value, texts, "a boolean") for value in texts.values)
    return lambda value, _: _truth(value) in wanted


def _truth(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _binary(texts: Texts) -> Test:
    wanted = frozenset(_read(_bytes, value, texts, "base64") for value in texts.values)
    return lambda value, _: _bytes(value) in wanted


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _address(texts: Texts) -> Test:
    networks = [_network(value, texts) for value in texts.values]

    def test(value: str, _: Request) -> bool:
        address = _host(value)
        return address is not None and any(address in network for network in networks)

    return test


def _network(text: str, texts: Texts) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError as cause:
        raise MalformedPolicy(texts.place, f"{text!r} is not an IP address or range.") from cause


def _host(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return plain_address(ip_address(text))
    except ValueError:
        return None


def _numeric(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[Texts], Test]:
    return lambda texts: _ordered(texts, _number, compare, "a number")


def _dated(compare: Callable[[datetime, datetime], bool]) -> Callable[[Texts], Test]:
    return lambda texts: _ordered(texts, _moment, compare, "a date")


T = TypeVar("T")


def _ordered(
    texts: Texts, parse: Callable[[str], T | None], compare: Callable[[T, T], bool], what: str
) -> Test:
    bounds = [_read(parse, value, texts, what) for value in texts.values]

    def test(value: str, _: Request) -> bool:
        parsed = parse(value)
        return parsed is not None and any(compare(parsed, bound) for bound in bounds)

    return test


def _read(parse: Callable[[str], T | None], text: str, texts: Texts, what: str) -> T:
    value = parse(text)
    if value is None:
        raise MalformedPolicy(texts.place, f"{text!r} is not {what}.")
    return value


_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


# W3C's profile of ISO 8601, as IAM names it: a time has a zone.
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9:.]{5,20}(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?")
_EPOCH = re.compile(r"[0-9]{5,12}")


def _moment(text: str) -> datetime | None:
    try:
        if _EPOCH.fullmatch(text):
            return datetime.fromtimestamp(int(text), UTC)
        if not _DATE.fullmatch(text):
            return None
        moment = datetime.fromisoformat(text + "-01-01"[(len(text) - 4) :] if len(text) < 10 else text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _all() -> Sequence[Operator]:
    return (
        Operator("StringEquals", _equals),
        Operator("StringNotEquals", _equals, is_negated=True),
        Operator("StringEqualsIgnoreCase", _equals_in_any_case),
        Operator("StringNotEqualsIgnoreCase", _equals_in_any_case, is_negated=True),
        Operator("StringLike", _like),
        Operator("StringNotLike", _like, is_negated=True),
        Operator("NumericEquals", _numeric(Decimal.__eq__)),
        Operator("NumericNotEquals", _numeric(Decimal.__eq__), is_negated=True),
        Operator("NumericLessThan", _numeric(Decimal.__lt__)),
        Operator("NumericLessThanEquals", _numeric(Decimal.__le__)),
        Operator("NumericGreaterThan", _numeric(Decimal.__gt__)),
        Operator("NumericGreaterThanEquals", _numeric(Decimal.__ge__)),
        Operator("DateEquals", _dated(datetime.__eq__)),
        Operator("DateNotEquals", _dated(datetime.__eq__), is_negated=True),
        Operator("DateLessThan", _dated(datetime.__lt__)),
        Operator("DateLessThanEquals", _dated(datetime.__le__)),
        Operator("DateGreaterThan", _dated(datetime.__gt__)),
        Operator("DateGreaterThanEquals", _dated(datetime.__ge__)),
        Operator("Bool", _bool),
        Operator("BinaryEquals", _binary),
        Operator("IpAddress", _address),
        Operator("NotIpAddress", _address, is_negated=True),
        Operator("ArnEquals", _arn),
        Operator("ArnLike", _arn),
        Operator("ArnNotEquals", _arn, is_negated=True),
        Operator("ArnNotLike", _arn, is_negated=True),
    )


OPERATORS = {operator.name.lower(): operator for operator in _all()}
"""The operators by lower-case name; Null is none of them, because it compares nothing."""
