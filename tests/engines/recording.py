"""A database that notes every statement run on it, with its values and the rows it gave or touched."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from entrepot.storage.metadata.connection import Body, Connection, Database, Row, SqlValue, T


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as it was run."""

    sql: str
    values: tuple[SqlValue, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class RecordingDatabase:
    """Passes everything on; `statements` may be cleared between two requests."""

    database: Database
    statements: list[Statement] = field(default_factory=list)

    def version(self) -> int | None:
        return self.database.version()

    async def read(self, body: Body[T]) -> T:
        return await self.database.read(lambda connection: body(_Recording(connection, self.statements)))

    async def scan(self, body: Body[T]) -> T:
        return await self.database.scan(lambda connection: body(_Recording(connection, self.statements)))

    async def write(self, body: Body[T]) -> T:
        return await self.database.write(lambda connection: body(_Recording(connection, self.statements)))

    async def write_apart(self, body: Body[T]) -> T:
        return await self.database.write_apart(
            lambda connection: body(_Recording(connection, self.statements))
        )

    async def close(self) -> None:
        await self.database.close()

    async def define(self, ddl: str) -> None:
        await self.database.define(ddl)

    def dialect(self, ddl: str) -> str:
        return self.database.dialect(ddl)


@dataclass(frozen=True, slots=True)
class _Recording:
    connection: Connection
    statements: list[Statement]

    async def rows(self, sql: str, *values: SqlValue) -> Sequence[Row]:
        found = await self.connection.rows(sql, *values)
        self.statements.append(Statement(sql, values, len(found)))
        return found

    async def row(self, sql: str, *values: SqlValue) -> Row | None:
        found = await self.connection.row(sql, *values)
        self.statements.append(Statement(sql, values, int(found is not None)))
        return found

    async def run_with_commit(self, sql: str, *values: SqlValue) -> None:
        await self.connection.run_with_commit(sql, *values)
        self.statements.append(Statement(sql, values, 1))

    async def run(self, sql: str, *values: SqlValue) -> int:
        touched = await self.connection.run(sql, *values)
        self.statements.append(Statement(sql, values, touched))
        return touched
