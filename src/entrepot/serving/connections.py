"""Connections of the port: who may hold one and for how long, and what every answer on it carries."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.web_protocol import RequestHandler
from multidict import CIMultiDict, CIMultiDictProxy

from entrepot.serving.access_log import log_request
from entrepot.serving.forwarded import Origin, TrustedProxies
from entrepot.telemetry import families
from entrepot.telemetry.meters import Meters

Answer = Callable[["IncomingRequest"], Awaitable[web.StreamResponse]]

_REQUEST_ID = "X-Amzn-RequestId"


class IncomingRequest(web.BaseRequest):
    """A request with an id, which stands in every answer to it and in its line of the log.

    `remote`, `scheme` and `host` are the client's, where a trusted proxy tells of it.
    """

    def __init__(self, *parts: Any, is_from_proxy: bool = False, **client: Any) -> None:
        super().__init__(*parts, **client)
        self.is_from_proxy = is_from_proxy
        self.id = str(uuid.uuid4())
        self.arrived = time.perf_counter()
        self.is_answered_by_us = False

    # aiohttp's way to add headers last, which a plain web.Server leaves empty: it meets streamed
    # answers and aiohttp's own pages about malformed requests too.
    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        response.headers["Server"] = "Entrepot"  # aiohttp names its version and Python's
        response.headers[_REQUEST_ID] = self.id
        if not self.is_answered_by_us:
            log_request(self, self.id, response.status, time.perf_counter() - self.arrived, {})


class PatientServer(web.Server):
    """aiohttp's server with a time-out before the first request, and a drain that lets uploads finish.

    A client that connects and sends nothing, or its headers a byte at a time, is let go after
    `header_seconds`; between later requests the keep-alive time-out does that.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        header_seconds: float,
        meters: Meters,
        proxies: TrustedProxies | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(self._answer, request_factory=self._meet, **kwargs)
        self._proxies = proxies
        self._sources: dict[RequestHandler, str] = {}
        self._open = meters.counters(families.CONNECTIONS).of()
        self._made = meters.counters(families.CONNECTIONS_MADE).of()
        self._find_answer = answer
        self._header_seconds = header_seconds
        self._deadlines: dict[RequestHandler, asyncio.TimerHandle] = {}
        self._busy: set[RequestHandler] = set()
        self._is_draining = False
        self._is_quiet = asyncio.Event()

    def handler_for(self, source: str) -> RequestHandler:
        """What speaks on a connection that comes from this address, whoever its peer is."""
        handler = self()
        self._sources[handler] = source
        return handler

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._made.add()
        self._open.add()
        loop = asyncio.get_running_loop()
        self._deadlines[handler] = loop.call_later(self._header_seconds, transport.abort)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        self._drop_deadline(handler)
        self._sources.pop(handler, None)
        self._open.add(-1)
        super().connection_lost(handler, exc)

    async def drain(self, seconds: float) -> None:
        """Let idle connections go, and return when every request under way is answered or time is up.

        To be called once nothing listens any more. aiohttp's own shutdown throws away what still arrives
        of a body, so that no upload could finish in it.
        """
        self._is_draining = True
        await asyncio.sleep(0)  # requests that are read already begin now
        for handler in set(self.connections) - self._busy:
            handler.force_close()
        if not self._busy:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._is_quiet.wait()
        except TimeoutError:
            return

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, IncomingRequest)  # noqa: S101 (the type of what our factory made)
        request.is_answered_by_us = True
        self._busy.add(request.protocol)
        try:
            response = await self._find_answer(request)
            if self._is_draining and not response.prepared:
                response.force_close()
            return response
        finally:
            self._busy.discard(request.protocol)
            if self._is_draining and not self._busy:
                self._is_quiet.set()

    def _meet(
        self, message: RawRequestMessage, payload: Any, handler: RequestHandler, *parts: Any
    ) -> web.BaseRequest:
        self._drop_deadline(handler)
        loop = asyncio.get_running_loop()
        if self._proxies is None:
            return IncomingRequest(message, payload, handler, *parts, loop)
        peer = self._sources.get(handler) or _peer(handler)
        is_from_proxy = self._proxies.trusts(peer)
        origin = self._proxies.origin(peer, message.headers) if is_from_proxy else Origin(peer)
        return IncomingRequest(
            _as_sent(message, origin.host),
            payload,
            handler,
            *parts,
            loop,
            is_from_proxy=is_from_proxy,
            remote=origin.remote or None,
            scheme=origin.scheme,
            host=origin.host,
        )

    def _drop_deadline(self, handler: RequestHandler) -> None:
        deadline = self._deadlines.pop(handler, None)
        if deadline is not None:
            deadline.cancel()


def _peer(handler: RequestHandler) -> str:
    """The address at the other end of the connection; "" where it is gone."""
    peer = handler.peername
    return str(peer[0]) if isinstance(peer, tuple) else str(peer or "")


def _as_sent(message: RawRequestMessage, host: str | None) -> RawRequestMessage:
    """The head with the Host that the client sent and signed, where a proxy has put another in its place."""
    if host is None or message.headers.getall("Host", []) == [host]:
        return message
    headers = CIMultiDict(message.headers)
    headers["Host"] = host
    return message._replace(headers=CIMultiDictProxy(headers))
