"""Background jobs: each done once where nobody fails, and again where somebody does."""

import asyncio
import json
import logging
from datetime import timedelta

import pytest

from entrepot.domain.audit import actor_of, operator
from entrepot.identity.auditing import AuditedStore
from entrepot.ports.outages import Outage
from entrepot.ports.records import Job
from entrepot.ports.reports import NoReports
from entrepot.registry.recycle_bin import Content, RecycleBin
from entrepot.workers.collection import collection_jobs
from entrepot.workers.recycling import history_jobs, recycling_jobs
from entrepot.workers.runner import Kind, Runner, _wait_after
from tests.unit.builders import ACCOUNT, REGISTRY, ROOT, START, World, new_id

MINUTE = timedelta(minutes=1)


def runner(world: World, *kinds: Kind, patience: timedelta = MINUTE) -> Runner:
    return Runner(world.store, kinds, world.clock, new_id, poll=timedelta(0), patience=patience)


KINDS = ("work", "later", "collect", "long", "short")


async def enqueue(world: World, kind: str, key: str = "", *, after: timedelta = timedelta(0)) -> None:
    job = Job(new_id(), kind, key, "{}", world.clock.at + after, attempts=0)
    await world.store.write(lambda records: records.jobs.enqueue(job))


async def due(world: World, *, within: timedelta = timedelta(0)) -> list[Job]:
    return await world.store.read(lambda records: records.jobs.due(world.clock.at + within, 99, kinds=KINDS))


class Work:
    """A kind of job that notes what it was asked to do, and fails as often as it is told to."""

    def __init__(self, *, failures: int = 0, every: timedelta | None = None) -> None:
        self.done: list[str] = []
        self._failures = failures
        self.kind = Kind("work", self._run, every)

    async def _run(self, unique_key: str) -> None:
        await asyncio.sleep(0)  # lets the other runners have a go
        self.done.append(unique_key)
        if len(self.done) <= self._failures:
            raise RuntimeError("no luck")


async def test_a_job_runs_with_its_key_and_is_gone(world: World) -> None:
    work = Work()
    await enqueue(world, "work", "a")

    assert await runner(world, work.kind).run_due() == 1
    assert await runner(world, work.kind).run_due() == 0

    assert work.done == ["a"]


async def test_a_job_waits_for_its_time(world: World) -> None:
    work = Work()
    await enqueue(world, "work", after=MINUTE)

    assert await runner(world, work.kind).run_due() == 0
    world.clock.advance(MINUTE)
    assert await runner(world, work.kind).run_due() == 1


async def test_any_number_of_runners_do_each_job_once(world: World) -> None:
    work = Work()
    for n in range(10):
        await enqueue(world, "work", f"{n}")

    taken = await asyncio.gather(*(runner(world, work.kind).run_due() for _ in range(4)))

    assert sum(taken) == 10
    assert sorted(work.done) == [f"{n}" for n in range(10)]


