"""What stands between a client and a server: a port of a thread of its own, for tests to break things at."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

Carry = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def relay(carry: Carry, address: str = "127.0.0.1") -> Iterator[tuple[int, asyncio.AbstractEventLoop]]:
    """A port of the address with the loop that `carry` runs on for each connection, until the end.

    The caller's thread may have a running loop of its own.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        opening = asyncio.start_server(carry, address, 0)
        server = asyncio.run_coroutine_threadsafe(opening, loop).result(timeout=30)
        try:
            yield server.sockets[0].getsockname()[1], loop
        finally:
            asyncio.run_coroutine_threadsafe(_close(server), loop).result(timeout=30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    while others := asyncio.all_tasks() - {asyncio.current_task()}:  # one may have been accepted meanwhile
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # in which what was let go is closed
