"""What a policy would free, and pages that go on in another process."""

from datetime import timedelta

import pytest

from entrepot.domain.errors import InvalidParameter
from entrepot.domain.repositories import Repository
from entrepot.registry.lifecycle_explanations import Effect
from tests.unit.builders import REGISTRY, World, image_manifest
from tests.unit.registry.lifecycles import keep_newest, policy
from tests.unit.registry.test_lifecycle_runs import several


async def effect(world: World, repository: Repository, text: str) -> Effect:
    found = await world.lifecycle_explanations.page(REGISTRY, repository.name, text, token=None, limit=1)
    assert found.effect is not None
    return found.effect


async def test_layers_are_counted_once_and_freed_where_nothing_else_has_them(world: World) -> None:
    repository, other = await world.repository(), await world.repository("other/app")
    config = await world.layer(repository, b"{}")
    sizes = {"base": 1000, "mid": 200, "old": 30, "new": 4}
    layers = {name: await world.layer(repository, name[0].encode() * size) for name, size in sizes.items()}
    for names in (("base", "mid", "old"), ("base", "mid"), ("base", "new")):
        manifest = image_manifest([layers[name] for name in names], config=config)
        await world.push(repository, manifest)
        world.clock.advance(timedelta(hours=1))
    found = await effect(world, repository, policy(keep_newest(1)))
    assert (found.expiring, found.expiring_bytes) == (2, 1232)
    assert (found.released_bytes, found.freed_bytes) == (230, 230)
    await world.layer(other, b"m" * 200)
    found = await effect(world, repository, policy(keep_newest(1)))
    assert (found.released_bytes, found.freed_bytes) == (230, 30)
    assert (await effect(world, repository, policy(keep_newest(3)))).freed_bytes == 0


async def test_pages_of_another_process_are_of_the_same_time(world: World) -> None:
    repository = await world.repository()
    images = await several(world, repository, 5)
    text, digests, token = policy(keep_newest(2)), [], None
    times = set()
    while True:
        # each from a process of its own, later
        page = await world.lifecycle_explanations.page(REGISTRY, repository.name, text, token=token, limit=2)
        times.add(page.evaluated_at)
        digests += [each.image.digest for each in page.decisions]
        token = page.next_token
        world.clock.advance(timedelta(hours=1))
        if token is None:
            break
    assert digests == [image.digest for image in images]
    assert len(times) == 1


async def test_one_process_evaluates_once_for_all_pages(world: World) -> None:
    repository = await world.repository()
    await several(world, repository, 3)
    explanations, text = world.lifecycle_explanations, policy(keep_newest(2))
    first = await explanations.page(REGISTRY, repository.name, text, token=None, limit=1)
    await world.image(repository, "late")
    second = await explanations.page(REGISTRY, repository.name, text, token=first.next_token, limit=9)
    assert len(second.decisions) == 2
    world.clock.advance(timedelta(minutes=2))
    third = await explanations.page(REGISTRY, repository.name, text, token=first.next_token, limit=9)
    assert len(third.decisions) == 3


@pytest.mark.parametrize("token", ["eA==", "bGlmZWN5Y2xlLWV4cGxhbmF0aW9uAHgAeQB6"])
async def test_attack_40_a_forged_token_is_refused(world: World, token: str) -> None:
    repository = await world.repository()
    with pytest.raises(InvalidParameter, match="nextToken"):
        await world.lifecycle_explanations.page(
            REGISTRY, repository.name, policy(keep_newest(2)), token=token, limit=9
        )
