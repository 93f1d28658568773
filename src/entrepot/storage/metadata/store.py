"""The database, as use cases see it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from entrepot.ports.records import Records
from entrepot.storage.metadata.connection import Connection, Database
from entrepot.storage.metadata.records import SqlRecords
from entrepot.storage.metadata.revision_watch import RevisionWatch

T = TypeVar("T")


class SqlStore:
    """Rows by subject, over any database that speaks the portable subset of SQL.

    `watch` is for a database that cannot tell its version without a round trip.
    """

    def __init__(self, database: Database, watch: RevisionWatch | None = None) -> None:
        self._database = database
        self._watch = watch

    def version(self) -> int | None:
        return self._database.version() if self._watch is None else self._watch.version()

    def commits(self) -> int | None:
        return self._database.version()

    async def read(self, body: Callable[[Records], Awaitable[T]]) -> T:
        return await self._database.read(lambda connection: body(SqlRecords(connection)))

    async def scan(self, body: Callable[[Records], Awaitable[T]]) -> T:
        return await self._database.scan(lambda connection: body(SqlRecords(connection)))

    async def write(self, body: Callable[[Records], Awaitable[T]]) -> T:
        if self._watch is None:
            return await self._database.write(lambda connection: _to_the_end(body, SqlRecords(connection)))
        has_changed = False

        async def run(connection: Connection) -> T:
            nonlocal has_changed
            records = SqlRecords(connection)
            try:
                return await _to_the_end(body, records)
            finally:
                has_changed |= records.revision.has_changed

        try:
            return await self._database.write(run)
        finally:
            if has_changed:  # or it may have: where the outcome is unknown, what is kept must go too
                self._watch.note()

    async def write_apart(self, body: Callable[[Records], Awaitable[T]]) -> T:
        return await self._database.write_apart(lambda connection: body(SqlRecords(connection)))


async def _to_the_end(body: Callable[[Records], Awaitable[T]], records: SqlRecords) -> T:
    """The body, and then what repositories' totals are to know of it."""
    result = await body(records)
    await records.changes.write_last()
    return result
