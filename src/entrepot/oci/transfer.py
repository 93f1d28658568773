"""Sending blobs: small ones in one write, large ones by a thread that puts them into the socket itself.

The event loop's transport copies whatever the kernel does not take at once; a thread that opens and
sends does not, and is up to twice as fast. It sends only as long as the client takes: then the
connection goes back to the loop, which waits for room in the socket, so that a slow reader costs
neither a thread nor a buffer. Over TLS the transport has to do it.
"""

import asyncio
import os
import select
import socket
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from enum import Enum, auto
from typing import Protocol, TypeVar

from aiohttp import web

from entrepot.oci.ranges import Part
from entrepot.ports.blobs import BlobDamaged, BlobReader

T = TypeVar("T")

SMALL_BYTES = 64 << 10  # what is sent in one write
_SEGMENT_BYTES = 1 << 20  # what blobs are sealed in: whole ones are the cheapest to read
_BUFFERS = 2  # one fills while the socket has no room for the other
_SENDFILE_BYTES = 8 << 20
_TURN_BYTES = 32 << 20  # then others on the pool come first
_UNSENT_BYTES = (
    512 << 10
)  # in the kernel, for one client: past its limit for all, everyone gets smaller buffers
_PATIENCE_MS = 5  # a thread waits so long for a client that takes much, to save the way over the loop


