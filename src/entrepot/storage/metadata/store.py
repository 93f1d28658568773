"""The database, as use cases see it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from entrepot.ports.records import Records
from entrepot.storage.metadata.connection import Database
from entrepot.storage.metadata.records import SqlRecords

T = TypeVar("T")


class SqlStore:
    """Rows by subject, over any database that speaks the portable subset of SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self) -> int | None:
        return self._database.version()

    async def read(self, body: Callable[[Records], Awaitable[T]]) -> T:
        return await self._database.read(lambda connection: body(SqlRecords(connection)))

    async def scan(self, body: Callable[[Records], Awaitable[T]]) -> T:
        return await self._database.scan(lambda connection: body(SqlRecords(connection)))

    async def write(self, body: Callable[[Records], Awaitable[T]]) -> T:
        return await self._database.write(lambda connection: body(SqlRecords(connection)))
