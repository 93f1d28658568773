"""Pins: images that nobody deletes, singly or by patterns in a resource tag of their repository."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from entrepot.domain.digests import Digest
from entrepot.domain.policy.wildcards import compile_stars

PIN_TAG = "entrepot:pin"
"""The resource tag whose value holds patterns of image tags, with spaces between them: `v* prod-*`."""

_MOST_WILDCARDS = 4  # as in an entry of a lifecycle policy's tagPatternList
_PATTERN = re.compile(r"[0-9A-Za-z_.*-]{1,128}")


@dataclass(frozen=True, slots=True)
class Pin:
    """An image that is kept; `until` is None where that has no end, `pinned_by` is an ARN."""

    digest: Digest
    pinned_by: str
    pinned_at: datetime
    reason: str | None = None
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether its time is not over."""
        return self.until is None or self.until > now


def pin_patterns(resource_tags: Mapping[str, str]) -> tuple[str, ...]:
    """The patterns that a repository's resource tags pin by; none where it has no such tag."""
    return tuple(resource_tags.get(PIN_TAG, "").split())


def are_pin_patterns(value: str) -> bool:
    """Whether the value is one that the tag may have."""
    patterns = value.split()
    return bool(patterns) and all(
        _PATTERN.fullmatch(pattern) and pattern.count("*") <= _MOST_WILDCARDS for pattern in patterns
    )


def find_pinned_tag(patterns: Iterable[str], tags: Iterable[str]) -> str | None:
    """The first of the tags that some pattern covers."""
    covers = compile_patterns(tuple(patterns))
    return next((tag for tag in tags if covers(tag)), None)


@lru_cache(maxsize=64)
def compile_patterns(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """What tells whether some pattern covers a tag."""
    matchers = [compile_stars(pattern) for pattern in patterns]
    return lambda tag: any(covers(tag) for covers in matchers)
