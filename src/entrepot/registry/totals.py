"""How much the registry holds: counted now and then in pages, and kept in one row for every node to read."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import orjson

from entrepot.domain.names import Registry
from entrepot.ports.clock import Clock
from entrepot.ports.records import Counted, CountedPage, JobCount, Records, Store

_PAGE = 5000  # rows a statement, some milliseconds each
_MOST_JOBS = 5000  # that are looked at: a longer queue shows as this many
_OURS = Registry(account="", region="")  # whose settings are the server's own
_NAME = "totals"


@dataclass(frozen=True, slots=True)
class Total:
    """Rows of one kind, and their bytes."""

    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Counting:
    """What was there, at about one time."""

    counted_at: datetime
    totals: dict[Counted, Total]


class Totals:
    """Counts, and tells what was last counted."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def count(self) -> Counting:
        """Count everything anew; a page sees what is committed by then, so the whole is no snapshot."""
        at = self._clock()
        counting = Counting(at, {what: await self._count(what) for what in Counted})
        told = {what.value: [total.rows, total.size_bytes] for what, total in counting.totals.items()}
        text = orjson.dumps({"at": at.isoformat(), "totals": told}).decode()
        await self._store.write(lambda records: records.settings.put(_OURS, _NAME, text))
        return counting

    async def latest(self) -> Counting | None:
        """What was last counted, on whichever node; None before the first time."""
        text = await self._store.read(lambda records: records.settings.find(_OURS, _NAME))
        if text is None:
            return None
        told = orjson.loads(text)
        totals = {Counted(what): Total(*pair) for what, pair in told["totals"].items()}
        return Counting(datetime.fromisoformat(told["at"]), totals)

    async def jobs(self) -> list[JobCount]:
        """Background jobs as they stand, by kind."""
        now = self._clock()
        return await self._store.scan(lambda records: records.counts.jobs(now, _MOST_JOBS))

    async def _count(self, what: Counted) -> Total:
        rows = size_bytes = 0
        page = await self._store.scan(partial(_page, what, None))
        while True:
            rows, size_bytes = rows + page.rows, size_bytes + page.size_bytes
            if page.last is None:
                return Total(rows, size_bytes)
            page = await self._store.scan(partial(_page, what, page.last))


async def _page(what: Counted, after: tuple[str, ...] | None, records: Records) -> CountedPage:
    return await records.counts.page(what, after=after, limit=_PAGE)
