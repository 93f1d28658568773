"""The table of background work, on every database."""

from dataclasses import replace

from entrepot.ports.records import Job, Records
from tests.contract.metadata.records.samples import KINDS, job, minute


async def test_a_job_is_due_from_its_time_on(records: Records) -> None:
    later = job(payload='{"repository": "größe"}', run_at=minute(5))
    await records.jobs.enqueue(later)
    assert await records.jobs.due(minute(4), 9, kinds=KINDS) == []
    assert await records.jobs.due(minute(5), 9, kinds=KINDS) == [later]


async def test_the_longest_due_come_first_and_no_more_than_asked_for(records: Records) -> None:
    jobs = [job(f"j{n}", unique_key=str(n), run_at=minute(n)) for n in range(4)]
    for each in reversed(jobs):
        await records.jobs.enqueue(each)
    assert await records.jobs.due(minute(9), 3, kinds=KINDS) == jobs[:3]


async def test_a_job_that_waits_already_stays_and_the_new_one_is_dropped(records: Records) -> None:
    first = job("first", run_at=minute(1))
    await records.jobs.enqueue(first)
    await records.jobs.enqueue(job("second", run_at=minute(0)))
    await records.jobs.enqueue(job("other kind", kind="scan", run_at=minute(2)))
    await records.jobs.enqueue(job("other key", unique_key="1", run_at=minute(3)))
    assert [each.id for each in await records.jobs.due(minute(9), 9, kinds=KINDS)] == [
        "first",
        "other kind",
        "other key",
    ]


async def test_a_claimed_job_is_nobody_elses_until_its_lease_ends(records: Records) -> None:
    seen = await _enqueued(records)
    assert await records.jobs.claim(seen, lease="a", until=minute(5))
    assert not await records.jobs.claim(seen, lease="b", until=minute(5))
    assert await records.jobs.due(minute(4), 9, kinds=KINDS) == []
    again = replace(seen, attempts=1)
    assert await records.jobs.due(minute(5), 9, kinds=KINDS) == [again]
    assert await records.jobs.claim(again, lease="b", until=minute(9))


async def test_a_finished_job_is_gone(records: Records) -> None:
    seen = await _enqueued(records)
    await records.jobs.claim(seen, lease="a", until=minute(5))
    await records.jobs.finish(seen.id, "a")
    await records.jobs.finish(seen.id, "a")
    assert await records.jobs.due(minute(99), 9, kinds=KINDS) == []
    assert not await records.jobs.claim(replace(seen, attempts=1), lease="b", until=minute(9))


async def test_only_the_holder_finishes_or_puts_back(records: Records) -> None:
    seen = await _enqueued(records)
    await records.jobs.claim(seen, lease="late", until=minute(1))
    await records.jobs.claim(replace(seen, attempts=1), lease="b", until=minute(5))
    await records.jobs.finish(seen.id, "late")
    await records.jobs.put_back(seen.id, "late", run_at=minute(0), error="too late")
    assert await records.jobs.due(minute(4), 9, kinds=KINDS) == []
    assert await records.jobs.due(minute(5), 9, kinds=KINDS) == [replace(seen, attempts=2)]


async def test_only_the_holder_renews_its_lease(records: Records) -> None:
    seen = await _enqueued(records)
    await records.jobs.claim(seen, lease="a", until=minute(1))
    assert await records.jobs.renew(seen.id, "a", until=minute(5))
    assert not await records.jobs.renew(seen.id, "b", until=minute(99))
    assert await records.jobs.due(minute(4), 9, kinds=KINDS) == []
    assert await records.jobs.due(minute(5), 9, kinds=KINDS) == [replace(seen, attempts=1)]
    await records.jobs.finish(seen.id, "a")
    assert not await records.jobs.renew(seen.id, "a", until=minute(99))


async def test_a_job_that_was_put_back_waits_for_its_new_time_and_remembers_its_attempts(
    records: Records,
) -> None:
    seen = await _enqueued(records)
    await records.jobs.claim(seen, lease="a", until=minute(99))
    await records.jobs.put_back(seen.id, "a", run_at=minute(3), error="no such host\ntry again")
    assert await records.jobs.due(minute(2), 9, kinds=KINDS) == []
    assert await records.jobs.due(minute(3), 9, kinds=KINDS) == [replace(seen, run_at=minute(3), attempts=1)]


async def test_what_is_enqueued_while_its_like_runs_is_not_lost(records: Records) -> None:
    running = await _enqueued(records)
    await records.jobs.claim(running, lease="a", until=minute(99))
    news = job("news", payload='{"new": 1}', run_at=minute(2))
    await records.jobs.enqueue(news)
    await records.jobs.finish(running.id, "a")
    assert await records.jobs.due(minute(2), 9, kinds=KINDS) == [news]
    assert await records.jobs.claim(news, lease="b", until=minute(9))


async def _enqueued(records: Records) -> Job:
    await records.jobs.enqueue(job())
    (seen,) = await records.jobs.due(minute(0), 9, kinds=KINDS)
    return seen


async def test_a_job_of_a_kind_that_is_not_asked_for_keeps_no_other_from_being_due(records: Records) -> None:
    await records.jobs.enqueue(job("of the next release", kind="sign", run_at=minute(1)))
    await records.jobs.enqueue(job("ours", run_at=minute(2)))
    assert [each.id for each in await records.jobs.due(minute(9), 1, kinds=KINDS)] == ["ours"]
