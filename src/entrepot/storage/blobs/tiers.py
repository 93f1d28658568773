"""Two stores as one: the standard tier, and the archive tier for layers that only archived images need."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, aclosing

from entrepot.domain.layers import InArchive, Packing
from entrepot.ports.blobs import (
    BlobReader,
    BlobStore,
    BlobWriter,
    BytesAtRest,
    Stage,
    StoredBlob,
    Upload,
)
from entrepot.storage.blobs.packing import SAMPLE_BYTES, SAMPLES, WORTH, UnpackingReader, packed, pays
from entrepot.storage.blobs.readers import chunks_of, expect_range
from entrepot.storage.blobs.threads import run


class _Passing:
    """A store in front of another, which does all but read: what both stores here begin with."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def begin(self, key: str, data_key: bytes | None) -> Upload:
        return await self._blobs.begin(key, data_key)

    def resume(self, upload: Upload) -> AbstractAsyncContextManager[BlobWriter]:
        return self._blobs.resume(upload)

    async def digest(self, upload: Upload, algorithm: str) -> str:
        return await self._blobs.digest(upload, algorithm)

    async def finish(self, upload: Upload) -> StoredBlob:
        return await self._blobs.finish(upload)

    async def delete(self, key: str) -> None:
        await self._blobs.delete(key)

    async def delete_all(self, keys: Sequence[str]) -> None:
        await self._blobs.delete_all(keys)

    async def check(self) -> None:
        await self._blobs.check()

    async def page(self, stage: Stage, *, after: str, limit: int) -> list[BytesAtRest]:
        return await self._blobs.page(stage, after=after, limit=limit)

    async def find(self, stage: Stage, key: str) -> BytesAtRest | None:
        return await self._blobs.find(stage, key)

    def size_at_rest(self, size_bytes: int, *, is_sealed: bool) -> int:
        return self._blobs.size_at_rest(size_bytes, is_sealed=is_sealed)


class ArchiveBlobs(_Passing):
    """The archive tier alone: a store whose blobs are packed as their `in_archive` says.

    It reads a blob as it was before. Whoever gives no `in_archive` gets the bytes as they lie.
    """

    def __init__(self, blobs: BlobStore, pool: Executor) -> None:
        """Unpacking runs on the bounded pool."""
        super().__init__(blobs)
        self._pool = pool

    async def open(self, blob: StoredBlob) -> BlobReader:
        if blob.in_archive is None:
            return await self._blobs.open(blob)
        reader = await self._blobs.open(StoredBlob(blob.key, blob.data_key, blob.in_archive.packed_bytes))
        if blob.in_archive.packing is Packing.NONE:
            return reader
        return UnpackingReader(reader, blob.size_bytes)

    async def chunks(self, blob: StoredBlob, start: int, length: int) -> AsyncGenerator[bytes, None]:
        expect_range(blob, start, length)
        reader = await self.open(blob)
        async with aclosing(chunks_of(reader, start, length, pool=self._pool)) as pieces:
            async for piece in pieces:
                yield piece


class TieredBlobs(_Passing):
    """BlobStore over the standard tier, which reads blobs of the archive tier where they lie there.

    Uploads, and what is listed, are the standard tier's alone. A delete reaches both: a note in the trash
    does not say where the bytes are.
    """

    def __init__(self, standard: BlobStore, archive: ArchiveBlobs, pool: Executor) -> None:
        """Packing runs on the bounded pool."""
        super().__init__(standard)
        self._archive = archive
        self._pool = pool

    async def open(self, blob: StoredBlob) -> BlobReader:
        return await self._tier_of(blob).open(blob)

    def chunks(self, blob: StoredBlob, start: int, length: int) -> AsyncIterator[bytes]:
        return self._tier_of(blob).chunks(blob, start, length)

    async def delete(self, key: str) -> None:
        await self._blobs.delete(key)
        await self._archive.delete(key)

    async def delete_all(self, keys: Sequence[str]) -> None:
        await self._blobs.delete_all(keys)
        await self._archive.delete_all(keys)

    async def check(self) -> None:
        """Only the standard tier's: without the archive, pushes and pulls go on."""
        await self._blobs.check()

    async def archive(self, blob: StoredBlob, key: str, data_key: bytes | None) -> StoredBlob:
        """Copy the blob into the archive tier, packed where that pays."""
        if await self._seems_worth_packing(blob):
            size_bytes = await self._write(
                self._archive, key, data_key, packed(self.chunks(blob, 0, blob.size_bytes), pool=self._pool)
            )
            if size_bytes <= WORTH * blob.size_bytes:
                return StoredBlob(key, data_key, blob.size_bytes, InArchive(Packing.ZSTD, size_bytes))
            await self._archive.delete(key)  # the samples promised too much
        size_bytes = await self._write(self._archive, key, data_key, self.chunks(blob, 0, blob.size_bytes))
        return StoredBlob(key, data_key, blob.size_bytes, InArchive(Packing.NONE, size_bytes))

    async def bring_back(self, blob: StoredBlob, key: str, data_key: bytes | None) -> StoredBlob:
        """Copy the blob into the standard tier, as it was."""
        size_bytes = await self._write(self._blobs, key, data_key, self.chunks(blob, 0, blob.size_bytes))
        return StoredBlob(key, data_key, size_bytes)

    def _tier_of(self, blob: StoredBlob) -> BlobStore:
        return self._blobs if blob.in_archive is None else self._archive

    async def _seems_worth_packing(self, blob: StoredBlob) -> bool:
        pace = max(SAMPLE_BYTES, blob.size_bytes // SAMPLES)
        sample = bytearray()
        for start in range(0, blob.size_bytes, pace):
            length = min(SAMPLE_BYTES, blob.size_bytes - start)
            sample += b"".join([piece async for piece in self.chunks(blob, start, length)])
        return bool(sample) and await run(self._pool, lambda: pays(bytes(sample)))

    async def _write(
        self, tier: BlobStore, key: str, data_key: bytes | None, pieces: AsyncIterator[bytes]
    ) -> int:
        """Make a durable blob of the pieces; how many bytes they were."""
        upload = await tier.begin(key, data_key)
        async with tier.resume(upload) as writer:
            async for piece in pieces:
                await writer.write(piece)
            upload = await writer.flush()
            return (await tier.finish(upload)).size_bytes
