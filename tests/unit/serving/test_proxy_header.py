"""The PROXY header: both versions as HAProxy's document has them, and nothing that only looks like one."""

import asyncio
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.serving.proxy_header import HeaderInvalid, read_source, source_of_v1, source_of_v2

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
TCP4 = bytes([192, 0, 2, 7, 10, 0, 0, 1]) + b"\x12\x34\x00\x50"
TCP6 = ip_address("2001:db8::7").packed + ip_address("::1").packed + b"\x12\x34\x00\x50"


def v2(family: int, rest: bytes, *, command: int = 0x21) -> bytes:
    return SIGNATURE + bytes([command, family]) + len(rest).to_bytes(2, "big") + rest


@pytest.mark.parametrize(
    ("line", "source"),
    [
        (b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n", "192.0.2.7"),
        (b"PROXY TCP6 2001:db8::7 ::1 4711 80\r\n", "2001:db8::7"),
        (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 4711 80\r\n", "192.0.2.7"),
        (b"PROXY UNKNOWN\r\n", None),
        (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
    ],
)
def test_a_line_of_version_1_names_the_source(line: bytes, source: str | None) -> None:
    assert source_of_v1(line) == source


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\n",
        b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 65536\r\n",
        b"PROXY TCP4 192.0.2.7 10.0.0.1 4711\r\n",
        b"PROXY TCP4 192.0.2.7  10.0.0.1 4711 80\r\n",
        b"PROXY TCP4 192.0.2.300 10.0.0.1 4711 80\r\n",
        b"PROXY TCP4 2001:db8::7 ::1 4711 80\r\n",
        b"PROXY TCP6 192.0.2.7 10.0.0.1 4711 80\r\n",
        b"PROXY TCP5 192.0.2.7 10.0.0.1 4711 80\r\n",
        b"PROXY UDP4 192.0.2.7 10.0.0.1 4711 80\r\n",
        b"proxy tcp4 192.0.2.7 10.0.0.1 4711 80\r\n",
        b"PROXY UNKNOWNX\r\n",
        b"PROXY UNKNOWN \n\r\n",
        b"PROXY \r\n",
    ],
)
def test_a_line_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises(HeaderInvalid):
        source_of_v1(line)


@pytest.mark.parametrize(
    ("header", "source"),
    [
        (v2(0x11, TCP4), "192.0.2.7"),
        (v2(0x21, TCP6), "2001:db8::7"),
        (v2(0x11, TCP4 + b"\x04\x00\x03abc\x20\xff\xff"), "192.0.2.7"),
        (v2(0x11, TCP4, command=0x20), None),
        (v2(0x00, b""), None),
        (v2(0x31, bytes(216)), None),
        (v2(0x12, TCP4), None),
        (v2(0xFF, b"whatever"), None),
        (v2(0x11, b"", command=0x20), None),
    ],
    ids=["tcp4", "tcp6", "tlvs", "local", "unspecified", "unix", "udp", "unknown family", "bare local"],
)
def test_a_header_of_version_2_names_the_source(header: bytes, source: str | None) -> None:
    assert source_of_v2(header[:16], header[16:]) == source


@pytest.mark.parametrize(
    "header",
    [v2(0x11, TCP4[:-1]), v2(0x21, TCP4), v2(0x11, TCP4, command=0x11), v2(0x11, TCP4, command=0x22)],
    ids=["short", "short for its family", "version 1", "unknown command"],
)
def test_a_header_that_is_none_is_refused(header: bytes) -> None:
    with pytest.raises(HeaderInvalid):
        source_of_v2(header[:16], header[16:])


class Pair:
    """Both ends of a connection; the far one is the proxy's."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)

    def close(self) -> None:
        self.near.close()
        self.far.close()


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    opened = Pair()
    yield opened
    opened.close()


HEADERS = {
    "v1": b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n",
    "v2": v2(0x11, TCP4),
    "v2 with TLVs": v2(0x11, TCP4 + bytes(600)),
    "v1 shortest": b"PROXY UNKNOWN\r\n",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
async def test_nothing_behind_the_header_is_read(pair: Pair, header: bytes) -> None:
    pair.far.sendall(header + b"\x16\x03\x01 hello\n")
    await read_source(pair.near)
    assert pair.near.recv(100) == b"\x16\x03\x01 hello\n"


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
async def test_a_header_may_come_a_byte_at_a_time(pair: Pair, header: bytes) -> None:
    reading = asyncio.ensure_future(read_source(pair.near))
    for position in range(len(header)):
        pair.far.sendall(header[position : position + 1])
        await asyncio.sleep(0)
    assert await reading == (None if b"UNKNOWN" in header else "192.0.2.7")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00",
        b"PROXY TCP4 " + b"1" * 200,
        b"PROXY UNKNOWN " + b"x" * 200 + b"\r\n",
        SIGNATURE + b"\x21\x11\xff\xff",
        SIGNATURE + b"\x21\x11\x10\x01",
        b"\r\n\r\n\0\r\nQUIT\r",
    ],
    ids=["http", "tls", "endless line", "long line", "65535 bytes", "4097 bytes", "another signature"],
)
async def test_attack_09_what_is_no_header_is_refused_without_waiting_for_more(
    pair: Pair, sent: bytes
) -> None:
    pair.far.sendall(sent)
    with pytest.raises(HeaderInvalid):
        await read_source(pair.near)


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
async def test_attack_09_a_connection_that_ends_inside_its_header_is_lost(pair: Pair, header: bytes) -> None:
    pair.far.sendall(header[:-1])
    pair.far.close()
    with pytest.raises(ConnectionError):
        await read_source(pair.near)


@given(st.binary(max_size=120))
def test_no_line_raises_anything_else(line: bytes) -> None:
    try:
        source_of_v1(b"PROXY " + line)
    except HeaderInvalid:
        return


@given(st.binary(min_size=4, max_size=4), st.binary(max_size=80))
def test_no_header_raises_anything_else(head: bytes, rest: bytes) -> None:
    try:
        source_of_v2(SIGNATURE + head, rest)
    except HeaderInvalid:
        return
