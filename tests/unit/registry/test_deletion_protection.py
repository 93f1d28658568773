"""A protected repository is deleted by nobody."""

import pytest

from entrepot.domain.errors import RepositoryNotFound, RepositoryProtected
from entrepot.domain.names import RepositoryName
from tests.unit.builders import REGISTRY, START, World

NAME = RepositoryName("team/app")


async def test_attack_23_a_protected_repository_stays_with_force_too(world: World) -> None:
    await world.repository()
    protection = await world.deletion_protection.begin(REGISTRY, NAME)
    assert protection is not None
    assert protection.at == START
    assert await world.deletion_protection.find(REGISTRY, NAME) == protection

    for force in (False, True):
        with pytest.raises(RepositoryProtected):
            await world.catalog.delete(REGISTRY, NAME, force=force)

    await world.deletion_protection.end(REGISTRY, NAME)
    await world.deletion_protection.end(REGISTRY, NAME)
    assert await world.deletion_protection.find(REGISTRY, NAME) is None
    await world.catalog.delete(REGISTRY, NAME, force=False)


async def test_what_does_not_exist_is_not_protected(world: World) -> None:
    for call in (
        world.deletion_protection.begin,
        world.deletion_protection.end,
        world.deletion_protection.find,
    ):
        with pytest.raises(RepositoryNotFound):
            await call(REGISTRY, NAME)
