"""What happened, gathered in memory and written down now and then, because nobody should wait for it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Generic, TypeVar

from entrepot.domain.errors import ReadOnly
from entrepot.ports.outages import Outage, Unsettled
from entrepot.ports.records import Records, Store

K = TypeVar("K")
V = TypeVar("V")

_STEP = 200  # entries a transaction
_MOST = 100_000  # keys: some ten megabytes


def _keep_latter(_former: V, latter: V) -> V:
    return latter


def _repeat(value: V) -> V:
    return value


class Gathering(Generic[K, V]):
    """What came together under each key in one process since the last flush; `write` puts some into rows.

    `merge` makes one value of two, the latter where it is not given. `doubtful` is what is left to write of a
    value of which nobody knows whether it was written: all of it, unless writing it twice would be wrong.
    """

    def __init__(
        self,
        store: Store,
        write: Callable[[list[tuple[K, V]], Records], Awaitable[None]],
        *,
        merge: Callable[[V, V], V] = _keep_latter,
        doubtful: Callable[[V], V] = _repeat,
        most: int = _MOST,
    ) -> None:
        """With `most` keys it is full: others are let go until the next flush."""
        self._store = store
        self._write = write
        self._merge = merge
        self._doubtful = doubtful
        self._most = most
        self._gathered: dict[K, V] = {}

    def put(self, key: K, value: V) -> None:
        """This comes to what there is under the key."""
        if key in self._gathered:
            self._gathered[key] = self._merge(self._gathered[key], value)
        elif len(self._gathered) < self._most:
            self._gathered[key] = value

    async def flush(self) -> None:
        """Write down what was gathered; an outage keeps what is not written for the next time."""
        gathered, self._gathered = list(self._gathered.items()), {}
        while gathered:
            step = gathered[:_STEP]
            try:
                await self._store.write(partial(self._write, step))
            except Outage:
                self._take_back(gathered)
                return
            except Unsettled:
                self._take_back([(key, self._doubtful(value)) for key, value in step] + gathered[_STEP:])
                return
            except ReadOnly:
                return  # nobody will write them down here
            gathered = gathered[_STEP:]

    async def flush_until(self, stop: asyncio.Event, every: timedelta) -> None:
        """Flush now and then, and once more when told to stop."""
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), every.total_seconds())
            except TimeoutError:
                await self.flush()
        await self.flush()

    def _take_back(self, gathered: list[tuple[K, V]]) -> None:
        """They came before what was gathered meanwhile."""
        latter, self._gathered = self._gathered, dict(gathered)
        for key, value in latter.items():
            self.put(key, value)
