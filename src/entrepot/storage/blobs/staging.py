"""An upload's bytes while they are written; for a file, what survives a crash at any point.

A full segment is written once and not again. A short last one is sealed anew when the upload goes on,
over bytes that were acknowledged; before that they are copied to a file beside it, the tail copy.
Whoever takes the upload up reads the last segment at the length that the row's offset gives it: what
a crash left in its place fails authentication, and then the tail copy is what was acknowledged. It
stays until the upload ends, because only the row knows when it may go.
"""

import os
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol

from entrepot.ports.blobs import BlobDamaged
from entrepot.storage.blobs.places import sync_folder
from entrepot.storage.blobs.sealing import (
    OVERHEAD_BYTES,
    SEGMENT_BYTES,
    STORED_SEGMENT_BYTES,
    sealed_size,
    segment_start,
)
from entrepot.storage.blobs.segments import Meter, SealedSegments, read_exactly, write_exactly
from entrepot.storage.blobs.writeback import start_writeback


class Written(Protocol):
    """Where a writer's segments go; blocking, used by one thread at a time. A short segment is the last."""

    def store(self, index: int, content: memoryview, *, unwritten_from: int) -> None:
        """Write one segment, whose content before `unwritten_from` was written before."""

    def sync(self, offset: int) -> bytes:
        """Make the bytes up to `offset` durable, and forget others; the note that the row is to keep."""

    def under_way(self) -> Sequence[Future[Any]]:
        """What still goes on when a call has returned."""


class Staged(Written, Protocol):
    """An upload's open file."""

    def take_up(self, offset: int, into: memoryview) -> None:
        """Get ready to write from `offset`; fills `into` with what must be sealed again, changes no byte."""

    def read(self, index: int, into: memoryview) -> None:
        """A segment's acknowledged content; raises BlobDamaged."""

    def restore(self, offset: int) -> None:
        """Bring back what was acknowledged, where a crash left something else in its place."""


class PlainStaged:
    """The file is the plaintext: it goes on where it ended, acknowledged bytes are never written again."""

    def __init__(self, descriptor: int, meter: Meter) -> None:
        self._descriptor = descriptor
        self._meter = meter

    def take_up(self, offset: int, into: memoryview) -> None:  # noqa: ARG002  nothing is written again
        _expect_at_least(self._descriptor, offset)

    def store(self, index: int, content: memoryview, *, unwritten_from: int) -> None:
        unwritten = content[unwritten_from:]
        write_exactly(self._descriptor, unwritten, index * SEGMENT_BYTES + unwritten_from)
        self._meter("written", len(unwritten))
        _keep_disk_busy(self._descriptor, index)

    def read(self, index: int, into: memoryview) -> None:
        read_exactly(self._descriptor, into, index * SEGMENT_BYTES)
        self._meter("read", len(into))

    def restore(self, offset: int) -> None:
        _expect_at_least(self._descriptor, offset)

    def sync(self, offset: int) -> bytes:
        os.ftruncate(self._descriptor, offset)
        os.fdatasync(self._descriptor)
        return b""

    def under_way(self) -> Sequence[Future[Any]]:
        return ()


class SealedStaged:
    """Seals its last segment again when it goes on, and keeps the acknowledged one beside it."""

    def __init__(self, descriptor: int, segments: SealedSegments, tail_copy: Path) -> None:
        self._descriptor = descriptor
        self._segments = segments
        self._tail_copy = tail_copy
        self._uncopied: tuple[int, int] | None = None

    def take_up(self, offset: int, into: memoryview) -> None:
        index, size = self._expect_segments_before(offset)
        if size and self._read_last(index, into[:size]):
            self._uncopied = index, size

    def store(self, index: int, content: memoryview, *, unwritten_from: int) -> None:  # noqa: ARG002  sealed whole
        if self._uncopied is not None:
            self._copy_tail(*self._uncopied)
            self._uncopied = None
        if index == 0:
            self._segments.write_header()
        self._segments.write(index, content)
        _keep_disk_busy(self._descriptor, index)
        if 0 < len(content) < SEGMENT_BYTES:
            self._uncopied = index, len(content)

    def read(self, index: int, into: memoryview) -> None:
        if len(into) < SEGMENT_BYTES:
            self._read_last(index, into)
        else:
            self._segments.read(index, into)

    def restore(self, offset: int) -> None:
        index, size = self._expect_segments_before(offset)
        content = memoryview(bytearray(size))
        try:
            is_in_place = self._read_last(index, content)
        except BlobDamaged:
            if size:
                raise
            is_in_place = False  # an empty segment holds nothing to lose
        if not is_in_place:
            self.store(index, content, unwritten_from=0)

    def sync(self, offset: int) -> bytes:
        os.ftruncate(self._descriptor, sealed_size(offset))
        os.fdatasync(self._descriptor)
        return b""

    def under_way(self) -> Sequence[Future[Any]]:
        return ()

    def _expect_segments_before(self, offset: int) -> tuple[int, int]:
        """Index and content length of the segment at `offset`; BlobDamaged if the file ends before it."""
        index, size = divmod(offset, SEGMENT_BYTES)
        if index > 0:
            _expect_at_least(self._descriptor, segment_start(index))
        return index, size

    def _read_last(self, index: int, into: memoryview) -> bool:
        """Read the acknowledged last segment; whether it stood in the file, else in the tail copy."""
        try:
            self._segments.read(index, into)
            return True
        except BlobDamaged:
            if not self._tail_copy.exists():
                raise
        with self._tail_copy.open("rb", buffering=0) as copy:
            self._segments.read_copy(copy.fileno(), 0, index, into)
        return False

    def _copy_tail(self, index: int, size: int) -> None:
        sealed = memoryview(bytearray(size + OVERHEAD_BYTES))
        read_exactly(self._descriptor, sealed, segment_start(index))
        # the file still holds the segment: a crash in here leaves a worthless copy and loses nothing
        copy = os.open(self._tail_copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            write_exactly(copy, sealed, 0)
            os.fsync(copy)
        finally:
            os.close(copy)
        sync_folder(self._tail_copy.parent)


def _keep_disk_busy(descriptor: int, index: int) -> None:
    """Every eight segments, start to write the last eight."""
    if index % 8 == 7:
        start_writeback(descriptor, segment_start(index - 7), 8 * STORED_SEGMENT_BYTES)


def _expect_at_least(descriptor: int, size_bytes: int) -> None:
    length = os.fstat(descriptor).st_size
    if length < size_bytes:
        raise BlobDamaged(f"the upload's file has {length} bytes, {size_bytes} were acknowledged")
