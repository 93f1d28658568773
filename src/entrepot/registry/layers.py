"""Layers that a repository holds: whether they are there, and their bytes."""

from collections.abc import Sequence

from entrepot.domain.digests import Digest
from entrepot.domain.errors import LayerArchived, LayerInaccessible, LayerNotFound
from entrepot.domain.layers import Layer
from entrepot.domain.repositories import Repository
from entrepot.domain.versioned import Versioned
from entrepot.ports.blobs import BlobLinks, BlobReader, Blobs, StoredBlob
from entrepot.ports.keys import DataKeys
from entrepot.ports.records import Records, Store
from entrepot.registry.opened import Opened


class Layers:
    """Finds and opens layers, always through the repository that holds them."""

    def __init__(
        self, store: Store, blobs: Blobs, data_keys: DataKeys, links: BlobLinks | None = None
    ) -> None:
        """`links` is None where clients get all bytes from us."""
        self._store = store
        self._blobs = blobs
        self._data_keys = data_keys
        self._links = links
        self._opened = Opened()
        self._found: Versioned[tuple[str, Digest], Layer] = Versioned()

    async def get(self, repository: Repository, digest: Digest) -> Layer:
        """The layer; LayerNotFound, or LayerArchived where only archived images use it."""
        commits = self._store.commits()
        layer = self._found.find((repository.id, digest), commits)
        if layer is None:
            layer = await self._store.read(lambda records: records.layers.find(repository.id, digest))
            if layer is None:
                raise LayerNotFound(digest, repository.name, repository.registry.account)
            self._found.keep((repository.id, digest), commits, layer)
        if layer.is_archived:
            raise LayerArchived(digest, repository.name, repository.registry.account)
        return layer

    async def get_referenced(self, repository: Repository, digest: Digest) -> Layer:
        """The layer if an image here refers to it, else LayerInaccessible (ECR's rule for download URLs)."""
        layer = await self.get(repository, digest)
        if not await self._store.read(lambda records: records.references.users(repository.id, digest, 1)):
            raise LayerInaccessible(digest, repository.name, repository.registry.account)
        return layer

    async def find_many(
        self, repository: Repository, digests: Sequence[Digest]
    ) -> tuple[dict[Digest, Layer], dict[Digest, str]]:
        """Those that are held, and the media type of those that an image refers to."""

        async def body(records: Records) -> tuple[dict[Digest, Layer], dict[Digest, str]]:
            held = await records.layers.find_many(repository.id, digests)
            return held, await records.references.media_types(repository.id, list(held))

        return await self._store.read(body)

    async def link(self, layer: Layer, *, headers: dict[str, str]) -> str | None:
        """Where a client may fetch its bytes for some minutes; None where only we can give them."""
        if self._links is None or layer.wrapped_key is not None or layer.in_archive is not None:
            return None
        return await self._links.link(layer.blob_key, headers=headers)

    async def open(self, layer: Layer) -> BlobReader:
        """Its bytes, to be read from any position."""
        return await self._blobs.open(await self._stored(layer))

    async def content(self, layer: Layer) -> bytes:
        """All of its bytes, for small ones: those opened lately are kept."""
        content = self._opened.find(layer.blob_key)
        if content is None:
            pieces = self._blobs.chunks(await self._stored(layer), 0, layer.size_bytes)
            content = b"".join([piece async for piece in pieces])
            self._opened.keep(layer.blob_key, content)
        return content

    async def _stored(self, layer: Layer) -> StoredBlob:
        data_key = None
        if layer.wrapped_key is not None:
            data_key = await self._data_keys.open(layer.wrapped_key, layer.blob_key)
        return StoredBlob(layer.blob_key, data_key, layer.size_bytes, layer.in_archive)
