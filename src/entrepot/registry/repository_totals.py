"""How much each repository holds, kept true: changes are added up, and the sum is compared with the rows.

Whoever changes images or tags leaves the difference in the same transaction; here those are added to the
totals, a bounded number at a time. Counting a repository anew disturbs nobody either: what one snapshot
shows to be missing is itself a difference, whatever has changed since.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.ports.statistics import ChangeKey, CountTurn, Holding, RepositoryTotal, UniqueBytes

logger = logging.getLogger(__name__)

_STEP = 500  # changes a transaction
_ROWS = 2000  # a statement, some milliseconds
_TURNS = 1000  # repositories looked at in one go
_COUNTED_EVERY = timedelta(days=1)  # a node of the release before says nothing of what it changes
_UNIQUE_PAUSE = timedelta(minutes=1)  # between two computations for a repository that goes on changing
_UNIQUE_STEP = 100  # repositories


class RepositoryTotals:
    """Keeps them; any number of nodes may do so at once."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def fold(self) -> int:
        """Add every change that waits to its repository's total; how many there were."""
        folded, after = 0, ("", "")
        while changes := await self._store.scan(partial(_changes, after)):
            folded += await self._store.write_apart(partial(_fold, changes, self._clock()))
            after = changes[-1]
        return folded

    async def count_due(self) -> int:
        """Count every repository that never was, or not for a day; how many."""
        counted, after, before = 0, "", self._clock() - _COUNTED_EVERY
        while turns := await self._store.scan(partial(_turns, after)):
            for turn in turns:
                if turn.counted_at is None or turn.counted_at <= before:
                    counted += await self._count(turn)
            after = turns[-1].repository_id
        return counted

    async def compute_unique(self) -> int:
        """Compute the unique bytes of repositories that changed since they were; how many."""
        computed, idle_since = 0, self._clock() - _UNIQUE_PAUSE
        while due := await self._store.read(partial(_due, idle_since)):
            for repository_id, seen in due:
                size_bytes = await self._store.scan(partial(_unique_bytes, repository_id))
                unique = UniqueBytes(size_bytes, self._clock())
                await self._store.write_apart(partial(_put_unique, repository_id, unique, seen))
                computed += 1
        return computed

    async def _count(self, turn: CountTurn) -> bool:
        """Correct the total by what is missing; False where somebody else has just done so."""
        found, missing, latest = await self._store.scan(partial(compare_total, turn.repository_id))
        if found.counts and missing != Holding():
            logger.warning(
                "a repository's total was wrong",
                extra={
                    "repository": turn.repository_id,
                    "images": missing.images,
                    "tags": missing.tags,
                    "bytes": missing.size_bytes,
                },
            )
        now, counts = self._clock(), found.counts

        async def correct(records: Records) -> bool:
            return await records.statistics.correct(
                turn.repository_id, missing, counts=counts, pushed_at=latest, now=now
            )

        return await self._store.write_apart(correct)


async def compare_total(
    repository_id: str, records: Records
) -> tuple[RepositoryTotal, Holding, datetime | None]:
    """The total, what it lacks of what is really there, and when the latest push was.

    Belongs into one scan, so that no change is seen on one side alone.
    """
    total = (await records.statistics.totals([repository_id])).get(repository_id, RepositoryTotal())
    counted, latest = Holding(), list[datetime]()
    for count in (records.statistics.count_images, records.statistics.count_tags):
        after: str | None = ""
        while after is not None:
            tally = await count(repository_id, after=after, limit=_ROWS)
            counted, after = counted + tally.holding, tally.last
            latest += [tally.latest] if tally.latest else []
    return total, counted - total.holding, max(latest, default=None)


async def _changes(after: ChangeKey, records: Records) -> list[ChangeKey]:
    return await records.statistics.changes(after=after, limit=_STEP)


async def _fold(changes: Sequence[ChangeKey], now: datetime, records: Records) -> int:
    """Add these, which come by repository: in that order no two nodes wait for each other."""
    folded = 0
    for repository_id, of_repository in groupby(changes, lambda key: key[0]):
        ids = [change_id for _, change_id in of_repository]
        folded += await records.statistics.fold(repository_id, ids, now=now)
    return folded


async def _turns(after: str, records: Records) -> list[CountTurn]:
    return await records.statistics.turns(after=after, limit=_TURNS)


async def _due(idle_since: datetime, records: Records) -> list[tuple[str, datetime]]:
    return await records.statistics.due_for_unique(idle_since=idle_since, limit=_UNIQUE_STEP)


async def _unique_bytes(repository_id: str, records: Records) -> int:
    size_bytes, after = 0, ""
    while held := await records.statistics.held(repository_id, after=after, limit=_ROWS):
        size_bytes += sum(layer_bytes for _, layer_bytes in held)
        after = held[-1][0]
    return size_bytes


async def _put_unique(repository_id: str, unique: UniqueBytes, seen: datetime, records: Records) -> None:
    await records.statistics.put_unique(repository_id, unique, seen=seen)
