"""A network that fails: a TCP proxy which cuts long answers off in the middle."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


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
    loop = asyncio.new_event_loop()
    proxy = _Proxy(seen, port, cut_after_bytes, cuts)
    server = loop.run_until_complete(asyncio.start_server(proxy.serve, "127.0.0.1", 0))
    seen.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield seen
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result(timeout=30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


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
