"""Jobs on a bounded pool that end before the coroutine that asked for them goes on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor, Future
from typing import TypeVar

T = TypeVar("T")


async def run(pool: Executor, job: Callable[[], T]) -> T:
    """Run `job` on the pool and wait for it to end."""
    return await ended(pool.submit(job))


async def ended(job: Future[T]) -> T:
    """The job's result, once it has ended; a cancellation is raised only then.

    A thread cannot be stopped, and the file and buffers it works on must outlive it: a coroutine
    that left early would close the file under it.
    """
    waiting = asyncio.wrap_future(job)
    cancelled: asyncio.CancelledError | None = None
    while not waiting.done():
        try:
            # wait() leaves its futures alone when it is cancelled; a bare await would cancel the job
            await asyncio.wait((waiting,))
        except asyncio.CancelledError as cancel:
            cancelled = cancel
    if cancelled is not None:
        waiting.exception()
        raise cancelled
    return waiting.result()


async def acquired(pool: Executor, acquire: Callable[[], T], release: Callable[[T], None]) -> T:
    """Run `acquire` on the pool; what it gave is released again if the wait for it was cancelled."""
    job = pool.submit(acquire)
    try:
        return await ended(job)
    except asyncio.CancelledError:
        if job.exception() is None:
            pool.submit(release, job.result())
        raise


async def gathered(jobs: Iterable[Awaitable[None]]) -> None:
    """Wait for all of them, whatever becomes of any; then the first failure is raised."""
    for outcome in await asyncio.gather(*jobs, return_exceptions=True):
        if outcome is not None:
            raise outcome
