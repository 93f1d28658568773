"""SQLite when the disk is full, and when another program holds the database."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing

from entrepot.storage.metadata.connection import Connection, OutcomeUnknown, Unreachable
from entrepot.storage.metadata.drivers.sqlite import SqliteDatabase
from tests.contract.metadata.places import Place, adding, names


def filling(name: str, size: int) -> Callable[[Connection], Awaitable[int]]:
    sql = "INSERT INTO item (name, number, content) VALUES ($1, 0, $2)"
    return lambda connection: connection.run(sql, name, bytes(size))


async def test_attack_45_a_full_disk_refuses_writes_and_keeps_what_was_acknowledged(
    sqlite_place: Place,
) -> None:
    database = await sqlite_place.open()
    await database.write(adding("before"))

    async def shrink(connection: Connection) -> None:
        await connection.row("PRAGMA max_page_count = 20")

    await database.write(shrink)
    results = await asyncio.gather(
        *(database.write(filling(f"big{index}", 40_000)) for index in range(8)), return_exceptions=True
    )
    stored = {f"big{index}" for index, result in enumerate(results) if result == 1}
    failures = [result for result in results if isinstance(result, BaseException)]
    assert failures
    assert all(isinstance(failure, Unreachable | OutcomeUnknown) for failure in failures)
    assert set(await database.read(names)) == {"before", *stored}

    async def grow(connection: Connection) -> None:
        await connection.row("PRAGMA max_page_count = 100000")

    await database.write(grow)
    assert await database.write(filling("after", 40_000)) == 1


async def test_a_write_waits_for_a_program_that_holds_the_database(sqlite_place: Place) -> None:
    database = await sqlite_place.open()
    with closing(sqlite3.connect(sqlite_place.url.removeprefix("sqlite://"), isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        write = asyncio.create_task(database.write(adding("late")))
        await asyncio.sleep(0)  # it has asked
        assert await database.read(names) == []
        shell.execute("COMMIT")
        await write
    assert await database.read(names) == ["late"]


async def test_a_commit_that_fails_fails_every_body_in_it(sqlite_place: Place) -> None:
    """A deferred foreign key makes SQLite refuse a COMMIT at will; the gate makes two bodies share one."""
    database = await sqlite_place.open()
    await database.define(
        "CREATE TABLE child (parent TEXT REFERENCES item (name) DEFERRABLE INITIALLY DEFERRED)"
    )
    gate = threading.Event()

    assert isinstance(database, SqliteDatabase)
    database._writer._connection.execute("PRAGMA foreign_keys = ON")

    async def hold(connection: Connection) -> None:
        gate.wait()

    async def orphan(connection: Connection) -> None:
        await connection.run("INSERT INTO child (parent) VALUES ('nobody')")

    writes = asyncio.gather(
        database.write(hold), database.write(adding("a")), database.write(orphan), return_exceptions=True
    )
    await asyncio.sleep(0)  # all have asked
    gate.set()
    assert [type(result) for result in (await writes)[1:]] == [OutcomeUnknown, OutcomeUnknown]
    assert await database.read(names) == []
    await database.write(adding("b"))
    assert await database.read(names) == ["b"]
