"""What a policy does with an image, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from entrepot.domain.digests import Digest
from entrepot.domain.images import PointedTag
from entrepot.domain.lifecycle.holds import Hold
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import Action, Rule


class Why(StrEnum):
    """The reason of a decision; the value is how a person is told."""

    NO_RULE = "no rule selects the image"
    WITHIN_COUNT = "it is among the newest that the rule keeps"
    OVER_COUNT = "there are enough newer ones that the rule selects"
    TOO_YOUNG = "it is not old enough for the rule"
    OLD_ENOUGH = "it is older than the rule allows"
    IN_INDEX = "an index in the repository has it as a child"
    AS_SUBJECT = "what is done with its subject is done with it"
    PINNED = "it is pinned"
    IN_USE = "a cluster runs it"
    IMMUTABLE = "the tag is immutable"


@dataclass(frozen=True, slots=True)
class TagDecision:
    """What becomes of one tag that a rule over tags is about; `pointed_at` is since when its image has it.

    `newer` are the tags that the rule counted where they are what `why` is about, newest first.
    """

    tag: str
    pointed_at: datetime
    is_removed: bool
    rule: Rule
    why: Why
    hold: Hold | None = None
    newer: tuple[PointedTag, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one image: `action` is None where it stays as it is.

    `rule` is the one rule that had a say, None where there was none. `because_of` are the images that `why`
    is about: the newer ones that the rule counted, newest first, the indexes, or the subject. `hold` is what
    keeps the image though the rule would act on it. `tags` are those that rules over tags are about.
    """

    image: LifecycleImage
    action: Action | None
    rule: Rule | None
    why: Why
    because_of: tuple[Digest, ...] = ()
    hold: Hold | None = None
    tags: tuple[TagDecision, ...] = ()

    @property
    def removed_tags(self) -> tuple[TagDecision, ...]:
        """The tags that are taken off the image; none where it goes with all of them."""
        if self.action is Action.EXPIRE:
            return ()
        return tuple(each for each in self.tags if each.is_removed)


def acting(decisions: Sequence[Decision]) -> list[Decision]:
    """Those that change something, in their order."""
    return [decision for decision in decisions if decision.action is not None]
