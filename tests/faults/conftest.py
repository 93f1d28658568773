"""A PostgreSQL for all tests of a process, and a database of it for each."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.engines.postgres import PostgresServer, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty one."""
    url = asyncio.run(postgres.create_database())
    yield url
    asyncio.run(postgres.drop_database(url))
