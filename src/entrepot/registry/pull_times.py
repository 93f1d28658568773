"""When images were last pulled: gathered in memory, because a pull must not wait for a write."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from entrepot.domain.digests import Digest
from entrepot.ports.clock import Clock
from entrepot.ports.outages import Outage, Unsettled
from entrepot.ports.records import Records, Store

_STEP = 200  # images a transaction

Pull = tuple[tuple[str, Digest], datetime]


class PullTimes:
    """The pulls of one process since the last flush; ECR promises the time to the day (ImageDetail)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._pulled: dict[tuple[str, Digest], datetime] = {}

    def note(self, repository_id: str, digest: Digest) -> None:
        """The image was pulled now."""
        self._pulled[repository_id, digest] = self._clock()

    async def flush(self) -> None:
        """Write down what was gathered; an outage keeps it for the next time."""
        gathered, self._pulled = self._pulled, {}
        pulls = iter(gathered.items())
        try:
            while step := list(islice(pulls, _STEP)):
                await self._store.write(partial(_note_pulls, step))
        except (Outage, Unsettled):
            self._pulled = gathered | self._pulled

    async def flush_until(self, stop: asyncio.Event, every: timedelta) -> None:
        """Flush now and then, and once more when told to stop."""
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), every.total_seconds())
            except TimeoutError:
                await self.flush()
        await self.flush()


async def _note_pulls(pulls: list[Pull], records: Records) -> None:
    for (repository_id, digest), at in pulls:
        await records.images.note_pull(repository_id, digest, at)
