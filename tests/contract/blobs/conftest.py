"""The stores that must keep the contract."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from entrepot.ports.blobs import Blobs, BlobUploads, Listing, StoredBlob, Upload
from entrepot.storage.blobs.fallback import FallbackBlobs
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.blobs.memory import MemoryBlobs


class BlobStore(BlobUploads, Blobs, Listing, Protocol):
    """What one adapter gives: content on its way in, and finished, and a list of both."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One adapter, and whether its blobs have data keys here."""

    store: BlobStore
    is_sealed: bool

    async def begin(self) -> Upload:
        data_key = secrets.token_bytes(32) if self.is_sealed else None
        return await self.store.begin(secrets.token_hex(16), data_key)

    async def append(self, upload: Upload, *pieces: bytes) -> Upload:
        """One request that writes and flushes."""
        async with self.store.resume(upload) as writer:
            for piece in pieces:
                await writer.write(piece)
            return await writer.flush()

    async def put(self, content: bytes) -> StoredBlob:
        """A finished blob."""
        return await self.store.finish(await self.append(await self.begin(), content))

    async def content(self, blob: StoredBlob) -> bytes:
        """All of a blob, by chunks."""
        return b"".join([piece async for piece in self.store.chunks(blob, 0, blob.size_bytes)])


@pytest.fixture(params=["filesystem-sealed", "filesystem-plain", "memory", "fallback"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    kind: str = request.param
    if kind == "memory":
        yield Subject(MemoryBlobs(), is_sealed=False)
        return
    if kind == "fallback":
        yield Subject(FallbackBlobs(MemoryBlobs(), MemoryBlobs()), is_sealed=False)
        return
    with ThreadPoolExecutor(2) as pool:
        yield Subject(FilesystemBlobs(tmp_path, pool=pool), is_sealed=kind == "filesystem-sealed")
