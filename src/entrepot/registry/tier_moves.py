"""Moving blobs between the standard tier and the archive tier, one at a time, and losing none.

A move writes a copy under a new key, reads it back and compares digests, and then commits one transaction:
the copy counts, and the old bytes go into the trash. Until then nothing has changed; a crash leaves a copy
whose key stands in the blob's note, and the next try throws it away. Whether the blob is still to be moved is
asked again in the transaction: whoever pushed, mounted or restored meanwhile wins.
"""

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from entrepot.domain.digests import algorithm_of
from entrepot.domain.names import Registry
from entrepot.ports.blobs import BlobDamaged, BlobMissing, StoredBlob
from entrepot.ports.clock import Clock
from entrepot.ports.keys import DataKeys
from entrepot.ports.records import BlobRow, Records, Store, TierMove
from entrepot.ports.tiers import Tiers

logger = logging.getLogger(__name__)

_STEP = 100  # notes that are read at once
_AGAIN = timedelta(
    days=1
)  # until a blob is looked at again that others still need, or that could not be moved
_OURS = Registry(account="", region="")  # whose settings are the server's own
_USED = "archive-tier"  # the setting that says that blobs may lie in the archive tier


@dataclass(slots=True)
class Moved:
    """What one round did: blobs, and their bytes before sealing."""

    archived: int = 0
    archived_bytes: int = 0
    packed_bytes: int = 0
    brought_back: int = 0


@dataclass(frozen=True, slots=True)
class _Copy:
    """A copy that is being made of a blob."""

    row: BlobRow
    key: str
    data_key: bytes | None
    wrapped_key: bytes | None


