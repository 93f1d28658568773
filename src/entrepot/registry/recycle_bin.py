"""The recycle bin: what goes there, how long it stays, what it holds, and what is erased of it.

No door of the registry reaches an image in the bin, and the bin holds its layers. A repository in the bin
keeps everything that it had; only its name is gone, so that nobody finds it. When the window of one is over a
job erases it, in steps.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from entrepot.domain.digests import Digest
from entrepot.domain.errors import DeletedRepositoryNotFound, InvalidParameter
from entrepot.domain.images import Image
from entrepot.domain.names import Registry, RepositoryName, Tag
from entrepot.domain.recycling import (
    BinEntry,
    DeletedImage,
    DeletedRepository,
    Deletion,
    TagChange,
    bin_of,
)
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import tell
from entrepot.ports.clock import Clock, NewId
from entrepot.ports.records import Job, Records, Store
from entrepot.ports.statistics import RepositoryTotal
from entrepot.registry.catalog import FORGET_REPOSITORY, check_still_there
from entrepot.registry.deletion_windows import find_window, put_window
from entrepot.registry.pages import Page, cut_page, fetch_page, read_token
from entrepot.registry.tag_history import write_history

_STEP = 100  # images a transaction: pushes wait for no more than that
_COUNTED = 5000  # rows a statement, some milliseconds each


@dataclass(frozen=True, slots=True)
class Content:
    """How much there is, and when the first of it was deleted, None where there is nothing."""

    count: int = 0
    size_bytes: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """The bin of a registry, or of one repository, which has no repositories in it."""

    days: int
    images: Content
    repositories: Content | None


@dataclass(frozen=True, slots=True)
class ListedRepository:
    """A deleted repository, and how many images of how many bytes it had."""

    deleted: DeletedRepository
    images: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a deleted repository comes back with, beside its images, that policies may ask about."""

    repository: Repository
    resource_tags: Mapping[str, str]
    policy: str | None
    has_lifecycle_policy: bool


