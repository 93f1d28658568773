"""ARNs with wildcards: each of the six parts is matched by itself, as IAM does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.domain.policy.requests import Request
from entrepot.domain.policy.templates import Resolved, Template, Variable, parse_template
from entrepot.domain.policy.wildcards import Pattern, Token, Wild, compile_pattern

_PARTS = 6
_Parts = Sequence[str]


@dataclass(frozen=True, slots=True)
class ArnPattern:
    """An ARN with wildcards, and perhaps variables; `head` is the literal beginning of its last part."""

    head: str
    matches: Callable[[_Parts, Request], bool]
    """Whether an ARN, cut by `split_arn`, matches in a request."""


def split_arn(arn: str) -> _Parts:
    """The parts of an ARN; fewer than six where it is none."""
    return arn.split(":", _PARTS - 1)


def last_part(arn: str) -> str:
    """The resource inside its service, "" for what is no ARN."""
    parts = split_arn(arn)
    return parts[-1] if len(parts) == _PARTS else ""


def parse_arn_pattern(text: str, place: str, *, has_variables: bool) -> ArnPattern:
    """The pattern; raises MalformedPolicy where the text has no ARN's form.

    A pattern that stops early with a `*`, such as `arn:aws:ecr:*`, has it in all the parts that are left.
    """
    template = parse_template(text, place, has_variables=has_variables, has_wildcards=True)
    parts = _split(template)
    if len(parts) < _PARTS and text.endswith("*"):
        parts += [(Wild.RUN,)] * (_PARTS - len(parts))
    if len(parts) != _PARTS or parts[0] != ("arn",):
        raise MalformedPolicy(place, f'{text!r} must be in ARN format or "*".')
    return _pattern(parts)


def _split(template: Template) -> list[Template]:
    """Cut at the first five colons of the text itself, not at those of variables."""
    parts: list[list[Token | Variable]] = [[]]
    for token in template:
        if not isinstance(token, str):
            parts[-1].append(token)
            continue
        first, *rest = token.split(":", _PARTS - len(parts))
        if first:
            parts[-1].append(first)
        parts += [[piece] if piece else [] for piece in rest]
    return [tuple(part) for part in parts]


def _pattern(parts: list[Template]) -> ArnPattern:
    first = parts[-1][0] if parts[-1] else ""
    resolved = Resolved(parts, _matcher)

    def matches(arn: _Parts, request: Request) -> bool:
        test = resolved.find(request)
        return test is not None and test(arn)

    return ArnPattern(first if isinstance(first, str) else "", matches)


def _matcher(parts: list[Pattern]) -> Callable[[_Parts], bool]:
    # The last part first: it is what differs most. Of the others, those that are `*` need no look.
    *front, last = [compile_pattern(part) for part in parts]
    others = [(at, test) for at, test in enumerate(front) if parts[at] != (Wild.RUN,)]

    def matches(arn: _Parts) -> bool:
        return len(arn) == _PARTS and last(arn[-1]) and all(test(arn[at]) for at, test in others)

    return matches
