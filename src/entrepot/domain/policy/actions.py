"""The Action and NotAction elements."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.domain.policy.wildcards import Matcher, compile_pattern, read_wildcards

_ACTION = re.compile(r"(?:[A-Za-z0-9-]{1,64}|\*):[A-Za-z0-9*?]+|\*")


@dataclass(frozen=True, slots=True)
class Actions:
    """What a statement is about, without regard to case; `is_negated` for NotAction."""

    is_negated: bool
    names: tuple[str, ...]
    _tests: tuple[Matcher, ...]

    def cover(self, action: str) -> bool:
        """Whether the element covers the action, given in lower case."""
        return any(test(action) for test in self._tests) is not self.is_negated

    def names_beside(self, actions: Iterable[str]) -> tuple[str, ...]:
        """The names that stand for none of these actions, given in lower case."""
        known = tuple(actions)
        tested = zip(self.names, self._tests, strict=True)
        return tuple(name for name, test in tested if not any(test(action) for action in known))


def parse_actions(names: Sequence[str], place: str, *, is_negated: bool) -> Actions:
    """The element's value; raises MalformedPolicy for what can be no action."""
    for name in names:
        if not _ACTION.fullmatch(name):
            raise MalformedPolicy(
                place, f"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: {name!r}"
            )
    return Actions(is_negated, tuple(names), tuple(_test(name.lower()) for name in names))


def _test(name: str) -> Matcher:
    return compile_pattern(tuple(read_wildcards(name)))
