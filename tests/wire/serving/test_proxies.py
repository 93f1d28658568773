"""Requests through proxies: believed from trusted ones, and from nobody else."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from entrepot.serving.forwarded import TrustedProxies
from entrepot.serving.proxied_site import ProxiedSite
from tests.wire.oci.raw_http import Lines, line_to, request_bytes
from tests.wire.serving.conftest import Log
from tests.wire.serving.port import Port, open_port

AUTHORITY = trustme.CA()
CLIENT = "192.0.2.7"
FORWARDED = [("X-Forwarded-For", CLIENT), ("X-Forwarded-Proto", "https")]
V1 = f"PROXY TCP4 {CLIENT} 10.0.0.1 4711 443\r\n".encode()
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V2_LOCAL = SIGNATURE + b"\x20\x00\x00\x00"
V2 = SIGNATURE + b"\x21\x11\x00\x0f" + bytes([192, 0, 2, 7, 10, 0, 0, 1, 0x12, 0x34, 0x01, 0xBB, 4, 0, 0])


@asynccontextmanager
async def behind_proxy(folder: Path) -> AsyncIterator[Port]:
    async with open_port(folder / "data", trusted_proxy="127.0.0.1") as port:
        yield port


async def test_the_client_that_a_trusted_proxy_names_is_in_the_log(tmp_path: Path, log: Log) -> None:
    async with behind_proxy(tmp_path) as port:
        await port.ask("GET", "/healthz", FORWARDED)
    assert [line["remote"] for line in log.lines()] == [CLIENT]


@pytest.mark.parametrize(
    "lines", [FORWARDED, [("Forwarded", f"for={CLIENT};proto=https;host=evil.example")]], ids=["x", "rfc"]
)
async def test_attack_49_headers_of_anybody_else_are_ignored(port: Port, log: Log, lines: Lines) -> None:
    answer = await port.ask("GET", "/v2/", lines)
    assert [line["remote"] for line in log.lines()] == ["127.0.0.1"]
    assert answer.headers["www-authenticate"].startswith('Basic realm="http://')
    assert "evil" not in str(answer.headers)


async def test_the_realm_has_the_scheme_that_the_client_used(tmp_path: Path) -> None:
    async with behind_proxy(tmp_path) as port:
        host = f"localhost:{port.settings.port}"
        answer = await port.ask("GET", "/v2/", [("Host", host), *FORWARDED])
    assert answer.headers["www-authenticate"] == f'Basic realm="https://{host}/",service="ecr.amazonaws.com"'


async def test_a_realm_is_never_built_from_a_host_that_is_not_ours(tmp_path: Path) -> None:
    async with behind_proxy(tmp_path) as port:
        lines = [*FORWARDED, ("X-Forwarded-Host", "evil.example")]
        answer = await port.ask("GET", "/v2/", lines)
    assert "evil" not in answer.headers["www-authenticate"]


async def test_a_call_is_verified_over_the_host_that_the_client_signed(tmp_path: Path) -> None:
    async with behind_proxy(tmp_path) as port, _renaming_proxy(port.number) as proxy:
        direct = port.number
        port.number = proxy  # the client signs for the proxy's port
        with_header = await asyncio.to_thread(port.ecr().describe_repositories)
        port.number = direct
    assert with_header["repositories"] == []


@asynccontextmanager
async def _renaming_proxy(goal: int) -> AsyncIterator[int]:
    """A proxy that puts its own name into Host, and says so."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", goal)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode().removesuffix("\r\n\r\n").split("\r\n")
        host = next(line[6:] for line in lines if line.lower().startswith("host: "))
        rest = [line for line in lines[1:] if not line.lower().startswith(("host: ", "connection: "))]
        ours = ["Host: inner", f"X-Forwarded-Host: {host}", f"X-Forwarded-For: {CLIENT}", "Connection: close"]
        back.write("\r\n".join([lines[0], *ours, *rest, "", ""]).encode())
        length = next((int(line[16:]) for line in rest if line.lower().startswith("content-length: ")), 0)
        back.write(await reader.readexactly(length))
        writer.write(await there.read())
        back.close()
        writer.close()

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def proxied(
    folder: Path, *, trusted: str = "127.0.0.1", tls: ssl.SSLContext | None = None, header_seconds: float = 30
) -> AsyncIterator[tuple[Port, list[str]]]:
    """A port that takes PROXY headers, and why it closed connections."""
    refused: list[str] = []
    async with open_port(folder / "data", trusted_proxy=trusted, proxy_protocol="true") as port:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        site = ProxiedSite(
            port.runner,
            port.server,
            listening,
            TrustedProxies(port.settings.trusted_proxies),
            refused.append,
            ssl_context=tls,
            header_seconds=header_seconds,
        )
        port.number = listening.getsockname()[1]
        await site.start()
        yield port, refused


@pytest.mark.parametrize("header", [V1, V2], ids=["v1", "v2"])
async def test_a_proxy_header_names_the_client(tmp_path: Path, log: Log, header: bytes) -> None:
    async with proxied(tmp_path) as (port, _):
        said = await port.send_raw(header + request_bytes("GET", "/healthz", [("Connection", "close")]))
    assert said.startswith(b"HTTP/1.1 200 ")
    assert [line["remote"] for line in log.lines()] == [CLIENT]


