"""What happened, gathered in memory and written down now and then, because nobody should wait for it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Generic, TypeVar

from entrepot.domain.errors import ReadOnly
from entrepot.ports.outages import Outage, Unsettled
from entrepot.ports.records import Records, Store

K = TypeVar("K")
V = TypeVar("V")

_STEP = 200  # entries a transaction


class Gathering(Generic[K, V]):
    """The last value under each key in one process since the last flush; `write` puts some into rows."""

    def __init__(self, store: Store, write: Callable[[list[tuple[K, V]], Records], Awaitable[None]]) -> None:
        self._store = store
        self._write = write
        self._gathered: dict[K, V] = {}

    def put(self, key: K, value: V) -> None:
        """This is the last value now."""
        self._gathered[key] = value

    async def flush(self) -> None:
        """Write down what was gathered; an outage keeps it for the next time."""
        gathered, self._gathered = self._gathered, {}
        entries = iter(gathered.items())
        try:
            while step := list(islice(entries, _STEP)):
                await self._store.write(partial(self._write, step))
        except (Outage, Unsettled):
            self._gathered = gathered | self._gathered
        except ReadOnly:
            return  # nobody will write them down here

    async def flush_until(self, stop: asyncio.Event, every: timedelta) -> None:
        """Flush now and then, and once more when told to stop."""
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), every.total_seconds())
            except TimeoutError:
                await self.flush()
        await self.flush()
