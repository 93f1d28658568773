"""A network that fails: a TCP proxy which cuts long answers off in the middle."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.engines.relays import relay


@dataclass(slots=True)
class Interruption:
    """What passed through the proxy; `cuts` counts the connections that it broke."""

    port: int = 0
    cuts: int = 0
    request_heads: list[str] = field(default_factory=list)

    @property
    def ranges(self) -> list[str]:
        """The Range headers that clients asked with, in order."""
        lines = (line for head in self.request_heads for line in head.split("\r\n"))
        return [line.partition(":")[2].strip() for line in lines if line.lower().startswith("range:")]


@contextmanager
def interrupted(port: int, *, cut_after_bytes: int, cuts: int = 1) -> Iterator[Interruption]:
    """A proxy to 127.0.0.1:port that breaks the first `cuts` connections whose answers pass the limit."""
    seen = Interruption()
    with relay(_Proxy(seen, port, cut_after_bytes, cuts).serve) as (seen.port, _):
        yield seen


@dataclass(slots=True)
class _Proxy:
    seen: Interruption
    port: int
    limit: int
    cuts: int

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            with suppress(ConnectionError):
                await asyncio.gather(
                    self._requests(reader, upstream_writer), self._answers(upstream_reader, writer)
                )
        finally:
            upstream_writer.close()
            writer.close()

    async def _requests(self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            head, _, _ = chunk.partition(b"\r\n\r\n")
            if b" HTTP/1." in head[:4096]:
                self.seen.request_heads.append(head.decode("latin-1"))
            upstream.write(chunk)
            await upstream.drain()
        upstream.write_eof()

    async def _answers(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed = 0
        while chunk := await upstream.read(65536):
            passed += len(chunk)
            if passed > self.limit and self.seen.cuts < self.cuts:
                self.seen.cuts += 1
                raise ConnectionAbortedError
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
