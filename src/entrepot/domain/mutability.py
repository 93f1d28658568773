"""Which tags of a repository may be moved to another image."""

import re
from dataclasses import dataclass
from enum import StrEnum

from entrepot.domain.errors import InvalidParameter


class Mutability(StrEnum):
    """ECR's four settings; the exclusion filters turn the named default round for the tags they match."""

    MUTABLE = "MUTABLE"
    IMMUTABLE = "IMMUTABLE"
    IMMUTABLE_WITH_EXCLUSION = "IMMUTABLE_WITH_EXCLUSION"
    MUTABLE_WITH_EXCLUSION = "MUTABLE_WITH_EXCLUSION"


@dataclass(frozen=True, slots=True)
class TagMutability:
    """A repository's setting with its wildcard filters, in the order they were given."""

    setting: Mutability = Mutability.MUTABLE
    filters: tuple[str, ...] = ()

    def is_immutable(self, tag: str) -> bool:
        """Whether this tag, once it names an image, must go on naming that image."""
        excluded = any(matches_wildcard(pattern, tag) for pattern in self.filters)
        if self.setting in (Mutability.IMMUTABLE, Mutability.IMMUTABLE_WITH_EXCLUSION):
            return not excluded
        return excluded


_FILTER = re.compile(r"[0-9a-zA-Z._*-]{1,128}")
_WITH_EXCLUSION = (Mutability.IMMUTABLE_WITH_EXCLUSION, Mutability.MUTABLE_WITH_EXCLUSION)
_FIELD = "imageTagMutabilityExclusionFilters"
_SUBJECT = "ImageTagMutabilityExclusionFilters"  # so spelled in ECR's sentences


def parse_mutability(setting: str, filters: tuple[str, ...] | None) -> TagMutability:
    """The setting with its filters; raises InvalidParameter where the two do not go together."""
    chosen = Mutability(setting)
    if chosen in _WITH_EXCLUSION:
        if not filters:
            raise InvalidParameter(
                _FIELD, f"{_SUBJECT} can't be null when imageTagMutability is set as {chosen}"
            )
        for pattern in filters:
            _check_filter(pattern)
        return TagMutability(chosen, filters)
    if filters:
        raise InvalidParameter(_FIELD, f"{_SUBJECT} must be null when imageTagMutability is set as {chosen}")
    return TagMutability(chosen)


def _check_filter(pattern: str) -> None:
    if not _FILTER.fullmatch(pattern) or pattern.count("*") > 2:
        raise InvalidParameter(_FIELD, "must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'")


def matches_wildcard(pattern: str, text: str) -> bool:
    """Whether `pattern`, in which `*` stands for any run of characters, covers all of `text`.

    Greedy from the left with one place to fall back to, so hostile patterns cost at most
    len(pattern) times len(text) steps.
    """
    at, star, resume, i = 0, -1, 0, 0
    while i < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, i
            at += 1
        elif at < len(pattern) and pattern[at] == text[i]:
            at, i = at + 1, i + 1
        elif star >= 0:
            resume += 1
            at, i = star + 1, resume
        else:
            return False
    return all(c == "*" for c in pattern[at:])
