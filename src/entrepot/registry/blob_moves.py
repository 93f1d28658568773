"""Moving the blobs of a live registry to another store, as they lie: sealed bytes stay sealed.

Servers may serve meanwhile, if they write to the new store and read from either
(`storage/blobs/fallback.py`). A move goes through all blob rows in rounds until one finds nothing to copy.
What lies whole in the target is not copied again, so a move that was stopped goes on where it was:
a copy is noted in a row before its first byte, and the note goes when the copy was read back and found
whole. What still has a note at the start of a move is read back first. Nothing is deleted in the source.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Protocol

from entrepot.keys.ring_text import KeyRingError
from entrepot.ports.blobs import (
    BlobDamaged,
    BlobMissing,
    Blobs,
    BlobUploads,
    BytesAtRest,
    Listing,
    Stage,
    StoredBlob,
    UploadBusy,
)
from entrepot.ports.clock import Clock
from entrepot.ports.keys import DataKeys
from entrepot.ports.outages import Outage
from entrepot.ports.records import BlobRow, Records, Store
from entrepot.registry.inspection import digest_at_rest, still_stands
from entrepot.registry.stretches import side_by_side

_STEP = 1000  # rows, or entries of a store, at a time
_NOTED_AT_ONCE = 64  # copies that a crash leaves to be read back
_TRIES = 6  # of one copy, when a store cannot be used or does not give back what it took
_FIRST_PAUSE_SECONDS = 1.0  # doubled each time

Pause = Callable[[float], Awaitable[None]]


class MovableBlobs(Blobs, BlobUploads, Listing, Protocol):
    """A store that blobs can be moved from and to."""


class Proof(StrEnum):
    """What shows that a copy is whole.

    DIGEST: it was opened with its key and has the blob's digest. BYTES: it is the same sealed bytes.
    """

    DIGEST = "digest"
    BYTES = "bytes"


class PlainBlobs(Exception):
    """Some blobs lie plain, and nobody said that the target encrypts what it keeps by itself."""


@dataclass(eq=False)
class CopyDamaged(Exception):
    """The target does not give back what was written to it, however often it is written."""

    blob_key: str

    def __str__(self) -> str:
        return f"TO does not give back what was written to it: {self.blob_key}"


@dataclass(frozen=True, slots=True)
class Manner:
    """How to move: what proves a copy, how many are under way at once, and whether plain blobs may go.

    `is_archive` moves the archive tier, else the standard one.
    """

    proof: Proof = Proof.DIGEST
    at_once: int = 4
    takes_plain: bool = False
    is_archive: bool = False


@dataclass(slots=True)
class Progress:
    """How far a move is: totals and what is done are the round's, what was copied is the whole move's."""

    round: int = 0
    total_blobs: int = 0
    total_bytes: int = 0
    done_blobs: int = 0
    done_bytes: int = 0
    copied_blobs: int = 0
    copied_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move came to.

    `failed` are the blobs that the source itself does not give whole, with the reason; `uploads_left`
    are uploads whose bytes lie in the source alone.
    """

    blobs: int
    copied_blobs: int
    copied_bytes: int
    failed: dict[str, str] = field(default_factory=dict)
    uploads_left: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether the source is needed no more."""
        return not self.failed and not self.uploads_left


@dataclass(eq=False)
class _SourceUnfit(Exception):
    """The source does not give the blob as it was stored."""

    reason: str


class BlobMove:
    """A move from a source to a target; one at a time to a target."""

    def __init__(
        self,
        store: Store,
        source: MovableBlobs,
        target: MovableBlobs,
        data_keys: DataKeys,
        clock: Clock,
        *,
        target_name: str,
        manner: Manner,
        report: Callable[[Progress], None],
        pause: Pause = asyncio.sleep,
    ) -> None:
        """`target_name` is the same whenever the same store is meant; `report` is told of every step."""
        self._store = store
        self._source = source
        self._target = target
        self._data_keys = data_keys
        self._clock = clock
        self._target_name = target_name
        self._manner = manner
        self._report = report
        self._pause = pause
        self._progress = Progress()
        self._failed: dict[str, str] = {}

    async def run(self) -> Moved:
        """Copy until nothing is left to copy.

        Raises PlainBlobs before anything is copied, UploadBusy while another move goes on, and CopyDamaged,
        Outage or OSError where the target cannot be used: what was copied stays, and is not copied again.
        """
        if await self._measure() and not self._manner.takes_plain:
            raise PlainBlobs
        await self._settle_old_notes()
        while await self._go_round():
            await self._measure()
        progress = self._progress
        return Moved(
            progress.total_blobs,
            progress.copied_blobs,
            progress.copied_bytes,
            dict(self._failed),
            await self._count_uploads_left(),
        )

    async def _measure(self) -> bool:
        """Begin a round; whether any blob lies plain."""
        progress = self._progress
        progress.round += 1
        progress.total_blobs = progress.total_bytes = progress.done_blobs = progress.done_bytes = 0
        after, has_plain = "", False
        while page := await self._store.scan(partial(_blobs, after)):
            rows = [row for row in page if self._is_of_tier(row)]
            progress.total_blobs += len(rows)
            progress.total_bytes += sum(row.size_bytes for row in rows)
            has_plain = has_plain or any(row.wrapped_key is None for row in rows)
            after = page[-1].blob_key
        self._report(progress)
        return has_plain

    async def _settle_old_notes(self) -> None:
        """Read back what an earlier move began to copy, and drop what is not whole."""
        while noted := await self._store.read(partial(_noted, self._target_name)):
            for blob_key, row in noted:
                if row is None or not await self._is_copy(row):
                    await self._target.delete(blob_key)
            await self._settle([blob_key for blob_key, _ in noted])

    async def _go_round(self) -> bool:
        """Copy what the target lacks; whether there was anything."""
        has_copied = False
        async for rows, lying in side_by_side(
            lambda after: self._store.scan(partial(_blobs, after)),
            lambda row: row.blob_key,
            lambda after: self._target.page(Stage.BLOB, after=after, limit=_STEP),
            _STEP,
        ):
            missing = []
            for row in filter(self._is_of_tier, rows.values()):
                if self._is_missing(row, lying.get(row.blob_key)):
                    missing.append(row)
                else:
                    self._count(row)
            for start in range(0, len(missing), _NOTED_AT_ONCE):
                await self._copy_all(missing[start : start + _NOTED_AT_ONCE])
            has_copied = has_copied or bool(missing)
        return has_copied

    def _is_of_tier(self, row: BlobRow) -> bool:
        return (row.in_archive is not None) is self._manner.is_archive

    def _is_missing(self, row: BlobRow, lying: BytesAtRest | None) -> bool:
        if row.blob_key in self._failed:
            return False
        return lying is None or lying.size_bytes != _lying(self._target, row).size_bytes

    async def _copy_all(self, rows: Sequence[BlobRow]) -> None:
        keys = [row.blob_key for row in rows]
        await self._store.write(partial(_note, self._target_name, keys, self._clock()))
        waiting = iter(rows)
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(self._manner.at_once, len(rows))):
                    workers.create_task(self._copy_in_turn(waiting))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None  # the others stopped for its sake, or for the same cause
        await self._settle(keys)

    async def _copy_in_turn(self, waiting: Iterator[BlobRow]) -> None:
        for row in waiting:
            try:
                await self._copy_until_whole(row)
                self._progress.copied_blobs += 1
                self._progress.copied_bytes += row.size_bytes
            except _SourceUnfit as unfit:
                await self._target.delete(row.blob_key)
                if await still_stands(self._store, row):
                    self._failed[row.blob_key] = unfit.reason
            if not await still_stands(self._store, row):
                await self._target.delete(row.blob_key)  # the collector took the blob while it was copied
            self._count(row)

    async def _copy_until_whole(self, row: BlobRow) -> None:
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, _TRIES + 1):
            try:
                if await self._copy(row):
                    return
            except (Outage, UploadBusy):  # busy: a move that was killed held it, and its hold ends
                if attempt == _TRIES:
                    raise
            await self._pause(pause)
            pause *= 2
        raise CopyDamaged(row.blob_key)

    async def _copy(self, row: BlobRow) -> bool:
        """Copy the bytes as they lie and read them back; whether they are what was stored."""
        if await self._source.find(Stage.BLOB, row.blob_key) is None:
            raise _SourceUnfit("its bytes are missing")
        await self._target.delete(row.blob_key)
        running = hashlib.sha256()
        upload = await self._target.begin(row.blob_key, None)
        async with self._target.resume(upload) as writer:
            async for piece in self._pieces(row):
                if self._manner.proof is Proof.BYTES:
                    running.update(piece)
                await writer.write(piece)
            upload = await writer.flush()
            await self._target.finish(upload)
        if self._manner.proof is Proof.BYTES:
            return await self._hash_of_copy(row) == running.digest()
        if await self._is_copy(row):
            return True
        await self._check_source(row)
        return False

    async def _pieces(self, row: BlobRow) -> AsyncIterator[bytes]:
        lying = _lying(self._source, row)
        try:
            async for piece in self._source.chunks(lying, 0, lying.size_bytes):
                yield piece
        except (BlobMissing, BlobDamaged) as failure:
            raise _SourceUnfit(str(failure)) from failure

    async def _hash_of_copy(self, row: BlobRow) -> bytes:
        lying, running = _lying(self._target, row), hashlib.sha256()
        try:
            async for piece in self._target.chunks(lying, 0, lying.size_bytes):
                running.update(piece)
        except (BlobMissing, BlobDamaged):
            return b""
        return running.digest()

    async def _is_copy(self, row: BlobRow) -> bool:
        """Whether the target gives the blob whole."""
        try:
            return await digest_at_rest(self._target, self._data_keys, row) == row.digest
        except (BlobMissing, BlobDamaged, KeyRingError):
            return False

    async def _check_source(self, row: BlobRow) -> None:
        try:
            actual = await digest_at_rest(self._source, self._data_keys, row)
        except (BlobMissing, BlobDamaged, KeyRingError) as failure:
            raise _SourceUnfit(str(failure)) from failure
        if actual != row.digest:
            raise _SourceUnfit(f"its bytes are {actual}, its row says {row.digest}")

    async def _settle(self, blob_keys: Sequence[str]) -> None:
        await self._store.write(partial(_settle, self._target_name, blob_keys))

    async def _count_uploads_left(self) -> int:
        left, after = 0, ""
        while uploads := await self._store.scan(partial(_uploads, after)):
            for blob_key, offset_bytes in uploads:
                if offset_bytes and not await _has_any(self._target, blob_key):
                    left += await _has_any(self._source, blob_key)
            after = uploads[-1][0]
        return left

    def _count(self, row: BlobRow) -> None:
        self._progress.done_blobs += 1
        self._progress.done_bytes += row.size_bytes
        self._report(self._progress)


def _lying(blobs: Listing, row: BlobRow) -> StoredBlob:
    """The blob as a store sees it that knows of no sealing: bytes, as many as lie there."""
    size_bytes = blobs.size_at_rest(row.packed_bytes, is_sealed=row.wrapped_key is not None)
    return StoredBlob(row.blob_key, None, size_bytes)


async def _has_any(blobs: Listing, blob_key: str) -> bool:
    return any([await blobs.find(stage, blob_key) is not None for stage in Stage])


async def _blobs(after: str, records: Records) -> list[BlobRow]:
    return await records.inspection.blobs(after=after, limit=_STEP)


async def _uploads(after: str, records: Records) -> list[tuple[str, int]]:
    return await records.inspection.uploads(after=after, limit=_STEP)


async def _noted(target: str, records: Records) -> list[tuple[str, BlobRow | None]]:
    return await records.blob_copies.noted(target, limit=_NOTED_AT_ONCE)


async def _note(target: str, blob_keys: Sequence[str], at: datetime, records: Records) -> None:
    await records.blob_copies.note(target, blob_keys, at)


async def _settle(target: str, blob_keys: Sequence[str], records: Records) -> None:
    await records.blob_copies.settle(target, blob_keys)
