"""Putting images into the archive and bringing them back, in rows; bytes follow (`tier_moves.py`)."""

from dataclasses import replace
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.errors import ImagePinned, ImageReferenced, StorageClassFixed
from entrepot.domain.images import Image, ImageId, ImageStatus
from entrepot.domain.lifecycle.policies import StorageClass
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import tell, undone
from entrepot.ports.clock import Clock, NewId
from entrepot.ports.records import Job, Records, Store
from entrepot.registry.catalog import check_still_there
from entrepot.registry.image_ids import resolve_image
from entrepot.registry.pin_checks import check_image_unpinned

FOLLOW_STORAGE_CLASS = "follow-storage-class"  # the job of an image, by `repository id` and `digest`
_MOST_PARENTS = 1000  # indexes of one image that are looked at


class StorageClasses:
    """UpdateImageStorageClass."""

    def __init__(self, store: Store, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id

    async def change(self, repository: Repository, image_id: ImageId, target: StorageClass) -> Image:
        """Archive the image at once, or begin to bring it back; as it then stands.

        An image that is there already stays as it is. Raises ImageNotFound, and StorageClassFixed for what
        is on its way back, is pinned, or is the child of an index that is not archived.
        """

        async def body(records: Records) -> Image:
            await check_still_there(records, repository)
            image = await resolve_image(records, repository, image_id)
            is_archived = image.status is ImageStatus.ARCHIVED
            if (target is StorageClass.ARCHIVE) is is_archived or (
                target is StorageClass.STANDARD and image.status is ImageStatus.ACTIVATING
            ):
                undone()
                return image
            if target is StorageClass.ARCHIVE:
                changed = await self._archive(records, repository, image)
            else:
                changed = await self._begin_to_restore(records, repository, image)
            tell(
                imageId={"imageDigest": image.digest, "imageTag": image_id.tag},
                imageStatus=changed.status.value,
            )
            await records.jobs.enqueue(follow_job(self._new_id(), repository.id, image.digest, self._clock()))
            return changed

        return await self._store.write(body)

    async def _archive(self, records: Records, repository: Repository, image: Image) -> Image:
        because = None
        if image.status is ImageStatus.ACTIVATING:
            because = "it is being restored"
        else:
            try:
                await check_may_be_archived(records, repository, image.digest, self._clock())
            except ImagePinned as pinned:
                because = f"it is pinned by {pinned.by}"
            except ImageReferenced as referenced:
                because = f"it is referenced by manifest list: [{', '.join(referenced.by[:20])}]"
        if because is not None:
            raise StorageClassFixed(image.digest, repository.name, repository.registry.account, because)
        return await archive_image(records, repository.id, image, self._clock())

    async def _begin_to_restore(self, records: Records, repository: Repository, image: Image) -> Image:
        now = self._clock()
        await records.images.set_status(repository.id, image.digest, ImageStatus.ACTIVATING, now)
        return replace(image, status=ImageStatus.ACTIVATING, activated_at=now)


def follow_job(job_id: str, repository_id: str, digest: Digest, at: datetime) -> Job:
    """The job that goes on where `StorageClasses.change` ends."""
    return Job(job_id, FOLLOW_STORAGE_CLASS, follow_key(repository_id, digest), "{}", at, attempts=0)


def follow_key(repository_id: str, digest: Digest) -> str:
    """The unique key of that job."""
    return f"{repository_id} {digest}"


async def check_may_be_archived(
    records: Records, repository: Repository, digest: Digest, now: datetime
) -> None:
    """Raise ImagePinned or ImageReferenced where the image has to stay active."""
    tags = (await records.tags.of_images(repository.id, [digest])).get(digest, [])
    await check_image_unpinned(records, repository, digest, tags, now)
    await check_indexes_archived(records, repository.id, digest)


async def check_indexes_archived(records: Records, repository_id: str, child: Digest) -> None:
    """Raise ImageReferenced while an index that is not archived has the image as a child."""
    parents = await records.references.parents(repository_id, child, _MOST_PARENTS)
    found = await records.images.find_many(repository_id, parents)
    active = sorted(digest for digest, image in found.items() if image.status is not ImageStatus.ARCHIVED)
    if active:
        raise ImageReferenced(tuple(active))


async def archive_image(records: Records, repository_id: str, image: Image, at: datetime) -> Image:
    """Archive the image; its layers are archived with it, where no active image here uses them."""
    await records.images.set_status(repository_id, image.digest, ImageStatus.ARCHIVED, at)
    await leave_layers(records, repository_id, image.digest, at)
    return replace(image, status=ImageStatus.ARCHIVED, archived_at=at)


async def leave_layers(records: Records, repository_id: str, image: Digest, at: datetime) -> None:
    """An image that was archived, or is about to be removed, needs its layers no more."""
    await records.layers.archive_unneeded(repository_id, image, at)
    await records.tier_moves.note_layers(repository_id, image, at)


async def activate_image(records: Records, repository_id: str, image: Image, at: datetime) -> Image:
    """Make the image active; layers that still lie in the archive are read from there until they are back."""
    await records.images.set_status(repository_id, image.digest, ImageStatus.ACTIVE, at)
    await take_layers(records, repository_id, image.digest, at)
    return replace(image, status=ImageStatus.ACTIVE, activated_at=at)


async def take_layers(records: Records, repository_id: str, image: Digest, at: datetime) -> None:
    """An active image needs its layers from now on."""
    await records.layers.need(repository_id, image)
    await records.tier_moves.note_layers(repository_id, image, at)