class RecycleBin:
    """The bins of every registry on this server."""

    def __init__(self, store: Store, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id

    async def days(self, registry: Registry) -> int:
        """How many days deleted things stay; 0 where they are gone at once."""
        return (await self._store.read(lambda records: find_window(records, registry))).days

    async def keep_for(self, registry: Registry, days: int) -> None:
        """Set that for what is deleted from now on; raises InvalidParameter."""
        await self._store.write(lambda records: put_window(records, registry, days))

    async def describe(self, registry: Registry, repository: Repository | None) -> Described:
        """What is in the bin of the registry, or of the repository; counted in pages."""
        days = await self.days(registry)
        if repository is not None:
            return Described(days, await self._count(partial(_of_repository, repository.id)), None)
        images = await self._count(partial(_of_registry, registry))
        return Described(days, images, await self._count_repositories(registry))

    async def images(self, repository: Repository, *, token: str | None, limit: int) -> Page[DeletedImage]:
        """Deleted images of the repository, the last one deleted first."""
        before = _moment(*read_token("deleted-images", token, 2))
        found = await fetch_page(
            self._store,
            limit,
            lambda records: records.deleted_images.page(repository.id, before=before, limit=limit + 1),
        )
        return cut_page(
            "deleted-images", found, limit, lambda each: (_instant(each.deletion), each.image.digest)
        )

    async def repositories(
        self, registry: Registry, name: RepositoryName | None, *, token: str | None, limit: int
    ) -> Page[ListedRepository]:
        """Deleted repositories, of one name where one is given; the last one deleted first."""
        before = _moment(*read_token("deleted-repositories", token, 2))
        found = await fetch_page(
            self._store,
            limit,
            lambda records: records.deleted_repositories.page(registry, name, before=before, limit=limit + 1),
        )
        page = cut_page(
            "deleted-repositories", found, limit, lambda each: (_instant(each.deletion), each.repository.id)
        )
        return Page(await self._store.scan(partial(_with_totals, page.entries)), page.next_token)

    async def belongings(
        self, registry: Registry, name: RepositoryName | None, deletion_id: str | None
    ) -> Belongings | None:
        """Those of the deletion of this id, or of the last one of the name; None where there is none."""

        async def body(records: Records) -> Belongings | None:
            found = None
            if deletion_id is not None:
                found = await records.deleted_repositories.find(registry, deletion_id)
            elif name is not None:
                found = await records.deleted_repositories.newest(registry, name)
            if found is None or name not in (None, found.repository.name):
                return None
            repository = found.repository
            return Belongings(
                repository,
                await records.resource_tags.of(repository.id),
                await records.repository_policies.find(repository.id),
                await records.lifecycle_policies.find(repository.id) is not None,
            )

        return await self._store.read(body)

    async def purge_images(self, repository: Repository, digests: Sequence[Digest] | None) -> int:
        """Erase these deleted images of the repository, or all of them; how many there were."""
        if digests is not None:
            return await self._store.write(partial(_erase_named, repository, digests))
        return await self._erase_all(partial(_of_repository, repository.id))

    async def purge_repository(self, registry: Registry, deletion_id: str) -> None:
        """Erase a deleted repository; raises DeletedRepositoryNotFound."""

        async def body(records: Records) -> None:
            found = await records.deleted_repositories.find(registry, deletion_id)
            if found is None:
                raise DeletedRepositoryNotFound(deletion_id, registry.account)
            await self._forget(found.repository.id, records)
            _tell_of(repositories=1)

        await self._store.write(body)

    async def purge_everything(self, registry: Registry) -> tuple[int, int]:
        """Erase all that is in the registry's bin; how many images and repositories there were."""
        repositories = 0
        while found := await self._store.read(
            lambda records: records.deleted_repositories.page(registry, None, before=None, limit=_STEP)
        ):
            ids = [each.repository.id for each in found]
            repositories += await self._store.write(partial(self._forget_all, ids))
        return await self._erase_all(partial(_of_registry, registry)), repositories

    async def empty(self) -> tuple[int, int]:
        """Erase what need not be kept any longer, in every registry; how many images and repositories."""
        now, images, repositories = self._clock(), 0, 0
        while ended := await self._store.read(lambda records: records.deleted_images.ended(now, _STEP)):
            images += await self._store.write(partial(_erase, ended))
        while ids := await self._store.read(lambda records: records.deleted_repositories.ended(now, _STEP)):
            repositories += await self._store.write(partial(self._forget_all, ids))
        return images, repositories

    async def _count(
        self, page: Callable[[tuple[str, str], int, Records], Awaitable[list[BinEntry]]]
    ) -> Content:
        count = size_bytes = 0
        oldest: datetime | None = None
        after = ("", "")
        while found := await self._store.scan(partial(page, after, _COUNTED)):
            first = min(entry.deleted_at for entry in found)
            oldest = first if oldest is None else min(oldest, first)
            count, size_bytes = count + len(found), size_bytes + sum(entry.size_bytes for entry in found)
            after = found[-1].place, found[-1].digest
        return Content(count, size_bytes, oldest)

    async def _count_repositories(self, registry: Registry) -> Content:
        content, token = Content(), None
        while True:
            page = await self.repositories(registry, None, token=token, limit=_STEP)
            content = Content(
                content.count + len(page.entries),
                content.size_bytes + sum(each.size_bytes for each in page.entries),
                page.entries[-1].deleted.deletion.at if page.entries else content.oldest,
            )
            token = page.next_token
            if token is None:
                return content

    async def _erase_all(
        self, page: Callable[[tuple[str, str], int, Records], Awaitable[list[BinEntry]]]
    ) -> int:
        """Erase step by step; where there is nothing the audit is told of that."""
        erased = 0
        while (found := await self._store.read(partial(page, ("", ""), _STEP))) or not erased:
            erased += await self._store.write(partial(_erase, [(each.place, each.digest) for each in found]))
            if not found:
                break
        return erased

    async def _forget_all(self, ids: Sequence[str], records: Records) -> int:
        removed = sum([await self._forget(each, records) for each in ids])
        _tell_of(repositories=removed)
        return removed

    async def _forget(self, repository_id: str, records: Records) -> bool:
        """Let the job clear what is left of it, as of a repository that was deleted for good."""
        if not await records.deleted_repositories.remove(repository_id):
            return False
        await records.jobs.enqueue(
            Job(self._new_id(), FORGET_REPOSITORY, repository_id, "{}", self._clock(), attempts=0)
        )
        return True


async def throw_away(
    records: Records, repository: Repository, image: Image, tags: Sequence[Tag], deletion: Deletion
) -> None:
    """Take the image out of the repository with its tags, into the bin where that keeps anything."""
    if deletion.is_kept:
        await records.deleted_images.put(repository, image.digest, tags, deletion)
    else:
        await records.images.remove(repository.id, image.digest)
    await write_removals(records, repository, tags, image.digest, deletion)


async def write_removals(
    records: Records, repository: Repository, tags: Sequence[Tag], digest: Digest, deletion: Deletion
) -> None:
    """Write into the history that the tags are gone."""
    change = TagChange.DELETED if deletion.rule_priority is None else TagChange.EXPIRED
    await write_history(
        records,
        repository.id,
        deletion.at,
        change,
        [(tag, None, digest) for tag in tags],
        by=deletion.by,
        rule_priority=deletion.rule_priority,
    )


async def _of_repository(
    repository_id: str, after: tuple[str, str], limit: int, records: Records
) -> list[BinEntry]:
    return await records.deleted_images.of_repository(repository_id, after=after[1], limit=limit)


async def _of_registry(
    registry: Registry, after: tuple[str, str], limit: int, records: Records
) -> list[BinEntry]:
    return await records.deleted_images.of_registry(registry, after=after, limit=limit)


async def _with_totals(found: Sequence[DeletedRepository], records: Records) -> list[ListedRepository]:
    totals = await records.statistics.totals([each.repository.id for each in found])
    holdings = [totals.get(each.repository.id, RepositoryTotal()).holding for each in found]
    return [
        ListedRepository(each, holding.images, holding.size_bytes)
        for each, holding in zip(found, holdings, strict=True)
    ]


async def _erase_named(repository: Repository, digests: Sequence[Digest], records: Records) -> int:
    await check_still_there(records, repository)
    return await _erase([(bin_of(repository.id), digest) for digest in dict.fromkeys(digests)], records)


async def _erase(found: Sequence[tuple[str, Digest]], records: Records) -> int:
    erased = sum([await records.deleted_images.erase(place, digest) for place, digest in found])
    _tell_of(images=erased)
    return erased


def _tell_of(*, images: int = 0, repositories: int = 0) -> None:
    """The audit is told how many this step erased."""
    tell(imageCount=images, repositoryCount=repositories)


def _instant(deletion: Deletion) -> str:
    return deletion.at.isoformat()


def _moment(at: str, last: str) -> tuple[datetime, str] | None:
    """The place that a token names; raises InvalidParameter."""
    if not at:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as cause:
        raise InvalidParameter("nextToken", "Invalid token") from cause
    if moment.tzinfo is None:
        raise InvalidParameter("nextToken", "Invalid token")
    return moment, last
