"""Which images have the layers of an image too, as far as the caller may know."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from entrepot.domain.digests import Digest
from entrepot.domain.images import ImageId
from entrepot.domain.names import RepositoryName, Tag
from entrepot.domain.repositories import Repository
from entrepot.ports.records import Records, Store
from entrepot.ports.statistics import Holder, UsedLayer
from entrepot.registry.image_ids import resolve_image
from entrepot.registry.pages import Page, cut_page, read_token

MayDescribeImages = Callable[[RepositoryName], Awaitable[bool]]
"""Whether the caller may see the images of the repository."""

_MOST_COUNTED = 1000  # images a layer
_MOST_HOLDERS = 1000  # repositories looked at for a layer


@dataclass(frozen=True, slots=True)
class SharingImage:
    """Another image that has the layer."""

    repository: RepositoryName
    digest: Digest
    tags: Sequence[Tag]


@dataclass(frozen=True, slots=True)
class SharedLayer:
    """A layer; `count` images have it too and `has_more` if there are others, `images` are some of them."""

    layer: UsedLayer
    count: int
    has_more: bool
    images: Sequence[SharingImage]


class SharedLayers:
    """Looks from layers to the images that have them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of_image(
        self,
        repository: Repository,
        image_id: ImageId,
        may_describe: MayDescribeImages,
        *,
        token: str | None,
        limit: int,
        most_images: int,
    ) -> tuple[Digest, Page[SharedLayer]]:
        """The image's digest and its layers by digest; ImageNotFound.

        What the caller may not describe is neither named nor counted.
        """
        (after,) = read_token("shared-layers", token, 1)

        async def body(records: Records) -> tuple[Digest, list[UsedLayer]]:
            image = await resolve_image(records, repository, image_id)
            return image.digest, await records.statistics.layers_of(
                repository.id, image.digest, after=after, limit=limit + 1
            )

        digest, layers = await self._store.read(body)
        search = _Search(self._store, repository, digest, may_describe)
        page = cut_page("shared-layers", layers, limit, lambda layer: (layer.digest,))
        shared = [await search.sharing(layer, most_images) for layer in page.entries]
        return digest, Page(shared, page.next_token)


class _Search:
    """One call's search: whether a repository may be seen is asked once."""

    def __init__(
        self, store: Store, repository: Repository, image: Digest, may_describe: MayDescribeImages
    ) -> None:
        self._store = store
        self._repository = repository
        self._image = image
        self._may_describe = may_describe
        self._visible = {repository.id: True}

    async def sharing(self, layer: UsedLayer, most_images: int) -> SharedLayer:
        visible = [holder for holder in await self._holders(layer) if await self._is_visible(holder)]
        found = await self._store.scan(partial(self._sharing, visible, layer.digest))
        named = await self._store.read(partial(_with_tags, found[:most_images]))
        return SharedLayer(layer, min(len(found), _MOST_COUNTED), len(found) > _MOST_COUNTED, named)

    async def _sharing(
        self, holders: Sequence[Holder], layer: Digest, records: Records
    ) -> list[tuple[Holder, Digest]]:
        """Images of these repositories that have the layer, up to one more than are counted."""
        found: list[tuple[Holder, Digest]] = []
        for holder in holders:
            room = _MOST_COUNTED + 1 - len(found)
            if room <= 0:
                break
            users = await records.references.users(holder.repository_id, layer, room + 1)
            found += [(holder, user) for user in users if not self._is_the_image(holder, user)]
        return found

    async def _holders(self, layer: UsedLayer) -> list[Holder]:
        if layer.blob_key is None:
            return [Holder(self._repository.id, self._repository.name)]
        key, registry = layer.blob_key, self._repository.registry
        return await self._store.scan(
            lambda records: records.statistics.holders_of(registry, key, limit=_MOST_HOLDERS)
        )

    async def _is_visible(self, holder: Holder) -> bool:
        if holder.repository_id not in self._visible:
            self._visible[holder.repository_id] = await self._may_describe(holder.name)
        return self._visible[holder.repository_id]

    def _is_the_image(self, holder: Holder, user: Digest) -> bool:
        return holder.repository_id == self._repository.id and user == self._image


async def _with_tags(named: Sequence[tuple[Holder, Digest]], records: Records) -> list[SharingImage]:
    images = []
    for holder, digest in named:
        tags = (await records.tags.of_images(holder.repository_id, [digest])).get(digest, [])
        images.append(SharingImage(holder.name, digest, tags))
    return images
