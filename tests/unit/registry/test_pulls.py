"""What is kept of pulls and looks between two commits never outlives the second."""

import pytest

from entrepot.domain.errors import ImageNotFound
from entrepot.domain.names import Tag
from tests.unit.builders import World


async def test_a_tag_that_moved_is_seen_at_once(world: World) -> None:
    repository = await world.repository()
    first = await world.image(repository, "first", tags=["latest"])
    pulls = world.pulls
    assert (await pulls.find(repository, Tag("latest"))).digest == first.digest
    assert (await pulls.get(repository, Tag("latest"))).image.digest == first.digest

    second = await world.image(repository, "second", tags=["latest"])

    assert (await pulls.find(repository, Tag("latest"))).digest == second.digest
    assert (await pulls.get(repository, Tag("latest"))).image.digest == second.digest


async def test_attack_25_a_deleted_image_is_gone_from_what_is_kept(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, "first", tags=["latest"])
    pulls = world.pulls
    for reference in (Tag("latest"), image.digest):
        await pulls.find(repository, reference)
        await pulls.get(repository, reference)

    await world.deletions.delete_image(repository, image.digest)

    for reference in (Tag("latest"), image.digest):
        with pytest.raises(ImageNotFound):
            await pulls.find(repository, reference)
        with pytest.raises(ImageNotFound):
            await pulls.get(repository, reference)
