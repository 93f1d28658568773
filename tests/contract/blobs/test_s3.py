"""What a bucket adds to the contract: where bytes lie, what stays behind, and who may be late."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest
from tests.contract.blobs.conftest import Subject
from tests.contract.blobs.test_blob_store import MIB, content
from tests.engines.seaweedfs import SeaweedFS
from tests.unit.builders import ROOT, World, new_id, open_world

from entrepot.keys.data_keys import DataKeys
from entrepot.ports.blobs import BlobDamaged, BlobMissing, Upload
from entrepot.ports.reports import NoReports
from entrepot.registry.leftovers import LeftoverCollector
from entrepot.registry.uploads import LayerUploads
from entrepot.storage.blobs.memory_holds import MemoryHolds
from entrepot.storage.blobs.s3.bucket import Bucket, ObjectAbsent, StorageUnreachable
from entrepot.storage.blobs.s3.names import Names
from entrepot.storage.blobs.s3.notes import unpack
from entrepot.storage.blobs.s3.store import S3Blobs


class Requests(NoReports):
    """What a bucket reports."""

    def __init__(self) -> None:
        self.made: list[tuple[str, int]] = []

    def s3_request(self, operation: str, began: float, status: int) -> None:
        assert began <= perf_counter()
        self.made.append((operation, status))


LATER = timedelta(minutes=1)  # of clocks that differ a little


class Node:
    """One of several nodes over one bucket, and what lies in there of one upload."""

    def __init__(self, bucket: Bucket, pool: ThreadPoolExecutor, *, is_sealed: bool) -> None:
        self.bucket = bucket
        self.names = Names(bucket.location.prefix)
        self.pool = pool
        self.is_sealed = is_sealed

    def subject(self, holds: MemoryHolds | None = None) -> Subject:
        store = S3Blobs(self.bucket, holds or MemoryHolds(), pool=self.pool, patience_seconds=0)
        return Subject(store, is_sealed=self.is_sealed)

    def tails(self, key: str) -> list[str]:
        return [found.name for found in self.bucket.objects(self.names.tails(key))]

    def multiparts(self, key: str) -> list[str]:
        return [found.name for found in self.bucket.multiparts(self.names.blob(key))]


@pytest.fixture(params=["seaweedfs-sealed", "seaweedfs-plain", "ceph-sealed", "ceph-plain"])
async def node(request: pytest.FixtureRequest) -> AsyncIterator[Node]:
    engine, _, form = str(request.param).partition("-")
    bucket: Bucket = request.getfixturevalue(f"{engine}_bucket")
    with ThreadPoolExecutor(2) as pool:
        yield Node(bucket, pool, is_sealed=form == "sealed")


@pytest.mark.parametrize("size", [0, 5, 6 * MIB, 17 * MIB + 5])
async def test_a_finished_blob_is_all_that_is_left(node: Node, size: int) -> None:
    subject = node.subject()
    upload = await subject.begin()
    for start in range(0, size, 7 * MIB):
        upload = await subject.append(upload, content(size)[start : start + 7 * MIB])
    await subject.store.finish(upload)
    assert node.tails(upload.key) == []
    assert node.multiparts(upload.key) == []


async def test_a_small_blob_begins_no_multipart_upload(node: Node) -> None:
    upload = await node.subject().append(await node.subject().begin(), content(3 * MIB))
    assert unpack(upload.store_state).upload_id is None
    assert node.multiparts(upload.key) == []


async def test_an_upload_keeps_no_more_than_two_tails(node: Node) -> None:
    subject = node.subject()
    upload = await subject.begin()
    for _ in range(5):
        upload = await subject.append(upload, b"odd")
        assert len(node.tails(upload.key)) <= 2


@pytest.mark.parametrize("size", [5, 9 * MIB + 5])
async def test_attack_10_deleting_leaves_nothing_of_an_upload(node: Node, size: int) -> None:
    subject = node.subject()
    upload = await subject.append(await subject.begin(), content(size))
    await subject.append(upload, content(9 * MIB, seed=1))  # whose row never advanced
    await subject.store.delete(upload.key)
    assert node.tails(upload.key) == []
    assert node.multiparts(upload.key) == []
    with pytest.raises(BlobMissing):
        await subject.store.finish(upload)


async def zombie_and_holder(node: Node, upload: Upload) -> tuple[Upload, Upload]:
    """The rows that each of two would write, who both took the upload up where it was."""
    async with AsyncExitStack() as held:
        zombie = await held.enter_async_context(node.subject(MemoryHolds()).store.resume(upload))
        holder = await held.enter_async_context(node.subject(MemoryHolds()).store.resume(upload))
        await holder.write(content(9 * MIB, seed=1))
        acknowledged = await holder.flush()
        await zombie.write(content(9 * MIB, seed=2))
        return await zombie.flush(), acknowledged


@pytest.mark.parametrize("before", [5, 9 * MIB + 5])
async def test_attack_11_a_zombie_can_end_an_upload_and_never_change_it(node: Node, before: int) -> None:
    upload = await node.subject().append(await node.subject().begin(), content(before))
    _, acknowledged = await zombie_and_holder(node, upload)
    try:
        blob = await node.subject().store.finish(acknowledged)
    except (BlobDamaged, BlobMissing):
        return
    assert await node.subject().content(blob) == content(before) + content(9 * MIB, seed=1)


async def test_attack_11_a_zombie_that_writes_no_part_harms_nothing(node: Node) -> None:
    upload = await node.subject().append(await node.subject().begin(), b"before")
    async with AsyncExitStack() as held:
        zombie = await held.enter_async_context(node.subject(MemoryHolds()).store.resume(upload))
        acknowledged = await node.subject().append(upload, b" and after")
        await zombie.write(b" or not")
        await zombie.flush()
    blob = await node.subject().store.finish(acknowledged)
    assert await node.subject().content(blob) == b"before and after"


async def test_attack_11_a_zombie_makes_no_blob_of_a_tail_that_was_left_behind(node: Node) -> None:
    stale = await node.subject().append(await node.subject().begin(), b"before")
    blob = await node.subject().store.finish(await node.subject().append(stale, b" and after"))
    with pytest.raises(BlobDamaged):
        await node.subject().store.finish(stale)
    assert await node.subject().content(blob) == b"before and after"


async def test_leftovers_are_told_by_their_age(node: Node) -> None:
    store = S3Blobs(node.bucket, MemoryHolds(), pool=node.pool)
    subject = Subject(store, is_sealed=node.is_sealed)
    small = await subject.append(await subject.begin(), b"tail")
    large = await subject.append(await subject.begin(), content(6 * MIB))
    now = datetime.now(UTC)
    stale = await store.stale_leftovers(now + LATER)
    assert {small.key, large.key} <= set(stale)
    assert not {small.key, large.key} & set(await store.stale_leftovers(now - LATER))
    for key in (small.key, large.key):
        await store.clear_leftovers(key)
        await store.clear_leftovers(key)
    assert not {small.key, large.key} & set(await store.stale_leftovers(now + LATER))


async def test_clearing_leftovers_keeps_a_finished_blob(node: Node) -> None:
    store = S3Blobs(node.bucket, MemoryHolds(), pool=node.pool)
    subject = Subject(store, is_sealed=node.is_sealed)
    blob = await subject.put(content(9 * MIB))
    await store.clear_leftovers(blob.key)
    assert await subject.content(blob) == content(9 * MIB)


async def test_collection_clears_what_no_row_remembers_and_nothing_else(node: Node) -> None:
    store = S3Blobs(node.bucket, MemoryHolds(), pool=node.pool)
    subject = Subject(store, is_sealed=node.is_sealed)
    forgotten = await subject.append(await subject.begin(), content(9 * MIB))
    async with open_world() as world:
        row = await _upload(world, store)
        world.clock.at = datetime.now(UTC) + LATER
        await LeftoverCollector(world.store, store, world.clock, timedelta(0)).collect()
        assert node.tails(forgotten.key) == []
        assert node.multiparts(forgotten.key) == []
        assert await subject.content(await store.finish(replace(row, data_key=None))) == b"going on"


async def _upload(world: World, store: S3Blobs) -> Upload:
    """An upload of a layer that has a row and a tail."""
    uploads = LayerUploads(
        world.store, store, DataKeys(world.ring), clock=world.clock, new_id=new_id, is_sealed=False
    )
    repository = await world.repository(f"team/{secrets.token_hex(4)}")
    begun = await uploads.begin(repository, ROOT)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"going on"

    return (await uploads.append(repository, ROOT, begun.id, chunks())).upload


async def test_what_a_slow_client_reads_again_costs_no_request(node: Node) -> None:
    subject = node.subject()
    reader = await subject.store.open(await subject.put(content(4 * MIB)))
    buffer, opened = memoryview(bytearray(MIB)), 0
    original = node.bucket.open

    def count(name: str, start: int = 0) -> object:
        nonlocal opened
        opened += 1
        return original(name, start)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(node.bucket, "open", count)
        for segment in range(4):
            for _ in range(5):
                await asyncio.to_thread(reader.read_into, segment * MIB, buffer)
                assert buffer == content(4 * MIB)[segment * MIB :][:MIB]
    reader.close()
    assert opened <= 1  # back from the empty last segment, which a sealed blob is opened with


@pytest.fixture
def credentials(seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> None:
    """For buckets that a test opens itself."""
    for name, value in seaweedfs.credentials.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("credentials")
async def test_every_request_is_reported_with_its_status(seaweedfs_bucket: Bucket) -> None:
    requests = Requests()
    with closing(Bucket(seaweedfs_bucket.location, requests)) as bucket:
        await bucket.run(bucket.check)
        with pytest.raises(ObjectAbsent):
            await bucket.run(bucket.size, "some/where/absent")
    assert requests.made == [("ListObjectsV2", 200), ("HeadObject", 404)]


@pytest.mark.usefixtures("credentials")
async def test_every_try_that_found_nobody_is_reported(seaweedfs_bucket: Bucket) -> None:
    requests = Requests()
    nowhere = replace(seaweedfs_bucket.location, endpoint="http://127.0.0.1:1")
    with closing(Bucket(nowhere, requests)) as bucket, pytest.raises(StorageUnreachable):
        await bucket.run(bucket.size, "some/where/absent")
    assert requests.made == [("HeadObject", 0)] * 3
