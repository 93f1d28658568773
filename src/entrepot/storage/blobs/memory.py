"""Blobs in a dictionary: the contract in its plainest form."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from entrepot.ports.blobs import (
    BlobMissing,
    BlobReader,
    BlobWriter,
    BytesAtRest,
    Stage,
    StoredBlob,
    Upload,
    UploadBusy,
)

_PIECE_BYTES = 1 << 20
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # a dictionary notes no times


class MemoryBlobs:
    """BlobUploads, Blobs and Listing of one process, gone with it; nothing is sealed."""

    def __init__(self) -> None:
        self._uploads: dict[str, bytes] = {}
        self._blobs: dict[str, bytes] = {}
        self._held: set[str] = set()

    async def begin(self, key: str, data_key: bytes | None) -> Upload:
        return Upload(key=key, data_key=data_key, offset_bytes=0, sha256_state=b"", store_state=b"")

    @asynccontextmanager
    async def resume(self, upload: Upload) -> AsyncIterator[BlobWriter]:
        if upload.key in self._held:
            raise UploadBusy(upload.key)
        self._acknowledged(upload)
        self._held.add(upload.key)
        try:
            yield MemoryWriter(self, upload)
        finally:
            self._held.remove(upload.key)

    async def digest(self, upload: Upload, algorithm: str) -> str:
        return f"{algorithm}:{hashlib.new(algorithm, self._acknowledged(upload)).hexdigest()}"

    async def finish(self, upload: Upload) -> StoredBlob:
        self._blobs[upload.key] = self._acknowledged(upload)
        self._uploads.pop(upload.key, None)
        return StoredBlob(key=upload.key, data_key=upload.data_key, size_bytes=upload.offset_bytes)

    async def open(self, blob: StoredBlob) -> BlobReader:
        if blob.key not in self._blobs:
            raise BlobMissing(blob.key)
        return MemoryReader(self._blobs[blob.key])

    async def chunks(self, blob: StoredBlob, start: int, length: int) -> AsyncIterator[bytes]:
        if not 0 <= start <= start + length <= blob.size_bytes:
            raise ValueError(f"{length} bytes from {start} are not all in a blob of {blob.size_bytes}")
        await self.open(blob)
        wanted = self._blobs[blob.key][start : start + length]
        for position in range(0, length, _PIECE_BYTES):
            yield wanted[position : position + _PIECE_BYTES]

    async def delete(self, key: str) -> None:
        self._uploads.pop(key, None)
        self._blobs.pop(key, None)

    async def delete_all(self, keys: Sequence[str]) -> None:
        for key in keys:
            await self.delete(key)

    async def check(self) -> None:
        """Always there."""

    async def page(self, stage: Stage, *, after: str, limit: int) -> list[BytesAtRest]:
        kept = self._kept(stage)
        keys = sorted(key for key in kept if key > after)[:limit]
        return [BytesAtRest(key, len(kept[key]), _LONG_AGO) for key in keys]

    async def find(self, stage: Stage, key: str) -> BytesAtRest | None:
        content = self._kept(stage).get(key)
        return None if content is None else BytesAtRest(key, len(content), _LONG_AGO)

    def size_at_rest(self, size_bytes: int, *, is_sealed: bool) -> int:  # noqa: ARG002
        return size_bytes

    def _kept(self, stage: Stage) -> Mapping[str, bytes]:
        return self._blobs if stage is Stage.BLOB else self._uploads

    def _acknowledged(self, upload: Upload) -> bytes:
        content = self._uploads.get(upload.key, self._blobs.get(upload.key, b""))
        if len(content) < upload.offset_bytes:
            raise BlobMissing(upload.key)
        return content[: upload.offset_bytes]

    def is_finished(self, key: str) -> bool:
        """Whether the upload's bytes are a blob's by now."""
        return key in self._blobs

    def acknowledge(self, upload: Upload, more: bytes) -> Upload:
        """Keep `more` behind what the row says, and nothing else."""
        if not more:
            return upload
        content = self._acknowledged(upload) + more
        self._uploads[upload.key] = content
        return replace(upload, offset_bytes=len(content))


class MemoryWriter:
    """What one request wrote, until it is flushed."""

    def __init__(self, blobs: MemoryBlobs, upload: Upload) -> None:
        self._blobs = blobs
        self._upload = upload
        self._written = bytearray()

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        if len(data) > 0 and self._blobs.is_finished(self._upload.key):
            raise UploadBusy(self._upload.key)
        self._written += data

    async def flush(self) -> Upload:
        self._upload = self._blobs.acknowledge(self._upload, bytes(self._written))
        self._written.clear()
        return self._upload


class MemoryReader:
    """A blob's bytes, whatever becomes of the blob."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @property
    def size_bytes(self) -> int:
        return len(self._content)

    def read_into(self, position: int, buffer: memoryview) -> int:
        piece = self._content[position : position + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        pass