async def test_the_header_counts_for_every_request_of_its_connection(tmp_path: Path, log: Log) -> None:
    async with proxied(tmp_path) as (port, _), port.line() as line:
        await line.send(V2)
        assert [(await line.ask("GET", "/healthz")).status for _ in range(3)] == [200] * 3
    assert [each["remote"] for each in log.lines()] == [CLIENT] * 3


async def test_a_header_of_the_proxy_s_own_leaves_its_address(tmp_path: Path, log: Log) -> None:
    async with proxied(tmp_path) as (port, _), port.line() as line:
        await line.send(V2_LOCAL)
        assert (await line.ask("GET", "/readyz")).status == 200
    assert [each["remote"] for each in log.lines()] == ["127.0.0.1"]


async def test_forwarded_headers_behind_a_proxy_header_are_the_client_s_own(tmp_path: Path, log: Log) -> None:
    async with proxied(tmp_path) as (port, _), port.line() as line:
        await line.send(V2)
        await line.ask("GET", "/healthz", [("X-Forwarded-For", "1.1.1.1")])
    assert [each["remote"] for each in log.lines()] == [CLIENT]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (request_bytes("GET", "/healthz"), "malformed"),
        (b"PROXY TCP4 nonsense\r\n", "malformed"),
        (SIGNATURE + b"\x21\x11\xff\xff", "malformed"),
        (V2[:-4], "late"),
        (b"", "late"),
    ],
    ids=["no header", "bad line", "oversized", "truncated", "silent"],
)
async def test_attack_09_a_trusted_proxy_without_a_good_header_is_closed(
    tmp_path: Path, sent: bytes, reason: str
) -> None:
    async with proxied(tmp_path, header_seconds=30 if reason == "malformed" else 0.05) as (port, refused):
        assert await port.send_raw(sent) == b""
    assert refused == [reason]


async def test_a_connection_that_ends_inside_its_header_leaves_nothing(tmp_path: Path) -> None:
    async with proxied(tmp_path) as (port, refused), port.line() as line:
        await line.send(V2[:5])
        line.writer.write_eof()
        assert await line.reader.read() == b""
    assert refused == ["lost"]


async def test_who_is_no_trusted_proxy_is_served_without_a_header(tmp_path: Path, log: Log) -> None:
    async with proxied(tmp_path, trusted="192.0.2.1") as (port, refused):
        assert (await port.ask("GET", "/healthz")).status == 200
    assert [line["remote"] for line in log.lines()] == ["127.0.0.1"]
    assert refused == []


@pytest.mark.parametrize("header", [V1, V2], ids=["v1", "v2"])
async def test_attack_49_a_header_of_anybody_else_ends_the_connection(
    tmp_path: Path, log: Log, header: bytes
) -> None:
    async with proxied(tmp_path, trusted="192.0.2.1") as (port, _):
        said = await port.send_raw(header + request_bytes("GET", "/v2/"))
    assert b" 401 " not in said
    assert b"HTTP/1.1 200" not in said
    assert CLIENT not in {line["remote"] for line in log.lines()}


@pytest.mark.parametrize("header", [V1, V2], ids=["v1", "v2"])
async def test_a_header_where_none_is_expected_ends_the_connection(port: Port, header: bytes) -> None:
    said = await port.send_raw(header + request_bytes("GET", "/healthz"))
    assert b" 200 " not in said


def server_tls() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    return context


def client_tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@pytest.mark.parametrize("header", [V1, V2], ids=["v1", "v2"])
async def test_a_proxy_header_stands_before_tls(tmp_path: Path, log: Log, header: bytes) -> None:
    async with proxied(tmp_path, tls=server_tls()) as (port, _):
        said = await asyncio.to_thread(_ask_over_tls, port.number, header)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert [line["remote"] for line in log.lines()] == [CLIENT]


def _ask_over_tls(port: int, header: bytes) -> bytes:
    """Header and greeting leave in one piece, as a proxy that splices them sends them."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_tls().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        outgoing_first = header
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                line.sendall(outgoing_first + outgoing.read())
                outgoing_first = b""
                incoming.write(line.recv(65536))
        tls.write(request_bytes("GET", "/healthz", [("Connection", "close")]))
        line.sendall(outgoing.read())
        said = b""
        while True:
            try:
                piece = tls.read(65536)
            except ssl.SSLWantReadError:
                received = line.recv(65536)
                if not received:
                    return said
                incoming.write(received)
                continue
            except ssl.SSLZeroReturnError:
                return said
            if not piece:
                return said
            said += piece


async def test_who_is_no_proxy_speaks_tls_as_ever(tmp_path: Path) -> None:
    async with (
        proxied(tmp_path, trusted="192.0.2.1", tls=server_tls()) as (port, _),
        line_to(port.number, tls=client_tls()) as line,
    ):
        assert (await line.ask("GET", "/healthz")).status == 200


async def test_a_whole_push_goes_through(tmp_path: Path) -> None:
    async with proxied(tmp_path, trusted="192.0.2.1") as (port, _):
        await port.create_repository("team/app")
        login = await port.login()
        pushed = await port.push_image(login)
        got = await port.ask("GET", f"/v2/team/app/manifests/{pushed.digest}", login)
    assert got.status == 200
