"""An HTTP/1.1 client that sends whatever it is told, byte for byte."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

Lines = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: dict[str, str]
    lines: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> str:
        """The first error's code in the OCI dialect."""
        return str(json.loads(self.body)["errors"][0]["code"])

    @property
    def message(self) -> str:
        """The first error's sentence."""
        return str(json.loads(self.body)["errors"][0]["message"])

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.lines if key == name.lower()]


class Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send these very bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def ask(
        self,
        method: str,
        target: str,
        lines: Lines = (),
        body: bytes | None = None,
        *,
        is_chunked: bool = False,
    ) -> Answer:
        """One request and its answer."""
        await self.send(request_bytes(method, target, lines, body, is_chunked=is_chunked))
        return await self.answer(is_head=method == "HEAD")

    async def answer(self, *, is_head: bool = False) -> Answer:
        """The next final response."""
        status, lines = await self.head()
        while status == 100:
            status, lines = await self.head()
        headers = dict(lines)
        if is_head or status in (204, 304):
            return Answer(status, headers, lines, b"")
        body = await self.reader.readexactly(int(headers["content-length"]))
        return Answer(status, headers, lines, body)

    async def head(self) -> tuple[int, list[tuple[str, str]]]:
        """Status and header lines of the next response."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("utf-8")
        first, *rest = head.removesuffix("\r\n\r\n").split("\r\n")
        named = [line.partition(": ") for line in rest]
        return int(first.split()[1]), [(name.lower(), value) for name, _, value in named]

    def close(self) -> None:
        """Let go of the connection, whatever is under way."""
        self.writer.transport.abort()


@asynccontextmanager
async def line_to(
    port: int, *, tls: ssl.SSLContext | None = None, receive_bytes: int = 1 << 20
) -> AsyncIterator[Line]:
    """A connection to a port of this machine that reads ahead no more than so many bytes."""
    opened = await asyncio.open_connection(
        "127.0.0.1", port, ssl=tls, server_hostname="localhost" if tls else None, limit=receive_bytes
    )
    line = Line(*opened)
    try:
        yield line
    finally:
        line.close()


def request_bytes(
    method: str, target: str, lines: Lines = (), body: bytes | None = None, *, is_chunked: bool = False
) -> bytes:
    """A request; Host and the length of the body are added where they are not given."""
    names = {name.lower() for name, _ in lines}
    head = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in lines)]
    if "host" not in names:
        head.append("Host: localhost:5050")
    if is_chunked:
        head.append("Transfer-Encoding: chunked")
    elif body is not None and "content-length" not in names:
        head.append(f"Content-Length: {len(body)}")
    raw = "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n"
    return raw + (chunked(body or b"") if is_chunked else body or b"")


def chunked(body: bytes, size: int = 50_000) -> bytes:
    """A body in chunked transfer coding."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
