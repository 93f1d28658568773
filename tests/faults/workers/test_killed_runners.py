"""Jobs of a node that dies go to another, and those of one that lives stay with it."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from entrepot.ports.records import Job
from entrepot.storage.metadata.connection import Connection, Database
from entrepot.storage.metadata.migrate import migrate, packaged
from entrepot.storage.metadata.store import SqlStore
from tests.contract.metadata.places import Place
from tests.engines.programs import ROOT
from tests.faults.workers.runs_jobs import KIND

_LEASE_SECONDS = 1.0
_LONG_SECONDS = 600.0  # a lease that no test waits for
_JOBS = 40


async def migrated(place: Place) -> Database:
    database = await place.open()
    await migrate(database, packaged(), now=datetime.now(UTC))
    return database


async def enqueue(database: Database, *unique_keys: str) -> None:
    store = SqlStore(database)
    for key in unique_keys:
        job = Job(key, KIND, key, "{}", datetime.now(UTC), attempts=0)
        await store.write(lambda records, job=job: records.jobs.enqueue(job))  # type: ignore[misc]


@asynccontextmanager
async def running(place: Place, how: str, *, lease_seconds: float = _LEASE_SECONDS) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.workers.runs_jobs", place.url, how, str(lease_seconds),
        cwd=ROOT, env={"PYTHONPATH": "src"}, stdout=PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def next_job(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readuntil()).decode().strip()


async def leased_until(connection: Connection) -> int:
    row = await connection.row("SELECT leased_until FROM job")
    assert row is not None
    found: int = row["leased_until"]
    return found


async def test_a_job_stays_with_its_living_runner_and_moves_when_that_is_killed(
    shared_place: Place, tell: Callable[[str], None]
) -> None:
    database = await migrated(shared_place)
    async with running(shared_place, "hangs") as first:
        await enqueue(database, "a")
        assert await next_job(first) == "a"
        async with running(shared_place, "works") as second, asyncio.timeout(60):
            taking_over = asyncio.create_task(next_job(second))
            began = await database.read(leased_until)
            while await database.read(leased_until) < began + 3 * _LEASE_SECONDS * 1_000_000:
                assert not taking_over.done()
            first.kill()
            killed = time.monotonic()
            assert await taking_over == "a"
            tell(f"after {time.monotonic() - killed:.1f} s")


async def test_a_long_job_moves_at_once_when_its_runner_is_told_to_stop(shared_place: Place) -> None:
    database = await migrated(shared_place)
    async with running(shared_place, "hangs", lease_seconds=_LONG_SECONDS) as first, asyncio.timeout(60):
        await enqueue(database, "a")
        assert await next_job(first) == "a"
        first.terminate()
        assert await first.wait() == 0
        async with running(shared_place, "works", lease_seconds=_LONG_SECONDS) as second:
            assert await next_job(second) == "a"


async def test_runners_of_several_nodes_do_each_job_once(shared_place: Place) -> None:
    database = await migrated(shared_place)
    keys = {f"{number:02}" for number in range(_JOBS)}
    await enqueue(database, *keys)
    done: list[str] = []

    async def listen(process: Process) -> None:
        while len(done) < _JOBS:
            done.append(await next_job(process))

    async with (
        running(shared_place, "works") as one,
        running(shared_place, "works") as two,
        running(shared_place, "works") as three,
        asyncio.timeout(60),
    ):
        listening = [asyncio.create_task(listen(process)) for process in (one, two, three)]
        await asyncio.wait(listening, return_when=asyncio.FIRST_COMPLETED)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    assert sorted(done) == sorted(keys)
