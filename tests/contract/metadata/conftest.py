"""The databases that must keep the contract."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from entrepot.storage.metadata.connection import Database
from tests.contract.metadata.places import Place
from tests.engines.pgbouncer import PgBouncer, pgbouncer
from tests.engines.postgres import PostgresServer, postgres_server


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
async def sqlite_place(tmp_path: Path) -> AsyncIterator[Place]:
    async with AsyncExitStack() as opened:
        yield Place("sqlite", f"sqlite://{tmp_path}/rows.db", opened)


@pytest.fixture
async def memory_place() -> AsyncIterator[Place]:
    async with AsyncExitStack() as opened:
        yield Place("memory", "sqlite://", opened)


@pytest.fixture
async def postgres_place(server: PostgresServer) -> AsyncIterator[Place]:
    url = await server.create_database()
    async with AsyncExitStack() as opened:
        yield Place("postgres", url, opened)
    await server.drop_database(url)


@pytest.fixture(scope="session")
def pooler(server: PostgresServer) -> Iterator[PgBouncer]:
    with pgbouncer(server) as running:
        yield running


@pytest.fixture
async def pgbouncer_place(server: PostgresServer, pooler: PgBouncer) -> AsyncIterator[Place]:
    """The same server through PgBouncer, as it is run where nodes are many."""
    url = await server.create_database()
    async with AsyncExitStack() as opened:
        yield Place("pgbouncer", pooler.url(url), opened)
    await server.drop_database(url)


@pytest.fixture(params=["sqlite", "memory", "postgres", "pgbouncer"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each kind of database."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture(params=["sqlite", "memory"])
def stepped_place(request: pytest.FixtureRequest) -> Place:
    """Each kind that runs a body to its end in one step."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture(params=["sqlite", "postgres", "pgbouncer"])
def shared_place(request: pytest.FixtureRequest) -> Place:
    """Each kind that several processes can open."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
async def database(place: Place) -> Database:
    return await place.open()
