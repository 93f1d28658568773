"""SQLite: reads inline on the event loop, scans on reader threads, writes through one writer thread."""

import asyncio
import contextvars
import os
import queue
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from entrepot.storage.metadata.connection import (
    Body,
    Closed,
    Connection,
    DatabaseUnfit,
    Overloaded,
    T,
    Unreachable,
)
from entrepot.storage.metadata.drivers.mounts import refuse_network_file_system
from entrepot.storage.metadata.drivers.statements import is_of_the_disk, run_body
from entrepot.storage.metadata.drivers.writer import Turn, Writer

_OLDEST = (3, 37, 0)  # STRICT tables; RETURNING is of 3.35
_SCAN_THREADS = 2
_MOST_DAMAGE = 10  # sentences about one damaged file
_MOST_SCANS = 256  # running and waiting
_READ_BUSY_SECONDS = 0.1  # blocks the event loop: only recovery and foreign programs make a reader wait
_WRITE_BUSY_SECONDS = 5.0
_TYPES = {"BIGINT": "INTEGER", "BYTEA": "BLOB"}
_TYPE = re.compile(r"\b(BIGINT|BYTEA)\b")


def open_file(path: Path) -> "SqliteDatabase":
    """Open or create the database file; its folder must exist and lie on a disk of this machine.

    Beside it lie SQLite's `-wal` and `-shm`, and `-turn`, the lock that writers queue for.
    """
    _require_version()
    refuse_network_file_system(path.parent)
    # SQLite gives its other files the mode of this one; rows hold sealed secrets
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return SqliteDatabase(path)


def open_memory() -> "MemoryDatabase":
    """A database of this process alone, gone when it is closed."""
    _require_version()
    return MemoryDatabase()


def find_damage(path: Path, *, is_deep: bool) -> list[str]:
    """What SQLite finds wrong in the pages of a database file, in its words; blocks, and changes nothing.

    `is_deep` also compares every index with its table.
    """
    look = "integrity_check" if is_deep else "quick_check"
    try:
        with closing(_open_reader(path)) as connection:
            found = [row[0] for row in connection.execute(f"PRAGMA {look}({_MOST_DAMAGE})")]
    except sqlite3.OperationalError:
        return []  # it cannot be read now: whoever opens it next is told why
    except sqlite3.DatabaseError as error:
        return [str(error)]
    lines = [line for each in found for line in str(each).splitlines()]
    return [line for line in lines if line != "ok" and not line.startswith("***")]


class SqliteDatabase:
    """A database file, shared by the processes of one machine; used from one event loop."""

    def __init__(self, path: Path) -> None:
        turn = Turn(path.with_name(path.name + "-turn"))
        with turn:  # the change to WAL does not wait for other processes by itself
            self._writer = Writer(_open_writer(path), turn)
        self._reader = _open_reader(path)
        self._scanners: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        for _ in range(_SCAN_THREADS):
            self._scanners.put(_open_reader(path))
        self._threads = ThreadPoolExecutor(_SCAN_THREADS, thread_name_prefix="sqlite-scan")
        self._scans: set[Future[Any]] = set()
        self._version: int | None = None
        self._closed = False

    def version(self) -> int | None:
        """SQLite's own count of what other connections wrote: the reader writes nothing, so it sees all.

        Asked once in a turn of the event loop: a request that arrives in it is answered after it.
        """
        self._check_open()
        if self._version is None:
            self._version = self._reader.execute("PRAGMA data_version").fetchone()[0]
            asyncio.get_running_loop().call_soon(self._forget_version)
        return self._version

    def _forget_version(self) -> None:
        self._version = None

    async def read(self, body: Body[T]) -> T:
        self._check_open()
        try:
            return run_body(body, self._reader)
        except sqlite3.OperationalError as error:  # not by the context manager: it costs a fifth of a read
            _check_outage(error)
            raise

    async def scan(self, body: Body[T]) -> T:
        self._check_open()
        if len(self._scans) >= _MOST_SCANS:
            raise Overloaded("scans")
        scan = self._threads.submit(contextvars.copy_context().run, self._scan, body)
        self._scans.add(scan)
        scan.add_done_callback(self._scans.discard)
        return await asyncio.wrap_future(scan)

    async def write(self, body: Body[T]) -> T:
        return await self._writer.write(body)

    async def write_apart(self, body: Body[T]) -> T:
        return await self.write(body)  # one writes at a time anyway

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await asyncio.gather(*map(asyncio.wrap_future, self._scans), return_exceptions=True)
        await self._writer.close()
        self._threads.shutdown()
        self._reader.close()
        while not self._scanners.empty():
            self._scanners.get().close()

    async def define(self, ddl: str) -> None:
        await self.write(partial(_run, self.dialect(ddl)))

    def dialect(self, ddl: str) -> str:
        return strict(ddl)

    def _check_open(self) -> None:
        if self._closed:
            raise Closed

    def _scan(self, body: Body[T]) -> T:
        connection = self._scanners.get()
        try:
            with _told(), _transaction(connection):
                return run_body(body, connection)
        finally:
            self._scanners.put(connection)