class TierMover:
    """Moves blobs; any number of nodes may do so at once."""

    def __init__(
        self, store: Store, tiers: Tiers, data_keys: DataKeys, clock: Clock, *, is_sealed: bool = True
    ) -> None:
        """`is_sealed` is False where the storage of both tiers encrypts what it keeps by itself."""
        self._store = store
        self._tiers = tiers
        self._data_keys = data_keys
        self._clock = clock
        self._is_sealed = is_sealed

    async def run(self) -> Moved:
        """One round over all blobs whose turn has come."""
        done = Moved()
        now = self._clock()
        while due := await self._store.read(lambda records: records.tier_moves.due(now, _STEP)):
            for noted in due:
                await self._look_at(noted, done)
        return done

    async def bring_back(self, blob_key: str) -> None:
        """Move the blob out of the archive tier; returns when it lies there no more under this key.

        Raises BlobMissing or BlobDamaged where the archive does not give it whole.
        """
        row = await self._store.read(lambda records: records.blobs.find_by_key(blob_key))
        if row is not None and row.in_archive is not None:
            await self._move(row, is_wanted=True)

    async def _look_at(self, noted: TierMove, done: Moved) -> None:
        blob_key = noted.blob_key
        found = await self._store.write(partial(self._next_move, blob_key))
        if found is None:
            return
        try:
            moved = await self._move(found, is_wanted=False)
        except (BlobMissing, BlobDamaged) as failure:
            if await self._store.read(lambda records: records.blobs.find_by_key(blob_key)) is not None:
                logger.warning("a layer could not be moved between tiers: %s", failure)
                await self._store.write(partial(self._put_off, blob_key))
            return
        if moved is None:
            return
        if moved.in_archive is None:
            done.brought_back += 1
        else:
            done.archived += 1
            done.archived_bytes += moved.size_bytes
            done.packed_bytes += moved.packed_bytes

    async def _next_move(self, blob_key: str, records: Records) -> BlobRow | None:
        """The blob, if it belongs into the other tier; else its note goes, or waits for its turn."""
        row = await records.blobs.find_by_key(blob_key)
        if row is None or not await records.blobs.is_held(blob_key):
            await self._drop_copy(blob_key, records)
            await records.tier_moves.finish(blob_key)  # removed, or the collector's
            return None
        is_needed = await records.blobs.is_needed(blob_key)
        if is_needed is (row.in_archive is not None):
            return row
        await self._drop_copy(blob_key, records)
        if is_needed:  # in some repository it is archived, in others it is not yet
            await records.tier_moves.postpone(blob_key, self._clock() + _AGAIN)
        else:
            await records.tier_moves.finish(blob_key)
        return None

    async def _move(self, row: BlobRow, *, is_wanted: bool) -> BlobRow | None:
        """Move the blob to the other tier; the blob as it then is, None where somebody was quicker.

        `is_wanted` brings it back though no active image needs it yet.
        """
        copy = await self._begin(row)
        source = StoredBlob(row.blob_key, await self._key_of(row), row.size_bytes, row.in_archive)
        try:
            make = self._tiers.archive if row.in_archive is None else self._tiers.bring_back
            stored = await make(source, copy.key, copy.data_key)
            await self._check(stored, row)
        except Exception:
            await self._store.write(partial(self._throw, copy))
            raise
        moved = BlobRow(
            blob_key=copy.key,
            digest=row.digest,
            encryption_key=row.encryption_key,
            size_bytes=row.size_bytes,
            wrapped_key=copy.wrapped_key,
            created_at=row.created_at,
            in_archive=stored.in_archive,
        )
        if await self._store.write(partial(self._commit, copy, moved, is_wanted=is_wanted)):
            return moved
        return None

    async def _begin(self, row: BlobRow) -> _Copy:
        key = secrets.token_hex(16)
        data_key, wrapped_key = await self._data_keys.new(key) if self._is_sealed else (None, None)
        copy = _Copy(row, key, data_key, wrapped_key)
        await self._store.write(partial(self._note, copy))
        return copy

    async def _note(self, copy: _Copy, records: Records) -> None:
        """Note the copy before its first byte; one that was never committed is thrown away."""
        blob_key, now = copy.row.blob_key, self._clock()
        earlier = await records.tier_moves.find(blob_key)
        if earlier is not None and earlier.copy_key is not None:
            await records.garbage.throw(earlier.copy_key, now)
        await records.tier_moves.begin(blob_key, copy.key, now)

    async def _commit(self, copy: _Copy, moved: BlobRow, records: Records, *, is_wanted: bool) -> bool:
        """Let the copy count and throw the old bytes away, if the blob is still to be moved from there."""
        blob_key, now = copy.row.blob_key, self._clock()
        noted = await records.tier_moves.find(blob_key)
        current = await records.blobs.find_by_key(blob_key)
        if (
            noted is None
            or noted.copy_key != copy.key
            or current is None
            or not await records.blobs.is_held(blob_key)
            or not await self._may_move(records, blob_key, moved, is_wanted=is_wanted)
        ):
            await self._throw(copy, records)
            return False
        await records.blobs.replace(blob_key, moved)
        await records.garbage.throw(blob_key, now)
        await records.tier_moves.finish(blob_key)
        if moved.in_archive is not None and await records.settings.find(_OURS, _USED) is None:
            await records.settings.put(_OURS, _USED, "used")
        return True

    async def _may_move(self, records: Records, blob_key: str, moved: BlobRow, *, is_wanted: bool) -> bool:
        is_needed = await records.blobs.is_needed(blob_key)
        return not is_needed if moved.in_archive is not None else is_needed or is_wanted

    async def _throw(self, copy: _Copy, records: Records) -> None:
        """Throw the copy away; where the note is still about this copy it says no more of any."""
        await records.garbage.throw(copy.key, self._clock())
        noted = await records.tier_moves.find(copy.row.blob_key)
        if noted is not None and noted.copy_key == copy.key:
            await records.tier_moves.postpone(copy.row.blob_key, self._clock())

    async def _drop_copy(self, blob_key: str, records: Records) -> None:
        noted = await records.tier_moves.find(blob_key)
        if noted is not None and noted.copy_key is not None:
            await records.garbage.throw(noted.copy_key, self._clock())

    async def _put_off(self, blob_key: str, records: Records) -> None:
        noted = await records.tier_moves.find(blob_key)
        if noted is not None and noted.copy_key is None:  # else somebody is at work on it
            await records.tier_moves.postpone(blob_key, self._clock() + _AGAIN)

    async def _key_of(self, row: BlobRow) -> bytes | None:
        if row.wrapped_key is None:
            return None
        return await self._data_keys.open(row.wrapped_key, row.blob_key)

    async def _check(self, copy: StoredBlob, row: BlobRow) -> None:
        """Read the copy back; raises BlobDamaged unless it has the blob's digest."""
        algorithm = algorithm_of(row.digest)
        running = hashlib.new(algorithm)
        async for piece in self._tiers.chunks(copy, 0, row.size_bytes):
            running.update(piece)
        if f"{algorithm}:{running.hexdigest()}" != row.digest:
            raise BlobDamaged(f"the copy of {row.blob_key} does not have the digest {row.digest}")


async def uses_archive(store: Store) -> bool:
    """Whether blobs may lie in the archive tier, so that no server must run without one."""
    return await store.read(lambda records: records.settings.find(_OURS, _USED)) is not None
