"""The schema is brought up to date once and whole, by however many nodes start at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.storage.metadata.connection import Connection, Database
from entrepot.storage.metadata.migrate import (
    DatabaseNewer,
    Migration,
    MigrationEdited,
    migrate,
    packaged,
    statements,
)
from tests.contract.metadata.places import Place

NOW = datetime(2026, 11, 23, 12, 0, 0, 7, tzinfo=UTC)
FIRST = Migration(
    1, "shelf", "-- Shelves; and books.\nCREATE TABLE shelf (id TEXT NOT NULL, PRIMARY KEY (id));\n"
)
SECOND = Migration(
    2, "width", "ALTER TABLE shelf ADD COLUMN width BIGINT;\nCREATE INDEX w ON shelf (width);\n"
)
BROKEN = Migration(3, "broken", "CREATE TABLE whole (id TEXT NOT NULL);\nCREATE TABBLE nonsense (id TEXT);\n")


async def applied(connection: Connection) -> list[tuple[int, str, int]]:
    rows = await connection.rows("SELECT number, name, applied_at FROM migration ORDER BY number")
    return [(row["number"], row["name"], row["applied_at"]) for row in rows]


async def shelve(connection: Connection) -> int:
    return await connection.run("INSERT INTO shelf (id, width) VALUES ('a', 2)")


async def test_migrations_are_applied_in_order_and_once(database: Database) -> None:
    assert await migrate(database, [SECOND, FIRST], now=NOW) == [FIRST, SECOND]
    assert await migrate(database, [FIRST, SECOND], now=NOW) == []
    assert await database.write(shelve) == 1


async def test_what_was_applied_is_on_record(database: Database) -> None:
    await migrate(database, [FIRST], now=NOW)
    await migrate(database, [FIRST, SECOND], now=NOW + timedelta(seconds=1))
    since_1970 = 1_795_435_200_000_007
    assert await database.read(applied) == [(1, "shelf", since_1970), (2, "width", since_1970 + 1_000_000)]


async def test_an_edited_migration_is_refused_before_anything_is_changed(database: Database) -> None:
    await migrate(database, [FIRST], now=NOW)
    edited = Migration(1, "shelf", FIRST.sql + "\n")
    with pytest.raises(MigrationEdited) as refusal:
        await migrate(database, [edited, SECOND], now=NOW)
    assert (refusal.value.number, refusal.value.name) == (1, "shelf")
    assert len(await database.read(applied)) == 1


async def test_a_database_of_a_later_release_that_does_not_say_otherwise_is_refused(
    database: Database,
) -> None:
    await migrate(database, [FIRST, SECOND], now=NOW)
    with pytest.raises(DatabaseNewer):
        await migrate(database, [FIRST], now=NOW)


async def test_a_node_of_the_release_before_serves_on_what_the_next_one_has_made(database: Database) -> None:
    wider = Migration(2, "width", f"-- serves: 0001\n{SECOND.sql}")
    await migrate(database, [FIRST, wider], now=NOW)
    assert await migrate(database, [FIRST], now=NOW) == []
    assert await database.write(shelve) == 1


async def test_a_node_two_releases_behind_is_refused(database: Database) -> None:
    wider = Migration(2, "width", f"-- serves: 0001\n{SECOND.sql}")
    third = Migration(3, "book", "-- serves: 0002\nCREATE TABLE book (id TEXT NOT NULL, PRIMARY KEY (id));\n")
    await migrate(database, [FIRST, wider, third], now=NOW)
    assert await migrate(database, [FIRST, wider], now=NOW) == []
    with pytest.raises(DatabaseNewer) as refusal:
        await migrate(database, [FIRST], now=NOW)
    assert refusal.value.number == 3


async def test_a_failed_migration_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(Exception, match="syntax error"):
        await migrate(database, [FIRST, SECOND, BROKEN], now=NOW)
    assert len(await database.read(applied)) == 2
    mended = Migration(3, "mended", "CREATE TABLE whole (id TEXT NOT NULL);\n")
    assert await migrate(database, [FIRST, SECOND, mended], now=NOW) == [mended]


async def test_nodes_that_migrate_at_once_apply_each_migration_once(shared_place: Place) -> None:
    nodes = await asyncio.gather(*(shared_place.open() for _ in range(5)))
    done = await asyncio.gather(*(migrate(node, [FIRST, SECOND], now=NOW) for node in nodes))
    assert sorted(migration.number for by_node in done for migration in by_node) == [1, 2]


async def test_a_node_goes_on_while_another_migrates(shared_place: Place) -> None:
    old, new = await shared_place.open(), await shared_place.open()
    await migrate(old, [FIRST], now=NOW)

    async def everything(connection: Connection) -> int:
        await connection.run("INSERT INTO shelf (id) VALUES ('a') ON CONFLICT DO NOTHING")
        return len(await connection.rows("SELECT * FROM shelf"))

    assert await old.write(everything) == 1
    await migrate(new, [FIRST, SECOND], now=NOW)
    assert await old.write(everything) == 1


async def test_the_packaged_migrations_make_the_schema(database: Database) -> None:
    known = packaged()
    assert await migrate(database, known, now=NOW) == known
    numbers = [migration.number for migration in known]
    assert numbers == sorted(set(numbers))


def test_statements_end_at_semicolons_that_end_lines() -> None:
    sql = "-- A; b.\nCREATE TABLE a (\n  x TEXT -- note; more\n);\n\nCREATE INDEX i ON a (x);\n"
    assert statements(sql) == [
        "CREATE TABLE a (\n  x TEXT\n)",
        "CREATE INDEX i ON a (x)",
    ]
