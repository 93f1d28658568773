"""Totals of a repository follow what goes to the recycle bin and comes back from it."""

from entrepot.domain.repositories import Repository
from entrepot.ports.statistics import Holding
from entrepot.registry.statistics import Statistics
from tests.unit.builders import World
from tests.unit.registry.test_restorations import delete, restore


async def holding(world: World, repository: Repository) -> Holding:
    [told] = await Statistics(world.store, world.clock).of_repositories([repository])
    return told.total.holding


async def test_a_deleted_image_no_longer_counts_until_it_comes_back(world: World) -> None:
    repository = await world.repository()
    await world.image(repository, "stays", tags=["v0"])
    before = await holding(world, repository)
    image = await world.image(repository, "goes", tags=["v1", "v2"])
    whole = await holding(world, repository)

    await delete(world, repository, image)
    assert await holding(world, repository) == before
    await restore(world, repository, image)
    assert await holding(world, repository) == whole


async def test_an_image_that_was_pushed_anew_counts_once(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, "same", tags=["v1"])
    whole = await holding(world, repository)
    await delete(world, repository, image)
    await world.image(repository, "same", tags=["v1"])
    assert await holding(world, repository) == whole
    await delete(world, repository, image)
    assert await holding(world, repository) == Holding()
