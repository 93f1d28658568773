"""Jobs on a pool end before their coroutine goes on, cancelled or not."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from entrepot.storage.blobs.threads import acquired, run


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


async def test_result_and_failure_come_through(pool: ThreadPoolExecutor) -> None:
    assert await run(pool, lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        await run(pool, lambda: 1 // 0)


async def test_cancellation_is_raised_only_when_the_job_has_ended(pool: ThreadPoolExecutor) -> None:
    started, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def job() -> None:
        started.set()
        may_end.wait()
        ended.set()

    waiting = asyncio.create_task(run(pool, job))
    await asyncio.to_thread(started.wait)
    waiting.cancel()
    await asyncio.wait((waiting,), timeout=0)
    assert not waiting.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()


async def test_what_a_cancelled_acquire_gave_is_released(pool: ThreadPoolExecutor) -> None:
    may_end = threading.Event()
    released: list[str] = []

    def acquire() -> str:
        may_end.wait()
        return "a file"

    waiting = asyncio.create_task(acquired(pool, acquire, released.append))
    await asyncio.wait((waiting,), timeout=0)
    waiting.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await run(pool, lambda: None)
    assert released == ["a file"]
