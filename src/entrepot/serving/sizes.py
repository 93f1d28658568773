"""How much the registry holds and how its jobs stand, shown by every node as the database tells it."""

import asyncio
import logging
from datetime import UTC, datetime

from entrepot.ports.outages import Outage
from entrepot.registry.totals import Totals
from entrepot.telemetry import families
from entrepot.telemetry.meters import Counter, Meters, Series

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 15.0


async def show_sizes(totals: Totals, meters: Meters) -> None:
    """Look now and then, for ever; an outage leaves what was last seen."""
    sizes = Sizes(totals, meters)
    while True:
        try:
            await sizes.show()
        except Outage:
            logger.info("sizes could not be read")
        except Exception:
            logger.exception("sizes could not be read")
        await asyncio.sleep(_EVERY_SECONDS)


class Sizes:
    """The gauges of one process."""

    def __init__(self, totals: Totals, meters: Meters) -> None:
        self._totals = totals
        self._rows = meters.counters(families.STORED)
        self._bytes = meters.counters(families.STORED_BYTES)
        self._at = meters.counters(families.STORED_AT)
        self._waiting = meters.counters(families.JOBS_WAITING)
        self._running = meters.counters(families.JOBS_RUNNING)
        self._late = meters.counters(families.JOBS_LATE)
        self._kinds: set[str] = set()

    async def show(self) -> None:
        """Put what the database says on the sheet."""
        await self._show_jobs()
        for what, total in (await self._totals.latest()).items():
            self._at.of(what).put(total.counted_at.timestamp())
            self._rows.of(what).put(total.rows)
            if what in ("blobs", "archived", "images", "uploads"):
                self._bytes.of(what).put(total.size_bytes)

    async def _show_jobs(self) -> None:
        now, counts = datetime.now(UTC), await self._totals.jobs()
        for kind in self._kinds - {count.kind for count in counts}:
            _put(kind, (self._waiting, 0), (self._running, 0), (self._late, 0))
        for count in counts:
            late = 0.0 if count.oldest is None else max((now - count.oldest).total_seconds(), 0)
            _put(
                count.kind, (self._waiting, count.waiting), (self._running, count.running), (self._late, late)
            )
            self._kinds.add(count.kind)


def _put(kind: str, *values: tuple[Series[Counter], float]) -> None:
    for series, value in values:
        series.of(kind).put(value)
