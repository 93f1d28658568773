"""A listening socket whose connections begin with a PROXY header when a trusted proxy made them.

The header is read off the socket before any protocol sees it, so that what follows may be HTTP or TLS.
A trusted proxy must send one; everyone else is served as they come, and the header is no HTTP and no TLS.
"""

import asyncio
import logging
import socket
import ssl
from functools import partial
from typing import Protocol

from aiohttp import web

from entrepot.serving.connections import PatientServer
from entrepot.serving.forwarded import TrustedProxies
from entrepot.serving.proxy_header import HeaderInvalid, read_source

logger = logging.getLogger(__name__)

_HEADER_SECONDS = 5.0  # a proxy sends it at once
_AT_ONCE = 1  # connections taken in one go: who takes all that wait leaves nothing to others
_MOST_WAITING = 2048  # whose headers or TLS greetings are not complete
_PAUSE_SECONDS = 1.0  # where no more descriptors are to be had, as asyncio's own servers do


class Refused(Protocol):
    """Told of each connection that was closed for its header, and why."""

    def __call__(self, reason: str, /) -> None: ...


class ProxiedSite(web.BaseSite):
    """Takes connections as aiohttp's SockSite does, after their PROXY header."""

    def __init__(
        self,
        runner: web.BaseRunner,
        server: PatientServer,
        listening: socket.socket,
        proxies: TrustedProxies,
        refused: Refused,
        *,
        ssl_context: ssl.SSLContext | None,
        header_seconds: float = _HEADER_SECONDS,
    ) -> None:
        super().__init__(runner, ssl_context=ssl_context)
        self._listening = listening
        self._patient = server
        self._proxies = proxies
        self._refused = refused
        self._header_seconds = header_seconds
        self._taking: set[asyncio.Task[None]] = set()
        self._resuming: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        """Where it listens."""
        return f"proxied:{self._listening.getsockname()}"

    async def start(self) -> None:
        """Begin to take connections."""
        await super().start()
        self._listen()

    async def stop(self) -> None:
        """Take no more; connections that are not through with their headers are closed."""
        await super().stop()
        if self._resuming is not None:
            self._resuming.cancel()
        asyncio.get_running_loop().remove_reader(self._listening)
        self._listening.close()
        for task in self._taking:
            task.cancel()
        await asyncio.gather(*self._taking, return_exceptions=True)

    def _listen(self) -> None:
        self._resuming = None
        asyncio.get_running_loop().add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(_AT_ONCE):
            try:
                connection, peer = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                logger.exception("connections cannot be taken for a moment")
                loop.remove_reader(self._listening)
                self._resuming = loop.call_later(_PAUSE_SECONDS, self._listen)
                return
            if len(self._taking) >= _MOST_WAITING:
                connection.close()
                continue
            connection.setblocking(False)
            task = loop.create_task(self._take(connection, str(peer[0])))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)

    async def _take(self, connection: socket.socket, peer: str) -> None:
        try:
            source = await self._source(connection, peer)
        except BaseException as failure:
            connection.close()
            if not isinstance(failure, _Closed):
                raise
            self._refused(failure.reason)
            return
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                partial(self._patient.handler_for, source), connection, ssl=self._ssl_context
            )
        except OSError as failure:  # a TLS greeting that was none, or nobody there any more
            logger.debug("a connection of %s ended before it began: %s", source, failure)

    async def _source(self, connection: socket.socket, peer: str) -> str:
        """Whom the connection comes from; raises _Closed."""
        if not self._proxies.trusts(peer):
            return peer
        try:
            async with asyncio.timeout(self._header_seconds):
                return await read_source(connection) or peer
        except HeaderInvalid as cause:
            raise _Closed("malformed") from cause
        except TimeoutError as cause:
            raise _Closed("late") from cause
        except OSError as cause:
            raise _Closed("lost") from cause


class _Closed(Exception):
    """The connection was closed for its header."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
