"""What BatchDeleteImage would delete, and what would be freed by it; nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.errors import ImageNotFound, ImageReferenced, InvalidParameter, Refusal
from entrepot.domain.images import Image, ImageId
from entrepot.domain.names import Tag
from entrepot.domain.repositories import Repository
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.registry.catalog import check_still_there
from entrepot.registry.image_ids import ImageFailure, resolve_image
from entrepot.registry.pin_checks import check_image_unpinned, check_tags_unpinned

_NAMED_AT_MOST = 20  # indexes that a refusal lists
_MOST_LAYERS = 20_000  # of all images together
_LAYERS_STEP = 1000


@dataclass(frozen=True, slots=True)
class DeletedImage:
    """An image that would go, with the tags that go with it."""

    image: Image
    tags: Sequence[Tag]


@dataclass(frozen=True, slots=True)
class DeletionEstimate:
    """What would go. Layers count once: `released_bytes` are those that no other image of the repository has,
    and `freed_bytes` those of them that no other repository of the registry holds.
    """

    images: Sequence[DeletedImage]
    ids: Sequence[ImageId]
    failures: Sequence[ImageFailure]
    released_bytes: int
    freed_bytes: int


class DeletionEstimates:
    """Estimates, each of one moment."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, repository: Repository, ids: Sequence[ImageId]) -> DeletionEstimate:
        """Of these images together, in the order given; InvalidParameter where they have too many layers."""

        async def body(records: Records) -> DeletionEstimate:
            await check_still_there(records, repository)
            rehearsal = _Rehearsal(records, repository, self._clock())
            for image_id in ids:
                await rehearsal.delete(image_id)
            released_bytes, freed_bytes = await _freed(records, repository, list(rehearsal.gone))
            return DeletionEstimate(
                images=list(rehearsal.gone.values()),
                ids=rehearsal.deleted,
                failures=rehearsal.failures,
                released_bytes=released_bytes,
                freed_bytes=freed_bytes,
            )

        return await self._store.scan(body)


@dataclass(slots=True)
class _Rehearsal:
    """A batch that is deleted from, without being deleted."""

    records: Records
    repository: Repository
    now: datetime
    gone: dict[Digest, DeletedImage] = field(default_factory=dict)
    deleted: list[ImageId] = field(default_factory=list)
    failures: list[ImageFailure] = field(default_factory=list)
    _tags: set[str] = field(default_factory=set)

    async def delete(self, image_id: ImageId) -> None:
        try:
            await self._delete(image_id)
        except Refusal as refusal:
            self.failures.append(ImageFailure(image_id, refusal))

    async def _delete(self, image_id: ImageId) -> None:
        repository = self.repository
        image = await resolve_image(self.records, repository, image_id)
        if image.digest in self.gone or image_id.tag in self._tags:
            raise ImageNotFound(
                image_id.digest and image.digest, image_id.tag, repository.name, repository.registry.account
            )
        found = await self.records.tags.of_images(repository.id, [image.digest])
        tags = [tag for tag in found.get(image.digest, []) if tag not in self._tags]
        if image_id.tag is not None and len(tags) > 1:
            await check_tags_unpinned(self.records, repository, [Tag(image_id.tag)])
            self._tags.add(image_id.tag)
            self.deleted.append(ImageId(image.digest, image_id.tag))
            return
        await check_image_unpinned(self.records, repository, image.digest, tags, self.now)
        await self._check_parents(image)
        self.gone[image.digest] = DeletedImage(image, tags)
        self.deleted += [ImageId(image.digest, tag) for tag in tags] or [ImageId(image.digest)]

    async def _check_parents(self, image: Image) -> None:
        limit = len(self.gone) + _NAMED_AT_MOST
        parents = await self.records.references.parents(self.repository.id, image.digest, limit)
        staying = [parent for parent in parents if parent not in self.gone]
        if staying:
            raise ImageReferenced(tuple(staying[:_NAMED_AT_MOST]))


async def _freed(records: Records, repository: Repository, gone: Sequence[Digest]) -> tuple[int, int]:
    """Bytes that the repository lets go of, and those of them that nothing else holds."""
    layers = await _layers(records, repository, gone)
    kept = await records.statistics.used_by_others(repository.id, layers, gone)
    released = await records.layers.find_many(repository.id, [layer for layer in layers if layer not in kept])
    held = await records.statistics.held_by_others(
        repository, [layer.blob_key for layer in released.values()]
    )
    return (
        sum(layer.size_bytes for layer in released.values()),
        sum(layer.size_bytes for layer in released.values() if layer.blob_key not in held),
    )


async def _layers(records: Records, repository: Repository, gone: Sequence[Digest]) -> list[Digest]:
    found: dict[Digest, None] = {}
    for digest in gone:
        after = ""
        while layers := await records.statistics.layers_of(
            repository.id, digest, after=after, limit=_LAYERS_STEP
        ):
            found |= dict.fromkeys(layer.digest for layer in layers)
            if len(found) > _MOST_LAYERS:
                raise InvalidParameter("imageIds", f"together have more than {_MOST_LAYERS} layers")
            after = layers[-1].digest
    return list(found)
