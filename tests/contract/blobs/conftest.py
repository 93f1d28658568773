"""The stores that must keep the contract."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.engines.ceph import ceph_cluster
from tests.engines.seaweedfs import SeaweedFS, seaweedfs_server

from entrepot.ports.blobs import BlobStore, StoredBlob, Upload
from entrepot.storage.blobs.fallback import FallbackBlobs
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.blobs.locations import Bucket as Location
from entrepot.storage.blobs.locations import parse_location
from entrepot.storage.blobs.memory import MemoryBlobs
from entrepot.storage.blobs.memory_holds import MemoryHolds
from entrepot.storage.blobs.s3.bucket import Bucket
from entrepot.storage.blobs.s3.store import S3Blobs
from entrepot.storage.blobs.tiers import ArchiveBlobs, TieredBlobs


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
    url = seaweedfs.blobs_url(seaweedfs.create_bucket(), "some/where")
    with opened_bucket(url, seaweedfs.credentials) as bucket:
        yield bucket


@pytest.fixture(scope="session")
def ceph_bucket() -> Iterator[Bucket]:
    with (
        ceph_cluster() as cluster,
        opened_bucket(
            cluster.blobs_url(cluster.create_bucket(), "some/where"), cluster.credentials
        ) as bucket,
    ):
        yield bucket


@contextmanager
def opened_bucket(url: str, credentials: dict[str, str]) -> Iterator[Bucket]:
    """The bucket at the URL; its client keeps the credentials that were there when it was made."""
    location = parse_location(url)
    assert isinstance(location, Location)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in credentials.items():
            environment.setenv(name, value)
        opened = Bucket(location)
        opened.credentials()
    with closing(opened) as bucket:
        yield bucket


@pytest.fixture(
    params=[
        "filesystem-sealed",
        "filesystem-plain",
        "memory",
        "fallback",
        "tiered",
        "archive",
        "seaweedfs-sealed",
        "seaweedfs-plain",
        "ceph-sealed",
        "ceph-plain",
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
        archive = ArchiveBlobs(MemoryBlobs(), pool)
        if engine in ("tiered", "archive"):
            tiered = TieredBlobs(MemoryBlobs(), archive, pool)
            yield Subject(tiered if engine == "tiered" else archive, is_sealed=False)
            return
        if engine == "filesystem":
            store: BlobStore = FilesystemBlobs(tmp_path, pool=pool)
        else:
            bucket = copy(request.getfixturevalue(f"{engine}_bucket"))
            bucket.location = replace(bucket.location, prefix=f"some/{secrets.token_hex(8)}")
            store = S3Blobs(bucket, MemoryHolds(), pool=pool, patience_seconds=0)
        yield Subject(store, is_sealed=form == "sealed")
