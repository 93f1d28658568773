"""Runs background jobs: claims what is due, retries what fails, any number of runners at once.

A job is done at least once: its runner renews its lease as long as it works, and when the runner dies
the lease ends and another takes the job. Leases are written by the runners' own clocks: one that is a
lease ahead of the others takes their jobs from them, and the job is done twice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from entrepot.ports.clock import Clock, NewId
from entrepot.ports.outages import Outage, Unsettled, told
from entrepot.ports.records import Job, Records, Store
from entrepot.ports.reports import JobReports, NoReports

logger = logging.getLogger(__name__)

_LEASE = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=1)  # between two tries of a job that fails
_SILENT = NoReports()
_AT_ONCE = 16  # jobs looked at in one go


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: what to do with its unique key, and how often it recurs, None for never."""

    name: str
    run: Callable[[str], Awaitable[None]]
    every: timedelta | None = None


class Runner:
    """Runs jobs of the kinds it knows, one after another."""

    def __init__(
        self,
        store: Store,
        kinds: Sequence[Kind],
        clock: Clock,
        new_id: NewId,
        *,
        poll: timedelta,
        reports: JobReports = _SILENT,
        lease: timedelta = _LEASE,
    ) -> None:
        """`lease` is how long a job waits for another runner when its own has died."""
        self._store = store
        self._kinds: Mapping[str, Kind] = {kind.name: kind for kind in kinds}
        self._clock = clock
        self._new_id = new_id
        self._poll = poll
        self._reports = reports
        self._lease = lease

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; the job at hand is finished first."""
        is_scheduled = False
        while not stop.is_set():
            try:
                if not is_scheduled:
                    await self._schedule_recurring()
                    is_scheduled = True
                worked = await self.run_due(stop)
            except (Outage, Unsettled) as outage:
                logger.warning("jobs cannot be looked up now", extra={"outage": told(outage)})
                worked = 0
            except Exception:
                logger.exception("jobs could not be looked up")
                worked = 0
            if not worked:
                await _wait(stop, self._poll)

    async def run_due(self, stop: asyncio.Event | None = None) -> int:
        """Run what is due now, until told to stop; how many jobs were taken."""
        now = self._clock()
        due = await self._store.read(lambda records: records.jobs.due(now, _AT_ONCE, kinds=list(self._kinds)))
        taken = 0
        for job in due:
            if stop is not None and stop.is_set():
                break
            kind = self._kinds.get(job.kind)
            if kind is not None and await self._claim_and_run(kind, job):
                taken += 1
        return taken

    async def _claim_and_run(self, kind: Kind, job: Job) -> bool:
        lease, until = self._new_id(), self._clock() + self._lease
        if not await self._store.write(lambda records: records.jobs.claim(job, lease=lease, until=until)):
            return False
        try:
            with self._reports.job(job.kind):
                await self._run_leased(kind, job, lease)
        except Exception as failure:
            if isinstance(failure, Outage | Unsettled):
                logger.warning(
                    "job %s %s met an outage", job.kind, job.unique_key, extra={"outage": told(failure)}
                )
            else:
                logger.exception("job %s %s failed", job.kind, job.unique_key)
            error, run_at = type(failure).__name__, self._clock() + _wait_after(job.attempts)
            await self._store.write(
                lambda records: records.jobs.put_back(job.id, lease, run_at=run_at, error=error)
            )
        else:
            await self._finish(kind, job, lease)
            logger.debug("job done", extra={"kind": job.kind, "key": job.unique_key})
        return True

    async def _run_leased(self, kind: Kind, job: Job, lease: str) -> None:
        """Do the work, and hold the job until it is done, however long that takes."""
        work = asyncio.ensure_future(kind.run(job.unique_key))
        pace = self._lease.total_seconds() / 3
        try:
            while not (await asyncio.wait({work}, timeout=pace))[0]:
                if not await self._renew(job, lease):
                    break
        except asyncio.CancelledError:
            work.cancel()
            raise
        await work

    async def _renew(self, job: Job, lease: str) -> bool:
        """False when the lease is another's: the work goes on, for it may be done twice but must be done."""
        until = self._clock() + self._lease
        try:
            return await self._store.write(lambda records: records.jobs.renew(job.id, lease, until=until))
        except (Outage, Unsettled) as outage:
            logger.warning(
                "the lease of job %s %s was not renewed",
                job.kind,
                job.unique_key,
                extra={"outage": told(outage)},
            )
            return True

    async def _finish(self, kind: Kind, job: Job, lease: str) -> None:
        again = None
        if kind.every is not None:
            again = self._job(kind, job.unique_key, self._clock() + kind.every)

        async def body(records: Records) -> None:
            await records.jobs.finish(job.id, lease)
            if again is not None:
                await records.jobs.enqueue(again)

        await self._store.write(body)

    async def _schedule_recurring(self) -> None:
        recurring = [kind for kind in self._kinds.values() if kind.every is not None]
        first = [self._job(kind, "", self._clock()) for kind in recurring]

        async def body(records: Records) -> None:
            for job in first:
                await records.jobs.enqueue(job)

        await self._store.write(body)

    def _job(self, kind: Kind, unique_key: str, run_at: datetime) -> Job:
        return Job(self._new_id(), kind.name, unique_key, "{}", run_at, attempts=0)


def _wait_after(attempts: int) -> timedelta:
    """Doubling from a second."""
    return min(timedelta(seconds=2 ** min(attempts, 12)), _LONGEST_WAIT)


async def _wait(stop: asyncio.Event, time: timedelta) -> None:
    try:
        await asyncio.wait_for(stop.wait(), time.total_seconds())
    except TimeoutError:
        return
