"""Sending blobs: small ones in one write, large ones by a thread that puts them into the socket itself.

The transport of the event loop copies whatever the kernel does not take at once; a thread that reads,
opens and sends does not, and 1 MiB at a time it is about twice as fast. A thread sends only as long as
the client takes it: then the connection goes back to the loop, which waits for room in the socket, so
that a slow reader costs its buffers and no thread. Over TLS the transport has to do it.
"""

import asyncio
import os
import select
import socket
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from enum import Enum, auto
from functools import partial
from typing import Protocol

from aiohttp import web

from entrepot.oci.ranges import Part
from entrepot.ports.blobs import BlobReader, PlainFile

_SMALL_BYTES = 64 << 10
_SEGMENT_BYTES = 1 << 20  # what blobs are sealed in: reading whole ones is cheapest
_SENDFILE_BYTES = 8 << 20
_TURN_BYTES = 32 << 20  # then others on the pool come first
_PATIENCE_MS = 5  # a thread waits so long for a client that takes a lot, which saves the way over the loop


class Transfers:
    """Sends parts of blobs; a client that takes nothing for `stall_seconds` is given up."""

    def __init__(self, pool: Executor, *, stall_seconds: float = 120) -> None:
        self._pool = pool
        self._stall_seconds = stall_seconds

    async def send(
        self, request: web.BaseRequest, reader: BlobReader, part: Part, *, status: int, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        """Answer with the part of the blob; the reader is closed in any case.

        Where the client goes away before the end, the connection is aborted and nothing raised.
        """
        try:
            if part.length <= _SMALL_BYTES:
                content = await _ended(self._pool.submit(_read, reader, part))
                return web.Response(status=status, headers=headers, body=content)
            response = web.StreamResponse(status=status, headers=headers)
            response.content_length = part.length
            await self._stream(request, response, reader, part)
            return response
        finally:
            reader.close()

    async def _stream(
        self, request: web.BaseRequest, response: web.StreamResponse, reader: BlobReader, part: Part
    ) -> None:
        transport = request.transport
        if transport is None:
            return
        is_whole = False
        try:
            writer = await response.prepare(request)
            if writer is not None and transport.get_extra_info("sslcontext") is None:
                await self._flush(transport, writer.drain())
                await self._send_by_thread(transport, _source(reader, part))
                writer.output_size += part.length
            else:
                await self._send_by_transport(response, reader, part)
            await response.write_eof()
            is_whole = True
        except (ConnectionError, TimeoutError):
            pass  # the client's doing, and nobody is left to tell
        finally:
            if not is_whole:
                transport.abort()  # closing would look like the end of the body to nobody, but flush first

    async def _flush(self, transport: asyncio.Transport, drained: "asyncio._CoroutineLike[None]") -> None:
        ...
