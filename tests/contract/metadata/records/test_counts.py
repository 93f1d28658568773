"""Counting rows a page at a time, on every database."""

import pytest

from entrepot.domain.names import Registry
from entrepot.ports.records import Counted, CountedPage, JobCount, Records
from entrepot.ports.statistics import Holding, RegistrySum
from tests.contract.metadata.records.samples import job, minute


@pytest.mark.parametrize("what", Counted)
async def test_nothing_is_counted_where_nothing_is(records: Records, what: Counted) -> None:
    assert await records.counts.page(what, after=None, limit=3) == CountedPage(0, 0, None)


async def test_pages_end_where_the_next_begin(records: Records) -> None:
    for number in range(7):
        await records.accounts.add(f"{number:012}", minute(number))
    pages, after = [], None
    while True:
        page = await records.counts.page(Counted.ACCOUNTS, after=after, limit=3)
        pages.append(page)
        if page.last is None:
            break
        after = page.last
    assert [page.rows for page in pages] == [3, 3, 1]
    assert [page.last for page in pages] == [("000000000002",), ("000000000005",), None]


async def test_a_last_page_that_is_full_is_followed_by_an_empty_one(records: Records) -> None:
    for number in range(2):
        await records.accounts.add(f"{number:012}", minute(number))
    first = await records.counts.page(Counted.ACCOUNTS, after=None, limit=2)
    assert first == CountedPage(2, 0, ("000000000001",))
    assert await records.counts.page(Counted.ACCOUNTS, after=first.last, limit=2) == CountedPage(0, 0, None)


async def test_kept_counts_are_those_of_the_registries(records: Records) -> None:
    for number in range(3):
        added_up = RegistrySum(number, Holding(10 * number, 100 * number, 1000 * number))
        await records.statistics.put_sum(Registry(f"{number:012}", "eu-west-1"), added_up, now=minute(number))
    found = {}
    for what in (Counted.REPOSITORIES, Counted.IMAGES, Counted.TAGS):
        first = await records.counts.page(what, after=None, limit=2)
        second = await records.counts.page(what, after=first.last, limit=2)
        assert first.last == ("000000000001", "eu-west-1")
        assert (first.counted_at, second.counted_at, second.last) == (minute(0), minute(2), None)
        found[what] = [(page.rows, page.size_bytes) for page in (first, second)]
    assert found == {
        Counted.REPOSITORIES: [(1, 0), (2, 0)],
        Counted.IMAGES: [(10, 1000), (20, 2000)],
        Counted.TAGS: [(100, 0), (200, 0)],
    }


async def test_jobs_are_counted_by_kind_held_or_waiting(records: Records) -> None:
    held = job("held", kind="collect", unique_key="1", run_at=minute(1))
    waiting = [job(f"w{n}", kind="collect", unique_key=f"w{n}", run_at=minute(n)) for n in range(2, 4)]
    for each in (held, *waiting, job("other", kind="scan", run_at=minute(9))):
        await records.jobs.enqueue(each)
    await records.jobs.claim(held, lease="a", until=minute(5))

    counts = await records.counts.jobs(minute(4), 99)
    assert sorted(counts, key=lambda count: count.kind) == [
        JobCount("collect", waiting=2, running=1, oldest=minute(2)),
        JobCount("scan", waiting=1, running=0, oldest=minute(9)),
    ]


async def test_a_lease_that_ended_makes_a_job_wait_again(records: Records) -> None:
    held = job("held", kind="collect", run_at=minute(1))
    await records.jobs.enqueue(held)
    await records.jobs.claim(held, lease="a", until=minute(5))
    (count,) = await records.counts.jobs(minute(6), 99)
    assert count == JobCount("collect", waiting=1, running=0, oldest=minute(1))


async def test_no_more_jobs_are_looked_at_than_asked_for(records: Records) -> None:
    for number in range(5):
        await records.jobs.enqueue(job(f"j{number}", unique_key=str(number), run_at=minute(number)))
    (count,) = await records.counts.jobs(minute(9), 3)
    assert count.waiting == 3
