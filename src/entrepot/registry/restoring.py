"""What follows a change of storage class: images that go with it, and layers that have to come back.

Referrers go with their subject, as in ECR. The children of an index go into the archive with it where nothing
else names them, by tag or as a child, and come back with it in any case: an image that is active again can be
pulled whole. Each step is small and may be repeated; the image itself becomes active last.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from entrepot.domain.digests import Digest
from entrepot.domain.errors import ImagePinned, ImageReferenced
from entrepot.domain.images import Image, ImageStatus
from entrepot.domain.repositories import Repository
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.registry.archiving import activate_image, archive_image, check_may_be_archived

_STEP = 100  # images a transaction

ActivationEvent = Callable[[Records, Repository, Image], Awaitable[None]]
"""Called in the transaction that makes an image active again, for the audit."""

BringBack = Callable[[str], Awaitable[None]]
"""Moves the blob with this key out of the archive tier; returns when it is not there any more."""


class ArchiveUnnamed(Exception):
    """Layers lie in an archive tier, and this server was not told where that is."""

    def __str__(self) -> str:
        return "layers lie in the archive tier, and --archive does not name one"


class StorageClassRuns:
    """Carries on where UpdateImageStorageClass ended."""

    def __init__(
        self, store: Store, clock: Clock, bring_back: BringBack | None, *, event: ActivationEvent
    ) -> None:
        """`bring_back` is None where the server knows no archive tier."""
        self._store = store
        self._clock = clock
        self._bring_back = bring_back
        self._event = event

    async def run(self, key: str) -> None:
        """Let followers of the image go with it, and make it active where it is to be; may be repeated."""
        repository_id, _, digest = key.partition(" ")
        image = await self._store.read(lambda records: records.images.find(repository_id, Digest(digest)))
        if image is None:
            return
        if image.status is ImageStatus.ARCHIVED:
            await self._archive_followers(repository_id, image.digest)
        elif image.status is ImageStatus.ACTIVATING:
            await self._restore(repository_id, image.digest)

    async def _archive_followers(self, repository_id: str, digest: Digest) -> None:
        leaders, seen = [digest], {digest}
        while leaders:
            leader = leaders.pop()
            followers = await self._followers(repository_id, leader)
            for start in range(0, len(followers), _STEP):
                step = followers[start : start + _STEP]
                archived = await self._store.write(partial(self._archive, repository_id, leader, step))
                leaders += [each for each in archived if each not in seen]
                seen.update(archived)

    async def _archive(
        self, repository_id: str, leader: Digest, followers: list[Digest], records: Records
    ) -> list[Digest]:
        """Archive those that may follow the leader, if that is still archived; which."""
        now = self._clock()
        repository = await records.repositories.find_by_id(repository_id)
        current = await records.images.find(repository_id, leader)
        if repository is None or current is None or current.status is not ImageStatus.ARCHIVED:
            return []
        found = await records.images.find_many(repository_id, followers)
        tags = await records.tags.of_images(repository_id, followers)
        archived = []
        for digest, image in found.items():
            is_child = image.subject_digest != leader
            if image.status is not ImageStatus.ACTIVE or (is_child and digest in tags):
                continue
            try:
                await check_may_be_archived(records, repository, digest, now)
            except (ImagePinned, ImageReferenced):
                continue
            await archive_image(records, repository_id, image, now)
            archived.append(digest)
        return archived

    async def _restore(self, repository_id: str, digest: Digest) -> None:
        restoring, seen = [digest], {digest}
        for leader in restoring:  # grows while it is walked
            followers = [each for each in await self._followers(repository_id, leader) if each not in seen]
            for start in range(0, len(followers), _STEP):
                step = followers[start : start + _STEP]
                await self._store.write(partial(self._begin, repository_id, step))
            restoring += followers
            seen.update(followers)
        for each in reversed(restoring):
            await self._activate(repository_id, each)

    async def _begin(self, repository_id: str, digests: list[Digest], records: Records) -> None:
        found = await records.images.find_many(repository_id, digests)
        for image in found.values():
            if image.status is ImageStatus.ARCHIVED:
                await records.images.set_status(
                    repository_id, image.digest, ImageStatus.ACTIVATING, self._clock()
                )

    async def _activate(self, repository_id: str, digest: Digest) -> None:
        while away := await self._store.write(partial(self._activate_if_whole, repository_id, digest)):
            if self._bring_back is None:
                raise ArchiveUnnamed
            for blob_key in away:
                await self._bring_back(blob_key)

    async def _activate_if_whole(self, repository_id: str, digest: Digest, records: Records) -> list[str]:
        """Make the image active, unless layers of it lie in the archive: their blob keys."""
        image = await records.images.find(repository_id, digest)
        if image is None or image.status is not ImageStatus.ACTIVATING:
            return []  # removed, or pushed again meanwhile
        parts = await records.inspection.parts(repository_id, digest)
        held = await records.layers.find_many(repository_id, sorted(parts.layers))
        away = [layer.blob_key for layer in held.values() if layer.in_archive is not None]
        if not away:
            active = await activate_image(records, repository_id, image, self._clock())
            repository = await records.repositories.find_by_id(repository_id)
            if repository is not None:
                await self._event(records, repository, active)
        return away

    async def _followers(self, repository_id: str, leader: Digest) -> list[Digest]:
        """Children and referrers, whatever their status."""
        parts = await self._store.scan(lambda records: records.inspection.parts(repository_id, leader))
        followers, after = sorted(parts.children), ""
        while True:
            page = await self._store.scan(partial(_referrers, repository_id, leader, after))
            followers += page
            if len(page) < _STEP:
                return list(dict.fromkeys(followers))
            after = page[-1]


async def _referrers(repository_id: str, subject: Digest, after: str, records: Records) -> list[Digest]:
    found = await records.images.referrers(repository_id, subject, after=after, limit=_STEP)
    return [image.digest for image in found]
