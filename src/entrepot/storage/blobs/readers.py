"""Finished blobs in local files, open for reading."""

import os

from entrepot.ports.blobs import BlobDamaged
from entrepot.storage.blobs.sealing import HEADER, SEGMENT_BYTES, Sealer, sealed_size, segment_of
from entrepot.storage.blobs.segments import Meter, SealedSegments, ignore, read_exactly


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


class SealedReader:
    """A sealed blob; whole segments are opened straight into the caller's buffer. One thread at a time."""

    def __init__(self, descriptor: int, sealer: Sealer, size_bytes: int, meter: Meter = ignore) -> None:
        """Own the descriptor; raises BlobDamaged when length, header or an empty last segment is wrong."""
        self._descriptor = descriptor
        self._size_bytes = size_bytes
        self._segments = SealedSegments(descriptor, sealer, meter)
        self._opened: tuple[int, memoryview] | None = None
        expect_length(descriptor, sealed_size(size_bytes))
        if os.pread(descriptor, len(HEADER), 0) != HEADER:
            raise BlobDamaged("the header is not that of a sealed blob")
        if size_bytes % SEGMENT_BYTES == 0:
            self._segments.read(segment_of(size_bytes), memoryview(bytearray()))

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
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _length(self, index: int) -> int:
        return min(SEGMENT_BYTES, self._size_bytes - index * SEGMENT_BYTES)

    def _open(self, index: int, into: memoryview) -> int:
        length = self._length(index)
        self._segments.read(index, into[:length])
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
    length = os.fstat(descriptor).st_size
    if length != size_bytes:
        raise BlobDamaged(f"the file has {length} bytes, its row says {size_bytes}")
