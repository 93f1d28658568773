"""The connections of one process to a PostgreSQL: opened as they are needed, lent to one body at a time.

asyncpg's own pool costs half as much as the statement it is taken for: a task and a timer each way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

import asyncpg

Lent: TypeAlias = asyncpg.Connection
Connect = Callable[[str], Awaitable[Lent]]

# InternalClientError: the server is not of the kind asked for, a standby where a primary is wanted
CONNECT_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

_ROOM_SECONDS = 10.0  # in the queue for one of the connections
_PATIENCE_SECONDS = 3.0  # for a server that restarts, or whose standby is being promoted
_RETRY_SECONDS = 0.2
_IDLE_SECONDS = 300.0  # longer, and something on the way may have forgotten the connection


class NoRoom(Exception):
    """All connections are lent, and none came back in time."""


class Connections:
    """At most so many connections to whichever of the hosts serves."""

    def __init__(self, urls: Sequence[str], connect: Connect, most: int) -> None:
        """`connect` opens one URL within a time of its own, or raises one of CONNECT_ERRORS."""
        self._urls = urls
        self._connect = connect
        self._best = 0  # the host to ask first
        self._room = asyncio.Semaphore(most)
        self._idle: list[tuple[Lent, float]] = []

    async def take(self) -> Lent:
        """The connection used last, or a new one; raises NoRoom or one of CONNECT_ERRORS."""
        if self._room.locked():
            try:
                async with asyncio.timeout(_ROOM_SECONDS):
                    await self._room.acquire()
            except TimeoutError as cause:
                raise NoRoom from cause
        else:
            await self._room.acquire()
        try:
            return self._find_idle() or await self._open_patiently()
        except BaseException:
            self._room.release()
            raise

    def give_back(self, connection: Lent) -> None:
        """Take back what was lent, outside of any transaction or closed."""
        if not connection.is_closed():
            self._idle.append((connection, asyncio.get_running_loop().time()))
        self._room.release()

    def drop_idle(self) -> None:
        """One was lost: the others lead to the same server."""
        while self._idle:
            connection, _ = self._idle.pop()
            connection.terminate()

    async def open(self) -> None:
        """Open a first connection, at once or not at all; raises one of CONNECT_ERRORS."""
        await self._room.acquire()
        try:
            connection = await self._open()
        except BaseException:
            self._room.release()
            raise
        self.give_back(connection)

    async def close(self) -> None:
        """Say good-bye on connections that are not lent."""
        while self._idle:
            connection, _ = self._idle.pop()
            try:
                await connection.close(timeout=_RETRY_SECONDS)
            except CONNECT_ERRORS:
                connection.terminate()

    def _find_idle(self) -> Lent | None:
        earliest = asyncio.get_running_loop().time() - _IDLE_SECONDS
        while self._idle:
            connection, since = self._idle.pop()
            if since < earliest:
                connection.terminate()
            elif not connection.is_closed():
                return connection
        return None

    async def _open_patiently(self) -> Lent:
        loop = asyncio.get_running_loop()
        latest = loop.time() + _PATIENCE_SECONDS
        while True:
            try:
                return await self._open()
            except CONNECT_ERRORS:
                if loop.time() >= latest:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    async def _open(self) -> Lent:
        """A connection to the first host that takes it, beginning with the one that did so last."""
        hosts = len(self._urls)
        *before, last = [(self._best + step) % hosts for step in range(hosts)]
        for number in before:
            with suppress(*CONNECT_ERRORS):
                return await self._open_to(number)
        return await self._open_to(last)

    async def _open_to(self, number: int) -> Lent:
        try:
            connection = await self._connect(self._urls[number])
        except BaseException:  # a cancellation too: a caller with little patience must not ask it again
            self._best = (number + 1) % len(self._urls)
            raise
        self._best = number
        return connection
