"""Conditions of a statement: an operator, a key, and the values that the policy gives."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from entrepot.domain.policy.keys import Reader, reader_of
from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.domain.policy.operators import OPERATORS, Texts
from entrepot.domain.policy.requests import ContextValue, Request


class Quantifier(Enum):
    """How the several values of a multivalued key count."""

    ALL = "forallvalues"
    ANY = "foranyvalue"


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator; `operator` and `key` as the document has them."""

    operator: str
    key: str
    values: tuple[str, ...]
    read: Reader
    _holds: Callable[[ContextValue | None, Request], bool]

    def holds(self, request: Request) -> bool:
        """Whether the request meets the condition."""
        return self._holds(self.read(request), request)


def parse_condition(operator: str, key: str, texts: Texts) -> Condition:
    """The condition; raises MalformedPolicy for an unknown operator or a value that it cannot compare."""
    if ":" not in key:
        raise MalformedPolicy(
            texts.place, "Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        )
    prefix, colon, name = operator.partition(":")
    quantifier = _quantifier(prefix, texts.place) if colon else None
    name = (name if colon else prefix).lower()
    base = name.removesuffix("ifexists")
    if name == "null" and quantifier is None:
        return Condition(operator, key, texts.values, reader_of(key), _null(texts))
    if base not in OPERATORS:
        raise MalformedPolicy(texts.place, f"Invalid condition operator: {operator}.")
    chosen = OPERATORS[base]
    test = chosen.compile(texts)
    expected = not chosen.is_negated

    def one(value: str, request: Request) -> bool:
        return test(value, request) is expected

    holds = _quantified(one, quantifier, is_negated=chosen.is_negated, if_exists=base != name)
    return Condition(operator, key, texts.values, reader_of(key), holds)


def _quantifier(prefix: str, place: str) -> Quantifier:
    try:
        return Quantifier(prefix.lower())
    except ValueError as cause:
        raise MalformedPolicy(place, f"Invalid condition operator: {prefix}.") from cause


def _null(texts: Texts) -> Callable[[ContextValue | None, Request], bool]:
    wanted = {value.lower() for value in texts.values}
    if not wanted <= {"true", "false"}:
        raise MalformedPolicy(texts.place, "The value of Null must be true or false.")
    return lambda value, _: ("true" if _is_absent(value) else "false") in wanted


def _is_absent(value: ContextValue | None) -> bool:
    return value is None or value == ()


def _quantified(
    one: Callable[[str, Request], bool], quantifier: Quantifier | None, *, is_negated: bool, if_exists: bool
) -> Callable[[ContextValue | None, Request], bool]:
    """What IAM documents of an absent key: ForAllValues holds, ForAnyValue does not, else the negated do."""
    if quantifier is Quantifier.ALL:
        return lambda value, request: all(one(each, request) for each in _each(value))
    if quantifier is Quantifier.ANY:

        def any_holds(value: ContextValue | None, request: Request) -> bool:
            if _is_absent(value):
                return if_exists
            return any(one(each, request) for each in _each(value))

        return any_holds
    when_absent = is_negated or if_exists

    def single(value: ContextValue | None, request: Request) -> bool:
        if isinstance(value, str):
            return one(value, request)
        # A multivalued key without a quantifier meets no condition, not even a negated one.
        return when_absent and _is_absent(value)

    return single


def _each(value: ContextValue | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value
