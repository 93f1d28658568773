"""The Resource and NotResource elements."""

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.domain.policy.arns import ArnPattern, parse_arn_pattern, split_arn
from entrepot.domain.policy.requests import Request


@dataclass(frozen=True, slots=True)
class Resources:
    """What a statement is about: ARNs with wildcards, or `*` for everything; `is_negated` for NotResource."""

    is_negated: bool
    names: tuple[str, ...]
    is_everything: bool
    has_variables: bool
    _patterns: tuple[ArnPattern, ...]

    def cover(self, request: Request) -> bool:
        """Whether the element covers the resource of the request."""
        parts = split_arn(request.resource)
        matches = self.is_everything or any(pattern.matches(parts, request) for pattern in self._patterns)
        return matches is not self.is_negated

    def may_cover(self, parts: Sequence[str]) -> bool:
        """Whether a resource, cut by `split_arn`, is covered by some request; without variables, by all."""
        if self.has_variables:
            return True
        if self.is_everything:
            return not self.is_negated
        for pattern in self._patterns:
            if pattern.matches_always(parts):
                return not self.is_negated
        return self.is_negated


def parse_resources(names: Sequence[str], place: str, *, is_negated: bool, has_variables: bool) -> Resources:
    """The element's value; raises MalformedPolicy for what is neither an ARN nor `*`."""
    patterns = tuple(
        parse_arn_pattern(name, place, has_variables=has_variables) for name in names if name != "*"
    )
    varies = any(pattern.has_variables for pattern in patterns)
    return Resources(is_negated, tuple(names), "*" in names, varies, patterns)
