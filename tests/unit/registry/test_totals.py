"""Totals: kept or counted in pages, and told in a row that every node can read."""

from datetime import timedelta

import orjson
import pytest

from entrepot.domain.names import Registry
from entrepot.ports.records import Counted
from entrepot.registry import totals as totals_module
from entrepot.registry.registry_totals import RegistryTotals
from entrepot.registry.repository_totals import RepositoryTotals
from entrepot.registry.totals import Total, Totals
from tests.unit.builders import REGISTRY, ROOT, World

MINUTE = timedelta(minutes=1)


async def add_up(world: World) -> None:
    await RepositoryTotals(world.store, world.clock).fold()
    await RegistryTotals(world.store, world.clock).add_up()


class Stopwatch:
    """A clock of seconds on which each count takes so many."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._at = seconds, 0.0

    def __call__(self) -> float:
        self._at += self._seconds
        return self._at


async def test_everything_is_told_however_small_the_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals_module, "_PAGE", 2)
    images = []
    for registry in (REGISTRY, *(Registry(f"{n:012}", REGISTRY.region) for n in range(3))):
        repository = await world.repository("team/a", registry=registry)
        images += [
            await world.image(repository, f"{registry.account} {n}", tags=[f"t{n}", f"u{n}"])
            for n in range(3)
        ]
        await world.uploads.begin(repository, ROOT)
    await add_up(world)
    totals = await Totals(world.store, world.clock).count()

    rows = {what: total.rows for what, total in totals.items()}
    assert rows == {
        Counted.ACCOUNTS: 0, Counted.REPOSITORIES: 4, Counted.IMAGES: 12, Counted.TAGS: 24,
        Counted.BLOBS: 24, Counted.ARCHIVED: 0, Counted.UPLOADS: 4,
    }  # fmt: skip
    assert totals[Counted.IMAGES].size_bytes == sum(image.size_bytes for image in images)
    assert totals[Counted.BLOBS].size_bytes > 24


async def test_an_empty_registry_is_counted(world: World) -> None:
    totals = await Totals(world.store, world.clock).count()
    assert {(total.rows, total.size_bytes, total.counted_at) for total in totals.values()} == {
        (0, 0, world.clock.at)
    }


async def test_what_was_last_counted_can_be_read_anywhere(world: World) -> None:
    totals = Totals(world.store, world.clock, seconds=Stopwatch(0.5))
    assert await totals.latest() == {}
    counted = await totals.count()
    assert await Totals(world.store, world.clock).latest() == counted
    assert counted[Counted.BLOBS].took == timedelta(seconds=0.5)


async def test_kept_counts_are_as_old_as_the_sum_they_come_from(world: World) -> None:
    await world.image(await world.repository(), tags=["v1"])
    await add_up(world)
    added_up_at = world.clock.at
    world.clock.advance(MINUTE)
    totals = await Totals(world.store, world.clock).count()
    assert totals[Counted.TAGS] == Total(1, 0, added_up_at, totals[Counted.TAGS].took)
    assert totals[Counted.BLOBS].counted_at == world.clock.at


async def test_what_takes_long_is_counted_the_more_seldom(world: World) -> None:
    repository = await world.repository()
    began = world.clock.at
    totals = Totals(world.store, world.clock, seconds=Stopwatch(1))
    assert (await totals.count())[Counted.BLOBS].rows == 0
    await world.image(repository)
    world.clock.advance(timedelta(seconds=499))
    told = (await totals.count())[Counted.BLOBS]
    assert (told.rows, told.counted_at) == (0, began)
    world.clock.advance(timedelta(seconds=1))
    assert (await totals.count())[Counted.BLOBS].rows == 2


@pytest.mark.parametrize("passed", [timedelta(days=1), timedelta(seconds=-1)])
async def test_no_count_waits_for_more_than_a_day_nor_for_a_wrong_clock(
    world: World, passed: timedelta
) -> None:
    totals = Totals(world.store, world.clock, seconds=Stopwatch(3600))
    await totals.count()
    world.clock.advance(passed)
    assert (await totals.count())[Counted.BLOBS].counted_at == world.clock.at


async def test_what_the_release_before_counted_is_read_and_counted_anew(world: World) -> None:
    text = orjson.dumps({"at": world.clock.at.isoformat(), "totals": {"blobs": [7, 70]}}).decode()
    await world.store.write(lambda records: records.settings.put(Registry("", ""), "totals", text))
    totals = Totals(world.store, world.clock)
    assert await totals.latest() == {Counted.BLOBS: Total(7, 70, world.clock.at)}
    assert (await totals.count())[Counted.BLOBS].rows == 0
    told = await world.store.read(lambda records: records.settings.find(Registry("", ""), "totals"))
    assert told is not None
    assert orjson.loads(told)["totals"]["blobs"] == [0, 0], "as nodes of that release read it"
