"""The databases that are hurt here: SQLite in a folder, and a PostgreSQL that nobody else uses."""

from tests.contract.metadata.conftest import (
    pgbouncer_place,
    pooler,
    postgres_place,
    server,
    shared_place,
    sqlite_place,
)

__all__ = ["pgbouncer_place", "pooler", "postgres_place", "server", "shared_place", "sqlite_place"]
