"""How much each repository holds, kept true: changes are added up, and the sum is compared with the rows.

Whoever changes images or tags leaves the difference in the same transaction; here those are added to the
totals, a bounded number at a time. Counting a repository anew disturbs nobody either: what one snapshot
shows to be missing is itself a difference, whatever has changed since.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
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
_COUNTED_AT_ONCE = 100  # of these, in one snapshot and one transaction
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
            due = [
                turn.repository_id for turn in turns if turn.counted_at is None or turn.counted_at <= before
            ]
            for start in range(0, len(due), _COUNTED_AT_ONCE):
                counted += await self._count(due[start : start + _COUNTED_AT_ONCE])
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

    async def _count(self, repository_ids: Sequence[str]) -> int:
        """Correct the totals by what is missing, but where somebody else has just done so; how many."""
        compared = await self._store.scan(partial(compare_totals, repository_ids))
        for each in compared:
            if each.total.counts and each.missing != Holding():
                logger.warning(
                    "a repository's total was wrong",
                    extra={
                        "repository": each.repository_id,
                        "images": each.missing.images,
                        "tags": each.missing.tags,
                        "bytes": each.missing.size_bytes,
                    },
                )
        return await self._store.write_apart(partial(correct_totals, compared, self._clock()))


@dataclass(frozen=True, slots=True)
class Compared:
    """A repository's total, what it lacks of what is really there, and when the latest push there was."""

    repository_id: str
    total: RepositoryTotal
    missing: Holding
    pushed_at: datetime | None


async def compare_totals(repository_ids: Sequence[str], records: Records) -> list[Compared]:
    """Belongs into one scan, so that no change is seen on one side alone."""
    totals = await records.statistics.totals(repository_ids)
    compared = []
    for repository_id in repository_ids:
        total = totals.get(repository_id, RepositoryTotal())
        counted, pushed_at = await _count_rows(repository_id, records)
        compared.append(Compared(repository_id, total, counted - total.holding, pushed_at))
    return compared


async def _count_rows(repository_id: str, records: Records) -> tuple[Holding, datetime | None]:
    counted, latest = Holding(), list[datetime]()
    for count in (records.statistics.count_images, records.statistics.count_tags):
        after: str | None = ""
        while after is not None:
            tally = await count(repository_id, after=after, limit=_ROWS)
            counted, after = counted + tally.holding, tally.last
            latest += [tally.latest] if tally.latest else []
    return counted, max(latest, default=None)


async def correct_totals(compared: Sequence[Compared], now: datetime, records: Records) -> int:
    """Add what each lacks; how many were not corrected by somebody else meanwhile."""
    return sum(
        [
            await records.statistics.correct(
                each.repository_id,
                each.missing,
                counts=each.total.counts,
                pushed_at=each.pushed_at,
                now=now,
            )
            for each in compared
        ]
    )


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
