"""A program: crash a resumed part and its finish at every call that changes the disk, and recover.

For each point a child process resumes, writes, flushes, commits its row (a line to its parent, which
no crash takes back), digests, finishes and commits that, on a disk that fails at that point or, past
the last one, at the very end. A second child goes on from the committed row on a disk that fails
elsewhere. Then what was committed must be there, byte for byte: a blob, or an upload that takes more
and finishes. Prints how many points there were.
"""

import argparse
import asyncio
import hashlib
import json
import os
import random
import secrets
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ParamSpec, TypeVar

from tests.faults.blobs.disk import FailingDisk, files

from entrepot.ports.blobs import StoredBlob, Upload, UploadBusy
from entrepot.storage.blobs.filesystem import FilesystemBlobs

P = ParamSpec("P")
T = TypeVar("T")


class Inline(Executor):
    """Runs jobs at once: no threads, so that the process can fork, and calls come in one order."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  as a pool does
            done.set_exception(error)
        return done


@dataclass(frozen=True, slots=True)
class Committed:
    """What the database would say."""

    upload: Upload
    content: bytes
    is_finished: bool = False


async def append(
    store: FilesystemBlobs, row: Upload, parts: Iterable[bytes], commit: Callable[[Upload], None]
) -> Upload:
    """One request that commits after each part; none is added to an upload that is a blob already."""
    async with store.resume(row) as writer:
        for part in parts:
            try:
                await writer.write(part)
            except UploadBusy:
                return row
            row = await writer.flush()
            commit(row)
        return row


def push_until_it_fails(
    store: FilesystemBlobs, before: Committed, content: bytes, disk: FailingDisk
) -> Committed:
    """What a child committed before its disk failed."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            disk.install()
            asyncio.run(push(store, before.upload, content, lambda line: os.write(writes, line)))
            disk.fail()
        except BaseException:  # noqa: BLE001  a fork must not run on as its parent
            traceback.print_exc()
            os._exit(1)
    os.close(writes)
    with os.fdopen(reads) as committed:
        lines = committed.read().splitlines()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == -signal.SIGKILL, status
    after = before
    for line in lines:
        if line == "finished":
            after = replace(after, is_finished=True)
        else:
            offset_bytes, state = json.loads(line)
            upload = replace(before.upload, offset_bytes=offset_bytes, sha256_state=bytes.fromhex(state))
            after = Committed(upload, (before.content + content)[:offset_bytes])
    return after


async def push(
    store: FilesystemBlobs, row: Upload, content: bytes, commit: Callable[[bytes], object]
) -> None:
    def commit_row(advanced: Upload) -> None:
        commit(json.dumps([advanced.offset_bytes, advanced.sha256_state.hex()]).encode() + b"\n")

    half = len(content) // 2
    row = await append(store, row, (content[:half], content[half:]), commit_row)
    await store.digest(row, "sha256")
    await store.finish(row)
    commit(b"finished\n")


async def recover(store: FilesystemBlobs, committed: Committed, more: bytes) -> None:
    """Find what was committed, and where it is not finished add to it and finish it."""
    row, content = committed.upload, committed.content
    if not committed.is_finished:
        assert await store.digest(replace(row, sha256_state=b""), "sha512") == sha("sha512", content)
        row = await append(store, row, (more,), lambda _: None)
        content += more * (row is not committed.upload)
        assert await store.digest(row, "sha256") == sha("sha256", content)
        await store.finish(row)
    blob = StoredBlob(row.key, row.data_key, row.offset_bytes)
    assert b"".join([piece async for piece in store.chunks(blob, 0, blob.size_bytes)]) == content
    await store.delete(blob.key)


def sha(algorithm: str, content: bytes) -> str:
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


async def begin(store: FilesystemBlobs, data_key: bytes | None, content: bytes) -> Upload:
    upload = await store.begin(secrets.token_hex(16), data_key)
    return await append(store, upload, (content,), lambda _: None)


def crash_at(store: FilesystemBlobs, scenario: argparse.Namespace, point: int, seed: int) -> bool:
    """Crash there, and again somewhere; whether the first child came to its end before."""
    dice = random.Random(f"{seed} {point}")
    data_key = secrets.token_bytes(32) if scenario.sealed else None
    content = dice.randbytes(scenario.acknowledged)
    start = Committed(asyncio.run(begin(store, data_key, content)), content)

    shard = start.upload.key[:2]
    folders = [scenario.root / kind / shard for kind in ("uploads", "blobs")]

    def crash(committed: Committed, fails_at: int) -> Committed:
        disk = FailingDisk(folders, mode=scenario.mode, fails_at=fails_at, seed=dice.randrange(1 << 32))
        return push_until_it_fails(store, committed, dice.randbytes(scenario.part), disk)

    first = crash(start, point)
    second = first if first.is_finished else crash(first, dice.randrange(20))
    asyncio.run(recover(store, second, dice.choice((b"", b"after"))))
    assert not files(folders), files(folders)
    return first.is_finished


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--sealed", action="store_true")
    parser.add_argument("--acknowledged", type=int, required=True)
    parser.add_argument("--part", type=int, required=True)
    parser.add_argument("--mode", choices=["kill", "power"], required=True)
    parser.add_argument("--seeds", type=int, default=1)
    scenario = parser.parse_args()
    store = FilesystemBlobs(scenario.root, pool=Inline())
    points = 0
    for seed in range(scenario.seeds):
        point = 0
        while not crash_at(store, scenario, point, seed):
            point += 1
        points += point
    sys.stdout.write(f"{points}\n")


if __name__ == "__main__":
    main()
