"""What a body may count on, in every database."""

import asyncio
import contextvars
import sqlite3
import sys
import threading

import asyncpg
import pytest

from entrepot.storage.metadata.connection import BodySuspended, Closed, Connection, Database, Overloaded
from tests.contract.metadata.places import Place, add, adding, increment, names, number
from tests.engines.programs import ROOT

STATEMENT_ERRORS = (sqlite3.Error, asyncpg.PostgresError)


class Refused(Exception):
    """What a use case raises to say no."""


async def refuse(connection: Connection) -> None:
    await add(connection, "refused")
    raise Refused


async def test_a_write_is_read_by_its_node_at_once(database: Database) -> None:
    for index in range(20):
        await database.write(adding(f"n{index:02}"))
        assert f"n{index:02}" in await database.read(names)
        assert len(await database.scan(names)) == index + 1


async def test_a_write_is_read_by_other_nodes_at_once(shared_place: Place) -> None:
    one, other = await shared_place.open(), await shared_place.open()
    for index in range(20):
        await one.write(adding(f"n{index}"))
        assert f"n{index}" in await other.read(names)


async def test_a_version_changes_with_each_commit_and_stands_between_them(stepped_place: Place) -> None:
    database = await stepped_place.open()
    for index in range(20):
        before = database.version()
        assert database.version() == before
        await database.write(adding(f"n{index}"))
        assert database.version() != before


async def test_a_version_changes_with_the_commits_of_other_nodes(sqlite_place: Place) -> None:
    one, other = await sqlite_place.open(), await sqlite_place.open()
    for index in range(20):
        before = other.version()
        await one.write(adding(f"n{index}"))
        assert other.version() != before


async def test_write_gives_what_the_body_returns(database: Database) -> None:
    async def answer(connection: Connection) -> str:
        await add(connection, "a")
        return "done"

    assert await database.write(answer) == "done"


async def test_a_body_sees_what_it_wrote(database: Database) -> None:
    async def add_and_look(connection: Connection) -> list[str]:
        await add(connection, "a")
        return await names(connection)

    assert await database.write(add_and_look) == ["a"]


async def test_a_refusal_undoes_its_body_and_not_its_neighbours(database: Database) -> None:
    results = await asyncio.gather(
        *(database.write(refuse if index % 3 == 0 else adding(f"n{index:02}")) for index in range(30)),
        return_exceptions=True,
    )
    assert [isinstance(result, Refused) for result in results] == [index % 3 == 0 for index in range(30)]
    assert await database.read(names) == [f"n{index:02}" for index in range(30) if index % 3]


async def test_a_failed_statement_undoes_its_body_and_not_its_neighbours(database: Database) -> None:
    await database.write(adding("taken"))

    async def collide(connection: Connection) -> None:
        await add(connection, "lost")
        await add(connection, "taken")

    results = await asyncio.gather(
        database.write(adding("a")),
        database.write(collide),
        database.write(adding("b")),
        return_exceptions=True,
    )
    assert isinstance(results[1], STATEMENT_ERRORS)
    assert await database.read(names) == ["a", "b", "taken"]


async def test_a_body_that_swallows_a_failed_statement_is_undone(database: Database) -> None:
    async def swallow(connection: Connection) -> str:
        await add(connection, "before")
        try:
            await add(connection, "before")
        except STATEMENT_ERRORS:
            return "as if nothing had happened"
        return "unreachable"

    with pytest.raises(STATEMENT_ERRORS):
        await database.write(swallow)
    assert await database.read(names) == []


async def test_a_body_that_raises_through_a_scan_leaves_it_usable(database: Database) -> None:
    async def fail(connection: Connection) -> None:
        await names(connection)
        raise Refused

    for _ in range(20):
        with pytest.raises(Refused):
            await database.scan(fail)
    assert await database.scan(names) == []


@pytest.mark.parametrize("kind", ["read", "scan"])
async def test_a_read_cannot_write(database: Database, kind: str) -> None:
    with pytest.raises(STATEMENT_ERRORS):
        await getattr(database, kind)(adding("a"))
    await database.write(adding("b"))
    assert await database.read(names) == ["b"]


async def test_a_connection_is_of_no_use_after_its_body(database: Database) -> None:
    kept: list[Connection] = []

    async def keep(connection: Connection) -> None:
        kept.append(connection)

    await database.write(keep)
    await database.read(keep)
    for connection in kept:
        with pytest.raises(Closed):
            await add(connection, "too late")


