"""The statements of one body on SQLite, and a body run to its end without an event loop."""

import re
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import TypeVar

from entrepot.storage.metadata.connection import (
    Body,
    BodySuspended,
    Closed,
    Row,
    SqlValue,
    T,
    check_storable,
)

R = TypeVar("R")

_OF_THE_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
_PLACEHOLDER = re.compile(r"\$([0-9]+)")


class Statements:
    """A Connection whose methods never suspend."""

    __slots__ = ("_connection", "_failure")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection: sqlite3.Connection | None = connection
        self._failure: Exception | None = None

    async def rows(self, sql: str, *values: SqlValue) -> Sequence[Row]:
        return self._run(sql, values, sqlite3.Cursor.fetchall)

    async def row(self, sql: str, *values: SqlValue) -> Row | None:
        return self._run(sql, values, _first)

    async def run(self, sql: str, *values: SqlValue) -> int:
        # the cursor's rowcount is -1 for WITH … UPDATE; this counts every form alike
        before = self._open().total_changes
        self._run(sql, values, sqlite3.Cursor.close)
        return self._open().total_changes - before

    async def run_with_commit(self, sql: str, *values: SqlValue) -> None:
        await self.run(sql, *values)  # there is no way to save

    def close(self) -> None:
        self._connection = None

    def check(self) -> None:
        """Raise the failure of a statement, which the body may have swallowed."""
        if self._failure is not None:
            raise self._failure

    def _run(self, sql: str, values: Sequence[SqlValue], take: Callable[[sqlite3.Cursor], R]) -> R:
        connection = self._open()
        self.check()
        try:
            check_storable(values)
            return take(connection.execute(_numbered(sql), values))
        except Exception as failure:
            self._failure = failure
            raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise Closed
        return self._connection


def _first(cursor: sqlite3.Cursor) -> Row | None:
    row: Row | None = cursor.fetchone()
    cursor.close()  # a statement that is not run to its end would hold its snapshot
    return row


@lru_cache(maxsize=1024)
def _numbered(sql: str) -> str:
    return _PLACEHOLDER.sub(r"?\1", sql)


def is_of_the_disk(error: sqlite3.OperationalError) -> bool:
    """Whether SQLite says that the disk is full, or cannot be read or written."""
    return error.sqlite_errorcode & 0xFF in _OF_THE_DISK


def run_body(body: Body[T], connection: sqlite3.Connection) -> T:
    """Step the body to its end here and now; raises BodySuspended where it awaits anything else."""
    statements = Statements(connection)
    try:
        result = _finish(body(statements))
    finally:
        statements.close()
    statements.check()
    return result


def _finish(work: Awaitable[T]) -> T:
    steps = work.__await__()
    try:
        awaited = steps.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    steps.close()
    raise BodySuspended(repr(awaited)[:200])
