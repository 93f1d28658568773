"""A lifecycle policy as values: rules that select images, and what is done with those they select."""

from dataclasses import dataclass
from enum import StrEnum


class StorageClass(StrEnum):
    """Where an image's layers lie; the values are those of the policy text."""

    STANDARD = "standard"
    ARCHIVE = "archive"


class TagStatus(StrEnum):
    """Which images a rule is about, before its tag lists are asked."""

    TAGGED = "tagged"
    UNTAGGED = "untagged"
    ANY = "any"


class CountType(StrEnum):
    """What a rule counts: images, or days since something happened to one."""

    IMAGE_COUNT = "imageCountMoreThan"
    SINCE_PUSHED = "sinceImagePushed"
    SINCE_PULLED = "sinceImagePulled"
    SINCE_TRANSITIONED = "sinceImageTransitioned"


class Action(StrEnum):
    """What is done with an image: deleted, or moved to the archive; or with a tag: taken off its image.

    The last is not ECR's.
    """

    EXPIRE = "expire"
    TRANSITION = "transition"
    UNTAG = "untag"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which images a rule acts on.

    An image fits where every entry of `prefixes` (or of `patterns`, or of `expressions`; at most one of the
    three is given) is met by some tag of it. `expressions` are regular, in RE2's syntax, and not ECR's.
    `count_number` is images or days, as `count_type` says.
    """

    tag_status: TagStatus
    count_type: CountType
    count_number: int
    prefixes: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    storage_class: StorageClass = StorageClass.STANDARD


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; of two, the one with the smaller priority number has the first word.

    A rule with the action UNTAG is about single tags: one fits where it meets some entry of the list.
    """

    priority: int
    selection: Selection
    action: Action
    description: str = ""

    @property
    def is_about_tags(self) -> bool:
        """Whether it selects tags and not images."""
        return self.action is Action.UNTAG


@dataclass(frozen=True, slots=True)
class LifecyclePolicy:
    """A checked policy, its rules by ascending priority number; `text` is its minified JSON."""

    text: str
    rules: tuple[Rule, ...]

    @property
    def image_rules(self) -> tuple[Rule, ...]:
        """Those that select images."""
        return tuple(rule for rule in self.rules if not rule.is_about_tags)

    @property
    def tag_rules(self) -> tuple[Rule, ...]:
        """Those that select tags."""
        return tuple(rule for rule in self.rules if rule.is_about_tags)
