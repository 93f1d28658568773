"""Texts of a policy with wildcards and `${variables}` in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from entrepot.domain.policy.keys import Reader, reader_of
from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.domain.policy.requests import Request
from entrepot.domain.policy.wildcards import Pattern, Token, Wild

_CHARACTERS = {"${*}": "*", "${?}": "?", "${$}": "$"}


@dataclass(frozen=True, slots=True)
class Variable:
    """A condition key whose value is put in; `default` where the request has none."""

    read: Reader
    default: str | None


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


def _tokens(text: str, *, has_wildcards: bool) -> Iterator[Token]:
    if not has_wildcards:
        if text:
            yield text
        return
    start = 0
    for at, character in enumerate(text):
        if character in "*?":
            if at > start:
                yield text[start:at]
            yield Wild(character)
            start = at + 1
    if start < len(text):
        yield text[start:]


def static_pattern(template: Template) -> Pattern | None:
    """The pattern, where it is the same for every request; None where a variable stands in it."""
    pattern = tuple(part for part in template if not isinstance(part, Variable))
    return pattern if len(pattern) == len(template) else None


def resolve(template: Template, request: Request) -> Pattern | None:
    """The pattern for this request; None where a variable has no value, and so nothing can match.

    A value is taken as it is: a `*` in it is no wildcard. One of several values is none to put in.
    """
    pattern: list[Token] = []
    for part in template:
        if isinstance(part, Variable):
            value = part.read(request)
            if not isinstance(value, str):
                value = part.default
            if value is None:
                return None
            pattern.append(value)
        else:
            pattern.append(part)
    return tuple(pattern)


def literal(pattern: Sequence[Token]) -> str:
    """The text of a pattern without wildcards."""
    return "".join(token for token in pattern if isinstance(token, str))
