"""Lifecycle policies: set, read and taken away."""

import json

import pytest

from entrepot.domain.errors import InvalidParameter, LifecyclePolicyNotFound, RepositoryNotFound
from entrepot.domain.names import RepositoryName
from entrepot.registry.lifecycle_policies import EVALUATE_LIFECYCLE, NEVER
from tests.unit.builders import REGISTRY, World
from tests.unit.registry.lifecycles import UNTAGGED, keep_newest, policy, set_policy, waiting

ABSENT = RepositoryName("absent")


async def test_a_policy_is_kept_minified_until_it_is_deleted(world: World) -> None:
    repository = await world.repository()
    text = await set_policy(world, repository, UNTAGGED)
    assert text == json.dumps(json.loads(policy(UNTAGGED)), separators=(",", ":"))
    for found in (
        await world.lifecycle_policies.get(REGISTRY, repository.name),
        await world.lifecycle_policies.delete(REGISTRY, repository.name),
    ):
        assert (found.text, found.last_evaluated_at) == (text, NEVER)
    for gone in (world.lifecycle_policies.get, world.lifecycle_policies.delete):
        with pytest.raises(LifecyclePolicyNotFound):
            await gone(REGISTRY, repository.name)


async def test_a_new_policy_is_evaluated_soon_and_counts_as_never_evaluated(world: World) -> None:
    repository = await world.repository()
    await set_policy(world, repository, UNTAGGED)
    (job,) = await waiting(world, EVALUATE_LIFECYCLE)
    assert job.unique_key == repository.id
    await world.lifecycle_runs().run(repository.id)
    assert (await world.lifecycle_policies.get(REGISTRY, repository.name)).last_evaluated_at == world.clock.at
    await set_policy(world, repository, keep_newest(3))
    assert (await world.lifecycle_policies.get(REGISTRY, repository.name)).last_evaluated_at == NEVER


async def test_a_policy_that_is_none_leaves_the_old_one(world: World) -> None:
    repository = await world.repository()
    text = await set_policy(world, repository, UNTAGGED)
    with pytest.raises(InvalidParameter):
        await world.lifecycle_policies.put(REGISTRY, repository.name, policy({"tagStatus": "old"}))
    assert (await world.lifecycle_policies.get(REGISTRY, repository.name)).text == text


async def test_a_policy_about_the_archive_is_kept(world: World) -> None:
    repository = await world.repository()
    transition = {"type": "transition", "targetStorageClass": "archive"}
    text = await world.lifecycle_policies.put(REGISTRY, repository.name, policy(UNTAGGED, action=transition))
    assert (await world.lifecycle_policies.get(REGISTRY, repository.name)).text == text


async def test_an_absent_repository_has_no_policy(world: World) -> None:
    for refused in (
        world.lifecycle_policies.get(REGISTRY, ABSENT),
        world.lifecycle_policies.delete(REGISTRY, ABSENT),
        world.lifecycle_policies.put(REGISTRY, ABSENT, policy(UNTAGGED)),
    ):
        with pytest.raises(RepositoryNotFound):
            await refused