async def test_a_scan_sees_one_snapshot(shared_place: Place) -> None:
    """The other node writes between the scan's two statements, by way of a thread or of the loop."""
    one, other = await shared_place.open(), await shared_place.open()
    await one.write(adding("a"))
    loop = asyncio.get_running_loop()

    async def look_twice(connection: Connection) -> tuple[list[str], list[str]]:
        before = await names(connection)
        if shared_place.kind != "sqlite":
            await other.write(adding("b"))
        else:  # a reader thread waits, while the loop runs the write
            asyncio.run_coroutine_threadsafe(other.write(adding("b")), loop).result()
        return before, await names(connection)

    assert await one.scan(look_twice) == (["a"], ["a"])
    assert await one.scan(names) == ["a", "b"]


async def test_200_increments_at_once_lose_nothing(database: Database) -> None:
    await database.write(adding("counter"))
    await asyncio.gather(
        *(database.write(lambda connection: increment(connection, "counter")) for _ in range(200))
    )
    assert await database.read(lambda connection: number(connection, "counter")) == 200


async def test_200_increments_from_two_nodes_lose_nothing(shared_place: Place) -> None:
    nodes = [await shared_place.open(), await shared_place.open()]
    await nodes[0].write(adding("counter"))
    await asyncio.gather(
        *(nodes[index % 2].write(lambda connection: increment(connection, "counter")) for index in range(200))
    )
    assert await nodes[0].read(lambda connection: number(connection, "counter")) == 200


async def test_200_increments_from_two_processes_lose_nothing(shared_place: Place) -> None:
    database = await shared_place.open()
    await database.write(adding("counter"))
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.contract.metadata.increments", shared_place.url, "100",
            cwd=ROOT, env={"PYTHONPATH": "src"},
        )
        for _ in range(2)
    ]  # fmt: skip
    assert [await process.wait() for process in processes] == [0, 0]
    assert await database.read(lambda connection: number(connection, "counter")) == 200


async def test_write_skew_cannot_happen(shared_place: Place) -> None:
    """Two bodies that each leave if the other is there: one must see that the other has left."""
    nodes = [await shared_place.open(), await shared_place.open()]

    async def leave(connection: Connection, name: str) -> None:
        if len(await names(connection)) == 2:
            await connection.run("DELETE FROM item WHERE name = $1", name)

    async def arrive(connection: Connection) -> None:
        await connection.run(
            "INSERT INTO item (name, number) VALUES ('a', 0), ('b', 0) ON CONFLICT DO NOTHING"
        )

    for _ in range(10):
        await nodes[0].write(arrive)
        await asyncio.gather(
            nodes[0].write(lambda connection: leave(connection, "a")),
            nodes[1].write(lambda connection: leave(connection, "b")),
        )
        assert len(await nodes[0].read(names)) == 1


async def test_cancelled_writes_disturb_no_others(database: Database) -> None:
    writes = [asyncio.create_task(database.write(adding(f"n{index:02}"))) for index in range(60)]
    for turn, write in enumerate(writes):
        if turn % 2:
            await asyncio.sleep(0)
            write.cancel()
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
    kept = set(await database.read(names))
    assert {f"n{index:02}" for index, result in enumerate(results) if result is None} <= kept
    await asyncio.gather(*(database.write(adding(f"after{index}")) for index in range(30)))
    assert len(set(await database.read(names)) - kept) == 30


async def test_a_cancelled_write_that_has_not_begun_is_never_run(sqlite_place: Place) -> None:
    database = await sqlite_place.open()
    gate = threading.Event()

    async def hold(connection: Connection) -> None:
        gate.wait()
        await add(connection, "first")

    holding = asyncio.create_task(database.write(hold))
    waiting = asyncio.create_task(database.write(adding("second")))
    await asyncio.sleep(0)  # both have asked
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    gate.set()
    await holding
    await database.write(adding("third"))
    assert await database.read(names) == ["first", "third"]


async def test_a_write_that_has_begun_runs_on_without_its_caller(sqlite_place: Place) -> None:
    database = await sqlite_place.open()
    gate, begun = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hold(connection: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        gate.wait()
        await add(connection, "first")

    holding = asyncio.create_task(database.write(hold))
    await begun.wait()
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)
    gate.set()
    await database.write(adding("second"))
    assert await database.read(names) == ["first", "second"]


async def test_cancelled_writes_leave_no_transaction_open(postgres_place: Place) -> None:
    database = await postgres_place.open()

    async def linger(connection: Connection) -> None:
        await add(connection, "never")
        await connection.row("SELECT pg_sleep(60)")

    writes = [asyncio.create_task(database.write(linger)) for _ in range(5)]

    async def sleeping(connection: Connection) -> int:
        sql = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        row = await connection.row(sql)
        assert row is not None
        count: int = row[0]
        return count

    watcher = await postgres_place.open()
    async with asyncio.timeout(30):
        while await watcher.read(sleeping) < len(writes):
            pass
        for write in writes:
            write.cancel()
        await asyncio.gather(*writes, return_exceptions=True)
        while await watcher.read(sleeping):
            pass
    assert await database.read(names) == []


