"""An upload's segments on their way into the parts of a multipart upload.

A part is six segments at rest: 6 MiB of plaintext. S3 takes parts from 5 MiB up, and 10,000 of them:
8,667 hold the largest layer that ECR takes. The multipart upload begins with the first full part. What
fills no part when the writer flushes goes into an object of its own, the tail, which whoever goes on
reads back.

For a sealed blob the tail's last segment is short and marked as the last. Going on seals it again; all
before it stays as it is.
"""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from entrepot.ports.blobs import BlobDamaged, BlobMissing, UploadBusy
from entrepot.ports.outages import Outage
from entrepot.storage.blobs.s3.bucket import Bucket, ObjectAbsent, Part
from entrepot.storage.blobs.s3.names import Names
from entrepot.storage.blobs.s3.notes import Note, Tail
from entrepot.storage.blobs.sealing import HEADER, OVERHEAD_BYTES, SEGMENT_BYTES, STORED_SEGMENT_BYTES, Sealer
from entrepot.storage.blobs.segments import Meter, seal_segment

PART_SEGMENTS = 6
PART_BYTES = PART_SEGMENTS * SEGMENT_BYTES
_PARTS_UNDER_WAY = 2  # of one upload, while the next one fills


class Lanes:
    """How many full parts may be in one process's memory, whatever the number of uploads."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    def enter(self) -> None:
        """Wait for room."""
        self._free.acquire()

    def leave(self, _job: Future[Part]) -> None:
        """Make room, when a part is at rest or has failed."""
        self._free.release()


class StagedParts:
    """Where a writer's segments go; `sealer` is None where the storage encrypts by itself."""

    def __init__(
        self,
        bucket: Bucket,
        names: Names,
        key: str,
        note: Note,
        *,
        sealer: Sealer | None,
        lanes: Lanes,
        meter: Meter,
    ) -> None:
        self._bucket = bucket
        self._names = names
        self._key = key
        self._note = note
        self._sealer = sealer
        self._lanes = lanes
        self._meter = meter
        self._upload_id = note.upload_id
        self._parts = list(note.parts)
        self._filling = bytearray(HEADER if sealer is not None and not note.parts else b"")
        self._segments = 0  # that are whole, in the part that fills
        self._short = b""  # the sealed last segment, to be sealed again
        self._under_way: deque[Future[Part]] = deque()
        self._is_taken_up = False

    def store(self, index: int, content: memoryview, *, unwritten_from: int) -> None:
        self._take_up(index, content[:unwritten_from])
        if self._sealer is None:
            self._filling += content[unwritten_from:]
        else:
            sealed = seal_segment(self._sealer, index, content)
            if len(content) < SEGMENT_BYTES:
                self._short = bytes(sealed)
                return
            self._filling += sealed
            self._short = b""
        if len(content) == SEGMENT_BYTES and (index + 1) % PART_SEGMENTS == 0:
            self._send()

    def sync(self, offset: int) -> bytes:  # noqa: ARG002  the note tells it by its sizes
        for name in self._note.past:
            with suppress(Outage):  # the collector finds what stays
                self._bucket.delete(name)
        tail = self._put_tail()
        while self._under_way:
            self._land()
        past = () if self._note.tail is None else (self._note.tail.name,)
        self._note = Note(self._upload_id, tuple(self._parts), tail, past)
        return self._note.pack()

    def under_way(self) -> Sequence[Future[Any]]:
        return tuple(self._under_way)

    def _put_tail(self) -> Tail | None:
        body = self._filling + self._short
        if not body:
            return None
        tail = Tail(self._names.new_tail(self._key), len(body))
        self._bucket.put(tail.name, body)
        self._meter("written", len(body))
        return tail

    def _take_up(self, index: int, written: memoryview) -> None:
        """Bring back the acknowledged tail, and in `written` the content of its last, short segment."""
        if self._is_taken_up:
            return
        self._is_taken_up = True
        if self._note != Note() and is_there(self._bucket, self._names, self._key):
            raise UploadBusy(self._key)  # a finish made it a blob, and crashed or goes on
        if self._note.tail is None:
            return
        tail = read_tail(self._bucket, self._names, self._key, self._note.tail)
        self._meter("read", len(tail))
        if self._sealer is None:
            self._filling = bytearray(tail)
            return
        whole = len(tail) - len(written) - OVERHEAD_BYTES
        header = 0 if self._note.parts else len(HEADER)
        if whole != header + (index % PART_SEGMENTS) * STORED_SEGMENT_BYTES:
            raise BlobDamaged(f"the tail of upload {self._key} has {len(tail)} bytes, its row says otherwise")
        self._filling = bytearray(tail[:whole])
        self._sealer.open_into(index, memoryview(tail)[whole:], written)

    def _send(self) -> None:
        """Let the full part go, as soon as there is room for one more under way."""
        name = self._names.blob(self._key)
        if self._upload_id is None:
            self._upload_id = self._bucket.begin(name)
        while len(self._under_way) >= _PARTS_UNDER_WAY:
            self._land()
        full, self._filling = self._filling, bytearray()
        number = len(self._parts) + len(self._under_way) + 1
        self._lanes.enter()
        job = self._bucket.pool.submit(self._put_part, name, self._upload_id, number, full)
        job.add_done_callback(self._lanes.leave)
        self._under_way.append(job)

    def _put_part(self, name: str, upload_id: str, number: int, body: bytearray) -> Part:
        part = self._bucket.put_part(name, upload_id, number, body)
        self._meter("written", len(body))
        return part

    def _land(self) -> None:
        """Wait for the oldest part under way."""
        try:
            self._parts.append(self._under_way[0].result())
        except ObjectAbsent as cause:
            raise gone(self._bucket, self._names, self._key) from cause
        self._under_way.popleft()


def read_tail(bucket: Bucket, names: Names, key: str, tail: Tail) -> bytes:
    """The bytes of an upload's tail; raises UploadBusy when it was finished meanwhile, else BlobMissing."""
    try:
        content = bucket.read(tail.name)
    except ObjectAbsent as cause:
        raise gone(bucket, names, key) from cause
    if len(content) != tail.size_bytes:
        raise BlobDamaged(
            f"the tail of upload {key} has {len(content)} bytes, its row says {tail.size_bytes}"
        )
    return content


def gone(bucket: Bucket, names: Names, key: str) -> UploadBusy | BlobMissing:
    """Why parts or tail of an upload are not there any more."""
    return UploadBusy(key) if is_there(bucket, names, key) else BlobMissing(key)


def is_there(bucket: Bucket, names: Names, key: str) -> bool:
    """Whether the upload is a blob by now."""
    try:
        bucket.size(names.blob(key))
    except ObjectAbsent:
        return False
    return True
