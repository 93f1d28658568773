"""Copying all rows between databases of either kind."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from entrepot.domain.names import Registry, Tag
from entrepot.ports.records import SealedManifest, SigningKey
from entrepot.storage.copying.row_copy import CannotCopy, Copied, CopyProgress, RowCopy
from entrepot.storage.copying.schema import tables_of
from entrepot.storage.metadata.connection import Connection, Database
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.migrate import Migration, migrate, packaged
from entrepot.storage.metadata.records import SqlRecords
from tests.contract.metadata.places import Place
from tests.contract.metadata.records.samples import (
    ACCOUNT,
    REGISTRY,
    access_key,
    blob,
    digest,
    image,
    job,
    minute,
    repository,
    upload,
)
from tests.engines.postgres import PostgresServer

PAIRS = [("sqlite", "postgres"), ("postgres", "sqlite"), ("sqlite", "sqlite"), ("postgres", "postgres")]


@pytest.fixture(params=PAIRS, ids="-to-".join)
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """Where source and target are."""
    kinds: tuple[str, str] = request.param
    server: PostgresServer | None = request.getfixturevalue("server") if "postgres" in kinds else None
    found = [
        f"sqlite://{tmp_path}/{role}.db" if server is None or kind == "sqlite" else create(server)
        for kind, role in zip(kinds, ("source", "target"), strict=True)
    ]
    yield found
    for url in found:
        if server is not None and url.startswith("postgres"):
            asyncio.run(server.drop_database(url))


def create(server: PostgresServer) -> str:
    return asyncio.run(server.create_database())


@pytest.fixture
async def pair(urls: list[str]) -> AsyncIterator[tuple[Database, Database]]:
    """A source that was served, and an empty target."""
    source, target = await connect(urls[0]), await connect(urls[1])
    try:
        await migrate(source, packaged(), now=minute(0))
        await fill(source, 40)
        yield source, target
    finally:
        await source.close()
        await target.close()


async def fill(database: Database, count: int) -> None:
    """Rows in every table of the registry, with all that a column may hold."""

    async def body(connection: Connection) -> None:
        records = SqlRecords(connection)
        await records.root_key_checks.add(1, secrets.token_bytes(16))
        await records.accounts.add(ACCOUNT, minute(0))
        await records.access_keys.add(access_key())
        await records.signing_keys.add(SigningKey("kid", b"\x00\xff", minute(0)))
        await records.settings.put(REGISTRY, "name", "välue 'quoted'")
        await records.settings.put(Registry("", ""), "server", "")
        await records.repositories.add(repository())
        await records.resource_tags.put("repository", {"team": "a", "": ""})
        for n in range(count):
            await records.blobs.add(blob(f"key {n}", f"layer {n}"))
            await records.layers.hold("repository", digest(f"layer {n}"), f"key {n}", minute(n))
            await records.images.add("repository", image(f"image {n}", annotations={"ключ": "значение"}))
            await records.manifests.put(
                "repository", digest(f"image {n}"), SealedManifest(b"key", secrets.token_bytes(n * 100))
            )
            await records.references.add(
                "repository",
                digest(f"image {n}"),
                layers={digest(f"layer {n}"): "type"},
                children=[digest("c")],
            )
            await records.tags.point("repository", Tag(f"v{n}"), digest(f"image {n}"), minute(n))
        await records.uploads.add(upload(offset_bytes=3, wrapped_key=None))
        await records.garbage.throw("thrown", minute(0))
        await records.jobs.enqueue(job())

    await database.write(body)


async def copy(source: Database, target: Database, *, rounds: int = 5) -> Copied:
    return await RowCopy(source, target, lambda: minute(9), lambda _: None, rounds=rounds).run()


async def test_every_row_is_copied_as_it_is(pair: tuple[Database, Database]) -> None:
    copied = await copy(*pair)

    assert copied.removed == 0
    assert copied.added == sum(table.rows for table in copied.state.values())
    assert {name for name, table in copied.state.items() if table.rows} >= {
        "account", "access_key", "signing_key", "setting", "root_key_check", "repository", "resource_tag",
        "image", "manifest", "tag", "image_layer", "image_child", "blob", "held_layer", "upload", "trash",
        "job",
    }  # fmt: skip
    assert await pair[1].read(_unfinished) is False


async def _unfinished(connection: Connection) -> bool:
    return await SqlRecords(connection).row_copies.is_unfinished()


class Stopped(Exception):
    """The process was killed here."""


@pytest.mark.parametrize("pages", [0, 1, 3, 9, 15])
async def test_a_copy_that_was_stopped_goes_on_where_it_was(
    pair: tuple[Database, Database], pages: int
) -> None:
    source, target = pair
    left = pages

    def stop(_progress: CopyProgress) -> None:
        nonlocal left
        if left == 0:
            raise Stopped
        left -= 1

    with pytest.raises(Stopped):
        await RowCopy(source, target, lambda: minute(9), stop).run()
    assert await target.read(_unfinished)

    copied = await copy(source, target)
    whole = sum(table.rows for table in copied.state.values())
    assert copied.added < whole
    assert await target.read(_unfinished) is False


async def test_what_changed_since_is_made_the_same(pair: tuple[Database, Database]) -> None:
    source, target = pair
    await copy(source, target)

    async def change(connection: Connection) -> None:
        records = SqlRecords(connection)
        await records.tags.point("repository", Tag("v1"), digest("image 7"), minute(8))
        await records.images.remove("repository", digest("image 3"))
        await records.garbage.throw("thrown later", minute(8))
        # the same digest under another key: one index of the old row would be in the way of the new one
        await connection.run("UPDATE blob SET blob_key = 'a new key' WHERE blob_key = 'key 5'")

    await source.write(change)
    copied = await copy(source, target, rounds=1)

    assert (copied.added, copied.removed) == (3, 7)  # an image is five rows


async def test_a_source_that_goes_on_changing_is_refused(pair: tuple[Database, Database]) -> None:
    class Written:
        """A source that somebody writes to between any two looks at it."""

        def __init__(self, database: Database) -> None:
            self._database = database
            self._count = 0
            self.read = database.read

        async def scan(self, body: object) -> object:
            self._count += 1

            async def write(connection: Connection) -> None:
                await SqlRecords(connection).garbage.throw(f"thrown {self._count}", minute(0))

            await self._database.write(write)
            return await self._database.scan(body)  # type: ignore[arg-type]

    source, target = pair
    with pytest.raises(CannotCopy, match="--read-only"):
        await copy(Written(source), target, rounds=2)  # type: ignore[arg-type]
    assert await target.read(_unfinished)

    await copy(source, target)


async def test_a_target_with_rows_of_its_own_is_refused(pair: tuple[Database, Database]) -> None:
    source, target = pair
    await migrate(target, packaged(), now=minute(0))
    await fill(target, 1)
    before = await _everything(target)

    with pytest.raises(CannotCopy, match="TO is not empty"):
        await copy(source, target)

    assert await _everything(target) == before


async def test_a_copy_of_another_registry_is_refused(pair: tuple[Database, Database]) -> None:
    source, target = pair
    await copy(source, target)

    async def another(connection: Connection) -> None:
        await connection.run("UPDATE root_key_check SET value = $1", b"of another root key")

    await source.write(another)
    with pytest.raises(CannotCopy, match="another registry"):
        await copy(source, target)


async def test_a_copy_that_was_served_since_is_refused(pair: tuple[Database, Database]) -> None:
    source, target = pair
    await copy(source, target)

    async def serve(connection: Connection) -> None:
        await SqlRecords(connection).tags.point("repository", Tag("new"), digest("image 1"), minute(0))

    await target.write(serve)
    before = await _everything(target)
    with pytest.raises(CannotCopy, match="served since"):
        await copy(source, target)
    assert await _everything(target) == before


async def test_a_source_that_was_never_served_is_refused(pair: tuple[Database, Database]) -> None:
    source, target = pair
    with pytest.raises(CannotCopy, match="never served"):
        await copy(target, source)
    await migrate(target, packaged()[:1], now=minute(0))
    with pytest.raises(CannotCopy, match="not those of this release"):
        await copy(target, source)
    await migrate(target, packaged(), now=minute(0))
    with pytest.raises(CannotCopy, match="never served"):
        await copy(target, source)


async def _everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    async def body(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
        return {
            table.name: sorted(
                (tuple(row) for row in await connection.rows(f"SELECT * FROM {table.name}")), key=repr
            )
            for table in tables_of(packaged())
        }

    return await database.scan(body)


async def test_tables_read_from_the_migrations_are_those_of_the_database(place: Place) -> None:
    database = await place.open()
    await migrate(database, packaged(), now=minute(0))

    async def columns(connection: Connection) -> dict[str, Sequence[str]]:
        found: dict[str, Sequence[str]] = {}
        for table in tables_of(packaged()):
            sql = (
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = $1 AND table_schema = current_schema() ORDER BY ordinal_position"
                if place.kind == "postgres"
                else "SELECT name FROM pragma_table_info($1) ORDER BY cid"
            )
            found[table.name] = [row[0] for row in await connection.rows(sql, table.name)]
        return found

    assert await database.scan(columns) == {
        table.name: list(table.columns) for table in tables_of(packaged())
    }


def test_a_column_that_a_later_migration_adds_is_the_last() -> None:
    steps = [
        Migration(1, "one", "CREATE TABLE t (\n    a TEXT NOT NULL,\n    PRIMARY KEY (a)\n);\n"),
        Migration(2, "two", "ALTER TABLE t ADD COLUMN b BIGINT;\n"),
    ]
    (table,) = tables_of(steps)
    assert (table.columns, table.key, table.key_types) == (("a", "b"), ("a",), ("TEXT",))
