"""The body of a request: read in pieces, with patience that ends, and drained when it is not wanted."""

import asyncio
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from entrepot.domain.errors import BodyCutShort, TooLarge
from entrepot.oci.refusals import ChunkMisplaced

_DRAIN_BYTES = 1 << 20  # of an unwanted body: enough for a client to see the refusal, cheap to throw away
_DRAIN_SECONDS = 5
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Body:
    """One request's body; nothing asks the client to send it before the first read."""

    def __init__(self, request: web.BaseRequest, *, idle_seconds: float) -> None:
        self._request = request
        self._idle_seconds = idle_seconds
        self._received = 0
        expects = request.headers.get("Expect", "").strip().lower()
        self._awaits_continue = expects == "100-continue" and request.version >= (1, 1)

    @property
    def announced_bytes(self) -> int | None:
        """Content-Length; None for a body of unknown length."""
        return self._request.content_length

    @property
    def is_empty(self) -> bool:
        """Whether it is known that there is none, or that all of it was read."""
        return self._request.content.at_eof()

    async def next(self) -> bytes:
        """Some more bytes, none at the end; raises BodyCutShort."""
        await self._ask()
        try:
            async with asyncio.timeout(self._idle_seconds):
                piece = await self._request.content.readany()
        except (
            OSError,
            web.RequestPayloadError,
            HttpProcessingError,
        ) as cause:  # a TimeoutError is an OSError
            raise BodyCutShort from cause
        self._received += len(piece)
        if not piece and self.announced_bytes not in (None, self._received):
            raise BodyCutShort
        return piece

    def chunks(self, expected_bytes: int | None = None) -> "Chunks":
        """All of it in pieces; `expected_bytes` is what a range said of it."""
        return Chunks(self, expected_bytes)

    async def read(self, limit_bytes: int) -> bytes:
        """All of it; raises TooLarge before there is more in memory than allowed."""
        if (self.announced_bytes or 0) > limit_bytes:
            raise TooLarge(limit_bytes)
        content = bytearray()
        while piece := await self.next():
            content += piece
            if len(content) > limit_bytes:
                raise TooLarge(limit_bytes)
        return bytes(content)

    async def drain(self) -> bool:
        """Throw away what is left, so that the connection can go on; False when that is too much."""
        if self.is_empty:
            return True
        left = None if self.announced_bytes is None else self.announced_bytes - self._received
        if self._awaits_continue or (left or 0) > _DRAIN_BYTES:
            return False
        drained = 0
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while drained <= _DRAIN_BYTES:
                    piece = await self.next()
                    if not piece:
                        return True
                    drained += len(piece)
        except (BodyCutShort, TimeoutError):
            return False
        return False

    async def _ask(self) -> None:
        if self._awaits_continue:
            self._awaits_continue = False
            writer = self._request.writer
            try:
                await writer.write(_CONTINUE)
            except ConnectionError as cause:
                raise BodyCutShort from cause
            writer.output_size = 0  # by which aiohttp tells whether an answer has begun


class Chunks:
    """A body as an asynchronous iterator.

    Raises BodyCutShort where it breaks off, ChunkMisplaced where it goes on after the range it came
    with: what lies beyond belongs nowhere.
    """

    def __init__(self, body: Body, expected_bytes: int | None) -> None:
        self._body = body
        self._left = expected_bytes

    def __aiter__(self) -> "Chunks":
        return self

    async def __anext__(self) -> bytes:
        piece = await self._body.next()
        if self._left is not None:
            self._left -= len(piece)
            if self._left < 0:
                raise ChunkMisplaced("The body is longer than its Content-Range")
            if not piece and self._left > 0:
                raise BodyCutShort
        if not piece:
            raise StopAsyncIteration
        return piece
