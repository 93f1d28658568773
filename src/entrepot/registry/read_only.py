"""A registry that answers and takes no change: what wraps its stores, so that no door can forget it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from entrepot.domain.errors import ReadOnly
from entrepot.ports.blobs import (
    BlobReader,
    BlobStore,
    BlobWriter,
    BytesAtRest,
    Stage,
    StoredBlob,
    Upload,
)
from entrepot.ports.records import Records, Store

T = TypeVar("T")


class ReadOnlyStore:
    """A Store that refuses to write: ReadOnly, before the body is run."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def version(self) -> int | None:
        return self._store.version()

    def commits(self) -> int | None:
        return self._store.commits()

    async def read(self, body: Callable[[Records], Awaitable[T]]) -> T:
        return await self._store.read(body)

    async def scan(self, body: Callable[[Records], Awaitable[T]]) -> T:
        return await self._store.scan(body)

    async def write(self, body: Callable[[Records], Awaitable[T]]) -> T:  # noqa: ARG002  not run
        raise ReadOnly

    async def write_apart(self, body: Callable[[Records], Awaitable[T]]) -> T:  # noqa: ARG002  not run
        raise ReadOnly


class ReadOnlyBlobs:
    """A whole store that refuses every change: ReadOnly, before a byte of it is read."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def begin(self, key: str, data_key: bytes | None) -> Upload:  # noqa: ARG002  not begun
        raise ReadOnly

    def resume(self, upload: Upload) -> AbstractAsyncContextManager[BlobWriter]:  # noqa: ARG002  not taken up
        raise ReadOnly

    async def digest(self, upload: Upload, algorithm: str) -> str:  # noqa: ARG002  it may end the upload
        raise ReadOnly

    async def finish(self, upload: Upload) -> StoredBlob:  # noqa: ARG002  not finished
        raise ReadOnly

    async def open(self, blob: StoredBlob) -> BlobReader:
        return await self._blobs.open(blob)

    def chunks(self, blob: StoredBlob, start: int, length: int) -> AsyncIterator[bytes]:
        return self._blobs.chunks(blob, start, length)

    async def delete(self, key: str) -> None:  # noqa: ARG002  not deleted
        raise ReadOnly

    async def delete_all(self, keys: Sequence[str]) -> None:  # noqa: ARG002  not deleted
        raise ReadOnly

    async def check(self) -> None:
        await self._blobs.check()

    async def page(self, stage: Stage, *, after: str, limit: int) -> list[BytesAtRest]:
        return await self._blobs.page(stage, after=after, limit=limit)

    async def find(self, stage: Stage, key: str) -> BytesAtRest | None:
        return await self._blobs.find(stage, key)

    def size_at_rest(self, size_bytes: int, *, is_sealed: bool) -> int:
        return self._blobs.size_at_rest(size_bytes, is_sealed=is_sealed)
