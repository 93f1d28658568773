"""Clearing away what nobody needs, while pushes and pulls go on.

A layer that no image uses is released after a grace period; a blob that no repository holds is
marked, and deleted when the mark has stood for a second period. Whoever holds a marked blob again
takes the mark off, and wins. Bytes go last: a note in the trash outlives any crash.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter

from entrepot.domain.digests import Digest
from entrepot.domain.recycling import bin_of
from entrepot.identity.auditing import turn_to, undone
from entrepot.ports.blobs import Blobs
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store, UploadRow
from entrepot.registry.uploads import drop_upload

_BLOBS_SHARE = 24
_STEP = 512  # rows a transaction: pushes wait for no more than that
_BYTES_STEP = 4096  # blobs whose bytes are deleted together, so that each folder is made durable once


@dataclass(frozen=True, slots=True)
class Grace:
    """How long things stay that look unneeded.

    `uploads`: since an upload was last written to; `layers`: since a layer was held that no image
    uses; `blobs`: since nobody held a blob, and once more between mark and deletion.
    """

    uploads: timedelta = timedelta(days=1)
    layers: timedelta = timedelta(days=1)
    blobs: timedelta = timedelta(hours=1)

    @classmethod
    def of(cls, whole: timedelta) -> "Grace":
        """The grace of uploads and layers, and of blobs in proportion."""
        return cls(whole, whole, whole / _BLOBS_SHARE)


@dataclass(frozen=True, slots=True)
class Collected:
    """What one round did."""

    uploads: int
    layers: int
    blobs: int
    files: int

    @property
    def anything(self) -> bool:
        """Whether there was something to do."""
        return bool(self.uploads or self.layers or self.blobs or self.files)


class Collector:
    """Collects in rounds of small transactions; any number of rounds may run at once."""

    def __init__(self, store: Store, blobs: Blobs, clock: Clock, grace: Grace) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._grace = grace

    async def collect(self) -> Collected:
        """One round over everything."""
        now = self._clock()
        uploads = await self._drop_stale_uploads(now)
        layers = await self._release_unused_layers(now)
        await self._mark_unheld_blobs(now)
        blobs = await self._remove_condemned_blobs(now)
        return Collected(uploads, layers, blobs, await self._empty_trash())

    async def forget_repository(self, repository_id: str) -> None:
        """Clear what a removed repository and its bin held, to the end; may be repeated."""
        while rows := await self._store.read(partial(_uploads_of, repository_id)):
            await self._store.write(partial(_drop, rows, self._clock()))
        for place in (repository_id, bin_of(repository_id)):
            while await self._store.write(partial(_clear, place)):
                pass

    async def _drop_stale_uploads(self, now: datetime) -> int:
        dropped = 0
        while rows := await self._store.read(partial(_stale_uploads, now - self._grace.uploads)):
            dropped += await self._store.write(partial(_drop_untouched, rows, now))
        return dropped

    async def _release_unused_layers(self, now: datetime) -> int:
        released, after, before = 0, ("", ""), now - self._grace.layers
        while unused := await self._store.scan(partial(_unused_layers, before, after)):
            released += await self._store.write(partial(_release, unused, before, now))
            after = unused[-1]
        return released

    async def _mark_unheld_blobs(self, now: datetime) -> None:
        after, before = "", now - self._grace.blobs
        while unheld := await self._store.scan(partial(_unheld_blobs, before, after)):
            # The time of now: of the round's beginning, a long round's mark would be old before it was set.
            await self._store.write(partial(_mark, unheld, self._clock()))
            after = unheld[-1]

    async def _remove_condemned_blobs(self, now: datetime) -> int:
        removed, before = 0, now - self._grace.blobs
        while condemned := await self._store.read(partial(_condemned, before)):
            step = await self._store.write(partial(_remove, condemned, before, now))
            if step == 0:
                break  # all of them were held again meanwhile
            removed += step
        return removed

    async def _empty_trash(self) -> int:
        """Delete the bytes, then the notes: a crash in between deletes nothing twice that matters."""
        deleted, after = 0, ""
        while thrown := await self._store.read(partial(_thrown, after)):
            await self._blobs.delete_all(thrown)
            for start in range(0, len(thrown), _STEP):
                await self._store.write(partial(_emptied, thrown[start : start + _STEP]))
            deleted, after = deleted + len(thrown), thrown[-1]
        return deleted


async def _drop(rows: list[UploadRow], now: datetime, records: Records) -> None:
    for row in rows:
        await drop_upload(records, row, now)


async def _drop_untouched(rows: list[UploadRow], now: datetime, records: Records) -> int:
    """Drop those that nobody has continued since they were found."""
    untouched = [row for row in rows if await records.uploads.find(row.id) == row]
    await _drop(untouched, now, records)
    return _told("uploads", len(untouched))


async def _uploads_of(repository_id: str, records: Records) -> list[UploadRow]:
    return await records.uploads.of_repository(repository_id, _STEP)


async def _clear(repository_id: str, records: Records) -> int:
    return await records.repositories.clear(repository_id, _STEP)


async def _stale_uploads(before: datetime, records: Records) -> list[UploadRow]:
    return await records.uploads.stale(before, _STEP)


async def _unused_layers(
    before: datetime, after: tuple[str, str], records: Records
) -> list[tuple[str, Digest]]:
    return await records.garbage.unused_layers(held_before=before, after=after, limit=_STEP)


async def _release(
    unused: list[tuple[str, Digest]], before: datetime, now: datetime, records: Records
) -> int:
    released: list[str] = []
    for repository_id, layers in groupby(unused, itemgetter(0)):
        digests = [digest for _, digest in layers]
        released += await records.garbage.release_unused(repository_id, digests, before)
    await records.tier_moves.hasten(released, now)
    return _told("layers", len(released))


async def _unheld_blobs(before: datetime, after: str, records: Records) -> list[str]:
    return await records.garbage.unheld_blobs(created_before=before, after=after, limit=_STEP)


async def _mark(unheld: list[str], now: datetime, records: Records) -> None:
    await records.garbage.mark(unheld, now)
    undone()  # as long as a blob is only marked, whoever holds it again wins


async def _condemned(before: datetime, records: Records) -> list[str]:
    return await records.garbage.condemned(marked_before=before, limit=_STEP)


async def _remove(condemned: list[str], before: datetime, now: datetime, records: Records) -> int:
    removed = await records.garbage.remove_blobs(condemned, before)
    await records.garbage.throw_all(removed, now)
    return _told("blobs", len(removed))


async def _thrown(after: str, records: Records) -> list[str]:
    return await records.garbage.thrown(after=after, limit=_BYTES_STEP)


async def _emptied(thrown: list[str], records: Records) -> None:
    await records.garbage.emptied(thrown)
    undone()  # what was thrown away was told of then


def _told(what: str, count: int) -> int:
    """The count, which the audit is told of where it is one."""
    if count:
        turn_to("CollectGarbage", **{what: count})
    else:
        undone()
    return count
