"""A network that goes silent: a TCP proxy whose connections stay open while nothing passes."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass


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
def cable_to(port: int) -> Iterator[Cable]:
    """A cable to 127.0.0.1:port, plugged in."""
    loop = asyncio.new_event_loop()
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

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    starting = asyncio.start_server(connect, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result(timeout=30)
    try:
        yield Cable(server.sockets[0].getsockname()[1], loop, plugged)
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
    await asyncio.sleep(0)  # in which what was let go is closed
