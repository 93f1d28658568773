"""A network that goes silent: a TCP proxy whose connections stay open while nothing passes."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.engines.relays import relay


@dataclass(frozen=True, slots=True)
class Cable:
    """Connections to `port` reach a server as long as the cable is plugged in."""

    port: int
    _loop: asyncio.AbstractEventLoop
    _plugged: asyncio.Event

    def pull(self) -> None:
        """From now on nothing passes, in either direction, and no connection is refused or closed."""
        self._run(self._plugged.clear)

    def plug(self) -> None:
        """What was sent meanwhile arrives, as after a loss of packets."""
        self._run(self._plugged.set)

    def _run(self, change: Callable[[], None]) -> None:
        async def call() -> None:
            change()

        asyncio.run_coroutine_threadsafe(call(), self._loop).result(timeout=30)


@contextmanager
def cable_to(port: int, *, address: str = "127.0.0.1") -> Iterator[Cable]:
    """A cable from a port of the address to 127.0.0.1:port, plugged in."""
    plugged = asyncio.Event()
    plugged.set()

    async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            await plugged.wait()
            sink.write(chunk)
            await sink.drain()
        await plugged.wait()
        sink.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await plugged.wait()
            with suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    both = carry(reader, far_writer), carry(far_reader, writer)
                    await asyncio.gather(*both, return_exceptions=True)
                finally:
                    far_writer.close()
        finally:
            writer.close()

    with relay(connect, address) as (own_port, loop):
        yield Cable(own_port, loop, plugged)
