"""The drivers: how each kind of database connects, binds, runs and retries."""

import sqlite3
from pathlib import Path
from urllib.parse import unquote

import asyncpg

from entrepot.ports.reports import DatabaseReports, NoReports
from entrepot.storage.metadata.connection import Database, DatabaseUnfit
from entrepot.storage.metadata.drivers import postgres, sqlite
from entrepot.storage.metadata.reporting import ReportedDatabase

_SILENT = NoReports()

# What rises where a statement names a table that is not there.
NO_SUCH_TABLE = (sqlite3.OperationalError, asyncpg.UndefinedTableError)


async def connect(
    url: str,
    *,
    connections: int | None = None,
    statement_seconds: float | None = None,
    reports: DatabaseReports | None = None,
) -> Database:
    """Open a database by its URL, on the running event loop.

    `sqlite:///var/lib/entrepot/rows.db` (what follows `sqlite://` is the path, so two slashes begin a
    relative one), `sqlite://` for one in memory, or `postgresql://user@host/name`. Raises
    DatabaseUnfit, NetworkFileSystem or Unreachable. On a server, `connections` and `statement_seconds`
    go before what the URL says of them: how many it may take, how long one statement may.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        opened = sqlite.open_file(Path(unquote(rest))) if rest else sqlite.open_memory()
        return opened if reports is None else ReportedDatabase(opened, reports)
    if scheme in {"postgres", "postgresql"}:
        pool = await postgres.open_pool(
            url,
            connections=connections,
            statement_seconds=statement_seconds,
            reports=reports or _SILENT,
        )
        return pool if reports is None else ReportedDatabase(pool, reports)
    raise DatabaseUnfit(f"there is no driver for {scheme}:// addresses")


def database_file(url: str) -> Path | None:
    """Where the rows lie if they are SQLite's; None of a server's, and of a database in memory."""
    scheme, _, rest = url.partition("://")
    return Path(unquote(rest)) if scheme == "sqlite" and rest else None
