"""Brings a database to this program's schema: numbered SQL files, each applied once and whole.

A file holds portable DDL (`CREATE TABLE`, `CREATE [UNIQUE] INDEX`, `ALTER TABLE … ADD COLUMN` with TEXT,
BIGINT, BYTEA) whose statements end with `;` at the end of a line. It is never edited after release. A
line `-- serves: 0004` says that programs which know no more than migration 4 may serve on its result:
those of the release before, while nodes are replaced one by one. Without it none may.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources

from entrepot.storage.metadata.connection import Connection, Database

_NAME = re.compile(r"([0-9]{4})_([a-z0-9_]+)\.sql")
_SERVES = re.compile(r"^-- serves: ([0-9]{4})$", re.MULTILINE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_APPLIED = """CREATE TABLE IF NOT EXISTS migration (
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at BIGINT NOT NULL,
    PRIMARY KEY (number)
)"""
# A table of its own: the other one is older, and programs that know it alone must go on reading it.
_REACH = (
    "CREATE TABLE IF NOT EXISTS migration_reach "
    "(number BIGINT NOT NULL, oldest BIGINT NOT NULL, PRIMARY KEY (number))"
)
_TURN = (
    "CREATE TABLE IF NOT EXISTS migration_turn (id BIGINT NOT NULL, taken BIGINT NOT NULL, PRIMARY KEY (id))"
)


@dataclass(frozen=True, slots=True)
class Migration:
    """A numbered step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def oldest(self) -> int:
        """The newest migration that a program must know at least, to serve where this one was applied."""
        said = _SERVES.search(self.sql)
        return int(said[1]) if said else self.number


@dataclass(eq=False)
class MigrationEdited(Exception):
    """A migration that was applied is not the one this program carries."""

    number: int
    name: str


@dataclass(eq=False)
class DatabaseNewer(Exception):
    """A later release has changed the database in a way that this program must not serve on."""

    number: int
    name: str


def packaged() -> list[Migration]:
    """The migrations of this program, in order."""
    folder = resources.files("entrepot.storage.metadata.migrations")
    found = ((_NAME.fullmatch(file.name), file) for file in folder.iterdir())
    return sorted(
        (Migration(int(name[1]), name[2], file.read_text(encoding="ascii")) for name, file in found if name),
        key=lambda migration: migration.number,
    )


async def migrate(database: Database, migrations: Iterable[Migration], *, now: datetime) -> list[Migration]:
    """Apply what is missing; the migrations that this call applied.

    Raises MigrationEdited or DatabaseNewer before anything is changed. Nodes may call it at once.
    """
    known = sorted(migrations, key=lambda migration: migration.number)
    for table in (_APPLIED, _REACH, _TURN):
        await database.define(table)
    await database.read(lambda connection: _refuse_strangers(connection, known))
    return [migration for migration in known if await _apply(database, migration, now)]


def statements(sql: str) -> list[str]:
    """The statements of a migration, without comments."""
    bare = "\n".join(line.partition("--")[0].rstrip() for line in sql.splitlines())
    return [statement.strip() for statement in re.split(r";(?:\n|\Z)", bare) if statement.strip()]


async def _refuse_strangers(connection: Connection, known: list[Migration]) -> None:
    by_number = {migration.number: migration for migration in known}
    newest = max(by_number, default=0)
    for row in await connection.rows(
        "SELECT m.number, m.name, m.sha256, r.oldest FROM migration AS m"
        " LEFT JOIN migration_reach AS r ON r.number = m.number ORDER BY m.number"
    ):
        migration = by_number.get(row["number"])
        if migration is None:
            if row["oldest"] is None or row["oldest"] > newest:
                raise DatabaseNewer(row["number"], row["name"])
            continue
        if migration.sha256 != row["sha256"]:
            raise MigrationEdited(migration.number, migration.name)


async def _apply(database: Database, migration: Migration, now: datetime) -> bool:
    """Apply one migration in a transaction of its own; False when it was there."""

    async def apply(connection: Connection) -> bool:
        # Every node writes this one row first: the second waits for, or conflicts with, the first, and
        # then sees what it did. Unlike a lease it needs no clock, and ends with its holder.
        await connection.run(
            "INSERT INTO migration_turn (id, taken) VALUES (1, 1) "
            "ON CONFLICT (id) DO UPDATE SET taken = migration_turn.taken + 1"
        )
        if await connection.row("SELECT 1 FROM migration WHERE number = $1", migration.number) is not None:
            return False
        for statement in statements(migration.sql):
            await connection.run(database.dialect(statement))
        await connection.run(
            "INSERT INTO migration (number, name, sha256, applied_at) VALUES ($1, $2, $3, $4)",
            migration.number,
            migration.name,
            migration.sha256,
            (now - _EPOCH) // timedelta(microseconds=1),
        )
        await connection.run(
            "INSERT INTO migration_reach (number, oldest) VALUES ($1, $2)",
            migration.number,
            migration.oldest,
        )
        return True

    return await database.write(apply)
