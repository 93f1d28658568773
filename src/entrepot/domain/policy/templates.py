"""Texts of a policy with wildcards and `${variables}` in them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from entrepot.domain.policy.keys import Reader, reader_of
from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.domain.policy.requests import Request
from entrepot.domain.policy.wildcards import Pattern, Token, read_wildcards

_REMEMBERED = 16
_CHARACTERS = {"${*}": "*", "${?}": "?", "${$}": "$"}


@dataclass(frozen=True, slots=True)
class Variable:
    """A condition key whose value is put in; `default` where the request has none."""

    read: Reader
    default: str | None

    def value(self, request: Request) -> str | None:
        """Taken as it is: a `*` in it is no wildcard. One of several values is none to put in."""
        value = self.read(request)
        return value if isinstance(value, str) else self.default


Template = tuple[Token | Variable, ...]


def parse_template(text: str, place: str, *, has_variables: bool, has_wildcards: bool) -> Template:
    """The parts of the text; raises MalformedPolicy for a `${` that is no variable.

    `has_variables` is false in documents of 2008-10-17, where `${…}` stands for itself.
    """
    parts: list[Token | Variable] = []
    at = 0
    while has_variables and (start := text.find("${", at)) >= 0:
        parts += _tokens(text[at:start], has_wildcards=has_wildcards)
        end = _end(text, start, place)
        whole = text[start:end]
        parts.append(_CHARACTERS.get(whole) or _variable(whole[2:-1], place))
        at = end
    parts += _tokens(text[at:], has_wildcards=has_wildcards)
    return tuple(parts)


def _end(text: str, start: int, place: str) -> int:
    end = text.find("}", start)
    quote = text.find("'", start, end)
    if quote >= 0:
        end = text.find("'}", quote + 1) + 1  # a default may hold a brace
    if end <= 0:
        raise MalformedPolicy(place, "A policy variable has no end.")
    return end + 1


def _variable(inside: str, place: str) -> Variable:
    name, comma, quoted = inside.partition(",")
    name, quoted = name.strip(), quoted.strip()
    default = None
    if comma:
        if len(quoted) < 2 or quoted[0] != "'" or quoted[-1] != "'":
            raise MalformedPolicy(place, "The default of a policy variable must stand in single quotes.")
        default = quoted[1:-1]
    if ":" not in name or "$" in name or "{" in name:
        raise MalformedPolicy(place, f"{name!r} is no policy variable.")
    return Variable(reader_of(name), default)


def _tokens(text: str, *, has_wildcards: bool) -> Iterable[Token]:
    if has_wildcards:
        return read_wildcards(text)
    return [text] if text else []


M = TypeVar("M")


class Resolved(Generic[M]):
    """What is made of templates for a request, remembered by the values of their variables."""

    def __init__(self, templates: Sequence[Template], make: Callable[[list[Pattern]], M]) -> None:
        self._templates = templates
        self._make = make
        self._variables = [part for template in templates for part in template if isinstance(part, Variable)]
        self._made: dict[tuple[str, ...], M] = {}
        self._fixed = None if self._variables else self._put_in(())

    def find(self, request: Request) -> M | None:
        """None where a variable has no value, and so nothing can match."""
        if self._fixed is not None:
            return self._fixed
        values = []
        for variable in self._variables:
            value = variable.value(request)
            if value is None:
                return None
            values.append(value)
        known = tuple(values)
        made = self._made.get(known)
        if made is None:
            if len(self._made) >= _REMEMBERED:
                self._made.clear()
            made = self._made[known] = self._put_in(known)
        return made

    def _put_in(self, values: Iterable[str]) -> M:
        left = iter(values)
        return self._make(
            [
                tuple(next(left) if isinstance(part, Variable) else part for part in template)
                for template in self._templates
            ]
        )
