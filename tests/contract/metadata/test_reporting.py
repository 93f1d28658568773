"""What the databases report of their operations, whoever counts it."""

import asyncio

import pytest

from entrepot.ports.reports import DatabaseWork, NoReports
from entrepot.storage.metadata.connection import Connection, Database, Unreachable
from entrepot.storage.metadata.drivers import connect
from tests.contract.metadata.places import ITEM, Place, add, adding, increment, names


class Told(NoReports):
    """Everything that was reported."""

    def __init__(self) -> None:
        self.operations: list[tuple[str, str]] = []
        self.retries: list[str] = []
        self.lent = 0
        self.most_lent = 0

    def database_operation(self, work: DatabaseWork, began: float, outcome: str) -> None:
        self.operations.append((work, outcome))

    def database_retry(self, reason: str) -> None:
        self.retries.append(reason)

    def database_lent(self, change: int) -> None:
        self.lent += change
        self.most_lent = max(self.most_lent, self.lent)


@pytest.fixture
def told() -> Told:
    return Told()


async def open_reported(place: Place, told: Told) -> Database:
    database = await connect(place.url, reports=told)
    place.opened.push_async_callback(database.close)
    await database.define(ITEM)
    told.operations.clear()
    return database


@pytest.fixture
async def reported(place: Place, told: Told) -> Database:
    return await open_reported(place, told)


async def refuse(connection: Connection) -> None:
    await add(connection, "refused")
    raise LookupError


async def test_every_operation_is_told_with_its_outcome(reported: Database, told: Told) -> None:
    await reported.write(adding("a"))
    await reported.read(names)
    await reported.scan(names)
    with pytest.raises(LookupError):
        await reported.write(refuse)
    assert told.operations == [("write", "done"), ("read", "done"), ("scan", "done"), ("write", "refused")]
    assert told.retries == []
    assert told.lent == 0


async def test_conflicts_are_told_as_often_as_bodies_run_again(postgres_place: Place, told: Told) -> None:
    database = await open_reported(postgres_place, told)
    await database.write(adding("counter"))
    runs: list[int] = []

    async def count(connection: Connection) -> None:
        runs.append(1)
        await increment(connection, "counter")

    await asyncio.gather(*(database.write(count) for _ in range(8)))
    assert told.retries == ["conflict"] * (len(runs) - 8)
    assert told.most_lent > 1
    assert told.lent == 0


async def test_lost_connections_are_told_and_none_stays_lent(postgres_place: Place, told: Told) -> None:
    database = await open_reported(postgres_place, told)

    async def die(connection: Connection) -> None:
        await connection.row("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Unreachable):
        await database.read(die)
    assert told.operations == [("read", "Unreachable")]
    assert told.retries == ["lost"]
    with pytest.raises(Unreachable):
        await database.write(die)
    assert told.retries == ["lost"] * 3
    assert told.lent == 0