class MemoryDatabase:
    """The same promises, but durability, from one connection and no threads."""

    def __init__(self) -> None:
        self._connection = _open(":memory:", busy_seconds=0)
        self._closed = False

    def version(self) -> int | None:
        self._check_open()
        return self._connection.total_changes

    async def read(self, body: Body[T]) -> T:
        self._check_open()
        with self._query_only():
            return run_body(body, self._connection)

    async def scan(self, body: Body[T]) -> T:
        await asyncio.sleep(0)  # as with a file, others may run first
        return await self.read(body)

    async def write(self, body: Body[T]) -> T:
        await asyncio.sleep(0)
        self._check_open()
        with _transaction(self._connection):
            return run_body(body, self._connection)

    async def write_apart(self, body: Body[T]) -> T:
        return await self.write(body)

    async def close(self) -> None:
        self._closed = True
        self._connection.close()

    async def define(self, ddl: str) -> None:
        await self.write(partial(_run, self.dialect(ddl)))

    def dialect(self, ddl: str) -> str:
        return strict(ddl)

    def _check_open(self) -> None:
        if self._closed:
            raise Closed

    @contextmanager
    def _query_only(self) -> Iterator[None]:
        self._connection.execute("PRAGMA query_only = ON")
        try:
            yield
        finally:
            self._connection.execute("PRAGMA query_only = OFF")


def strict(ddl: str) -> str:
    """SQLite's own type names, and tables that hold each column to its type, as PostgreSQL does."""
    statement = _TYPE.sub(lambda word: _TYPES[word[0]], ddl)
    return f"{statement} STRICT" if statement.startswith("CREATE TABLE") else statement


async def _run(sql: str, connection: Connection) -> None:
    await connection.run(sql)


def _require_version() -> None:
    if sqlite3.sqlite_version_info < _OLDEST:
        raise DatabaseUnfit(f"SQLite {sqlite3.sqlite_version} is older than 3.37")


def _open_writer(path: Path) -> sqlite3.Connection:
    connection = _open(str(path), busy_seconds=_WRITE_BUSY_SECONDS)
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise DatabaseUnfit(f"SQLite keeps its journal as {mode} in {path}, where it must be WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")  # pages, 16 MiB
    connection.execute(f"PRAGMA journal_size_limit = {64 << 20}")
    return connection


def _open_reader(path: Path) -> sqlite3.Connection:
    connection = _open(str(path), busy_seconds=_READ_BUSY_SECONDS)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _open(path: str, *, busy_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=False,  # each is used by one thread at a time
        cached_statements=512,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA mmap_size = 0")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute(f"PRAGMA cache_size = -{8 << 10}")  # KiB
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        _check_outage(error)
        raise


def _check_outage(error: sqlite3.OperationalError) -> None:
    if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
        raise Overloaded("another program holds the database") from error
    if is_of_the_disk(error):
        raise Unreachable from error
