"""A connection that outlives its bodies, so that a test reads as a list of calls."""

from collections.abc import Sequence

from entrepot.storage.metadata.connection import Connection, Database, Row, SqlValue


class SingleStatements:
    """Every statement is a body of its own: one that begins with SELECT or WITH may only read.

    `seen` is every text that was run.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.seen: set[str] = set()

    async def rows(self, sql: str, *values: SqlValue) -> Sequence[Row]:
        async def body(connection: Connection) -> Sequence[Row]:
            return await connection.rows(sql, *values)

        self.seen.add(sql)
        return await (self._database.read(body) if _reads(sql) else self._database.write(body))

    async def row(self, sql: str, *values: SqlValue) -> Row | None:
        async def body(connection: Connection) -> Row | None:
            return await connection.row(sql, *values)

        self.seen.add(sql)
        return await (self._database.read(body) if _reads(sql) else self._database.write(body))

    async def run_with_commit(self, sql: str, *values: SqlValue) -> None:
        async def body(connection: Connection) -> None:
            await connection.run_with_commit(sql, *values)

        self.seen.add(sql)
        await self._database.write(body)

    async def run(self, sql: str, *values: SqlValue) -> int:
        async def body(connection: Connection) -> int:
            return await connection.run(sql, *values)

        self.seen.add(sql)
        return await self._database.write(body)


def _reads(sql: str) -> bool:
    return sql.lstrip().startswith(("SELECT", "WITH"))