@pytest.mark.parametrize("kind", ["read", "scan", "write"])
async def test_a_body_that_waits_for_anything_else_is_refused_and_undone(
    stepped_place: Place, kind: str
) -> None:
    database = await stepped_place.open()

    async def wander(connection: Connection) -> None:
        if kind == "write":
            await add(connection, "a")
        await asyncio.sleep(0)

    with pytest.raises(BodySuspended):
        await getattr(database, kind)(wander)
    await database.write(adding("b"))
    assert await database.read(names) == ["b"]


async def test_a_body_has_its_callers_context(database: Database) -> None:
    request_id = contextvars.ContextVar("request_id", default="")
    request_id.set("r-1")

    async def look(connection: Connection) -> str:
        await names(connection)
        return request_id.get()

    assert [await database.read(look), await database.scan(look), await database.write(look)] == ["r-1"] * 3


async def test_a_closed_database_refuses_and_may_be_closed_again(database: Database) -> None:
    await database.close()
    await database.close()
    for refuse_all in (database.read, database.scan, database.write):
        with pytest.raises(Closed):
            await refuse_all(names)


async def test_close_commits_what_was_asked_before(shared_place: Place) -> None:
    database = await shared_place.open()
    writes = [asyncio.create_task(database.write(adding(f"n{index}"))) for index in range(5)]
    await asyncio.sleep(0)
    await asyncio.gather(database.close(), *writes)
    again = await shared_place.open()
    assert len(await again.read(names)) == 5


async def test_writes_beyond_the_bound_are_refused(sqlite_place: Place) -> None:
    database = await sqlite_place.open()
    gate = threading.Event()

    async def hold(connection: Connection) -> None:
        gate.wait()

    writes = [asyncio.create_task(database.write(hold)) for _ in range(4200)]
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(*writes, return_exceptions=True)
    refused = [result for result in results if result is not None]
    assert refused
    assert all(isinstance(result, Overloaded) for result in refused)


async def test_acknowledged_means_synced(sqlite_place: Place) -> None:
    database = await sqlite_place.open()

    async def settings(connection: Connection) -> list[object]:
        rows = [await connection.row(f"PRAGMA {name}") for name in ("journal_mode", "synchronous")]
        return [row[0] for row in rows if row is not None]

    assert await database.write(settings) == ["wal", 2]


_ADD_LAST = "INSERT INTO item (name, number, note) VALUES ($1, $2, $3)"


async def test_what_is_run_with_the_commit_is_there_afterwards(database: Database) -> None:
    async def body(connection: Connection) -> None:
        await connection.run_with_commit(_ADD_LAST, "last", -7, None)
        await add(connection, "first")

    await database.write(body)
    assert await database.read(names) == ["first", "last"]
    assert await database.read(lambda connection: number(connection, "last")) == -7


async def test_what_a_body_would_run_with_the_commit_goes_with_its_refusal(database: Database) -> None:
    async def body(connection: Connection) -> None:
        await connection.run_with_commit(_ADD_LAST, "last", 0, None)
        raise Refused

    with pytest.raises(Refused):
        await database.write(body)
    assert await database.read(names) == []


async def test_where_it_fails_nothing_is_committed_and_the_database_goes_on(database: Database) -> None:
    async def body(connection: Connection) -> None:
        await add(connection, "first")
        await connection.run_with_commit(_ADD_LAST, "taken", 0, None)

    await database.write(adding("taken"))
    for _ in range(20):  # more than there are connections
        with pytest.raises(STATEMENT_ERRORS):
            await database.write(body)
    assert await database.read(names) == ["taken"]
    await database.write(adding("more"))
    assert await database.read(names) == ["more", "taken"]


async def test_conflicts_are_met_with_it_too(database: Database) -> None:
    async def body(connection: Connection) -> None:
        await increment(connection, "counter")
        count = await number(connection, "counter")
        await connection.run_with_commit(_ADD_LAST, f"event{count:03}", count, None)

    await database.write(adding("counter"))
    await asyncio.gather(*(database.write(body) for _ in range(12)))
    found = await database.read(names)
    assert found == ["counter", *(f"event{count:03}" for count in range(1, 13))]


@pytest.mark.parametrize(
    "text",
    [
        "'",
        "''",
        "\\",
        "\\'",
        "\\\\'; DROP TABLE item; --",
        "$1 $2",
        "\n\r\t\x1b\x7f",
        "é🐳\u202e",
        "E'x'",
        "%s",
    ],
)
async def test_any_text_arrives_as_it_was_with_the_commit(database: Database, text: str) -> None:
    async def last(connection: Connection) -> None:
        await connection.run_with_commit(_ADD_LAST, text, 1, text)

    async def note(connection: Connection) -> str:
        row = await connection.row("SELECT note FROM item WHERE name = $1", text)
        assert row is not None
        found: str = row["note"]
        return found

    await database.write(last)
    assert await database.read(note) == text
