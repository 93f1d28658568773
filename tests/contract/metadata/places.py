"""Where a test's database lies, opened as often as there are nodes."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from entrepot.storage.metadata.connection import Body, Connection, Database
from entrepot.storage.metadata.drivers import connect

ITEM = (
    "CREATE TABLE IF NOT EXISTS item "
    "(name TEXT NOT NULL, number BIGINT NOT NULL, content BYTEA, note TEXT, PRIMARY KEY (name))"
)


@dataclass(frozen=True, slots=True)
class Place:
    """An empty database that is closed, however often opened, when the test ends."""

    kind: str
    url: str
    opened: AsyncExitStack

    async def open(self) -> Database:
        """The database with one table, `item`; again for one more node."""
        database = await connect(self.url)
        self.opened.push_async_callback(database.close)
        await database.define(ITEM)
        return database


async def add(connection: Connection, name: str, number: int = 0) -> None:
    await connection.run("INSERT INTO item (name, number) VALUES ($1, $2)", name, number)


def adding(name: str, number: int = 0) -> Body[None]:
    """A body that adds one item."""
    return lambda connection: add(connection, name, number)


async def names(connection: Connection) -> list[str]:
    return [row["name"] for row in await connection.rows("SELECT name FROM item ORDER BY name")]


async def number(connection: Connection, name: str) -> int:
    row = await connection.row("SELECT number FROM item WHERE name = $1", name)
    assert row is not None
    found: int = row["number"]
    return found


async def increment(connection: Connection, name: str) -> None:
    """Read, then write: what only a serialisable transaction keeps whole."""
    await connection.run(
        "UPDATE item SET number = $2 WHERE name = $1", name, await number(connection, name) + 1
    )
