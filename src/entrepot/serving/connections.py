"""Connections of the port: none may wait for ever without sending a request."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler


class PatientServer(web.Server):
    """aiohttp's server, which by itself has no time-out before the first request of a connection.

    A client that connects and sends nothing, or its headers a byte at a time, is let go after
    `header_seconds`; between later requests the keep-alive time-out does that.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        header_seconds: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(handler, **kwargs)
        self._header_seconds = header_seconds
        self._deadlines: dict[RequestHandler, asyncio.TimerHandle] = {}
        self._make = self.request_factory
        self.request_factory = self._note_request

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        loop = asyncio.get_running_loop()
        self._deadlines[handler] = loop.call_later(self._header_seconds, transport.abort)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        self._drop_deadline(handler)
        super().connection_lost(handler, exc)

    def _note_request(self, *parts: Any) -> web.BaseRequest:
        request: web.BaseRequest = self._make(*parts)
        self._drop_deadline(request.protocol)
        return request

    def _drop_deadline(self, handler: RequestHandler) -> None:
        deadline = self._deadlines.pop(handler, None)
        if deadline is not None:
            deadline.cancel()