class Transfers:
    """Sends parts of blobs; a client that takes nothing for `stall_seconds` is given up."""

    def __init__(self, pool: Executor, *, stall_seconds: float = 120) -> None:
        self._pool = pool
        self._stall_seconds = stall_seconds

    async def send(
        self,
        request: web.BaseRequest,
        reader: BlobReader,
        part: Part,
        *,
        status: int,
        headers: Mapping[str, str],
    ) -> web.StreamResponse:
        """Answer with a part of the blob; the reader is closed in any case.

        When the client goes away or stalls, the connection is aborted and nothing raised.
        """
        try:
            if part.length <= SMALL_BYTES:
                return web.Response(status=status, headers=headers, body=await self._read(reader, part))
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
            await response.prepare(request)
            if transport.get_extra_info("sslcontext") is None:
                await self._flush(request, transport)
                await self._send_by_thread(transport, _outflow(reader, part))
                request.writer.output_size += part.length
            else:
                await self._send_by_transport(response, reader, part)
            await response.write_eof()
            is_whole = True
        except (ConnectionError, TimeoutError):
            pass  # the client's doing, and nobody is left to be told
        finally:
            if not is_whole:
                transport.abort()

    async def _read(self, reader: BlobReader, part: Part) -> bytes:
        return await _ended(self._pool.submit(_read, reader, part))

    async def _flush(self, request: web.BaseRequest, transport: asyncio.Transport) -> None:
        """Wait until the transport holds nothing of its own that a thread could overtake."""
        if transport.get_write_buffer_size() == 0:
            return
        transport.set_write_buffer_limits(high=0)  # makes drain() wait for the last byte
        try:
            async with asyncio.timeout(self._stall_seconds):
                await request.writer.drain()
        finally:
            transport.set_write_buffer_limits()

    async def _send_by_thread(self, transport: asyncio.Transport, outflow: "_Outflow") -> None:
        sock: socket.socket = transport.get_extra_info("socket").dup()  # the loop keeps its own from us
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
            while (turn := await _ended(self._pool.submit(_push, outflow, sock))) is not _Turn.DONE:
                if turn is _Turn.GONE or transport.is_closing():
                    raise ConnectionResetError
                if turn is _Turn.BLOCKED:
                    await self._wait_for_room(sock)
        finally:
            sock.close()

    async def _wait_for_room(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        has_room = asyncio.Event()
        loop.add_writer(sock, has_room.set)
        try:
            async with asyncio.timeout(self._stall_seconds):
                await has_room.wait()
        finally:
            loop.remove_writer(sock)

    async def _send_by_transport(self, response: web.StreamResponse, reader: BlobReader, part: Part) -> None:
        position, end = part.start, part.start + part.length
        while position < end:
            piece = Part(position, _to_boundary(position, end))
            content = await self._read(reader, piece)
            async with asyncio.timeout(self._stall_seconds):
                await response.write(content)
            position += piece.length


class _Turn(Enum):
    """Why a thread stopped sending."""

    DONE = auto()
    BLOCKED = auto()
    YIELDED = auto()
    GONE = auto()


class _Outflow(Protocol):
    """A body on its way out; one thread at a time."""

    def send(self, sock: socket.socket) -> int:
        """Put some of it into the socket; the count, 0 at the end. Raises BlockingIOError."""

    def read_ahead(self) -> None:
        """Use the time until the socket has room again."""

    def rest(self) -> None:
        """Give up memory: it may be long until the socket has room."""


class _OpenedOutflow:
    """From a reader, a segment at a time; for a client that takes much, the next is read ahead."""

    def __init__(self, reader: BlobReader, part: Part) -> None:
        self._reader = reader
        self._position = part.start
        self._end = part.start + part.length
        self._free: list[bytearray] = []
        self._ready: deque[tuple[bytearray, memoryview]] = deque()

    def send(self, sock: socket.socket) -> int:
        if not self._ready and not self._read():
            return 0
        buffer, unsent = self._ready[0]
        sent = sock.send(unsent)
        if sent < len(unsent):
            self._ready[0] = buffer, unsent[sent:]
        else:
            self._ready.popleft()
            self._free.append(buffer)
        return sent

    def read_ahead(self) -> None:
        if len(self._ready) < _BUFFERS:
            self._read()

    def rest(self) -> None:
        """Go back to the first unsent byte: opening a segment again costs less than keeping it."""
        self._position -= sum(len(unsent) for _, unsent in self._ready)
        self._ready.clear()
        self._free.clear()

    def _read(self) -> bool:
        """Fill a buffer with what is left of the segment at hand; False at the end."""
        if self._position == self._end:
            return False
        buffer = self._free.pop() if self._free else bytearray(_SEGMENT_BYTES)
        within = self._position % _SEGMENT_BYTES
        start = self._position - within
        length = min(_SEGMENT_BYTES, self._reader.size_bytes - start)
        _read_exactly(self._reader, start, memoryview(buffer)[:length])
        upto = min(length, self._end - start)
        self._ready.append((buffer, memoryview(buffer)[within:upto]))
        self._position = start + upto
        return True


class _FileOutflow:
    """From a plain file, by the kernel."""

    def __init__(self, descriptor: int, part: Part) -> None:
        self._descriptor = descriptor
        self._position = part.start
        self._end = part.start + part.length

    def read_ahead(self) -> None:
        """The kernel does."""

    def rest(self) -> None:
        """Nothing is held."""

    def send(self, sock: socket.socket) -> int:
        wanted = min(self._end - self._position, _SENDFILE_BYTES)
        if wanted == 0:
            return 0
        sent = os.sendfile(sock.fileno(), self._descriptor, self._position, wanted)
        if sent == 0:
            raise BlobDamaged(f"the file ends at {self._position}, before {self._end}")
        self._position += sent
        return sent


def _outflow(reader: BlobReader, part: Part) -> _Outflow:
    if hasattr(reader, "fileno"):  # a PlainFile
        return _FileOutflow(reader.fileno(), part)
    return _OpenedOutflow(reader, part)


def _push(outflow: _Outflow, sock: socket.socket) -> _Turn:
    """Send until all is sent, the socket is full or the turn is over. Runs on the pool."""
    try:
        return _send_a_turn(outflow, sock)
    except ConnectionError:
        outflow.rest()  # an exception on its way to the loop would hold the buffers until its turn there
        return _Turn.GONE


def _send_a_turn(outflow: _Outflow, sock: socket.socket) -> _Turn:
    sent_bytes = 0
    while sent_bytes < _TURN_BYTES:
        try:
            sent = outflow.send(sock)
        except BlockingIOError:
            if sent_bytes >= _SEGMENT_BYTES:
                outflow.read_ahead()
                if _gets_room(sock):
                    continue
            outflow.rest()  # a slow reader, of which there may be thousands
            return _Turn.BLOCKED
        if sent == 0:
            return _Turn.DONE
        sent_bytes += sent
    return _Turn.YIELDED


def _gets_room(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    return bool(poll.poll(_PATIENCE_MS))


def _to_boundary(position: int, end: int) -> int:
    """Bytes from here to the end of the segment or of all."""
    return min(_SEGMENT_BYTES - position % _SEGMENT_BYTES, end - position)


def _read(reader: BlobReader, part: Part) -> bytes:
    content = bytearray(part.length)
    _read_exactly(reader, part.start, memoryview(content))
    return bytes(content)


def _read_exactly(reader: BlobReader, position: int, into: memoryview) -> None:
    count = reader.read_into(position, into)
    if count != len(into):
        raise BlobDamaged(f"the blob ends at {position + count}, before {position + len(into)}")


async def _ended(job: Future[T]) -> T:
    """The job's result once it has ended, for its thread uses what would be closed on leaving early."""
    waiting = asyncio.wrap_future(job)
    try:
        return await asyncio.shield(waiting)
    except asyncio.CancelledError:
        await _outlast(waiting)
        raise


async def _outlast(waiting: asyncio.Future[T]) -> None:
    while not waiting.done():
        try:
            await asyncio.wait((waiting,))
        except asyncio.CancelledError:
            continue  # it is being raised already, as soon as the thread is out
    if not waiting.cancelled():
        waiting.exception()
