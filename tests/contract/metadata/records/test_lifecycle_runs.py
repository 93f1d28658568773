"""Carrying out lifecycle policies while others push and delete, on every database."""

import asyncio
import json

from entrepot.domain.images import ImageId
from entrepot.registry.pull_times import PullTimes
from entrepot.storage.blobs.memory import MemoryBlobs
from entrepot.storage.metadata.connection import Database
from entrepot.storage.metadata.store import SqlStore
from tests.unit.builders import REGISTRY, SettableClock, World, key_ring
from tests.unit.registry.lifecycles import keep_newest, left, policy

NEWEST = 5


def a_world(database: Database) -> World:
    store, clock = SqlStore(database), SettableClock()
    return World(store, MemoryBlobs(), key_ring(1), clock, PullTimes(store, clock))


async def test_several_runs_at_once_keep_what_the_policy_keeps(database: Database) -> None:
    world = a_world(database)
    repository = await world.repository()
    for number in range(12):
        await world.image(repository, f"v{number}", tags=[f"v{number}"])
    await world.lifecycle_policies.put(REGISTRY, repository.name, policy(keep_newest(NEWEST)))
    went = await asyncio.gather(*(world.lifecycle_runs().run(repository.id) for _ in range(4)))
    assert sum(went) == 7
    assert len(await left(world, repository)) == NEWEST


async def test_pushes_and_deletions_meanwhile_leave_as_many_as_the_policy_keeps(database: Database) -> None:
    world = a_world(database)
    repository = await world.repository()
    images = [await world.image(repository, f"v{number}", tags=[f"v{number}"]) for number in range(12)]
    await world.lifecycle_policies.put(REGISTRY, repository.name, policy(keep_newest(NEWEST)))
    newest_first = sorted(images, key=lambda image: (image.pushed_at, image.digest), reverse=True)
    taken = [image.digest for image in newest_first[:3]]

    async def take_away() -> None:
        for digest in taken:
            await world.deletions.delete_batch(repository, [ImageId(digest=digest)])

    async def push() -> None:
        for number in range(3):
            await world.image(repository, f"w{number}", tags=[f"w{number}"])

    await asyncio.gather(
        world.lifecycle_runs().run(repository.id),
        take_away(),
        world.lifecycle_runs().run(repository.id),
        push(),
    )
    # whoever was first, no more went than there were beyond the newest five of that moment
    assert len(await left(world, repository)) >= NEWEST - len(taken)
    await world.lifecycle_runs().run(repository.id)
    assert len(await left(world, repository)) <= NEWEST


async def test_a_preview_reads_what_a_run_deletes(database: Database) -> None:
    world = a_world(database)
    repository = await world.repository()
    for number in range(9):
        await world.image(repository, f"v{number}", tags=[f"v{number}"])
    text = policy(keep_newest(4))
    await world.lifecycle_previews.start(REGISTRY, repository.name, text)
    await world.lifecycle_previews.make(repository.id)
    page = await world.lifecycle_previews.page(REGISTRY, repository.name, token=None, limit=9, tagged=None)
    previewed = {result.digest for result in page.results}
    before = await left(world, repository)
    await world.lifecycle_policies.put(REGISTRY, repository.name, text)
    await world.lifecycle_runs().run(repository.id)
    assert before - await left(world, repository) == previewed
    assert json.loads(page.preview.document) == json.loads(text)
