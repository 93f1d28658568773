"""Taking images, tags and layers out of a repository."""

from collections.abc import Sequence
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.errors import ImageNotFound, ImageReferenced, LayerInUse, LayerNotFound, Refusal
from entrepot.domain.images import Image, ImageId
from entrepot.domain.names import Tag
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import tell
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.registry.catalog import check_still_there
from entrepot.registry.image_ids import ImageFailure, resolve_image

_NAMED_AT_MOST = 20  # indexes or images that a refusal lists


class Deletions:
    """Deletes, each call in one transaction."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def delete_batch(
        self, repository: Repository, ids: Sequence[ImageId]
    ) -> tuple[list[ImageId], list[ImageFailure]]:
        """BatchDeleteImage: what went, a row for each digest and tag, and what stays, in the order asked.

        By digest the image goes with all its tags; by tag only the tag, and with the last tag the image.
        """

        async def body(records: Records) -> tuple[list[ImageId], list[ImageFailure]]:
            await check_still_there(records, repository)
            deleted: list[ImageId] = []
            failures: list[ImageFailure] = []
            for image_id in ids:
                try:
                    deleted += await _delete(records, repository, image_id, self._clock())
                except Refusal as refusal:  # raised before anything is written for this id
                    failures.append(ImageFailure(image_id, refusal))
            tell(imageIds=[{"imageDigest": each.digest, "imageTag": each.tag} for each in deleted])
            return deleted, failures

        return await self._store.write(body)

    async def delete_image(self, repository: Repository, digest: Digest) -> None:
        """Remove the image with all its tags; ImageNotFound, or ImageReferenced while an index has it."""

        async def body(records: Records) -> None:
            await check_still_there(records, repository)
            image = await resolve_image(records, repository, ImageId(digest=digest))
            await _remove(records, repository, image, self._clock())

        await self._store.write(body)

    async def delete_tag(self, repository: Repository, tag: Tag) -> None:
        """Remove the tag alone: no image disappears by it. ImageNotFound when there is no such tag."""

        async def body(records: Records) -> None:
            await check_still_there(records, repository)
            if not await records.tags.remove(repository.id, tag):
                raise ImageNotFound(None, tag, repository.name, repository.registry.account)

        await self._store.write(body)

    async def delete_layer(self, repository: Repository, digest: Digest) -> None:
        """Let go of a blob; LayerNotFound, or LayerInUse while an image here refers to it."""

        async def body(records: Records) -> None:
            await check_still_there(records, repository)
            users = await records.references.users(repository.id, digest, _NAMED_AT_MOST)
            if users:
                raise LayerInUse(digest, tuple(users))
            if not await records.layers.release(repository.id, digest):
                raise LayerNotFound(digest, repository.name, repository.registry.account)

        await self._store.write(body)


async def _delete(
    records: Records, repository: Repository, image_id: ImageId, now: datetime
) -> list[ImageId]:
    image = await resolve_image(records, repository, image_id)
    tags = (await records.tags.of_images(repository.id, [image.digest])).get(image.digest, [])
    if image_id.tag is not None and len(tags) > 1:
        await records.tags.remove(repository.id, Tag(image_id.tag))
        return [ImageId(image.digest, image_id.tag)]
    await _remove(records, repository, image, now)
    return [ImageId(image.digest, tag) for tag in tags] or [ImageId(image.digest)]


async def _remove(records: Records, repository: Repository, image: Image, now: datetime) -> None:
    parents = await records.references.parents(repository.id, image.digest, _NAMED_AT_MOST)
    if parents:
        raise ImageReferenced(tuple(parents))
    # Its layers stay for a grace period from now: somebody may be about to push an image that shares them.
    await records.layers.renew(repository.id, image.digest, now)
    await records.images.remove(repository.id, image.digest)
