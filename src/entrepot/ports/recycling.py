"""The rows of the recycle bin, of the history of tags, and of protection, as the use cases ask for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from entrepot.domain.digests import Digest
from entrepot.domain.names import Registry, RepositoryName, Tag
from entrepot.domain.recycling import (
    BinEntry,
    DeletedImage,
    DeletedRepository,
    Deletion,
    Protection,
    TagEvent,
)
from entrepot.domain.repositories import Repository

Moment = tuple[datetime, str]
"""A time and an id or digest: where a list that begins with the latest goes on."""


class DeletedImages(Protocol):
    """Images in the bins of their repositories.

    There the bin holds their layers, whatever the repository does with them.
    """

    async def put(
        self, repository: Repository, digest: Digest, tags: Sequence[Tag], deletion: Deletion
    ) -> None:
        """Move an image of the repository into its bin, in place of an older deletion of the same.

        Its tags are removed; its layers stay held by the repository too, as long as they would.
        """

    async def find(self, repository_id: str, digest: Digest) -> DeletedImage | None: ...

    async def page(self, repository_id: str, *, before: Moment | None, limit: int) -> list[DeletedImage]:
        """The latest deletions first, of those before a time and digest."""

    async def children(self, repository_id: str, digest: Digest) -> list[Digest]:
        """What an index in the bin names."""

    async def referrers(self, repository_id: str, subject: Digest, limit: int) -> list[DeletedImage]:
        """Deleted images whose subject this is."""

    async def take_back(self, repository_id: str, digest: Digest, at: datetime) -> None:
        """Move the image back, without its tags; where the repository has the same again, that stays."""

    async def erase(self, place: str, digest: Digest) -> bool:
        """Remove the image for good; False when it was not there. `place` is the id of a bin."""

    async def ended(self, by: datetime, limit: int) -> list[tuple[str, Digest]]:
        """(place, digest) of those that need not be kept any longer."""

    async def of_registry(self, registry: Registry, *, after: tuple[str, str], limit: int) -> list[BinEntry]:
        """All of a registry by place and digest; `after` is both, ("", "") at the start."""

    async def of_repository(self, repository_id: str, *, after: str, limit: int) -> list[BinEntry]:
        """All of one repository by digest."""


class DeletedRepositories(Protocol):
    """Repositories in the bin: what belongs to them stays as it is, out of everybody's reach."""

    async def put(self, repository: Repository, deletion: Deletion) -> None:
        """Move the repository into the bin; its name is free."""

    async def find(self, registry: Registry, repository_id: str) -> DeletedRepository | None: ...

    async def newest(self, registry: Registry, name: RepositoryName) -> DeletedRepository | None:
        """The last one deleted of those that had the name."""

    async def page(
        self, registry: Registry, name: RepositoryName | None, *, before: Moment | None, limit: int
    ) -> list[DeletedRepository]:
        """The latest deletions first, of those before a time and id; `name` keeps those that had it."""

    async def take_back(self, repository_id: str, name: RepositoryName) -> bool:
        """Move the repository back under a name; False, and nothing changed, when that is taken."""

    async def remove(self, repository_id: str) -> bool:
        """Remove the row alone; False when it was not there."""

    async def ended(self, by: datetime, limit: int) -> list[str]:
        """Ids of those that need not be kept any longer."""


class TagHistory(Protocol):
    """What happened to tags."""

    async def add(self, repository_id: str, events: Sequence[TagEvent]) -> None:
        """Write events down with the commit: the transaction itself does not see them."""

    async def page(self, repository_id: str, tag: Tag | None, *, before: str, limit: int) -> list[TagEvent]:
        """The latest first, of those with an id before this; `tag` keeps those of one."""

    async def next_place(self, after: str) -> str | None:
        """The repository, by id, that comes after this one among those with events; None for none."""

    async def forget(self, repository_id: str, *, before: str, limit: int) -> int:
        """Remove up to `limit` events with an id before this; how many there were."""


class DeletionProtections(Protocol):
    """Which repositories nobody may delete."""

    async def find(self, repository_id: str) -> Protection | None: ...

    async def put(self, repository_id: str, protection: Protection) -> None:
        """Protect it; where it is protected, that stays as it was."""

    async def remove(self, repository_id: str) -> None: ...
