"""What a policy does with an image, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from entrepot.domain.digests import Digest
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


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one image: `action` is None where it stays as it is.

    `rule` is the one rule that had a say, None where there was none. `because_of` are the images that `why`
    is about: the newer ones that the rule counted, newest first, the indexes, or the subject.
    """

    image: LifecycleImage
    action: Action | None
    rule: Rule | None
    why: Why
    because_of: tuple[Digest, ...] = ()


def acting(decisions: Sequence[Decision]) -> list[Decision]:
    """Those that change something, in their order."""
    return [decision for decision in decisions if decision.action is not None]
