"""The header of the PROXY protocol, v1 and v2: what a connection begins with when a proxy passes it on.

    v1 = "PROXY " ("TCP4" | "TCP6") " " source " " destination " " port " " port CR LF    at most 107 bytes
       | "PROXY UNKNOWN" anything CR LF
    v2 = signature (12) ‖ version and command (1) ‖ family (1) ‖ length (2) ‖ addresses ‖ TLV*

Source: "The PROXY protocol, versions 1 & 2" of HAProxy. Nothing behind the header is read: it may be the
greeting of TLS, which has another reader.
"""

import asyncio
import re
import socket
from ipaddress import AddressValueError, IPv4Address, IPv6Address

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_V1 = b"PROXY "
_V1_LONGEST = 107
_V2_HEAD_BYTES = 16
_V2_LONGEST = 4096  # of addresses and TLVs; the format could say 65,535, and nobody does
_LOCAL, _PROXY = 0x20, 0x21
_V2_SOURCES = {0x11: 4, 0x21: 16}  # TCP over IPv4 and IPv6: how long an address is
_V1_LINE = re.compile(
    rb"PROXY (TCP[46]) ([0-9A-Fa-f:.]{2,45}) ([0-9A-Fa-f:.]{2,45}) ([0-9]{1,5}) ([0-9]{1,5})\r\n"
)
_V1_UNKNOWN = re.compile(rb"PROXY UNKNOWN(?: [^\r\n]*)?\r\n")


class HeaderInvalid(Exception):
    """The connection does not begin with a header of the PROXY protocol."""


async def read_source(connection: socket.socket) -> str | None:
    """The client's address; None where the proxy speaks for itself, or of something that has none.

    Raises HeaderInvalid, and ConnectionError where the connection ends first.
    """
    begun = await _exactly(connection, len(_SIGNATURE))
    if begun == _SIGNATURE:
        head = begun + await _exactly(connection, _V2_HEAD_BYTES - len(begun))
        length = int.from_bytes(head[14:16], "big")
        if length > _V2_LONGEST:
            raise HeaderInvalid
        return source_of_v2(head, await _exactly(connection, length))
    if not begun.startswith(_V1):
        raise HeaderInvalid
    return source_of_v1(begun + await _through_line_end(connection, _V1_LONGEST - len(begun)))


def source_of_v1(line: bytes) -> str | None:
    """The source that a whole line names; raises HeaderInvalid."""
    if _V1_UNKNOWN.fullmatch(line):
        return None
    found = _V1_LINE.fullmatch(line)
    if found is None or any(int(port) > 65535 for port in found.groups()[3:]):
        raise HeaderInvalid
    family = IPv4Address if found[1] == b"TCP4" else IPv6Address
    try:
        source, _ = family(found[2].decode()), family(found[3].decode())
    except AddressValueError as cause:
        raise HeaderInvalid from cause
    return _told(source)


def source_of_v2(head: bytes, rest: bytes) -> str | None:
    """The source that a whole header names; raises HeaderInvalid."""
    command, family = head[12], head[13]
    if command == _LOCAL:
        return None  # the proxy's own, such as a health check
    if command != _PROXY:
        raise HeaderInvalid
    size = _V2_SOURCES.get(family)
    if size is None:
        return None  # "the receiver … should use the real connection endpoints"
    if len(rest) < 2 * (size + 2):
        raise HeaderInvalid
    packed = rest[:size]
    return _told(IPv4Address(packed) if size == 4 else IPv6Address(packed))


def _told(source: IPv4Address | IPv6Address) -> str:
    mapped = source.ipv4_mapped if isinstance(source, IPv6Address) else None
    return str(mapped or source)


async def _exactly(connection: socket.socket, count: int) -> bytes:
    loop, read = asyncio.get_running_loop(), bytearray()
    while len(read) < count:
        piece = await loop.sock_recv(connection, count - len(read))
        if not piece:
            raise ConnectionResetError
        read += piece
    return bytes(read)


async def _through_line_end(connection: socket.socket, most: int) -> bytes:
    """Everything up to the end of the line, and not a byte more."""
    read = bytearray()
    while len(read) < most:
        ahead = await _peek(connection, most - len(read))
        end = ahead.find(b"\n")
        read += await _exactly(connection, len(ahead) if end < 0 else end + 1)
        if end >= 0:
            return bytes(read)
    raise HeaderInvalid


async def _peek(connection: socket.socket, most: int) -> bytes:
    """What has arrived, some at least, and stays in the socket."""
    while True:
        try:
            ahead = connection.recv(most, socket.MSG_PEEK)
        except BlockingIOError:
            await _arrival(connection)
            continue
        if not ahead:
            raise ConnectionResetError
        return ahead


async def _arrival(connection: socket.socket) -> None:
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(connection, arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(connection)
