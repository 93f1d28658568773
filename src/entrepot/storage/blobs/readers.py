"""Finished blobs, open for reading."""

import contextlib
import os
from collections.abc import AsyncGenerator
from concurrent.futures import Executor, Future

from entrepot.ports.blobs import BlobDamaged, BlobMissing, BlobReader, StoredBlob
from entrepot.ports.outages import Outage
from entrepot.storage.blobs.sealing import (
    HEADER,
    SEGMENT_BYTES,
    Sealer,
    pieces,
    sealed_size,
    segment_of,
    segment_start,
)
from entrepot.storage.blobs.segments import AtRest, Meter, ignore, open_segment, read_exactly
from entrepot.storage.blobs.threads import ended, run


class PlainReader:
    """A blob whose file is its plaintext; the kernel may send it. One thread at a time."""

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        """Own the descriptor; raises BlobDamaged when the file has another length."""
        self._descriptor = descriptor
        self._size_bytes = size_bytes
        expect_length(descriptor, size_bytes)

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def fileno(self) -> int:
        return self._descriptor

    def read_into(self, position: int, buffer: memoryview) -> int:
        wanted = max(0, min(len(buffer), self._size_bytes - position))
        read_exactly(self._descriptor, buffer[:wanted], position)
        return wanted

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class File:
    """The bytes of an open file."""

    def __init__(self, descriptor: int) -> None:
        """Own the descriptor."""
        self._descriptor = descriptor

    @property
    def size_bytes(self) -> int:
        return os.fstat(self._descriptor).st_size

    def read(self, into: memoryview, offset: int) -> None:
        read_exactly(self._descriptor, into, offset)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class SealedReader:
    """A sealed blob; whole segments are opened straight into the caller's buffer. One thread at a time."""

    def __init__(self, at_rest: AtRest, sealer: Sealer, size_bytes: int, meter: Meter = ignore) -> None:
        """Own the bytes; raises BlobDamaged when length, header or an empty last segment is wrong."""
        self._at_rest = at_rest
        self._sealer = sealer
        self._size_bytes = size_bytes
        self._meter = meter
        self._opened: tuple[int, memoryview] | None = None
        expect_size(at_rest.size_bytes, sealed_size(size_bytes))
        header = bytearray(len(HEADER))
        at_rest.read(memoryview(header), 0)
        if header != HEADER:
            raise BlobDamaged("the header is not that of a sealed blob")
        if size_bytes % SEGMENT_BYTES == 0:
            self._open(segment_of(size_bytes), memoryview(bytearray()))

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def read_into(self, position: int, buffer: memoryview) -> int:
        wanted = max(0, min(len(buffer), self._size_bytes - position))
        done = 0
        while done < wanted:
            index, within = divmod(position + done, SEGMENT_BYTES)
            room = buffer[done:wanted]
            if within == 0 and len(room) >= self._length(index):
                done += self._open(index, room)
            else:
                done += _copy(self._opened_segment(index)[within:], room)
        return done

    def close(self) -> None:
        self._at_rest.close()

    def _length(self, index: int) -> int:
        return min(SEGMENT_BYTES, self._size_bytes - index * SEGMENT_BYTES)

    def _open(self, index: int, into: memoryview) -> int:
        length = self._length(index)
        count = open_segment(self._sealer, self._at_rest.read, segment_start(index), index, into[:length])
        self._meter("read", count)
        return length

    def _opened_segment(self, index: int) -> memoryview:
        """A segment's content, kept for the next read: small reads in order open each segment once."""
        if self._opened is None or self._opened[0] != index:
            content = memoryview(bytearray(self._length(index)))
            self._open(index, content)
            self._opened = index, content
        return self._opened[1]


def _copy(source: memoryview, target: memoryview) -> int:
    count = min(len(source), len(target))
    target[:count] = source[:count]
    return count


def expect_length(descriptor: int, size_bytes: int) -> None:
    """Raise BlobDamaged unless the file is exactly so long."""
    expect_size(os.fstat(descriptor).st_size, size_bytes)


def expect_size(found_bytes: int, size_bytes: int) -> None:
    """Raise BlobDamaged unless both are the same."""
    if found_bytes != size_bytes:
        raise BlobDamaged(f"{found_bytes} bytes are at rest, their row says {size_bytes}")


async def chunks_of(
    reader: BlobReader, start: int, length: int, *, pool: Executor
) -> AsyncGenerator[bytes, None]:
    """A range of a blob in pieces of a segment at most, one read ahead; the reader is closed at the end."""
    spans = pieces(start, length)

    def read_next() -> Future[bytes] | None:
        span = next(spans, None)
        return None if span is None else pool.submit(_read, reader, *span)

    ahead = read_next()
    try:
        while ahead is not None:
            piece = await ended(ahead)
            ahead = read_next()
            yield piece
    finally:
        if ahead is not None:
            # of a piece that nobody waits for any more
            with contextlib.suppress(OSError, BlobDamaged, BlobMissing, Outage):
                await ended(ahead)
        await run(pool, reader.close)


def expect_range(blob: StoredBlob, start: int, length: int) -> None:
    """Raise ValueError unless the range lies in the blob."""
    if not 0 <= start <= start + length <= blob.size_bytes:
        raise ValueError(f"{length} bytes from {start} are not all in a blob of {blob.size_bytes}")


def _read(reader: BlobReader, position: int, size: int) -> bytes:
    piece = bytearray(size)
    reader.read_into(position, memoryview(piece))
    return bytes(piece)
