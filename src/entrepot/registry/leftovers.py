"""Clearing away what uploads left in object storage and nobody remembers.

A crash between two requests leaves parts of a multipart upload, or a tail, that no row names. They are
found by listing, and belong to an upload that goes on as long as its row is there.
"""

from datetime import timedelta
from functools import partial
from itertools import islice

from entrepot.ports.blobs import Leftovers
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store

_STEP = 200  # keys a read


class LeftoverCollector:
    """Collects in rounds; any number of rounds may run at once."""

    def __init__(self, store: Store, leftovers: Leftovers, clock: Clock, grace: timedelta) -> None:
        """Nothing is touched before it has been there for the grace period, by the storage's clock."""
        self._store = store
        self._leftovers = leftovers
        self._clock = clock
        self._grace = grace

    async def collect(self) -> int:
        """One round over everything: how many uploads had left something."""
        before = self._clock() - self._grace
        keys, cleared = iter(await self._leftovers.stale_leftovers(before)), 0
        while step := list(islice(keys, _STEP)):
            known = await self._store.read(partial(_known, step))
            for key in step:
                if key not in known:
                    await self._leftovers.clear_leftovers(key)
                    cleared += 1
        await self._store.write(lambda records: records.upload_holds.remove_ended(before))
        return cleared


async def _known(keys: list[str], records: Records) -> set[str]:
    return await records.uploads.known_keys(keys)
