"""A process killed before or after any request to the object storage loses nothing that was acknowledged."""

import hashlib
import os
import random
import secrets
import signal
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess

import pytest

from entrepot.ports.blobs import StoredBlob, Upload, UploadBusy
from entrepot.storage.blobs.locations import Bucket as Location
from entrepot.storage.blobs.locations import parse_location
from entrepot.storage.blobs.memory_holds import MemoryHolds
from entrepot.storage.blobs.s3.bucket import Bucket
from entrepot.storage.blobs.s3.store import S3Blobs
from tests.engines.storage_proxy import Fault, Seen, no_faults
from tests.faults.storage.conftest import Storage
from tests.faults.storage.crash_worker import FINISHED, push
from tests.faults.storage.workers import WORKERS

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Committed:
    """What the database would say."""

    row: Upload
    content: bytes
    is_finished: bool = False


def push_until_killed(storage: Storage, before: Committed, content: bytes, kill: "Kill") -> Committed:
    """What a worker committed before it was killed."""
    tells, told = WORKERS.Pipe(duplex=False)
    worker = WORKERS.Process(
        target=push, args=(dict(os.environ), storage.blobs_url, before.row, content, told)
    )
    kill.arm(storage, worker)
    worker.start()
    told.close()
    after = before
    with tells, suppress(EOFError):
        while True:
            said = tells.recv()
            if isinstance(said, Upload):
                after = Committed(said, (before.content + content)[: said.offset_bytes])
            elif said == FINISHED:
                after = replace(after, is_finished=True)
            else:
                assert said == f"sha256:{hashlib.sha256(after.content).hexdigest()}"
    worker.join()
    storage.proxy.plan, storage.proxy.after = no_faults, lambda _: None
    assert worker.exitcode in (0, -signal.SIGKILL)
    worker.close()
    return after


@dataclass(slots=True)
class Kill:
    """Kills the worker at its n-th request: before the storage hears of it, or when it has done it."""

    at: int
    is_after: bool
    count: int = 0

    def arm(self, storage: Storage, worker: BaseProcess) -> None:
        first = len(storage.proxy.seen)

        def before(seen: Seen) -> Fault | None:
            self.count += 1
            if seen.number == first + self.at and not self.is_after:
                worker.kill()
                return Fault.RESET_BEFORE
            return None

        def after(seen: Seen) -> None:
            if seen.number == first + self.at and self.is_after:
                worker.kill()

        storage.proxy.plan, storage.proxy.after = before, after


async def recover(store: S3Blobs, storage: Storage, committed: Committed) -> None:
    """Go on from what was committed, finish it, find every byte, and leave nothing behind."""
    row, content = committed.row, committed.content
    if not committed.is_finished:
        try:
            async with store.resume(row) as writer:
                await writer.write(b"after")
                row = await writer.flush()
                content += b"after"
        except UploadBusy:
            pass  # finished, and its row lost
        assert await store.digest(row, "sha256") == f"sha256:{hashlib.sha256(content).hexdigest()}"
        await store.finish(row)
    blob = StoredBlob(row.key, row.data_key, row.offset_bytes)
    assert b"".join([piece async for piece in store.chunks(blob, 0, blob.size_bytes)]) == content
    for key in await store.stale_leftovers(datetime.now(UTC) + timedelta(minutes=1)):
        await store.clear_leftovers(key)
    assert storage.names() == [f"layers/blobs/{row.key[:2]}/{row.key}"]
    await store.delete(row.key)


async def begun(store: S3Blobs, content: bytes, *, is_sealed: bool) -> Committed:
    """An upload with some acknowledged bytes."""
    row = await store.begin(secrets.token_hex(16), secrets.token_bytes(32) if is_sealed else None)
    async with store.resume(row) as writer:
        await writer.write(content)
        return Committed(await writer.flush(), content)


@pytest.fixture
async def survivor(storage: Storage) -> AsyncIterator[S3Blobs]:
    """Another node's store, which begins uploads and takes them over. It has seen no byte of a worker's."""
    location = parse_location(storage.blobs_url)
    assert isinstance(location, Location)
    with ThreadPoolExecutor(2) as pool, closing(Bucket(location)) as bucket:
        yield S3Blobs(bucket, MemoryHolds(), pool=pool)


# A request that was answered, and the next one not yet sent, are one state of the storage; what differs
# is whether the row followed. So each form and size need not be tried both ways.
@pytest.mark.parametrize(
    ("is_sealed", "acknowledged", "is_after"),
    [
        pytest.param(True, 7, False, id="sealed-small-before"),
        pytest.param(True, 6 * MIB + 7, True, id="sealed-large-after"),
        pytest.param(False, 7, True, id="plain-small-after"),
        pytest.param(False, 6 * MIB + 7, False, id="plain-large-before"),
    ],
)
async def test_attack_11_a_kill_at_any_request_loses_nothing_that_was_acknowledged(
    storage: Storage, survivor: S3Blobs, is_sealed: bool, acknowledged: int, is_after: bool
) -> None:
    dice, at = random.Random(acknowledged), 0
    before, more = dice.randbytes(acknowledged), dice.randbytes(7 * MIB)
    while True:
        start = await begun(survivor, before, is_sealed=is_sealed)
        kill = Kill(at, is_after)
        committed = push_until_killed(storage, start, more, kill)
        await recover(survivor, storage, committed)
        if kill.count <= at:
            break
        at += 1
    assert at >= 8
