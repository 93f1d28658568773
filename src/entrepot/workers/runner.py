"""Runs background jobs: claims what is due, retries what fails, any number of runners at once.

A job is done at least once: its runner renews its lease as long as it works, and when the runner dies
the lease ends and another takes the job. Leases are written by the runners' own clocks: one that is a
lease ahead of the others takes their jobs from them, and the job is done twice.

A runner does one job of each kind at a time, and all kinds side by side: however long a job takes, and
however many of its kind wait, only its own kind waits for it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from entrepot.ports.clock import Clock, NewId
from entrepot.ports.outages import Outage, Unsettled, told
from entrepot.ports.records import Job, Records, Store
from entrepot.ports.reports import JobReports, NoReports

logger = logging.getLogger(__name__)

_LEASE = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=1)  # between two tries of a job that fails
_SILENT = NoReports()
_PATIENCE = timedelta(seconds=10)
_AT_ONCE = 16  # jobs looked at in one go


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: what to do with its unique key, and how often it recurs, None for never."""

    name: str
    run: Callable[[str], Awaitable[None]]
    every: timedelta | None = None


class Runner:
    """Runs jobs of the kinds it knows: those of one kind one after another, different kinds side by side."""

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
        patience: timedelta = _PATIENCE,
    ) -> None:
        """`lease` is how long a job waits for another runner when its own has died.

        `patience` is how long jobs may still take when the runner was told to stop.
        """
        self._store = store
        self._kinds: Mapping[str, Kind] = {kind.name: kind for kind in kinds}
        self._clock = clock
        self._new_id = new_id
        self._poll = poll
        self._reports = reports
        self._lease = lease
        self._patience = patience
        self._lanes: dict[str, asyncio.Task[int]] = {}  # by kind

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; jobs at hand then have `patience` to end.

        One that takes longer is broken off, and due again at once for whoever is there to take it.
        """
        is_scheduled = False
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                with _told_of_failures():
                    if not is_scheduled:
                        await self._schedule_recurring()
                        is_scheduled = True
                    await self._begin_due(stop)
                await asyncio.wait(
                    {stopping, *self._lanes.values()},
                    timeout=self._poll.total_seconds(),
                    return_when=asyncio.FIRST_COMPLETED,
                )
            if self._lanes:
                await asyncio.wait(self._lanes.values(), timeout=self._patience.total_seconds())
        finally:
            stopping.cancel()
            await self._break_off()

    async def run_due(self, stop: asyncio.Event | None = None) -> int:
        """Run what is due now, until told to stop; how many jobs were taken."""
        lanes = await self._begin_due(stop or asyncio.Event())
        try:
            return sum(await asyncio.gather(*lanes))
        finally:
            await self._break_off()

    async def _begin_due(self, stop: asyncio.Event) -> list[asyncio.Task[int]]:
        """Begin with what is due of every kind that is not at work."""
        begun = list[asyncio.Task[int]]()
        while idle := [name for name in self._kinds if name not in self._lanes]:
            now = self._clock()
            due = await self._store.read(partial(_due, now, idle))
            for name in dict.fromkeys(job.kind for job in due):
                jobs = [job for job in due if job.kind == name]
                begun.append(self._begin(self._kinds[name], jobs, stop))
            if len(due) < _AT_ONCE:
                break  # else jobs of one kind may stand before all of another
        return begun

    def _begin(self, kind: Kind, jobs: Sequence[Job], stop: asyncio.Event) -> asyncio.Task[int]:
        lane = asyncio.ensure_future(self._work_off(kind, jobs, stop))
        self._lanes[kind.name] = lane
        lane.add_done_callback(lambda _: self._lanes.pop(kind.name))
        return lane

    async def _work_off(self, kind: Kind, jobs: Sequence[Job], stop: asyncio.Event) -> int:
        """Run these one after another, until told to stop; how many nobody else had taken."""
        taken = 0
        with _told_of_failures():
            for job in jobs:
                if stop.is_set():
                    break
                if await self._claim_and_run(kind, job):
                    taken += 1
        if not taken:
            await _wait(stop, self._poll)  # they cannot be claimed now: not to be asked at once again
        return taken

    async def _claim_and_run(self, kind: Kind, job: Job) -> bool:
        lease, until = self._new_id(), self._clock() + self._lease
        if not await self._store.write(lambda records: records.jobs.claim(job, lease=lease, until=until)):
            return False
        try:
            with self._reports.job(job.kind):
                await self._run_leased(kind, job, lease)
        except asyncio.CancelledError:
            await self._put_back(job, lease, run_at=self._clock(), error="broken off")
            raise
        except Exception as failure:
            if isinstance(failure, Outage | Unsettled):
                logger.warning(
                    "job %s %s met an outage", job.kind, job.unique_key, extra={"outage": told(failure)}
                )
            else:
                logger.exception("job %s %s failed", job.kind, job.unique_key)
            run_at = self._clock() + _wait_after(job.attempts)
            await self._put_back(job, lease, run_at=run_at, error=type(failure).__name__)
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
            await work
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.wait({work})
            raise

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

    async def _put_back(self, job: Job, lease: str, *, run_at: datetime, error: str) -> None:
        await self._store.write(
            lambda records: records.jobs.put_back(job.id, lease, run_at=run_at, error=error)
        )

    async def _finish(self, kind: Kind, job: Job, lease: str) -> None:
        again = None
        if kind.every is not None:
            again = self._job(kind, job.unique_key, self._clock() + kind.every)

        async def body(records: Records) -> None:
            await records.jobs.finish(job.id, lease)
            if again is not None:
                await records.jobs.enqueue(again)

        await self._store.write(body)

    async def _break_off(self) -> None:
        """Cancel what is still at work, and let it put its jobs back."""
        lanes = list(self._lanes.values())
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)

    async def _schedule_recurring(self) -> None:
        recurring = [kind for kind in self._kinds.values() if kind.every is not None]
        first = [self._job(kind, "", self._clock()) for kind in recurring]

        async def body(records: Records) -> None:
            for job in first:
                await records.jobs.enqueue(job)

        await self._store.write(body)

    def _job(self, kind: Kind, unique_key: str, run_at: datetime) -> Job:
        return Job(self._new_id(), kind.name, unique_key, "{}", run_at, attempts=0)


async def _due(now: datetime, kinds: Sequence[str], records: Records) -> list[Job]:
    return await records.jobs.due(now, _AT_ONCE, kinds=kinds)


@contextmanager
def _told_of_failures() -> Iterator[None]:
    """What goes wrong with the table of jobs itself is logged, and tried again later."""
    try:
        yield
    except (Outage, Unsettled) as outage:
        logger.warning("jobs cannot be looked up now", extra={"outage": told(outage)})
    except Exception:
        logger.exception("jobs could not be looked up")


def _wait_after(attempts: int) -> timedelta:
    """Doubling from a second."""
    return min(timedelta(seconds=2 ** min(attempts, 12)), _LONGEST_WAIT)


async def _wait(stop: asyncio.Event, time: timedelta) -> None:
    try:
        await asyncio.wait_for(stop.wait(), time.total_seconds())
    except TimeoutError:
        return
