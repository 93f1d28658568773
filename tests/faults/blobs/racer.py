"""A program: one of several that append to the same upload, each whenever it gets hold of it.

The row lies in SQLite and advances by compare-and-set inside the hold, with a note of the part that
was added; a part's bytes follow from its seed. Every nonce is written down with its key before use.
Prints a line for each part that counts, and ends when the upload is long enough.
"""

import asyncio
import os
import random
import sqlite3
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from entrepot.ports.blobs import Upload, UploadBusy
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.blobs.sealing import random_nonce

MIB = 1 << 20


def connect(root: Path) -> sqlite3.Connection:
    return sqlite3.connect(root / "rows.sqlite", timeout=30, isolation_level=None)


def make_rows(root: Path, upload: Upload) -> None:
    """The row of a fresh upload."""
    rows = connect(root)
    rows.execute("CREATE TABLE upload (key TEXT, data_key BLOB, offset_bytes INTEGER, sha256_state BLOB)")
    rows.execute("CREATE TABLE part (start INTEGER PRIMARY KEY, seed INTEGER, length INTEGER)")
    rows.execute("INSERT INTO upload VALUES (?, ?, 0, X'')", (upload.key, upload.data_key))
    rows.close()


def read_row(rows: sqlite3.Connection) -> Upload:
    key, data_key, offset, state = rows.execute("SELECT * FROM upload").fetchone()
    return Upload(key=key, data_key=data_key, offset_bytes=offset, sha256_state=state, store_state=b"")


def advance(rows: sqlite3.Connection, before: Upload, after: Upload, seed: int) -> bool:
    """Whether the row still stood where this request began."""
    rows.execute("BEGIN IMMEDIATE")
    moved = rows.execute(
        "UPDATE upload SET offset_bytes = ?, sha256_state = ? WHERE offset_bytes = ?",
        (after.offset_bytes, after.sha256_state, before.offset_bytes),
    ).rowcount
    if moved:
        length = after.offset_bytes - before.offset_bytes
        rows.execute("INSERT INTO part VALUES (?, ?, ?)", (before.offset_bytes, seed, length))
    rows.execute("COMMIT")
    return bool(moved)


def part(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)


def noting_nonces(root: Path, data_key: bytes) -> Callable[[], bytes]:
    """Random nonces, each on disk with its key before anything is sealed with it."""
    notes = os.open(root / "nonces", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def draw() -> bytes:
        nonce = random_nonce()
        os.write(notes, data_key + nonce)
        return nonce

    return draw


async def race(root: Path, dice: random.Random, enough: int) -> None:
    rows = connect(root)
    data_key = read_row(rows).data_key
    assert data_key is not None
    with ThreadPoolExecutor(2) as pool:
        store = FilesystemBlobs(root / "store", pool=pool, nonce_source=noting_nonces(root, data_key))
        while (row := read_row(rows)).offset_bytes < enough:
            try:
                async with store.resume(row) as writer:
                    if read_row(rows).offset_bytes != row.offset_bytes:
                        continue
                    seed = dice.randrange(1 << 40)
                    to_boundary = MIB - row.offset_bytes % MIB
                    length = dice.choice((dice.randrange(1, 3 * MIB // 2), to_boundary, 1))
                    await writer.write(part(seed, length))
                    after = await writer.flush()
                    if dice.random() < 0.9 and advance(rows, row, after, seed):
                        sys.stdout.write(f"{after.offset_bytes}\n")
                        sys.stdout.flush()
            except UploadBusy:
                continue


if __name__ == "__main__":
    asyncio.run(race(Path(sys.argv[1]), random.Random(int(sys.argv[2])), int(sys.argv[3])))
