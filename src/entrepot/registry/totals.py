"""How much the registry holds: brought up to date now and then, and kept in one row for every node to read.

Repositories, images and tags are added up from the totals that are kept of each registry. Accounts, blobs and
uploads are counted in pages, and the more seldom the longer that takes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson

from entrepot.domain.names import Registry
from entrepot.ports.clock import Clock
from entrepot.ports.records import Counted, CountedPage, JobCount, Records, Store

_PAGE = 5000  # rows a statement, some milliseconds each
_MOST_JOBS = 5000  # that are looked at: a longer queue shows as this many
_PAUSE = 500  # times as long as counting took, until it is done again
_LONGEST_PAUSE = timedelta(days=1)
_OURS = Registry(account="", region="")  # whose settings are the server's own
_NAME = "totals"


@dataclass(frozen=True, slots=True)
class Total:
    """Rows of one kind and their bytes, as they were at about one time; `took` is what that cost."""

    rows: int
    size_bytes: int
    counted_at: datetime
    took: timedelta = timedelta(0)


class Totals:
    """Counts, and tells what was last counted."""

    def __init__(self, store: Store, clock: Clock, *, seconds: Callable[[], float] = time.monotonic) -> None:
        """`seconds` tells how long counting takes."""
        self._store = store
        self._clock = clock
        self._seconds = seconds

    async def count(self) -> dict[Counted, Total]:
        """Count what is due; a page sees what is committed by then, so the whole is no snapshot."""
        at, totals = self._clock(), await self.latest()
        for what in Counted:
            if what not in totals or _is_due(totals[what], at):
                totals[what] = await self._count(what, at)
        text = orjson.dumps({"at": at.isoformat(), **_told(totals)}).decode()
        await self._store.write(lambda records: records.settings.put(_OURS, _NAME, text))
        return totals

    async def latest(self) -> dict[Counted, Total]:
        """What was last counted, on whichever node; nothing before the first time."""
        text = await self._store.read(lambda records: records.settings.find(_OURS, _NAME))
        return {} if text is None else _read(orjson.loads(text))

    async def jobs(self) -> list[JobCount]:
        """Background jobs as they stand, by kind."""
        now = self._clock()
        return await self._store.scan(lambda records: records.counts.jobs(now, _MOST_JOBS))

    async def _count(self, what: Counted, at: datetime) -> Total:
        began, rows, size_bytes, counted_at = self._seconds(), 0, 0, at
        after: tuple[str, ...] | None = None
        while True:
            page = await self._store.scan(partial(_page, what, after))
            rows, size_bytes = rows + page.rows, size_bytes + page.size_bytes
            counted_at = min(counted_at, page.counted_at or at)
            after = page.last
            if after is None:
                return Total(rows, size_bytes, counted_at, timedelta(seconds=self._seconds() - began))


def _is_due(total: Total, now: datetime) -> bool:
    pause = min(_PAUSE * total.took, _LONGEST_PAUSE)
    return not total.counted_at <= now < total.counted_at + pause  # nor where some clock was wrong


def _told(totals: dict[Counted, Total]) -> dict[str, object]:
    """`at` and `totals` are what nodes of the release before read."""
    return {
        "totals": {what.value: [total.rows, total.size_bytes] for what, total in totals.items()},
        "times": {what.value: total.counted_at.isoformat() for what, total in totals.items()},
        "took": {what.value: total.took.total_seconds() for what, total in totals.items()},
    }


def _read(told: Any) -> dict[Counted, Total]:
    times, took = told.get("times", {}), told.get("took", {})
    return {
        Counted(what): Total(
            rows,
            size_bytes,
            datetime.fromisoformat(times.get(what, told["at"])),
            timedelta(seconds=took.get(what, 0)),
        )
        for what, (rows, size_bytes) in told["totals"].items()
    }


async def _page(what: Counted, after: tuple[str, ...] | None, records: Records) -> CountedPage:
    return await records.counts.page(what, after=after, limit=_PAGE)
