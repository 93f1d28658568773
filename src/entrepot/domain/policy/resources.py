"""The Resource and NotResource elements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from entrepot.domain.policy.arns import ArnPattern, parse_arn_pattern, split_arn
from entrepot.domain.policy.requests import Request


@dataclass(frozen=True, slots=True)
class Resources:
    """What a statement is about: ARNs with wildcards, or `*` for everything; `is_negated` for NotResource.

    `heads`: the last part of an ARN that is covered begins with one of these; "" is the beginning of all.
    """

    is_negated: bool
    names: tuple[str, ...]
    heads: tuple[str, ...]
    _is_everything: bool
    _patterns: tuple[ArnPattern, ...]

    def cover(self, request: Request) -> bool:
        """Whether the element covers the resource of the request."""
        if self._is_everything:
            return not self.is_negated
        parts = split_arn(request.resource)
        for pattern in self._patterns:
            if pattern.matches(parts, request):
                return not self.is_negated
        return self.is_negated


def parse_resources(names: Sequence[str], place: str, *, is_negated: bool, has_variables: bool) -> Resources:
    """The element's value; raises MalformedPolicy for what is neither an ARN nor `*`."""
    patterns = tuple(
        parse_arn_pattern(name, place, has_variables=has_variables) for name in names if name != "*"
    )
    is_everything = "*" in names
    heads = ("",) if is_negated or is_everything else _shortest(pattern.head for pattern in patterns)
    return Resources(is_negated, tuple(names), heads, is_everything, patterns)


def _shortest(heads: Iterable[str]) -> tuple[str, ...]:
    """Those that no other one begins."""
    kept: list[str] = []
    for head in sorted(heads):
        if not kept or not head.startswith(kept[-1]):
            kept.append(head)
    return tuple(kept)