async def test_a_failing_job_is_tried_again_after_a_wait_that_doubles(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work(failures=3)
    await enqueue(world, "work", "a")
    waits = []
    with caplog.at_level(logging.ERROR):
        while await due(world, within=timedelta(days=1)):
            (job,) = await due(world, within=timedelta(days=1))
            waits.append(job.run_at - world.clock.at)
            world.clock.at = job.run_at
            assert await runner(world, work.kind).run_due() == 1

    assert waits == [timedelta(0), timedelta(seconds=1), timedelta(seconds=2), timedelta(seconds=4)]
    assert work.done == ["a"] * 4
    assert [record.getMessage() for record in caplog.records] == ["job work a failed"] * 3


async def test_a_job_that_meets_an_outage_is_a_line_and_no_trace(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def meet(_key: str) -> None:
        raise Outage

    await enqueue(world, "work", "a")
    with caplog.at_level(logging.WARNING):
        assert await runner(world, Kind("work", meet)).run_due() == 1

    [record] = caplog.records
    assert record.getMessage() == "job work a met an outage"
    assert record.exc_info is None
    assert record.outage == "Outage"  # type: ignore[attr-defined]


@pytest.mark.parametrize("attempts", [12, 1000, 2**62])
def test_the_wait_has_an_end(attempts: int) -> None:
    assert _wait_after(attempts) == timedelta(hours=1)


async def test_one_failing_job_does_not_keep_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work(failures=1)
    await enqueue(world, "work", "a")
    await enqueue(world, "work", "b")

    assert await runner(world, work.kind).run_due() == 2
    assert sorted(work.done) == ["a", "b"]


async def test_a_job_whose_runner_died_is_taken_over_when_its_lease_ends(world: World) -> None:
    work = Work()
    await enqueue(world, "work", "a")
    (job,) = await due(world)
    until = world.clock.at + 10 * MINUTE
    assert await world.store.write(lambda records: records.jobs.claim(job, lease="dead", until=until))

    assert await runner(world, work.kind).run_due() == 0
    world.clock.at = until
    assert await runner(world, work.kind).run_due() == 1
    assert work.done == ["a"]


async def test_a_runner_that_outlives_its_lease_undoes_nothing_of_its_successor(world: World) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_key: str) -> None:
        started.set()
        await go_on.wait()
        raise RuntimeError("too late to matter")

    await enqueue(world, "work", "a")
    first = asyncio.create_task(runner(world, Kind("work", slow)).run_due())
    await started.wait()
    world.clock.advance(11 * MINUTE)
    work = Work()
    await runner(world, work.kind).run_due()
    go_on.set()
    await first

    assert work.done == ["a"]
    assert await due(world, within=timedelta(days=1)) == []


async def test_a_job_that_takes_longer_than_its_lease_stays_with_its_runner(world: World) -> None:
    started, go_on, lease = asyncio.Event(), asyncio.Event(), timedelta(milliseconds=30)

    async def slow(_key: str) -> None:
        started.set()
        await go_on.wait()

    await enqueue(world, "work", "a")
    ours = Runner(world.store, [Kind("work", slow)], world.clock, new_id, poll=timedelta(0), lease=lease)
    working = asyncio.create_task(ours.run_due())
    await started.wait()
    for _ in range(5):
        world.clock.advance(lease)
        while await world.store.scan(lambda records: records.jobs.due(world.clock.at, 99, kinds=KINDS)):
            """A scan lets others run: the runner, which goes by real time, renews its lease."""
    assert not working.done()
    go_on.set()
    assert await working == 1
    assert await due(world, within=timedelta(days=1)) == []


async def test_a_runner_that_is_cancelled_cancels_its_work(world: World) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def slow(_key: str) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    await enqueue(world, "work", "a")
    working = asyncio.create_task(runner(world, Kind("work", slow)).run_due())
    await started.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert ended.is_set() or await ended.wait()


async def test_a_job_asked_for_again_while_it_runs_runs_again(world: World) -> None:
    work = Work()

    async def ask_again(key: str) -> None:
        if not work.done:
            await enqueue(world, "work", key)
        await work.kind.run(key)

    kind = Kind("work", ask_again)
    await enqueue(world, "work", "a")

    await runner(world, kind).run_due()
    await runner(world, kind).run_due()

    assert work.done == ["a", "a"]


async def test_a_job_of_an_unknown_kind_stays_for_whoever_knows_it(world: World) -> None:
    await enqueue(world, "later", "a")

    assert await runner(world, Work().kind).run_due() == 0

    assert [job.unique_key for job in await due(world)] == ["a"]


async def test_a_recurring_job_is_planned_once_and_recurs(world: World) -> None:
    work = Work(every=15 * MINUTE)
    ours = runner(world, work.kind)
    for _ in range(3):
        await ours._schedule_recurring()

    assert await ours.run_due() == 1
    (again,) = await due(world, within=timedelta(days=1))
    assert again.run_at == START + 15 * MINUTE
    await ours._schedule_recurring()
    assert await due(world, within=timedelta(days=1)) == [again]


async def test_a_recurring_job_may_recur_without_a_pause(world: World) -> None:
    work = Work(every=timedelta(0))
    ours = runner(world, work.kind)
    await ours._schedule_recurring()

    assert [await ours.run_due() for _ in range(3)] == [1, 1, 1]


async def others() -> None:
    """Let the other tasks go on."""
    await asyncio.sleep(0)


class Gate:
    """A job that begins, and ends when it is let."""

    def __init__(self, name: str = "long") -> None:
        self.begun: list[str] = []
        self.has_begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.kind = Kind(name, self._run)

    async def _run(self, unique_key: str) -> None:
        self.begun.append(unique_key)
        self.has_begun.set()
        await self.may_end.wait()


async def test_a_long_job_holds_up_no_job_of_another_kind(world: World) -> None:
    """The short one comes round again and again while the long one is still at work."""
    long, stop, rounds = Gate(), asyncio.Event(), list[timedelta]()

    async def short(_key: str) -> None:
        rounds.append(world.clock.at - START)
        world.clock.advance(MINUTE)
        if len(rounds) == 20:
            assert not long.may_end.is_set()
            long.may_end.set()
            stop.set()

    await enqueue(world, "long", "a")
    async with asyncio.timeout(60):
        await runner(world, long.kind, Kind("short", short, every=timedelta(0))).run(stop)

    assert rounds == [n * MINUTE for n in range(20)]
    assert long.begun == ["a"]
    assert [job.kind for job in await due(world, within=timedelta(days=1))] == ["short"]


async def test_a_queue_of_one_kind_does_not_stand_before_another_kind(world: World) -> None:
    long, stop, work = Gate(), asyncio.Event(), Work()
    for n in range(100):
        await enqueue(world, "long", f"{n}")
    world.clock.advance(MINUTE)
    await enqueue(world, "work", "a")
    running = asyncio.create_task(runner(world, long.kind, work.kind).run(stop))
    async with asyncio.timeout(60):
        while not work.done:
            await others()
        stop.set()
        long.may_end.set()
        await running

    assert len(long.begun) == 1


async def test_jobs_of_one_kind_are_done_one_after_another(world: World) -> None:
    long, stop = Gate(), asyncio.Event()
    other = Work(every=timedelta(0))
    for key in "abc":
        await enqueue(world, "long", key)
    running = asyncio.create_task(runner(world, long.kind, other.kind).run(stop))
    async with asyncio.timeout(60):
        while len(other.done) < 10:
            await others()
        assert len(long.begun) == 1
        long.may_end.set()
        while len(long.begun) < 3:
            await others()
        stop.set()
        await running

    assert sorted(long.begun) == ["a", "b", "c"]


async def test_jobs_that_cannot_be_claimed_do_not_keep_the_runner_busy(world: World) -> None:
    """Another node is quicker with each of them: the kind rests, and others go on."""

    class Late(Runner):
        tries = 0

        async def _claim_and_run(self, kind: Kind, job: Job) -> bool:
            if kind.name == "work":
                self.tries += 1
                return False
            return await super()._claim_and_run(kind, job)

    stop, other = asyncio.Event(), Gate("short")
    ours = Late(world.store, [Work().kind, other.kind], world.clock, new_id, poll=timedelta(hours=1))
    await enqueue(world, "work", "a")
    await enqueue(world, "short", "b")
    running = asyncio.create_task(ours.run(stop))
    async with asyncio.timeout(60):
        await other.has_begun.wait()
        other.may_end.set()
        while [job.kind for job in await due(world)] != ["work"]:
            await others()
        stop.set()
        await running

    assert ours.tries == 1


async def test_a_job_that_outlasts_the_patience_is_broken_off_and_due_at_once(world: World) -> None:
    long, stop = Gate(), asyncio.Event()
    await enqueue(world, "long", "a")
    running = asyncio.create_task(runner(world, long.kind, patience=timedelta(0)).run(stop))
    async with asyncio.timeout(60):
        await long.has_begun.wait()
        stop.set()
        await running

    (job,) = await due(world)
    assert job.unique_key == "a"
    again = Gate()
    again.may_end.set()
    assert await runner(world, again.kind).run_due() == 1
    assert await due(world, within=timedelta(days=1)) == []


async def test_jobs_at_hand_end_within_the_patience(world: World) -> None:
    long, stop = Gate(), asyncio.Event()
    await enqueue(world, "long", "a")
    running = asyncio.create_task(runner(world, long.kind).run(stop))
    async with asyncio.timeout(60):
        await long.has_begun.wait()
        stop.set()
        for _ in range(10):
            await others()
        assert not running.done()
        long.may_end.set()
        await running

    assert await due(world, within=timedelta(days=1)) == []


async def test_a_runner_stops_when_told(world: World) -> None:
    stop = asyncio.Event()

    async def stopping(_key: str) -> None:
        stop.set()

    await runner(world, Kind("work", stopping, every=MINUTE)).run(stop)

    assert len(await due(world, within=MINUTE)) == 1


async def test_a_runner_told_to_stop_begins_no_other_job(world: World) -> None:
    stop, done = asyncio.Event(), list[str]()

    async def stopping(key: str) -> None:
        done.append(key)
        stop.set()

    await enqueue(world, "work", "a")
    await enqueue(world, "work", "b")

    await runner(world, Kind("work", stopping)).run(stop)

    assert len(done) == 1
    assert len(await due(world)) == 1


async def test_the_jobs_of_the_server_collect_and_forget(world: World) -> None:
    await world.recycle_bin.keep_for(REGISTRY, 0)
    repository = await world.repository()
    await world.uploads.begin(repository, ROOT)
    await world.catalog.delete(REGISTRY, repository.name, force=True)
    kinds = collection_jobs(
        world.collector, world.credentials, NoReports(), every=15 * MINUTE, actor=actor_of(ROOT)
    )
    ours = runner(world, *kinds)
    await ours._schedule_recurring()

    assert await ours.run_due() == 2

    assert await world.store.read(lambda records: records.uploads.of_repository(repository.id, 9)) == []
    (again,) = await due(world, within=timedelta(days=1))
    assert (again.kind, again.run_at) == ("collect", START + 15 * MINUTE)


async def test_the_jobs_of_the_bin_empty_it_and_forget_what_happened_to_tags(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    await world.deletions.delete_image(repository, image.digest)
    await world.catalog.delete(REGISTRY, repository.name, force=True)
    week = timedelta(days=7)
    ours = runner(
        world,
        *recycling_jobs(world.recycle_bin, NoReports(), actor=actor_of(ROOT)),
        *history_jobs(world.tag_history, world.clock, NoReports(), kept=week),
    )
    await ours._schedule_recurring()
    world.clock.advance(week)

    assert await ours.run_due() == 2

    described = await world.recycle_bin.describe(REGISTRY, None)
    assert (described.images.count, described.repositories) == (0, Content())
    forgetting = await world.store.read(
        lambda records: records.jobs.due(world.clock.at, 9, kinds=["forget-repository"])
    )
    assert [job.unique_key for job in forgetting] == [repository.id]


async def test_what_the_bin_lets_go_of_is_in_the_audit_and_nothing_else(world: World) -> None:
    audited = AuditedStore(world.store, world.clock)
    repository = await world.repository()
    image = await world.image(repository)
    await world.deletions.delete_image(repository, image.digest)
    recycle_bin = RecycleBin(audited, world.clock, new_id)
    (emptying,) = recycling_jobs(recycle_bin, NoReports(), actor=operator(ACCOUNT, "entrepot worker"))

    await emptying.run("")
    world.clock.advance(timedelta(days=7))
    await emptying.run("")
    await emptying.run("")

    [event] = await world.store.read(
        lambda records: records.audit_events.after(ACCOUNT, after="", before="g", limit=9)
    )
    assert event.name == "EmptyRecycleBin"
    details = json.loads(event.document)["serviceEventDetails"]
    assert details == {"imageCount": 1, "repositoryCount": 0}
