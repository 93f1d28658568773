"""The drivers: how each kind of database connects, binds, runs and retries."""

import sqlite3
from pathlib import Path
from urllib.parse import unquote

import asyncpg

from entrepot.storage.metadata.connection import Database, DatabaseUnfit
from entrepot.storage.metadata.drivers import postgres, sqlite

# What rises where a statement names a table that is not there.
NO_SUCH_TABLE = (sqlite3.OperationalError, asyncpg.UndefinedTableError)


async def connect(
    url: str, *, connections: int | None = None, statement_seconds: float | None = None
) -> Database:
    """Open a database by its URL, on the running event loop.

    `sqlite:///var/lib/entrepot/rows.db` (what follows `sqlite://` is the path, so two slashes begin a
    relative one), `sqlite://` for one in memory, or `postgresql://user@host/name`. Raises
    DatabaseUnfit, NetworkFileSystem or Unreachable. On a server, `connections` and `statement_seconds`
    go before what the URL says of them: how many it may take, how long one statement may.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        return sqlite.open_file(Path(unquote(rest))) if rest else sqlite.open_memory()
    if scheme in {"postgres", "postgresql"}:
        return await postgres.open_pool(url, connections=connections, statement_seconds=statement_seconds)
    raise DatabaseUnfit(f"there is no driver for {scheme}:// addresses")
