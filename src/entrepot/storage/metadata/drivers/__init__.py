"""The drivers: how each kind of database connects, binds, runs and retries."""

from pathlib import Path
from urllib.parse import unquote

from entrepot.ports.reports import DatabaseReports, NoReports
from entrepot.storage.metadata.connection import Database, DatabaseUnfit
from entrepot.storage.metadata.drivers import postgres, sqlite
from entrepot.storage.metadata.reporting import ReportedDatabase

_SILENT = NoReports()


async def connect(url: str, *, reports: DatabaseReports = _SILENT) -> Database:
    """Open a database by its URL, on the running event loop.

    `sqlite:///var/lib/entrepot/rows.db` (what follows `sqlite://` is the path, so two slashes begin a
    relative one), `sqlite://` for one in memory, or `postgresql://user@host/name`. Raises
    DatabaseUnfit, NetworkFileSystem or Unreachable.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        opened = sqlite.open_file(Path(unquote(rest))) if rest else sqlite.open_memory()
        return ReportedDatabase(opened, reports)
    if scheme in {"postgres", "postgresql"}:
        return ReportedDatabase(await postgres.open_pool(url, reports=reports), reports)
    raise DatabaseUnfit(f"there is no driver for {scheme}:// addresses")
