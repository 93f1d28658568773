"""One request's bytes on their way to rest: gathered on the loop, hashed, sealed and written by a thread."""

from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from entrepot.ports.blobs import BlobDamaged, BlobMissing, Upload, UploadBusy
from entrepot.ports.outages import Outage
from entrepot.storage.blobs.hashing import Sha256
from entrepot.storage.blobs.places import sync_folder
from entrepot.storage.blobs.sealing import SEGMENT_BYTES
from entrepot.storage.blobs.segments import Meter
from entrepot.storage.blobs.staging import Written
from entrepot.storage.blobs.threads import ended

_FAILURES = (OSError, Outage, BlobDamaged, BlobMissing, UploadBusy)


class SegmentWriter:
    """Gathers the next segment while a thread works on the one before: one job at a time, two buffers.

    One job at a time is a rule, not a thrift: a digest takes its bytes in order. After a job has
    failed every further call fails the same way, so nothing behind a hole is ever acknowledged.
    """

    def __init__(
        self,
        upload: Upload,
        staged: Written,
        first: memoryview,
        sha256: Sha256 | None,
        *,
        pool: Executor,
        meter: Meter,
        folder: Path | None,
    ) -> None:
        """Go on in `first`, a segment's room as `Staged.take_up` left it.

        `folder` is the file's, to be made durable with the first flush; None once that was done.
        """
        self._upload = upload
        self._staged = staged
        self._sha256 = sha256
        self._pool = pool
        self._meter = meter
        self._folder = folder
        self._job: Future[bytes] | None = None
        self._is_ended = False
        self._buffer = first
        self._spare: memoryview | None = None
        self._index, self._filled = divmod(upload.offset_bytes, SEGMENT_BYTES)
        self._stored = self._filled

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        await self._refuse_after_end()
        view = memoryview(data)
        while view:
            piece = view[: SEGMENT_BYTES - self._filled]
            self._buffer[self._filled : self._filled + len(piece)] = piece
            self._filled += len(piece)
            view = view[len(piece) :]
            await self._hand_over_if_full()

    async def flush(self) -> Upload:
        """As the port says; what is written after it takes for granted that the row was advanced."""
        await self._refuse_after_end()
        await self._hand_over_if_full()
        await self._settle()
        offset = self._index * SEGMENT_BYTES + self._filled
        if offset > self._upload.offset_bytes:
            self._is_ended = True
            self._job = self._pool.submit(self._end, self._buffer[: self._filled], self._index, self._stored)
            note = await self._settle()
            self._is_ended = False
            self._stored, self._folder = self._filled, None
            state = b"" if self._sha256 is None else self._sha256.save()
            self._upload = replace(self._upload, offset_bytes=offset, sha256_state=state, store_state=note)
        return self._upload

    async def leave(self) -> None:
        """Wait for every thread to let go of the upload and of buffers."""
        with suppress(*_FAILURES):  # raised before, or about bytes that nobody asked to keep
            await self._settle()
        for job in self._staged.under_way():
            with suppress(*_FAILURES):
                await ended(job)

    def end(self) -> None:
        """Take no more."""
        self._is_ended = True

    @property
    def is_durable(self) -> bool:
        """Whether a flush, of this hold or an earlier one, made any byte durable."""
        return self._upload.offset_bytes > 0

    async def _refuse_after_end(self) -> None:
        if self._is_ended:
            await self._settle()
            raise RuntimeError("nothing can follow: finished, or its last flush was cancelled on the way")

    async def _hand_over_if_full(self) -> None:
        if self._filled < SEGMENT_BYTES:
            return
        await self._settle()
        full, self._buffer = self._buffer, self._spare or memoryview(bytearray(SEGMENT_BYTES))
        self._spare = full
        self._job = self._pool.submit(self._store, full, self._index, self._stored)
        self._index, self._filled, self._stored = self._index + 1, 0, 0

    async def _settle(self) -> bytes:
        return b"" if self._job is None else await ended(self._job)

    def _store(self, content: memoryview, index: int, stored: int) -> bytes:
        if self._sha256 is not None:
            self._sha256.update(content[stored:])
            self._meter("hashed", len(content) - stored)
        self._staged.store(index, content, unwritten_from=stored)
        return b""

    def _end(self, content: memoryview, index: int, stored: int) -> bytes:
        self._store(content, index, stored)
        note = self._staged.sync(index * SEGMENT_BYTES + len(content))
        if self._folder is not None:
            sync_folder(self._folder)
        return note


class FinishedWriter:
    """The hold on an upload whose bytes stand among the blobs: its finish is under way, or crashed.

    What was acknowledged may be flushed, digested and finished again; nothing more may be written.
    """

    is_durable = True

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        if len(data) > 0:
            raise UploadBusy(self._upload.key)

    async def flush(self) -> Upload:
        return self._upload

    async def leave(self) -> None:
        pass

    def end(self) -> None:
        pass
