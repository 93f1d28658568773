"""Days that are told, and orders that leave out what the caller may not know."""

from datetime import timedelta

import pytest

from entrepot.domain.errors import InvalidParameter
from entrepot.domain.names import RepositoryName
from entrepot.ports.statistics import DayPoint, Holding, Ranking
from entrepot.registry.registry_totals import DAYS_KEPT
from entrepot.registry.repository_totals import RepositoryTotals
from entrepot.registry.statistics import Statistics, every_day
from tests.unit.builders import REGISTRY, World


def point(day: int, images: int = 0) -> DayPoint:
    return DayPoint(day, Holding(images=images), pulls=0)


def told(*points: DayPoint, first: int = 10, last: int = 13) -> list[tuple[int, int]]:
    return [(found.day, found.holding.images) for found in every_day(points, first=first, last=last)]


def test_a_day_without_a_change_is_as_the_one_before() -> None:
    assert told(point(10, 1), point(12, 2)) == [(10, 1), (11, 1), (12, 2), (13, 2)]


def test_the_first_day_is_as_the_last_change_before_it() -> None:
    assert told(point(3, 1), point(7, 2)) == [(day, 2) for day in range(10, 14)]


def test_nothing_is_told_before_the_first_change() -> None:
    assert told(point(12, 1)) == [(12, 1), (13, 1)]
    assert told() == []


async def test_attack_40_no_more_days_are_told_than_are_kept(world: World) -> None:
    repository = await world.repository()
    statistics = Statistics(world.store, world.clock)
    await world.image(repository)
    await RepositoryTotals(world.store, world.clock).fold()
    world.clock.advance(timedelta(days=2 * DAYS_KEPT))
    since, until = world.clock.at - timedelta(days=9999), world.clock.at + timedelta(days=9999)
    points = await statistics.days_of_repository(repository, since=since, until=until)
    assert len(points) == DAYS_KEPT + 1
    with pytest.raises(InvalidParameter):
        await statistics.days_of_registry(REGISTRY, since=world.clock.at, until=since)


async def test_attack_29_an_order_goes_on_behind_what_may_not_be_named(world: World) -> None:
    for number in range(7):
        repository = await world.repository(f"{'team' if number < 2 else 'secret'}/r{number}")
        for image in range(number + 1):
            await world.image(repository, f"{number} {image}")
    await RepositoryTotals(world.store, world.clock).fold()

    async def is_of_the_team(name: RepositoryName) -> bool:
        return name.startswith("team/")

    statistics = Statistics(world.store, world.clock)
    found = await statistics.of_registry(REGISTRY, limit=2, may_be_named=is_of_the_team)
    assert [each.name for each in found.ranked[Ranking.LARGEST]] == ["team/r1", "team/r0"]
