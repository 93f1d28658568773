"""The stores that must keep the contract."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pytest
from tests.engines.seaweedfs import SeaweedFS, seaweedfs_server

from entrepot.ports.blobs import Blobs, BlobUploads, Listing, StoredBlob, Upload
from entrepot.storage.blobs.fallback import FallbackBlobs
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.blobs.locations import Bucket as Location
from entrepot.storage.blobs.locations import parse_location
from entrepot.storage.blobs.memory import MemoryBlobs
from entrepot.storage.blobs.memory_holds import MemoryHolds
from entrepot.storage.blobs.s3.bucket import Bucket
from entrepot.storage.blobs.s3.store import S3Blobs


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


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[SeaweedFS]:
    """One server for all tests of the process; each has a bucket or a prefix of its own."""
    with seaweedfs_server() as server:
        yield server


@pytest.fixture(scope="session")
def seaweedfs_bucket(seaweedfs: SeaweedFS) -> Iterator[Bucket]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in seaweedfs.credentials.items():
            environment.setenv(name, value)
        location = parse_location(seaweedfs.blobs_url(seaweedfs.create_bucket(), "some/where"))
        assert isinstance(location, Location)
        with closing(Bucket(location)) as bucket:
            yield bucket


@pytest.fixture(
    params=[
        "filesystem-sealed",
        "filesystem-plain",
        "memory",
        "fallback",
        "seaweedfs-sealed",
        "seaweedfs-plain",
    ]
)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    engine, _, form = str(request.param).partition("-")
    if engine == "memory":
        yield Subject(MemoryBlobs(), is_sealed=False)
        return
    if engine == "fallback":
        yield Subject(FallbackBlobs(MemoryBlobs(), MemoryBlobs()), is_sealed=False)
        return
    with ThreadPoolExecutor(2) as pool:
        if engine == "filesystem":
            store: BlobStore = FilesystemBlobs(tmp_path, pool=pool)
        else:
            bucket = copy(request.getfixturevalue(f"{engine}_bucket"))
            bucket.location = replace(bucket.location, prefix=f"some/{secrets.token_hex(8)}")
            store = S3Blobs(bucket, MemoryHolds(), pool=pool, patience_seconds=0)
        yield Subject(store, is_sealed=form == "sealed")
