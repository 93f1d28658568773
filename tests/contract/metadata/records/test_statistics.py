"""Totals of repositories and registries, on every database and beside whoever writes."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from entrepot.domain.days import day_of
from entrepot.domain.images import ImageId
from entrepot.domain.names import Tag
from entrepot.ports.records import Records, Store
from entrepot.ports.statistics import (
    Holding,
    Ranked,
    Ranking,
    RegistrySum,
    RegistryTotal,
    RepositoryTotal,
    StoredBytes,
)
from entrepot.registry.pull_times import PullTimes
from entrepot.registry.registry_totals import DAYS_KEPT, RegistryTotals
from entrepot.registry.repository_totals import RepositoryTotals, compare_totals
from entrepot.storage.blobs.memory import MemoryBlobs
from entrepot.storage.metadata.connection import Database
from entrepot.storage.metadata.store import SqlStore
from tests.contract.metadata.records.samples import REGISTRY, digest, image, minute, repository
from tests.unit.builders import SettableClock, World, key_ring

ID = repository().id


async def total_of(store: Store, repository_id: str = ID) -> RepositoryTotal:
    return (await store.scan(lambda records: records.statistics.totals([repository_id])))[repository_id]


async def fold(store: Store, *, at: int = 0) -> int:
    return await RepositoryTotals(store, SettableClock(minute(at))).fold()


async def add_repository(store: Store, name: str = "team/app") -> str:
    await store.write(lambda records: records.repositories.add(repository(name)))
    return repository(name).id


async def add_image(store: Store, name: str = "image", *tags: str, repository_id: str = ID) -> None:
    async def body(records: Records) -> None:
        await records.images.add(repository_id, image(name))
        for tag in tags:
            await records.tags.point(repository_id, Tag(tag), image(name).digest, minute(2))

    await store.write(body)


async def test_a_change_counts_before_it_is_folded_and_after(store: Store) -> None:
    await add_repository(store)
    await add_image(store, "image", "a", "b")
    before = await total_of(store)
    assert before.holding == Holding(1, 2, image().size_bytes)
    assert (before.pushed_at, before.counts, before.pulls) == (minute(2), 1, 0)
    assert await fold(store) == 1
    assert await total_of(store) == before


async def test_what_is_added_twice_or_removed_twice_counts_once(store: Store) -> None:
    await add_repository(store)
    for _ in range(2):
        await add_image(store, "image", "a")
    assert (await total_of(store)).holding == Holding(1, 1, image().size_bytes)
    for _ in range(2):
        await store.write(lambda records: records.tags.remove(ID, Tag("a")))
        await store.write(lambda records: records.images.remove(ID, image().digest))
    assert (await total_of(store)).holding == Holding()


async def test_a_transaction_that_is_refused_leaves_no_change(store: Store) -> None:
    await add_repository(store)

    async def refused(records: Records) -> None:
        await records.images.add(ID, image())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await store.write(refused)
    assert await store.scan(lambda records: records.statistics.changes(after=("", ""), limit=9)) == []


async def test_pulls_count_for_the_image_and_its_repository(store: Store) -> None:
    await add_repository(store)
    await add_image(store)
    for at, pulls in ((5, 3), (4, 2)):

        async def note(records: Records, at: int = at, pulls: int = pulls) -> None:
            await records.images.note_pulls(ID, image().digest, minute(at), pulls=pulls)

        await store.write(note)
    found = await store.read(lambda records: records.statistics.pulls(ID, [image().digest, digest("none")]))
    assert [(each.pulls, each.last_pulled_at) for each in found.values()] == [(5, minute(5))]
    await fold(store)
    total = await total_of(store)
    assert (total.pulls, total.pulled_at) == (5, minute(5))


async def test_totals_stay_right_beside_pushes_and_deletions(database: Database) -> None:
    store, clock = SqlStore(database), SettableClock()
    world = World(store, MemoryBlobs(), key_ring(1), clock, PullTimes(store, clock))
    kept, totals = await world.repository(), RepositoryTotals(store, clock)
    old = [await world.image(kept, f"old {number}", tags=[f"o{number}"]) for number in range(6)]

    async def push(name: str) -> None:
        for number in range(4):
            await world.image(kept, f"{name} {number}", tags=["latest", f"{name}{number}"])

    async def delete() -> None:
        for each in old:
            await world.deletions.delete_batch(kept, [ImageId(digest=each.digest)])

    async def count() -> None:
        for _ in range(3):
            clock.advance(timedelta(days=1))
            await totals.count_due()

    await asyncio.gather(push("a"), push("b"), delete(), count(), count(), *(totals.fold() for _ in range(6)))
    (compared,) = await store.scan(partial(compare_totals, [kept.id]))
    assert compared.missing == Holding()
    await totals.fold()
    assert (await total_of(store, kept.id)).holding == compared.total.holding
    assert compared.total.holding.images == 8


@pytest.mark.parametrize("url", ["postgres"], indirect=True)  # elsewhere one writes at a time
async def test_folding_makes_no_push_begin_again(database: Database) -> None:
    """A push that somebody else has overtaken, and whose change lies on a page that folding has read."""
    store = SqlStore(database)
    await add_repository(store)
    is_under_way, may_end = asyncio.Event(), asyncio.Event()
    runs = 0

    async def slow_push(records: Records) -> None:
        nonlocal runs
        runs += 1
        await records.tags.find(ID, Tag("x"))
        await records.images.add(ID, image("slow"))
        is_under_way.set()
        await may_end.wait()

    push = asyncio.create_task(store.write(slow_push))
    await is_under_way.wait()
    await add_image(store, "quick", "x")
    assert await fold(store) == 1
    may_end.set()
    await push
    assert runs == 1
    assert (await total_of(store)).holding.images == 2


async def test_nodes_that_fold_the_same_changes_add_them_once(store: Store) -> None:
    await add_repository(store)
    for number in range(20):
        await add_image(store, f"{number}")
    assert sum(await asyncio.gather(*(fold(store) for _ in range(4)))) == 20
    assert (await total_of(store)).holding.images == 20


async def test_orders_are_paged_without_gaps(store: Store) -> None:
    for number in range(5):
        repository_id = await add_repository(store, f"r{number}")
        for each in range(number):
            await add_image(store, f"{each}", repository_id=repository_id)
    pulled, of = image("0").digest, repository("r3").id
    await store.write(lambda records: records.images.note_pulls(of, pulled, minute(1), pulls=1))
    await fold(store)

    async def names(ranking: Ranking) -> list[str]:
        found: list[Ranked] = []
        while page := await store.scan(partial(two_behind, ranking, found)):
            found += page
        return [each.name for each in found]

    async def two_behind(ranking: Ranking, found: list[Ranked], records: Records) -> list[Ranked]:
        after = found[-1].rank if found else None
        return await records.statistics.ranked(REGISTRY, ranking, after=after, limit=2)

    assert await names(Ranking.LARGEST) == ["r4", "r3", "r2", "r1"]
    assert await names(Ranking.MOST_PULLED) == ["r3"]
    assert await names(Ranking.NEVER_PULLED) == ["r4", "r2", "r1"]


async def test_a_registry_is_its_repositories_even_when_the_last_has_gone(store: Store) -> None:
    await add_repository(store)
    await add_image(store, "image", "a")
    await fold(store)
    registries = RegistryTotals(store, SettableClock(minute(0)))
    await registries.add_up()
    await registries.add_up_stored()
    told = await store.read(lambda records: records.statistics.registry(REGISTRY))
    holding = Holding(1, 1, image().size_bytes)
    assert told == RegistryTotal(RegistrySum(1, holding, 0), minute(0), StoredBytes(0, 0, minute(0)))
    await store.write(lambda records: records.repositories.remove(ID))
    await registries.add_up()
    told = await store.read(lambda records: records.statistics.registry(REGISTRY))
    assert told is not None
    assert told.sum == RegistrySum()


async def test_days_are_told_from_the_last_one_before(store: Store) -> None:
    await add_repository(store)
    clock = SettableClock(minute(0))
    for at, name in ((0, "one"), (5, "two")):
        clock.at = minute(0) + timedelta(days=at)
        await add_image(store, name)
        await RepositoryTotals(store, clock).fold()
    today = day_of(minute(0))
    points = await store.scan(lambda records: records.statistics.days(ID, first=today + 3, last=today + 9))
    assert [(point.day, point.holding.images) for point in points] == [(today, 1), (today + 5, 2)]


async def test_old_days_go_but_the_one_that_later_ones_rest_on(store: Store) -> None:
    await add_repository(store)
    clock = SettableClock(minute(0))
    for number in range(3):
        clock.advance(timedelta(days=1))
        await add_image(store, f"{number}")
        await RepositoryTotals(store, clock).fold()
        await RegistryTotals(store, clock).add_up()
    last = day_of(clock.at)
    clock.advance(timedelta(days=DAYS_KEPT))
    registries = RegistryTotals(store, clock)
    assert await registries.forget_days() == 2 + 2  # of the repository and of the registry
    kept = await store.scan(lambda records: records.statistics.days(ID, first=0, last=last))
    assert [point.day for point in kept] == [last]


async def test_an_image_without_a_repository_changes_nothing(store: Store) -> None:
    await add_image(store, "image", "a", repository_id="nowhere")
    assert await fold(store) == 1
    assert await store.scan(lambda records: records.statistics.totals(["nowhere"])) == {}


async def test_an_image_of_a_node_of_the_release_before_has_no_pulls(store: Store) -> None:
    """Its rows leave the new columns empty."""
    await add_repository(store)
    await add_image(store, "image", "a")

    async def as_before(records: Records) -> None:
        await records._connection.run("UPDATE image SET pulls = NULL")  # type: ignore[attr-defined]
        await records._connection.run("UPDATE tag SET moves = NULL")  # type: ignore[attr-defined]

    await store.write(as_before)
    found = await store.read(lambda records: records.statistics.pulls(ID, [image().digest]))
    assert [each.pulls for each in found.values()] == [0]
    await store.write(lambda records: records.tags.point(ID, Tag("a"), image().digest, minute(3)))
    assert (await total_of(store)).holding.tags == 1
    await store.write(lambda records: records.images.note_pulls(ID, image().digest, minute(1), pulls=2))
    assert (await total_of(store)).pulls == 2
