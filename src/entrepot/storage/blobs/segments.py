"""The sealed segments of one open file, and the exact reads and writes that all files here are moved by."""

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Literal, Protocol

from entrepot.ports.blobs import BlobDamaged
from entrepot.storage.blobs.sealing import HEADER, OVERHEAD_BYTES, SEGMENT_BYTES, Sealer, segment_start

Meter = Callable[[Literal["hashed", "read", "written"], int], None]
"""Told how many bytes were hashed, read from and written to disk, by whichever thread did it."""


def ignore(_work: Literal["hashed", "read", "written"], _count: int) -> None:
    """The meter of whoever does not count."""


class _Room(threading.local):
    """Room for one segment's sealed bytes in each thread: thousands of open files share a few of them."""

    def __init__(self) -> None:
        self.sealed = memoryview(bytearray(SEGMENT_BYTES + OVERHEAD_BYTES))


_ROOM = _Room()  # holds nothing between two calls


class AtRest(Protocol):
    """Bytes at rest, by position; one thread at a time."""

    @property
    def size_bytes(self) -> int:
        """How many there are."""

    def read(self, into: memoryview, offset: int) -> None:
        """Fill `into` from `offset`; BlobDamaged where the bytes end first."""

    def close(self) -> None:
        """Let go; may be repeated."""


def open_segment(
    sealer: Sealer, read: Callable[[memoryview, int], None], offset: int, index: int, into: memoryview
) -> int:
    """Fill `into`, exactly as long as the segment's content, from sealed bytes that `read` finds at `offset`.

    How many were read; raises BlobDamaged.
    """
    sealed = _ROOM.sealed[: len(into) + OVERHEAD_BYTES]
    read(sealed, offset)
    sealer.open_into(index, sealed, into)
    return len(sealed)


def seal_segment(sealer: Sealer, index: int, content: memoryview) -> memoryview:
    """A segment's sealed bytes, in room of the thread's own that its next call uses again."""
    return _ROOM.sealed[: sealer.seal_into(index, content, _ROOM.sealed)]


class SealedSegments:
    """A file as `sealing` draws it; blocking, each call on whichever thread."""

    def __init__(self, descriptor: int, sealer: Sealer, meter: Meter = ignore) -> None:
        self._descriptor = descriptor
        self._sealer = sealer
        self._meter = meter

    def write_header(self) -> None:
        """Write what stands before the first segment."""
        write_exactly(self._descriptor, memoryview(HEADER), 0)

    def read(self, index: int, into: memoryview) -> None:
        """Fill `into`, exactly as long as the segment's content; raises BlobDamaged."""
        self.read_copy(self._descriptor, segment_start(index), index, into)

    def read_copy(self, descriptor: int, offset: int, index: int, into: memoryview) -> None:
        """The same, from sealed bytes that lie at `offset` of any file."""
        count = open_segment(self._sealer, partial(read_exactly, descriptor), offset, index, into)
        self._meter("read", count)

    def write(self, index: int, content: memoryview) -> None:
        """Seal a segment anew and put it at its place."""
        sealed = seal_segment(self._sealer, index, content)
        write_exactly(self._descriptor, sealed, segment_start(index))
        self._meter("written", len(sealed))


def read_exactly(descriptor: int, into: memoryview, offset: int) -> None:
    """Fill `into` from `offset`; BlobDamaged where the file ends first."""
    done = 0
    while done < len(into):
        count = os.preadv(descriptor, [into[done:]], offset + done)
        if count == 0:
            raise BlobDamaged(f"the file ends at {offset + done}, before {offset + len(into)}")
        done += count


def write_exactly(descriptor: int, data: memoryview, offset: int) -> None:
    """Write all of `data` at `offset`, or raise OSError with some of it written."""
    done = 0
    while done < len(data):
        done += os.pwrite(descriptor, data[done:], offset + done)
