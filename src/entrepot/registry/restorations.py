"""Bringing back what was deleted or moved: images with all that they need, tags, repositories."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from entrepot.domain.digests import Digest
from entrepot.domain.errors import (
    DeletedImageNotFound,
    DeletedRepositoryNotFound,
    ImageNotFound,
    NothingToRestore,
    PartsMissing,
    RepositoryExists,
    TagImmutable,
    TooMany,
)
from entrepot.domain.images import ImageStatus
from entrepot.domain.names import Registry, RepositoryName, Tag
from entrepot.domain.recycling import DeletedImage, TagChange
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import caller_arn, tell, undone
from entrepot.ports.clock import Clock, NewId
from entrepot.ports.records import Records, Store
from entrepot.registry.archiving import archive_image, follow_job, take_layers
from entrepot.registry.catalog import check_still_there, get_repository
from entrepot.registry.pushes import TAGS_AN_IMAGE
from entrepot.registry.tag_history import write_history

_AT_ONCE = 1000  # images that one restoration brings back
_TAGS_AT_ONCE = 5000  # and tags: pushes wait a second for them
_LAST = "g"  # behind the id of every event


class Kept(StrEnum):
    """Why a tag stays where it is; the value is how the service names it."""

    TAKEN = "TAKEN"
    IMMUTABLE = "IMMUTABLE"


@dataclass(frozen=True, slots=True)
class KeptTag:
    """A tag of a restored image that points elsewhere by now."""

    tag: Tag
    digest: Digest
    reason: Kept


@dataclass(frozen=True, slots=True)
class RestoredImage:
    """An image that came back, and the tags that point at it again."""

    digest: Digest
    tags: tuple[Tag, ...]


@dataclass(slots=True)
class Restored:
    """What came of one restoration."""

    images: list[RestoredImage] = field(default_factory=list)
    kept: list[KeptTag] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RestoredTag:
    """Where a tag points again, where it pointed until then, and the images that came back for it."""

    digest: Digest
    previous: Digest | None
    images: list[RestoredImage]


class Restorations:
    """Restores, each call in one transaction."""

    def __init__(self, store: Store, clock: Clock, new_id: NewId, *, allow_sparse: bool) -> None:
        """`allow_sparse` as pushes have it: an index may come back without some of its children."""
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._allow_sparse = allow_sparse

    async def tags_of(self, registry: Registry, name: RepositoryName, digest: Digest) -> list[Tag]:
        """Every tag that would come back with an image; none where nothing would."""

        async def body(records: Records) -> list[Tag]:
            repository = await records.repositories.find(registry, name)
            if repository is None:
                return []
            plan, _ = await _plan(records, repository, digest)
            return sorted({tag for each in plan for tag in each.tags})

        return await self._store.read(body)

    async def image(
        self, repository: Repository, digest: Digest, *, tags: Collection[Tag] | None, move: bool
    ) -> Restored:
        """Bring the image back, with its children, its subject, and what referred to it and went with it.

        Tags that are free come back too, but only those of `tags` where that is not None. One that points
        elsewhere stays, unless `move` and it is not immutable. Raises DeletedImageNotFound, PartsMissing and
        TooMany, and then nothing is changed.
        """

        async def body(records: Records) -> Restored:
            current = await check_still_there(records, repository)
            restored = await self._restore(records, current, digest, tags=tags, move=move)
            tell(restoredImages=[_told(each) for each in restored.images])
            return restored

        return await self._store.write(body)

    async def tag(self, repository: Repository, tag: Tag, digest: Digest | None) -> RestoredTag:
        """Point the tag at this image again, or at that before its last change, be it in the bin.

        Raises TagImmutable, ImageNotFound, NothingToRestore, and what `image` raises.
        """

        async def body(records: Records) -> RestoredTag:
            current = await check_still_there(records, repository)
            wanted = digest or await _before_last_change(records, current, tag)
            previous = await records.tags.find(repository.id, tag)
            if previous == wanted:
                undone()
                return RestoredTag(wanted, previous, [])
            if previous is not None and current.mutability.is_immutable(tag):
                raise TagImmutable(tag, repository.name)
            restored = Restored()
            if await records.images.find(repository.id, wanted) is None:
                if await records.deleted_images.find(repository.id, wanted) is None:
                    raise ImageNotFound(wanted, tag, repository.name, repository.registry.account)
                restored = await self._restore(records, current, wanted, tags=(), move=False)
            await self._point(records, current, wanted, {tag: previous})
            tell(imageDigest=wanted, previousImageDigest=previous)
            return RestoredTag(wanted, previous, restored.images)

        return await self._store.write(body)

    async def repository(
        self, registry: Registry, name: RepositoryName, *, new_name: RepositoryName, deletion_id: str | None
    ) -> Repository:
        """Bring a repository back that had the name: this one, or the last one deleted.

        Raises DeletedRepositoryNotFound, and RepositoryExists where its new name is taken.
        """

        async def body(records: Records) -> Repository:
            deleted = (
                await records.deleted_repositories.newest(registry, name)
                if deletion_id is None
                else await records.deleted_repositories.find(registry, deletion_id)
            )
            if deleted is None or deleted.repository.name != name:
                raise DeletedRepositoryNotFound(deletion_id or name, registry.account)
            if not await records.deleted_repositories.take_back(deleted.repository.id, new_name):
                raise RepositoryExists(new_name, registry.account)
            return await get_repository(records, registry, new_name)

        return await self._store.write(body)

    async def _restore(
        self,
        records: Records,
        repository: Repository,
        digest: Digest,
        *,
        tags: Collection[Tag] | None,
        move: bool,
    ) -> Restored:
        plan, missing = await _plan(records, repository, digest)
        if not plan:
            raise DeletedImageNotFound(digest, repository.name, repository.registry.account)
        if missing and not self._allow_sparse:
            raise PartsMissing(digest, tuple(missing), repository.name, repository.registry.account)
        of_images = {
            each.image.digest: [tag for tag in each.tags if tags is None or tag in tags] for each in plan
        }
        if sum(map(len, of_images.values())) > _TAGS_AT_ONCE:
            raise TooMany("tags restored at once", _TAGS_AT_ONCE)
        now, restored, placed = self._clock(), Restored(), set[Tag]()
        for each in plan:
            await records.deleted_images.take_back(repository.id, each.image.digest, now)
            await _settle_class(records, repository, each.image.digest, now)
        await self._bring_back_children(records, repository, [each.image.digest for each in plan])
        # Where two had the same tag, it is for the one that was asked for, and then for the last one deleted.
        for each in [plan[0], *sorted(plan[1:], key=lambda other: other.deletion.at, reverse=True)]:
            free: dict[Tag, Digest | None] = {}
            for tag in of_images[each.image.digest]:
                current = await records.tags.find(repository.id, tag)
                if current == each.image.digest:
                    continue
                reason = _reason_to_keep(repository, tag, current, move=move and tag not in placed)
                if current is not None and reason is not None:
                    restored.kept.append(KeptTag(tag, current, reason))
                else:
                    free[tag] = current
            await self._point(records, repository, each.image.digest, free)
            placed |= free.keys()
            restored.images.append(RestoredImage(each.image.digest, tuple(free)))
        return restored

    async def _bring_back_children(
        self, records: Records, repository: Repository, digests: list[Digest]
    ) -> None:
        """An active index has no archived child, and one may have been archived while this was in the bin."""
        found = await records.images.find_many(repository.id, digests)
        active = [digest for digest, image in found.items() if image.status is ImageStatus.ACTIVE]
        of_indexes = await records.references.children_of(repository.id, active)
        children = list({child for of_index in of_indexes.values() for child in of_index})
        for digest, child in (await records.images.find_many(repository.id, children)).items():
            if child.status is ImageStatus.ARCHIVED:
                now = self._clock()
                await records.images.set_status(repository.id, digest, ImageStatus.ACTIVATING, now)
                await records.jobs.enqueue(follow_job(self._new_id(), repository.id, digest, now))

    async def _point(
        self, records: Records, repository: Repository, digest: Digest, tags: dict[Tag, Digest | None]
    ) -> None:
        """Point tags, each with what it points at now, at an image of the repository; raises TooMany."""
        if not tags:
            return
        held = await records.tags.of_images(repository.id, [digest])
        if len(held.get(digest, [])) + len(tags) > TAGS_AN_IMAGE:
            raise TooMany("tags per image", TAGS_AN_IMAGE)
        now = self._clock()
        for tag in tags:
            await records.tags.point(repository.id, tag, digest, now)
        await write_history(
            records,
            repository.id,
            now,
            TagChange.RESTORED,
            [(tag, digest, previous) for tag, previous in tags.items()],
            by=caller_arn(),
        )


async def _plan(
    records: Records, repository: Repository, digest: Digest
) -> tuple[list[DeletedImage], list[Digest]]:
    """What comes back with an image, itself first, and the children that are nowhere.

    Its children are needed, and its subject makes sense of it. What refers to it comes too unless it was
    deleted before: then somebody wanted that to be gone and this to stay.
    """
    plan: dict[Digest, DeletedImage] = {}
    missing: dict[Digest, None] = {}
    waiting = [digest]
    while waiting:
        name = waiting.pop()
        if name in plan:
            continue
        found = await records.deleted_images.find(repository.id, name)
        if found is None:
            continue
        plan[name] = found
        if len(plan) > _AT_ONCE:
            raise TooMany("images restored at once", _AT_ONCE)
        for child in await records.deleted_images.children(repository.id, name):
            if await _is_there(records, repository, child):
                waiting.append(child)
            else:
                missing[child] = None
        if found.image.subject_digest is not None:
            waiting.append(found.image.subject_digest)
        referrers = await records.deleted_images.referrers(repository.id, name, _AT_ONCE + 1)
        waiting += [each.image.digest for each in referrers if each.deletion.at >= found.deletion.at]
    return list(plan.values()), list(missing)


async def _is_there(records: Records, repository: Repository, digest: Digest) -> bool:
    """Whether the repository or its bin has the image."""
    if await records.images.find(repository.id, digest) is not None:
        return True
    return await records.deleted_images.find(repository.id, digest) is not None


def _reason_to_keep(repository: Repository, tag: Tag, current: Digest | None, *, move: bool) -> Kept | None:
    """Why a tag that points at another image must stay there; None where it may be taken."""
    if current is None:
        return None
    if repository.mutability.is_immutable(tag):
        return Kept.IMMUTABLE
    return None if move else Kept.TAKEN


async def _before_last_change(records: Records, repository: Repository, tag: Tag) -> Digest:
    events = await records.tag_history.page(repository.id, tag, before=_LAST, limit=1)
    if not events or events[0].previous is None:
        raise NothingToRestore(tag, repository.name)
    return events[0].previous


def _told(image: RestoredImage) -> dict[str, object]:
    return {"imageDigest": image.digest, "imageTags": image.tags}


async def _settle_class(records: Records, repository: Repository, digest: Digest, now: datetime) -> None:
    """An active image needs its layers again; one that was on its way back from the archive stays there."""
    image = await records.images.find(repository.id, digest)
    if image is None or image.status is ImageStatus.ACTIVE:
        await take_layers(records, repository.id, digest, now)
    else:
        await archive_image(records, repository.id, image, image.archived_at or now)
