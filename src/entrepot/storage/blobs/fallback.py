"""Two stores as one, while blobs move from the older to the newer: new bytes go to the new one."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from entrepot.ports.blobs import (
    BlobMissing,
    BlobReader,
    BlobStore,
    BlobUploads,
    BlobWriter,
    BytesAtRest,
    Stage,
    StoredBlob,
    Upload,
)


class FallbackBlobs:
    """BlobUploads, Blobs and Listing over a new store and the old one it takes over from.

    A blob is read where it lies, first looked for in the new store. An upload that has bytes in the old
    store goes on and is finished there, and is moved like any other blob; one without any begins in the
    new store. A delete reaches both: what nobody needs must not come back with the old store.
    """

    def __init__(self, new: BlobStore, old: BlobStore) -> None:
        self._new = new
        self._old = old

    async def begin(self, key: str, data_key: bytes | None) -> Upload:
        return await self._new.begin(key, data_key)

    @asynccontextmanager
    async def resume(self, upload: Upload) -> AsyncIterator[BlobWriter]:
        store, own = await self._place(upload)
        async with store.resume(own) as writer:
            yield writer

    async def digest(self, upload: Upload, algorithm: str) -> str:
        store, own = await self._place(upload)
        return await store.digest(own, algorithm)

    async def finish(self, upload: Upload) -> StoredBlob:
        store, own = await self._place(upload)
        return await store.finish(own)

    async def open(self, blob: StoredBlob) -> BlobReader:
        try:
            return await self._new.open(blob)
        except BlobMissing:
            return await self._old.open(blob)

    async def chunks(self, blob: StoredBlob, start: int, length: int) -> AsyncIterator[bytes]:
        has_begun = False
        try:
            async for piece in self._new.chunks(blob, start, length):
                has_begun = True
                yield piece
        except BlobMissing:
            if has_begun:
                raise
        else:
            return
        async for piece in self._old.chunks(blob, start, length):
            yield piece

    async def delete(self, key: str) -> None:
        await self._new.delete(key)
        await self._old.delete(key)

    async def delete_all(self, keys: Sequence[str]) -> None:
        await self._new.delete_all(keys)
        await self._old.delete_all(keys)

    async def check(self) -> None:
        await self._new.check()
        await self._old.check()

    async def page(self, stage: Stage, *, after: str, limit: int) -> list[BytesAtRest]:
        old = await self._old.page(stage, after=after, limit=limit)
        # the new one second, and its entry wins: what moves between the two calls is in one of them
        found = {at_rest.key: at_rest for at_rest in old}
        found |= {at_rest.key: at_rest for at_rest in await self._new.page(stage, after=after, limit=limit)}
        return [found[key] for key in sorted(found)[:limit]]

    async def find(self, stage: Stage, key: str) -> BytesAtRest | None:
        return await self._new.find(stage, key) or await self._old.find(stage, key)

    def size_at_rest(self, size_bytes: int, *, is_sealed: bool) -> int:
        return self._new.size_at_rest(size_bytes, is_sealed=is_sealed)

    async def _place(self, upload: Upload) -> tuple[BlobUploads, Upload]:
        """Where the upload's bytes lie, and the upload as that store knows it.

        The note in `store_state` is of whoever began it, which may be the old store: without bytes there is
        nothing to go on with, and the new store begins it anew.
        """
        for store in (self._new, self._old):
            for stage in Stage:
                if await store.find(stage, upload.key) is not None:
                    return store, upload
        if upload.offset_bytes:
            return self._new, upload  # which says that they are missing
        return self._new, await self._new.begin(upload.key, upload.data_key)
