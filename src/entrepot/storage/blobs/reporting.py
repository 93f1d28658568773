"""A blob store that reports each of its calls."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Protocol, TypeVar

from entrepot.ports.blobs import BlobReader, BlobStore, BlobWriter, StoredBlob, Upload
from entrepot.ports.reports import BlobReports

T = TypeVar("T")


class _Told(Protocol):
    async def __call__(self, operation: str, work: Awaitable[T], /) -> T: ...


class ReportedBlobs:
    """Another store, with reports."""

    def __init__(self, blobs: BlobStore, reports: BlobReports) -> None:
        self._blobs = blobs
        self._reports = reports

    async def begin(self, key: str, data_key: bytes | None) -> Upload:
        return await self._told("begin", self._blobs.begin(key, data_key))

    @asynccontextmanager
    async def resume(self, upload: Upload) -> AsyncIterator[BlobWriter]:
        """Not timed: it lasts as long as its client sends. Its flush is."""
        async with self._blobs.resume(upload) as writer:
            yield _ReportedWriter(writer, self._told)

    async def digest(self, upload: Upload, algorithm: str) -> str:
        return await self._told("digest", self._blobs.digest(upload, algorithm))

    async def finish(self, upload: Upload) -> StoredBlob:
        return await self._told("finish", self._blobs.finish(upload))

    async def open(self, blob: StoredBlob) -> BlobReader:
        return await self._told("open", self._blobs.open(blob))

    def chunks(self, blob: StoredBlob, start: int, length: int) -> AsyncIterator[bytes]:
        return self._blobs.chunks(blob, start, length)

    async def delete(self, key: str) -> None:
        await self._told("delete", self._blobs.delete(key))

    async def delete_all(self, keys: Sequence[str]) -> None:
        await self._told("delete-all", self._blobs.delete_all(keys))

    async def check(self) -> None:
        await self._told("check", self._blobs.check())

    async def _told(self, operation: str, work: Awaitable[T]) -> T:
        began, outcome = perf_counter(), "failed"
        try:
            result = await work
            outcome = "done"
            return result
        finally:
            self._reports.blob_operation(operation, began, outcome)


class _ReportedWriter:
    """The writer of an upload; of its calls only `flush` waits for the store."""

    def __init__(self, writer: BlobWriter, told: _Told) -> None:
        self._writer = writer
        self._told = told
        self.write = writer.write

    async def flush(self) -> Upload:
        return await self._told("flush", self._writer.flush())
