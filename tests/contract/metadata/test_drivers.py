"""What each driver asks of the place that a database lies in, and of its URL."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from entrepot.storage.metadata.connection import Connection, DatabaseUnfit, Unreachable
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.drivers.mounts import (
    NetworkFileSystem,
    file_system_of,
    refuse_network_file_system,
)
from entrepot.storage.metadata.drivers.postgres import affected, bytewise
from entrepot.storage.metadata.drivers.postgres_url import Options, one_by_one, split_options
from entrepot.storage.metadata.drivers.sqlite import strict
from tests.contract.metadata.places import Place, adding, names
from tests.engines.postgres import PostgresServer

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw - proc proc rw
40 22 0:50 / /mnt/share rw,relatime shared:7 master:2 - nfs4 host:/export rw
41 22 0:51 / /mnt/with\\040space rw - fuse.sshfs me@host: rw
42 40 8:2 / /mnt/share/local rw - xfs /dev/sdb1 rw
43 22 8:3 / /over rw - ext4 /dev/sdc1 rw
44 22 0:52 / /over rw - cifs //host/share rw
45 22 garbage
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/mnt/share/data", "nfs4"),
        ("/mnt/shared", "ext4"),
        ("/mnt/share/local/data", "xfs"),
        ("/mnt/with space/data", "fuse.sshfs"),
        ("/over/data", "cifs"),
    ],
)
def test_a_path_lies_on_the_mount_that_shows_there(path: str, kind: str) -> None:
    assert file_system_of(Path(path), MOUNTS) == kind


def test_a_network_file_system_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 0:1 / / rw - ext4 none rw\n2 1 0:2 / {tmp_path} rw - nfs host:/ rw\n")
    monkeypatch.setattr("entrepot.storage.metadata.drivers.mounts._MOUNTS", mounts)
    with pytest.raises(NetworkFileSystem) as refusal:
        refuse_network_file_system(tmp_path / "data")
    assert refusal.value.kind == "nfs"
    refuse_network_file_system(tmp_path.parent)


async def test_a_database_file_is_its_owners_alone(sqlite_place: Place) -> None:
    database = await sqlite_place.open()
    await database.write(adding("a"))
    files = list(Path(sqlite_place.url.removeprefix("sqlite://")).parent.iterdir())
    assert {file.suffix for file in files} == {".db", ".db-wal", ".db-shm", ".db-turn"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_close_leaves_one_whole_file(sqlite_place: Place) -> None:
    database = await sqlite_place.open()
    await database.write(adding("a"))
    await database.close()
    file = Path(sqlite_place.url.removeprefix("sqlite://"))
    assert [beside.name for beside in file.parent.iterdir() if beside.suffix != ".db-turn"] == ["rows.db"]
    with closing(sqlite3.connect(file)) as shell:
        assert shell.execute("SELECT name FROM item").fetchall() == [("a",)]


async def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    database = await connect(f"sqlite://{tmp_path}/a%20%25%3F%23b.db")
    await database.close()
    assert (tmp_path / "a %?#b.db").exists()


async def test_a_relative_path_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    database = await connect("sqlite://rows.db")
    await database.close()
    assert (tmp_path / "rows.db").exists()


async def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await connect(f"sqlite://{tmp_path}/absent/rows.db")


async def test_an_unknown_kind_of_url_is_refused() -> None:
    with pytest.raises(DatabaseUnfit):
        await connect("mysql://localhost/entrepot")


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await connect("postgresql://postgres@127.0.0.1:1/postgres")


async def test_a_server_that_acknowledges_before_it_is_durable_is_refused(postgres_place: Place) -> None:
    with pytest.raises(DatabaseUnfit):
        await connect(f"{postgres_place.url}?synchronous_commit=off")


async def test_an_encoding_other_than_utf8_is_refused(server: PostgresServer) -> None:
    connection = await asyncpg.connect(server.url())
    await connection.execute(
        "CREATE DATABASE latin ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    )
    await connection.close()
    with pytest.raises(DatabaseUnfit):
        await connect(server.url("latin"))
    await server.drop_database(server.url("latin"))


async def test_without_a_statement_cache_a_read_holds_its_connection(postgres_place: Place) -> None:
    """So that a pooler, which may change it between transactions, prepares and runs on the same one."""
    await postgres_place.open()
    database = await connect(f"{postgres_place.url}?statement_cache_size=0&pool_size=2")

    async def began(connection: Connection) -> bool:
        await connection.row("SELECT 1")
        row = await connection.row("SELECT now() < statement_timestamp() AS began")
        assert row is not None
        found: bool = row["began"]
        return found

    assert await database.read(began)
    await database.write(adding("a"))
    assert await database.read(names) == ["a"]
    await database.close()


def test_our_options_are_taken_out_of_the_url() -> None:
    dsn, options = split_options("postgresql://u:p%40@h:5/d?pool_size=3&sslmode=require&command_timeout=1.5")
    assert dsn == "postgresql://u:p%40@h:5/d?sslmode=require"
    assert options == Options(pool_size=3, command_timeout=1.5)


def test_each_host_of_a_url_is_asked_by_itself_and_must_take_writes() -> None:
    assert one_by_one("postgresql://u:p%2C@h:5/d?sslmode=require") == (
        "postgresql://u:p%2C@h:5/d?sslmode=require",
    )
    assert one_by_one("postgresql://u@a:1,[::1]:2,c/d") == (
        "postgresql://u@a:1/d?target_session_attrs=read-write",
        "postgresql://u@[::1]:2/d?target_session_attrs=read-write",
        "postgresql://u@c/d?target_session_attrs=read-write",
    )
    asked = "target_session_attrs=primary"
    assert one_by_one(f"postgresql://a,b/d?{asked}") == (
        f"postgresql://a/d?{asked}",
        f"postgresql://b/d?{asked}",
    )


@pytest.mark.parametrize(
    ("status", "count"), [("INSERT 0 5", 5), ("UPDATE 0", 0), ("CREATE TABLE", 0), ("", 0)]
)
def test_the_count_is_read_from_the_status(status: str, count: int) -> None:
    assert affected(status) == count


def test_ddl_is_said_in_each_databases_words() -> None:
    portable = "CREATE TABLE a (x TEXT NOT NULL, y BIGINT, z BYTEA, TEXTURE TEXT)"
    assert bytewise(portable) == (
        'CREATE TABLE a (x TEXT COLLATE "C" NOT NULL, y BIGINT, z BYTEA, TEXTURE TEXT COLLATE "C")'
    )
    assert strict(portable) == "CREATE TABLE a (x TEXT NOT NULL, y INTEGER, z BLOB, TEXTURE TEXT) STRICT"
