"""The bytes of an object, read in order from one streaming request and re-opened where somebody seeks."""

import threading
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, HTTPClientError
from urllib3.exceptions import HTTPError

from entrepot.ports.blobs import BlobDamaged, BlobMissing
from entrepot.storage.blobs.s3.bucket import Bucket, ObjectAbsent, StorageUnreachable
from entrepot.storage.blobs.sealing import STORED_SEGMENT_BYTES

_SKIP_BYTES = 64 << 10  # a seek so far ahead reads on; beyond, a new request is cheaper
_ATTEMPTS = 3


class Recent:
    """How many streams of one process may keep what they read last."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    def enter(self) -> bool:
        """Whether there was room for one more."""
        return self._free.acquire(blocking=False)

    def leave(self) -> None:
        self._free.release()


class ObjectBytes:
    """One finished blob's object. One thread at a time.

    What was read last is kept, a segment at most, while there is room for it in the process: a slow
    client's bytes are read again from where it stands, and must not cost a request each time.
    """

    def __init__(self, bucket: Bucket, name: str, recent: Recent) -> None:
        """Open it; raises BlobMissing."""
        self._bucket = bucket
        self._name = name
        self._recent = recent
        self._may_keep = recent.enter()
        self._is_closed = False
        self._kept = bytearray()
        self._kept_from = 0
        self._stream: Any = None
        self._position = 0
        try:
            self._size_bytes = self._open(0)
        except BaseException:
            self.close()
            raise

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def read(self, into: memoryview, offset: int) -> None:
        if not into:
            return
        if offset + len(into) > self._size_bytes:
            raise BlobDamaged(f"the object ends at {self._size_bytes}, before {offset + len(into)}")
        within = offset - self._kept_from
        if within >= 0 and within + len(into) <= len(self._kept):
            into[:] = memoryview(self._kept)[within : within + len(into)]
            return
        done = 0
        for attempt in range(_ATTEMPTS):
            try:
                done += self._read_from(offset + done, into[done:])
                break
            except _Broken as broken:
                done += broken.count
                self._drop()
                if attempt == _ATTEMPTS - 1:
                    raise StorageUnreachable("the object's bytes ended early") from broken
        if self._may_keep and len(into) <= STORED_SEGMENT_BYTES:
            self._kept[:] = into
            self._kept_from = offset

    def close(self) -> None:
        """Cancel what is still on its way."""
        self._drop()
        self._kept = bytearray()
        if not self._is_closed and self._may_keep:
            self._recent.leave()
        self._is_closed = True

    def _read_from(self, offset: int, into: memoryview) -> int:
        """Fill `into`; raises _Broken with how much of it was filled."""
        self._go_to(offset)
        done = 0
        while done < len(into):
            try:
                piece = self._stream.read(len(into) - done)
            except (BotoCoreError, HTTPClientError, HTTPError, OSError) as cause:
                raise _Broken(done) from cause
            if not piece:
                raise _Broken(done)
            into[done : done + len(piece)] = piece
            done += len(piece)
            self._position += len(piece)
        return done

    def _go_to(self, offset: int) -> None:
        ahead = offset - self._position
        if self._stream is not None and 0 < ahead <= _SKIP_BYTES:
            with suppress(_Broken):
                self._read_from(self._position, memoryview(bytearray(ahead)))
        if self._stream is None or offset != self._position:
            self._drop()
            self._open(offset)

    def _open(self, offset: int) -> int:
        try:
            self._stream, size = self._bucket.open(self._name, offset)
        except ObjectAbsent as cause:
            raise BlobMissing(self._name) from cause
        self._position = offset
        return size

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


class _Broken(Exception):
    """The stream ended before its object did."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


class PlainObject:
    """A reader of a blob whose object is its plaintext."""

    def __init__(self, at_rest: ObjectBytes) -> None:
        self._at_rest = at_rest

    @property
    def size_bytes(self) -> int:
        return self._at_rest.size_bytes

    def read_into(self, position: int, buffer: memoryview) -> int:
        wanted = max(0, min(len(buffer), self.size_bytes - position))
        self._at_rest.read(buffer[:wanted], position)
        return wanted

    def close(self) -> None:
        self._at_rest.close()
