"""The databases that are hurt here: SQLite in a folder, and a PostgreSQL that nobody else uses."""

from tests.contract.metadata.conftest import postgres_place, server, shared_place, sqlite_place

__all__ = ["postgres_place", "server", "shared_place", "sqlite_place"]
