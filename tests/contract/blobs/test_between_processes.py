"""An upload of 200 parts that alternates between two processes."""

import asyncio
import hashlib
import json
import random
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.contract.blobs.part_worker import from_json, open_store, to_json
from tests.engines.seaweedfs import SeaweedFS
from tests.unit.builders import START

from entrepot.ports.blobs import StoredBlob, Upload
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.blobs.segments import ignore
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.migrate import migrate, packaged

MIB = 1 << 20
REPOSITORY = Path(__file__).parents[3]


class Worker:
    """One process with a store of its own over the shared folder or bucket."""

    def __init__(self, blobs: str, database: str = "") -> None:
        command = [sys.executable, "-m", "tests.contract.blobs.part_worker", blobs, database]
        self._process = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def append(self, row: Upload, content: bytes, *, finish: bool = False) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        command = {"row": to_json(row), "bytes": content.hex(), "finish": finish}
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def stop(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0


def parts(count: int) -> list[bytes]:
    """Parts that end at odd places, and every tenth at a segment's end."""
    dice, made, position = random.Random(200), list[bytes](), 0
    for number in range(count):
        odd = dice.randrange(1, 60_000)
        length = MIB - position % MIB if number % 10 == 8 else odd
        made.append(dice.randbytes(length))
        position += length
    return made


@pytest.mark.parametrize("form", ["sealed", "plain"])
def test_200_parts_between_two_processes_are_hashed_once_and_never_read_for_it(
    tmp_path: Path, form: str
) -> None:
    data_key = secrets.token_bytes(32) if form == "sealed" else None
    row = Upload(secrets.token_hex(16), data_key, offset_bytes=0, sha256_state=b"", store_state=b"")
    workers, content = [Worker(f"file://{tmp_path}") for _ in range(2)], parts(200)
    answers: list[dict[str, Any]] = [{}, {}]
    tails = 0
    for number, part in enumerate(content):
        tails += tail_at_rest(row)
        answers[number % 2] = workers[number % 2].append(row, part, finish=part is content[-1])
        row = from_json(answers[number % 2]["row"])
    tails += tail_at_rest(row)
    for worker in workers:
        worker.stop()
    whole = b"".join(content)
    assert answers[199 % 2]["digest"] == f"sha256:{hashlib.sha256(whole).hexdigest()}"
    assert sum(answer["work"]["hashed"] for answer in answers) == len(whole)
    # read back are unfinished segments only, to be sealed with what follows; of a plain file nothing is
    assert sum(answer["work"].get("read", 0) for answer in answers) == tails
    assert_blob_is(tmp_path, StoredBlob(row.key, data_key, row.offset_bytes), whole)


@pytest.mark.parametrize("form", ["sealed", "plain"])
async def test_200_parts_between_two_processes_over_a_bucket_are_hashed_once(
    tmp_path: Path, seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    for name, value in seaweedfs.credentials.items():
        monkeypatch.setenv(name, value)
    blobs, database = seaweedfs.blobs_url(seaweedfs.create_bucket()), f"sqlite://{tmp_path / 'rows.db'}"
    rows = await connect(database)
    await migrate(rows, packaged(), now=START)
    await rows.close()
    data_key = secrets.token_bytes(32) if form == "sealed" else None
    row = Upload(secrets.token_hex(16), data_key, offset_bytes=0, sha256_state=b"", store_state=b"")
    workers, content = [Worker(blobs, database), Worker(blobs, database)], parts(200)
    answers: list[dict[str, Any]] = [{}, {}]
    for number, part in enumerate(content):
        answers[number % 2] = workers[number % 2].append(row, part, finish=part is content[-1])
        row = from_json(answers[number % 2]["row"])
    for worker in workers:
        worker.stop()
    whole = b"".join(content)
    assert answers[199 % 2]["digest"] == f"sha256:{hashlib.sha256(whole).hexdigest()}"
    assert sum(answer["work"]["hashed"] for answer in answers) == len(whole)
    async with open_store(blobs, database, ignore) as store:
        blob = StoredBlob(row.key, data_key, row.offset_bytes)
        assert b"".join([piece async for piece in store.chunks(blob, 0, blob.size_bytes)]) == whole


def tail_at_rest(row: Upload) -> int:
    """Length of the sealed segment that the next request, or the finish, must read; none at a boundary."""
    tail = row.offset_bytes % MIB
    return tail + 28 if tail and row.data_key is not None else 0


def assert_blob_is(root: Path, blob: StoredBlob, content: bytes) -> None:
    async def read() -> bytes:
        with ThreadPoolExecutor(1) as pool:
            store = FilesystemBlobs(root, pool=pool)
            return b"".join([piece async for piece in store.chunks(blob, 0, blob.size_bytes)])

    assert asyncio.run(read()) == content
