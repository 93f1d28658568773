"""A database that reports each of its operations."""

from collections.abc import Awaitable, Callable
from time import perf_counter

from entrepot.ports.outages import Outage, Unsettled
from entrepot.ports.reports import DatabaseReports, DatabaseWork
from entrepot.storage.metadata.connection import Body, Closed, Database, T


class ReportedDatabase:
    """Another database, with reports."""

    def __init__(self, database: Database, reports: DatabaseReports) -> None:
        self._database = database
        self._reports = reports

    def version(self) -> int | None:
        return self._database.version()

    async def read(self, body: Body[T]) -> T:
        return await self._told("read", self._database.read, body)

    async def scan(self, body: Body[T]) -> T:
        return await self._told("scan", self._database.scan, body)

    async def write(self, body: Body[T]) -> T:
        return await self._told("write", self._database.write, body)

    async def write_apart(self, body: Body[T]) -> T:
        return await self._told("write", self._database.write_apart, body)

    async def close(self) -> None:
        await self._database.close()

    async def define(self, ddl: str) -> None:
        await self._database.define(ddl)

    def dialect(self, ddl: str) -> str:
        return self._database.dialect(ddl)

    async def _told(self, work: DatabaseWork, run: Callable[[Body[T]], Awaitable[T]], body: Body[T]) -> T:
        began, outcome = perf_counter(), "done"
        try:
            return await run(body)
        except BaseException as failure:
            outcome = _outcome(failure)
            raise
        finally:
            self._reports.database_operation(work, began, outcome)


def _outcome(failure: BaseException) -> str:
    """The name of an outage; `refused` for what a body raised, `left` where the caller did not wait."""
    if isinstance(failure, Outage | Unsettled | Closed):
        return type(failure).__name__
    return "refused" if isinstance(failure, Exception) else "left"
