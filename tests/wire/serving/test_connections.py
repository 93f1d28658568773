"""Clients that speak badly, slowly, too much or not at all: each is answered or let go."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from tests.wire.oci.raw_http import request_bytes
from tests.wire.oci.world import digest_of
from tests.wire.serving.port import Port, open_port


def client_hello(*, protocols: list[str] | None = None, name: str = "localhost") -> bytes:
    """What a TLS client sends first."""
    context = ssl.create_default_context()
    if protocols:
        context.set_alpn_protocols(protocols)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


HELLOS = {
    "plain": client_hello(),
    "http/1.1 and h2": client_hello(protocols=["h2", "http/1.1"]),
    "long": client_hello(protocols=[f"protocol-{number}" for number in range(200)]),
    "newline": client_hello().replace(b"\0", b"\n", 1),
    "line ends": client_hello() + b"\r\n\r\n",
    "one byte": b"\x16",
    "record head": client_hello()[:5],
    "ssl 2": b"\x80\x2e\x01\x00\x02" + bytes(40),
}


@pytest.mark.parametrize("hello", HELLOS.values(), ids=HELLOS)
async def test_attack_09_a_tls_greeting_on_the_plain_port_is_answered_and_closed(
    port: Port, hello: bytes
) -> None:
    assert (await port.send_raw(hello)).startswith(b"HTTP/1.")


async def test_attack_09_a_connection_that_says_nothing_is_let_go(tmp_path: Path) -> None:
    async with open_port(tmp_path / "data", header_seconds=0.1) as port:
        assert await port.send_raw() == b""


async def test_attack_09_headers_that_never_end_are_cut_off(tmp_path: Path) -> None:
    async with open_port(tmp_path / "data", header_seconds=0.1) as port:
        assert await port.send_raw(b"GET / HTTP/1.1\r\n", b"Host: x\r\n", b"X-Slow: 1") == b""


async def test_the_time_for_headers_does_not_count_for_bodies(tmp_path: Path) -> None:
    async with open_port(tmp_path / "data", header_seconds=0.1) as port:
        await port.create_repository("team/app")
        login = await port.login()
        async with port.line() as slow:
            where = "/v2/team/app/blobs/uploads/"
            await slow.send(request_bytes("POST", where, [*login, ("Content-Length", "2")], b"a"))
            assert await port.send_raw() == b""  # as long as the time for headers lasts
            await slow.send(b"b")
            assert (await slow.answer()).status == 202


@pytest.mark.parametrize(
    "flood",
    [
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a" * 20_000 + b": b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(2000)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 100_000,
        b"a" * 2_000_000,
    ],
    ids=["target", "value", "name", "many", "endless", "no line"],
)
async def test_attack_43_a_flood_of_headers_is_refused(port: Port, flood: bytes) -> None:
    async with port.line() as line:
        sending = asyncio.ensure_future(line.send(flood))
        try:
            async with asyncio.timeout(60):
                status, _ = await line.head()
        finally:
            sending.cancel()
    assert 400 <= status < 500


@pytest.mark.parametrize(
    "lines",
    [
        [("Content-Length", "5"), ("Content-Length", "6")],
        [("Content-Length", "-1")],
        [("Content-Length", "+5")],
        [("Content-Length", "0x5")],
        [("Content-Length", "5, 6")],
        [("Content-Length", "99999999999999999999999")],
        [("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
        [("Transfer-Encoding", "xchunked")],
        [("Transfer-Encoding", "chunked, identity")],
        [("Transfer-Encoding ", "chunked")],
    ],
    ids=str,
)
async def test_attack_09_lies_about_the_length_are_refused_and_the_connection_ends(
    port: Port, lines: list[tuple[str, str]]
) -> None:
    smuggled = request_bytes("GET", "/healthz")
    told = await port.send_raw(
        request_bytes("POST", "/", [*lines, ("X-Amz-Target", "x")]) + b"hello" + smuggled
    )
    assert told.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert b"ok\n" not in told


async def test_attack_09_a_body_shorter_than_announced_makes_nothing(port: Port) -> None:
    await port.create_repository("team/app")
    login, whole = await port.login(), b"as much as was announced"
    lines = [*login, ("Content-Length", str(len(whole) + 1))]
    async with port.line() as line:
        where = f"/v2/team/app/blobs/uploads/?digest={digest_of(whole)}"
        await line.send(request_bytes("POST", where, lines, whole))
        line.writer.write_eof()
        assert b" 201 " not in await line.reader.read()
    assert (await port.ask("HEAD", f"/v2/team/app/blobs/{digest_of(whole)}", login)).status == 404


async def test_attack_09_a_large_unwanted_body_is_not_read_to_its_end(port: Port) -> None:
    async with port.line() as line:
        announced = [("X-Amz-Target", "x"), ("Content-Length", str(1 << 40))]
        await line.send(request_bytes("POST", "/", announced, b"{"))
        status, headers = await line.head()
    assert 400 <= status < 500
    assert dict(headers)["connection"] == "close"


@pytest.mark.parametrize(
    ("target", "lines"),
    [("/", [("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.PutImage")]), ("/v2/", [])],
)
async def test_who_waits_for_leave_to_send_is_answered(
    port: Port, target: str, lines: list[tuple[str, str]]
) -> None:
    async with port.line() as line:
        await line.send(
            request_bytes("POST", target, [*lines, ("Expect", "100-continue"), ("Content-Length", "5")])
        )
        status, _ = await line.head()
        assert status == 100 or 400 <= status < 500


async def test_leave_to_send_an_api_body_is_given(port: Port) -> None:
    form = [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "6")]
    async with port.line() as line:
        await line.send(request_bytes("POST", "/", [*form, ("Expect", "100-continue")]))
        status, _ = await line.head()
        assert status == 100
        await line.send(b"Action")
        assert (await line.answer()).status in (400, 403, 404)


async def test_pipelined_requests_are_answered_in_order(port: Port) -> None:
    targets = ["/healthz", "/nothing", "/readyz", "/v2/"] * 50
    async with port.line() as line:
        await line.send(b"".join(request_bytes("GET", target) for target in targets))
        statuses = [(await line.answer()).status for _ in targets]
    assert statuses == [200, 404, 200, 401] * 50


async def test_a_bad_request_behind_good_ones_ends_the_connection(port: Port) -> None:
    told = await port.send_raw(
        request_bytes("GET", "/healthz") + b"\x16\x03\x01" + request_bytes("GET", "/healthz")
    )
    assert told.count(b"HTTP/1.") <= 2
    assert b" 400 " in told


async def test_a_draining_server_lets_the_upload_under_way_finish(port: Port) -> None:
    await port.create_repository("team/app")
    login = await port.login()
    where = (await port.ask("POST", "/v2/team/app/blobs/uploads/", login, b"")).headers["location"]
    async with port.line() as upload, port.line() as idle:
        assert (await idle.ask("GET", "/healthz")).status == 200
        await upload.send(
            request_bytes("PATCH", where, [*login, ("Content-Length", "10"), ("Expect", "100-continue")])
        )
        assert (await upload.head())[0] == 100
        [site] = port.runner.sites
        await site.stop()
        draining = asyncio.ensure_future(port.server.drain(60))
        assert await idle.reader.read() == b""
        with pytest.raises(ConnectionError):
            await asyncio.to_thread(socket.create_connection, ("127.0.0.1", port.number))
        await upload.send(b"0123456789")
        answer = await upload.answer()
        assert (answer.status, answer.headers["range"]) == (202, "0-9")
        assert answer.headers["connection"] == "close"
        await draining


async def test_a_drain_ends_when_its_time_is_up(port: Port) -> None:
    await port.create_repository("team/app")
    login = await port.login()
    where = (await port.ask("POST", "/v2/team/app/blobs/uploads/", login, b"")).headers["location"]
    async with port.line() as upload:
        waits = [*login, ("Content-Length", "10"), ("Expect", "100-continue")]
        await upload.send(request_bytes("PATCH", where, waits))
        assert (await upload.head())[0] == 100
        async with asyncio.timeout(60):
            await port.server.drain(0.1)
            await port.runner.cleanup()
