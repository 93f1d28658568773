"""How fast the collector clears away blobs that nobody holds: rows in SQLite, bytes in files."""

import asyncio
import hashlib
import secrets
import sqlite3
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.rivals import Rival
from entrepot.registry.collection import Collector, Grace
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.metadata.columns import to_column
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.migrate import migrate, packaged
from entrepot.storage.metadata.store import SqlStore

BLOBS = 20_000
_THREADS = 8  # as a server has them for its disk
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def blobs_a_second(rival: Rival, _seconds: float) -> float:
    """From unheld rows to no file at all: a round that marks, and one that removes rows and bytes."""
    with tempfile.TemporaryDirectory(dir=rival.folder) as name:
        return asyncio.run(_collect(Path(name), BLOBS))


async def _collect(folder: Path, count: int) -> float:
    url = f"sqlite://{folder}/rows.db"
    database = await connect(url)
    now = _BEGAN + 2 * _DAY
    try:
        await migrate(database, packaged(), now=_BEGAN)
        with ThreadPoolExecutor(_THREADS) as threads:
            blobs = FilesystemBlobs(folder / "blobs", pool=threads)
            _fill(folder, count)
            collector = Collector(SqlStore(database), blobs, lambda: now, Grace.of(_DAY))
            began = time.perf_counter()
            await collector.collect()
            now += 2 * _DAY
            done = await collector.collect()
            took = time.perf_counter() - began
    finally:
        await database.close()
    left = sum(1 for _ in (folder / "blobs" / "blobs").glob("*/*"))
    if (done.blobs, done.files, left) != (count, count, 0):
        raise RuntimeError(f"{done} of {count}, {left} files are left")
    return count / took


def _fill(folder: Path, count: int) -> None:
    """Blobs of a few bytes that were let go of long ago."""
    keys = [secrets.token_hex(16) for _ in range(count)]
    for key in keys:
        (folder / "blobs" / "blobs" / key[:2] / key).write_bytes(b"sealed")
    rows = [
        (key, f"sha256:{hashlib.sha256(key.encode()).hexdigest()}", "AES256", 6, bytes(60), to_column(_BEGAN))
        for key in keys
    ]
    columns = "blob_key, digest, encryption_key, size_bytes, wrapped_key, created_at"
    with closing(sqlite3.connect(folder / "rows.db", isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO blob ({columns}) VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
