"""Large bodies on their way out, over real sockets."""

import asyncio
import contextlib
import fcntl
import os
import random
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme

from entrepot.ports.blobs import BlobDamaged
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.blobs.memory import MemoryBlobs
from tests.wire.oci.raw_http import Line, request_bytes
from tests.wire.oci.world import World, open_world

MIB = 1 << 20
CONTENT = random.Random(2).randbytes(3 * MIB) * 22 + b"and a tail"  # 66 MiB


@pytest.fixture(params=["sealed", "plain"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A door over files, opened by the server or sent by the kernel, with one thread for all downloads."""
    with ThreadPoolExecutor(2) as disk:
        async with open_world(
            FilesystemBlobs(tmp_path, pool=disk), threads=1, is_sealed=request.param == "sealed"
        ) as opened:
            yield opened
            assert opened.failures == []


async def test_a_large_blob_arrives_whole_and_the_connection_goes_on(world: World) -> None:
    digest = await world.push_blob(CONTENT)
    async with world.line() as line:
        for _ in range(2):
            got = await line.ask("GET", f"/v2/team/app/blobs/{digest}", world.basic())
            assert (got.status, int(got.headers["content-length"])) == (200, len(CONTENT))
            assert got.body == CONTENT
        assert (await line.ask("GET", "/v2/", world.basic())).status == 200


@pytest.mark.parametrize(
    ("first", "last"),
    [(1, 3 * MIB), (MIB, 2 * MIB - 1), (MIB - 1, MIB), (7 * MIB + 11, 40 * MIB + 3), (len(CONTENT) - 5, "")],
)
async def test_a_part_at_odd_places_is_those_bytes(world: World, first: int, last: int | str) -> None:
    digest = await world.push_blob(CONTENT)
    lines = [*world.basic(), ("Range", f"bytes={first}-{last}")]
    async with world.line() as line:
        got = await line.ask("GET", f"/v2/team/app/blobs/{digest}", lines)
        end = int(last) + 1 if last else len(CONTENT)
        assert got.status == 206
        assert got.headers["content-range"] == f"bytes {first}-{end - 1}/{len(CONTENT)}"
        assert got.body == CONTENT[first:end]


async def test_requests_sent_behind_each_other_are_answered_in_order(world: World) -> None:
    digest = await world.push_blob(CONTENT[: 5 * MIB])
    one = request_bytes("GET", f"/v2/team/app/blobs/{digest}", world.basic())
    async with world.line() as line:
        await line.send(one * 4)
        answers = [await line.answer() for _ in range(4)]
    assert all(answer.body == CONTENT[: 5 * MIB] for answer in answers)


async def test_a_reader_that_stops_holds_no_thread(world: World) -> None:
    digest = await world.push_blob(CONTENT)
    async with _stopped_download(world, digest), _stopped_download(world, digest):
        got = await world.ask("GET", f"/v2/team/app/blobs/{digest}")  # there is one thread for all three
    assert got.body == CONTENT


async def test_a_slow_reader_gets_everything_in_the_end(world: World) -> None:
    digest = await world.push_blob(CONTENT[: 20 * MIB])
    async with _stopped_download(world, digest) as line:
        other = await world.ask("GET", f"/v2/team/app/blobs/{digest}")
        assert other.body == CONTENT[: 20 * MIB]
        got = await line.answer()
    assert got.body == CONTENT[: 20 * MIB]


async def test_a_reader_that_stops_leaves_little_unsent_in_the_kernel(world: World) -> None:
    digest = await world.push_blob(CONTENT)
    async with _stopped_download(world, digest):
        await world.ask("GET", f"/v2/team/app/blobs/{digest}")  # the one thread has left the stopped one
        assert 0 < max(map(_unsent_bytes, _served_sockets(world))) <= 3 * MIB // 2


def _served_sockets(world: World) -> list[int]:
    """Descriptors of the server's ends of its connections."""
    found = []
    for path in _open_files():
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(int(path.name))) as named:
            if named.family == socket.AF_INET and named.getsockname()[1] == world.port:
                named.getpeername()  # the listening one has none
                found.append(int(path.name))
    return found


def _unsent_bytes(descriptor: int) -> int:
    """What the kernel holds and has not sent (SIOCOUTQNSD, tcp(7))."""
    return int.from_bytes(fcntl.ioctl(descriptor, 0x894B, bytes(4)), sys.byteorder)


async def test_a_client_that_leaves_frees_files_and_sockets(world: World) -> None:
    digest = await world.push_blob(CONTENT)
    await world.ask("GET", "/v2/")
    before = len(_open_files())
    for _ in range(5):
        async with _stopped_download(world, digest):
            pass
    async with asyncio.timeout(20):
        while len(_open_files()) > before:
            await world.ask("GET", "/v2/")  # gives the server its turns


@contextlib.asynccontextmanager
async def _stopped_download(world: World, digest: str) -> AsyncIterator[Line]:
    """A client with a small window that asks for a blob and takes no more than its first bytes."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", world.port))
    line = Line(*await asyncio.open_connection(sock=sock, limit=10_000))
    try:
        await line.send(request_bytes("GET", f"/v2/team/app/blobs/{digest}", world.basic()))
        await line.reader._wait_for_data("a first byte")  # type: ignore[attr-defined]  # reads nothing yet
        yield line
    finally:
        line.close()


def _open_files() -> list[Path]:
    return list(Path("/proc/self/fd").iterdir())


async def test_over_tls_a_large_blob_arrives_whole(tmp_path: Path) -> None:
    authority = trustme.CA()
    server, client = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    async with open_world(MemoryBlobs(), tls=(server, client)) as world:
        digest = await world.push_blob(CONTENT[: 9 * MIB + 5])
        async with world.line() as line:
            for _ in range(2):
                got = await line.ask("GET", f"/v2/team/app/blobs/{digest}", world.basic())
                assert got.body == CONTENT[: 9 * MIB + 5]


async def test_a_client_that_takes_nothing_is_given_up(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as disk:
        async with open_world(FilesystemBlobs(tmp_path, pool=disk), stall_seconds=0.05) as world:
            digest = await world.push_blob(CONTENT)
            async with _stopped_download(world, digest) as line:
                async with asyncio.timeout(20):
                    while world.under_way > 0:
                        await world.ask("GET", "/v2/")
                with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                    await line.answer()
            assert world.failures == []


@pytest.mark.parametrize("is_sealed", [True, False])
async def test_a_blob_that_is_damaged_never_ends_as_if_it_were_whole(tmp_path: Path, is_sealed: bool) -> None:
    with ThreadPoolExecutor(2) as disk:
        async with open_world(FilesystemBlobs(tmp_path, pool=disk), is_sealed=is_sealed) as world:
            digest = await world.push_blob(CONTENT)
            async with _stopped_download(world, digest) as line:
                _cut(tmp_path)
                with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                    await line.answer()
            assert [type(failure) for failure in world.failures] == [BlobDamaged]


def _cut(folder: Path) -> None:
    """Shorten the blobs in a folder of the file system's store."""
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size > len(CONTENT) // 2:
            os.truncate(path, 50 * MIB)


async def test_a_server_that_stops_lets_go_of_slow_readers(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as disk:
        before = len(_open_files())
        async with contextlib.AsyncExitStack() as readers:
            async with open_world(FilesystemBlobs(tmp_path, pool=disk)) as world:
                digest = await world.push_blob(CONTENT)
                line = await readers.enter_async_context(_stopped_download(world, digest))
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await line.answer()
        assert len(_open_files()) <= before + 1  # the client's own may be closed a turn later
