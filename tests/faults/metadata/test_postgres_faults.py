"""PostgreSQL when it restarts, crashes, or drops a connection at the worst moment."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import TypeVar

import asyncpg
import pytest

from entrepot.ports.outages import Outage
from entrepot.storage.metadata.connection import Connection, Database, OutcomeUnknown, Unreachable
from entrepot.storage.metadata.drivers import connect
from tests.contract.metadata.places import ITEM, Place, add, adding, names
from tests.engines.cable import cable_to
from tests.engines.postgres import PostgresServer, postgres_server, synchronous_standby

T = TypeVar("T")


async def look(connection: Connection) -> list[str]:
    await connection.row("SELECT pg_sleep(0.01)")
    return await names(connection)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_under_the_pool_is_survived(
    postgres_place: Place, server: PostgresServer, mode: str
) -> None:
    database = await postgres_place.open()
    await asyncio.gather(*(database.read(look) for _ in range(10)))  # a pool full of connections
    for index in range(3):
        await asyncio.to_thread(server.restart, mode)
        await database.write(adding(f"n{index}"))
        assert len(await database.read(names)) == len(await database.scan(names)) == index + 1


async def test_a_restart_loses_nothing_that_was_acknowledged(
    postgres_place: Place, server: PostgresServer
) -> None:
    database = await postgres_place.open()
    promised: set[str] = set()
    stopped = asyncio.Event()

    async def write_on(writer: int) -> None:
        number = 0
        while not stopped.is_set():
            number += 1
            name = f"{writer}-{number}"
            try:
                await database.write(adding(name))
            except (Unreachable, OutcomeUnknown):
                continue
            except asyncpg.UniqueViolationError:
                raise AssertionError(f"{name} was written twice") from None
            promised.add(name)

    async def restart() -> None:
        for mode in ("fast", "immediate"):
            await asyncio.to_thread(server.restart, mode)
        stopped.set()

    await asyncio.gather(restart(), *(write_on(writer) for writer in range(5)))
    assert promised
    assert promised <= set(await database.scan(names))


async def test_a_write_that_lost_its_connection_before_commit_is_run_again(postgres_place: Place) -> None:
    database = await postgres_place.open()
    runs: list[int] = []

    async def die_once(connection: Connection) -> None:
        runs.append(1)
        await add(connection, "a")
        if len(runs) == 1:
            await connection.row("SELECT pg_terminate_backend(pg_backend_pid())")

    await database.write(die_once)
    assert len(runs) == 2
    assert await database.read(names) == ["a"]


async def test_a_read_that_lost_its_connection_is_run_again_once(postgres_place: Place) -> None:
    database = await postgres_place.open()
    runs: list[int] = []

    async def die(connection: Connection) -> None:
        runs.append(1)
        await connection.row("SELECT pg_terminate_backend(pg_backend_pid())")

    for kind in (database.read, database.scan):
        runs.clear()
        with pytest.raises(Unreachable):
            await kind(die)
        assert len(runs) == 2
    assert await database.read(names) == []


@pytest.mark.parametrize("is_with_commit", [False, True])
async def test_a_connection_lost_in_commit_leaves_the_outcome_open(
    postgres_place: Place, *, is_with_commit: bool
) -> None:
    """A deferred trigger ends the connection while COMMIT runs; the body must not be run again."""
    database = await postgres_place.open()
    connection = await asyncpg.connect(postgres_place.url)
    await connection.execute(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
    )
    await connection.execute(
        "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION die()"
    )
    await connection.close()
    runs: list[int] = []

    async def write(connection: Connection) -> None:
        runs.append(1)
        if is_with_commit:
            await connection.run_with_commit("INSERT INTO item (name, number) VALUES ($1, $2)", "a", 0)
        else:
            await add(connection, "a")

    with pytest.raises(OutcomeUnknown):
        await database.write(write)
    assert len(runs) == 1
    assert await database.read(names) == []


@pytest.fixture
def primary() -> Iterator[PostgresServer]:
    """A server that may be lost."""
    with postgres_server() as running:
        yield running


@pytest.fixture
def standby(primary: PostgresServer) -> Iterator[PostgresServer]:
    with synchronous_standby(primary) as running:
        yield running


async def test_a_primary_that_became_a_standby_is_left_for_the_new_one(
    postgres_place: Place, server: PostgresServer
) -> None:
    """Its connections stay open, and refuse to write."""
    database = await postgres_place.open()
    runs: list[int] = []

    async def find_it_a_standby_once(connection: Connection) -> None:
        runs.append(1)
        if len(runs) == 1:
            await connection.run("SET TRANSACTION READ ONLY")
        await add(connection, "a")

    await database.write(find_it_a_standby_once)
    assert len(runs) == 2
    assert await database.read(names) == ["a"]


async def test_a_primary_that_falls_silent_is_left_for_the_promoted_standby(
    primary: PostgresServer, standby: PostgresServer
) -> None:
    with cable_to(primary.port) as cable:
        hosts = f"127.0.0.1:{cable.port},127.0.0.1:{standby.port}"
        database = await connect(f"postgresql://postgres@{hosts}/postgres?command_timeout=2")
        await _patiently(lambda: database.define(ITEM))
        await _patiently(lambda: asyncio.gather(*(database.read(look) for _ in range(10))))
        await _add_surely(database, "before")
        await asyncio.to_thread(cable.pull)
        await asyncio.to_thread(standby.promote)
        await _add_surely(database, "after")
        assert await _patiently(lambda: database.read(names)) == ["after", "before"]
        await asyncio.to_thread(cable.plug)
        await database.close()


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Again and again while it meets an outage: on a busy machine a statement may be out of time, too."""
    async with asyncio.timeout(60):
        while True:
            with suppress(Outage):
                return await ask()


async def _add_surely(database: Database, name: str) -> None:
    """Write the row as one who may be told that the outcome is unknown: the next try may find it done."""
    is_sure = True
    async with asyncio.timeout(60):
        while True:
            try:
                return await database.write(adding(name))
            except OutcomeUnknown:
                is_sure = False
            except asyncpg.UniqueViolationError:
                assert not is_sure, f"{name} was written twice"
                return None
            except Outage:
                continue


async def test_a_server_that_is_down_is_unreachable_and_then_found_again(
    postgres_place: Place, server: PostgresServer
) -> None:
    database = await postgres_place.open()
    await asyncio.to_thread(server.stop)
    try:
        with pytest.raises(Unreachable):
            await database.read(names)
        with pytest.raises(Unreachable):
            await database.write(adding("a"))
    finally:
        await asyncio.to_thread(server.start)
    await database.write(adding("a"))
    assert await database.read(names) == ["a"]
