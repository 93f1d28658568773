"""An image as lifecycle rules see it."""

from dataclasses import dataclass
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.lifecycle.policies import StorageClass


@dataclass(frozen=True, slots=True)
class LifecycleImage:
    """An image with all that a rule may ask of it.

    `parents` are indexes that have it as a child, `subject` is the image that it refers to (OCI referrers);
    neither needs to be in the repository. `activated_at` is when it last came back from the archive.
    `tagged_at` is since when it has each of its tags; empty where no rule asks for that.
    """

    digest: Digest
    tags: tuple[str, ...]
    pushed_at: datetime
    last_pulled_at: datetime | None = None
    subject: Digest | None = None
    parents: tuple[Digest, ...] = ()
    storage_class: StorageClass = StorageClass.STANDARD
    archived_at: datetime | None = None
    activated_at: datetime | None = None
    tagged_at: tuple[datetime, ...] = ()

    @property
    def begun_at(self) -> datetime:
        """Since when it counts as being here: a return from the archive counts as a push."""
        return self.activated_at or self.pushed_at

    @property
    def used_at(self) -> datetime:
        """The last pull, else since when it is here; pulls before a return from the archive are forgotten."""
        if self.last_pulled_at is None or (self.activated_at and self.last_pulled_at < self.activated_at):
            return self.begun_at
        return self.last_pulled_at
