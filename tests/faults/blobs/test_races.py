"""Processes that race for one upload and are killed while they do."""

import hashlib
import os
import random
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.blobs.racer import connect, make_rows, noting_nonces, part, read_row

from entrepot.ports.blobs import StoredBlob, Upload
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.blobs.sealing import HEADER, NONCE_BYTES, STORED_SEGMENT_BYTES

MIB = 1 << 20
REPOSITORY = Path(__file__).parents[3]
ENOUGH = 16 * MIB
RACERS = 3
KILLS = 12


def start(root: Path, seed: int, lines: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.faults.blobs.racer", str(root), str(seed), str(ENOUGH)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=lines)


def race_and_kill(root: Path, dice: random.Random) -> None:
    """Three racers; each time a part counted one of them is killed, wherever it is, and replaced."""
    reads, writes = os.pipe()
    racers = [start(root, dice.randrange(1 << 40), writes) for _ in range(RACERS)]
    with os.fdopen(reads) as lines:
        for _ in range(KILLS):
            lines.readline()
            victim = dice.randrange(RACERS)
            racers[victim].kill()
            racers[victim].wait()
            racers[victim] = start(root, dice.randrange(1 << 40), writes)
        os.close(writes)
        lines.read()
    assert [racer.wait() for racer in racers] == [0] * RACERS


def expected_content(root: Path) -> bytes:
    parts = connect(root).execute("SELECT seed, length FROM part ORDER BY start")
    return b"".join(part(seed, length) for seed, length in parts)


def begin(root: Path) -> Upload:
    upload = Upload(
        key=secrets.token_hex(16),
        data_key=secrets.token_bytes(32),
        offset_bytes=0,
        sha256_state=b"",
        store_state=b"",
    )
    make_rows(root, upload)
    return upload


async def test_attack_11_killed_racers_lose_nothing_acknowledged_and_repeat_no_nonce(
    tmp_path: Path,
) -> None:
    upload = begin(tmp_path)
    race_and_kill(tmp_path, random.Random(2026))
    row, content = read_row(connect(tmp_path)), expected_content(tmp_path)
    assert row.offset_bytes == len(content) >= ENOUGH
    assert upload.data_key is not None
    with ThreadPoolExecutor(2) as pool:
        nonce_source = noting_nonces(tmp_path, upload.data_key)
        store = FilesystemBlobs(tmp_path / "store", pool=pool, nonce_source=nonce_source)
        assert await store.digest(row, "sha256") == f"sha256:{hashlib.sha256(content).hexdigest()}"
        blob = await store.finish(row)
        assert b"".join([piece async for piece in store.chunks(blob, 0, blob.size_bytes)]) == content
    drawn = noted_nonces(tmp_path)
    assert len(drawn) == len(set(drawn)) > ENOUGH // MIB
    assert nonces_at_rest(tmp_path, blob) <= set(drawn)


def noted_nonces(root: Path) -> list[bytes]:
    """Every (key, nonce) pair that any process drew."""
    notes, size = (root / "nonces").read_bytes(), 32 + NONCE_BYTES
    return [notes[at : at + size] for at in range(0, len(notes), size)]


def nonces_at_rest(root: Path, blob: StoredBlob) -> set[bytes]:
    """The pairs that the finished blob's segments were sealed with."""
    sealed = (root / "store" / "blobs" / blob.key[:2] / blob.key).read_bytes()
    starts = range(len(HEADER), len(sealed), STORED_SEGMENT_BYTES)
    return {(blob.data_key or b"") + sealed[at : at + NONCE_BYTES] for at in starts}
