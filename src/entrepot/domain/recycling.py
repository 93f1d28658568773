"""What was deleted and can come back, and what happened to tags."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from entrepot.domain.audit import time_of
from entrepot.domain.digests import Digest
from entrepot.domain.errors import InvalidParameter
from entrepot.domain.images import Image
from entrepot.domain.names import Registry, Tag
from entrepot.domain.repositories import Repository

DEFAULT_DAYS = 7
MOST_DAYS = 365

_MARK = "~"  # sorts behind every id of a repository, which are letters, digits and hyphens


def bin_of(repository_id: str) -> str:
    """The id under which the rows of a repository's deleted images stand: no repository ever has it."""
    return f"{_MARK}{repository_id}"


def owner_of(repository_id: str) -> str:
    """The repository that these rows belong to, in its bin or not."""
    return repository_id.removeprefix(_MARK)


@dataclass(frozen=True, slots=True)
class Deletion:
    """When something was deleted and by whom, and until when it can come back.

    `by` is an ARN, None where nobody called; `rule_priority` is that of the lifecycle rule that did it.
    """

    at: datetime
    until: datetime
    by: str | None = None
    rule_priority: int | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it goes to the bin at all."""
        return self.until > self.at


@dataclass(frozen=True, slots=True)
class DeletedImage:
    """An image in the bin of its repository, with the tags that it had."""

    image: Image
    tags: tuple[Tag, ...]
    deletion: Deletion


@dataclass(frozen=True, slots=True)
class DeletedRepository:
    """A repository in the bin of its registry, as it was."""

    repository: Repository
    deletion: Deletion


@dataclass(frozen=True, slots=True)
class BinEntry:
    """A deleted image by its place, which is the id of its repository's bin, and its bytes."""

    place: str
    digest: Digest
    size_bytes: int
    deleted_at: datetime


class TagChange(StrEnum):
    """What happened to a tag; the value is how the service names it."""

    PUSHED = "PUSHED"
    MOVED = "MOVED"
    DELETED = "DELETED"
    EXPIRED = "EXPIRED"
    RESTORED = "RESTORED"


@dataclass(frozen=True, slots=True)
class TagEvent:
    """A tag points elsewhere since: `digest` is None where it went, `previous` where there was none.

    Ids sort by time, as those of audit events. `by` and `rule_priority` are as in Deletion.
    """

    id: str
    tag: Tag
    change: TagChange
    digest: Digest | None
    previous: Digest | None
    by: str | None = None
    rule_priority: int | None = None

    @property
    def at(self) -> datetime:
        """When it happened."""
        return time_of(self.id)


@dataclass(frozen=True, slots=True)
class Protection:
    """Nobody may delete the repository: since when, and who wanted that."""

    at: datetime
    by: str | None


def window_of(setting: str | None) -> timedelta:
    """How long deleted things are kept, by the setting as it is stored; None was never set."""
    return timedelta(days=DEFAULT_DAYS if setting is None else int(setting))


def check_days(days: int) -> None:
    """Refuse what cannot be a window; raises InvalidParameter."""
    if not 0 <= days <= MOST_DAYS:
        raise InvalidParameter("retentionDays", f"must be from 0 to {MOST_DAYS}")


def scope_of(registry: Registry) -> str:
    """The resource that policies name where they are about a registry's whole bin."""
    return f"arn:aws:entrepot:{registry.region}:{registry.account}:recycle-bin"
