"""Totals of repositories are what counting gives, whatever was done in whatever order."""

import random
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.domain.errors import Refusal
from entrepot.domain.images import Image, ImageId
from entrepot.domain.names import Tag
from entrepot.domain.repositories import Repository
from entrepot.keys.data_keys import DataKeys
from entrepot.ports.records import Records
from entrepot.ports.statistics import Holding, RepositoryTotal
from entrepot.registry.inspection import Depth, Finding, Inspector, Trouble
from entrepot.registry.repository_totals import RepositoryTotals, compare_totals
from entrepot.storage.metadata.connection import Connection
from tests.unit.builders import World, add_root, image_manifest, open_world
from tests.unit.registry.lifecycles import keep_newest, policy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_TAGS = ["a", "b", "c"]


def totals_of(world: World) -> RepositoryTotals:
    return RepositoryTotals(world.store, world.clock)


async def total_of(world: World, repository: Repository) -> RepositoryTotal:
    found = await world.store.scan(lambda records: records.statistics.totals([repository.id]))
    return found[repository.id]


async def missing_of(world: World, repository: Repository) -> Holding:
    """What the total lacks of what counting gives."""
    (compared,) = await world.store.scan(partial(compare_totals, [repository.id]))
    return compared.missing


class Doings:
    """What can happen to a repository, at random; a refusal is as good as anything."""

    def __init__(self, world: World, repository: Repository, seed: int) -> None:
        self._world, self._repository = world, repository
        self._random = random.Random(seed)

    async def do(self, name: str) -> None:
        done: Callable[[], Awaitable[object]] = getattr(self, f"_{name}")
        try:
            await done()
        except Refusal:
            return

    @staticmethod
    def names() -> list[str]:
        return [
            *("push", "index", "delete", "delete_tag", "delete_image", "expire", "pull"),
            *("restore", "restore_tag", "purge", "throw_away_and_back", "fold", "count"),
        ]

    async def _push(self) -> None:
        content = f"image {self._random.randrange(6)}"
        tags = self._random.sample(_TAGS, self._random.randrange(3))
        self._world.clock.advance(timedelta(seconds=1))
        await self._world.image(self._repository, content, tags=tags)

    async def _index(self) -> None:
        children = await self._images()
        await self._world.index(self._repository, children[:2], tags=self._random.sample(_TAGS, 1))

    async def _delete(self) -> None:
        ids = [ImageId(tag=self._random.choice(_TAGS))]
        ids += [ImageId(digest=image.digest) for image in (await self._images())[:1]]
        await self._world.deletions.delete_batch(self._repository, ids)

    async def _delete_tag(self) -> None:
        await self._world.deletions.delete_tag(self._repository, Tag(self._random.choice(_TAGS)))

    async def _delete_image(self) -> None:
        for image in (await self._images())[:1]:
            await self._world.deletions.delete_image(self._repository, image.digest)

    async def _expire(self) -> None:
        policies, name = self._world.lifecycle_policies, self._repository.name
        await policies.put(self._repository.registry, name, policy(keep_newest(1)))
        await self._world.lifecycle_runs().run(self._repository.id)

    async def _pull(self) -> None:
        for image in await self._images():
            await self._world.pulls.get(self._repository, image.digest)
        await self._world.pull_times.flush()

    async def _restore(self) -> None:
        page = await self._world.recycle_bin.images(self._repository, token=None, limit=100)
        for deleted in page.entries[:2]:
            await self._world.restorations.image(
                self._repository, deleted.image.digest, tags=None, move=self._random.random() < 0.5
            )

    async def _restore_tag(self) -> None:
        await self._world.restorations.tag(self._repository, Tag(self._random.choice(_TAGS)), None)

    async def _purge(self) -> None:
        await self._world.recycle_bin.purge_images(self._repository, None)

    async def _throw_away_and_back(self) -> None:
        """With changes that are added while the repository is in the bin."""
        registry, name = self._repository.registry, self._repository.name
        await self._world.catalog.delete(registry, name, force=True)
        if self._random.random() < 0.5:
            await self._fold()
        await self._world.restorations.repository(registry, name, new_name=name, deletion_id=None)

    async def _fold(self) -> None:
        await totals_of(self._world).fold()

    async def _count(self) -> None:
        self._world.clock.advance(timedelta(days=1))
        await totals_of(self._world).count_due()

    async def _images(self) -> list[Image]:
        page = await self._world.listings.images(self._repository, token=None, limit=100, tagged=None)
        images = [described.image for described in page.entries]
        self._random.shuffle(images)
        return images


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), doings=st.lists(st.sampled_from(Doings.names()), max_size=30))
async def test_totals_are_what_counting_gives(seed: int, doings: list[str]) -> None:
    async with open_world() as world:
        repository = await world.repository()
        random_doings = Doings(world, repository, seed)
        for name in doings:
            await random_doings.do(name)
            assert await missing_of(world, repository) == Holding(), name


async def test_a_change_is_in_the_total_at_once_and_once_after_folding(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["a", "b"])
    expected = Holding(images=1, tags=2, size_bytes=image.size_bytes)
    assert (await total_of(world, repository)).holding == expected
    assert await totals_of(world).fold() == 1
    assert await totals_of(world).fold() == 0
    assert (await total_of(world, repository)).holding == expected


async def test_what_is_rolled_back_is_not_counted(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["a"])

    async def fail(records: Records) -> None:
        await records.images.remove(repository.id, image.digest)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await world.store.write(fail)
    assert (await total_of(world, repository)).holding.images == 1


async def test_a_moved_tag_is_one_tag_and_a_push(world: World) -> None:
    repository = await world.repository()
    await world.image(repository, "one", tags=["latest"])
    world.clock.advance(timedelta(hours=1))
    await world.image(repository, "two", tags=["latest"])
    total = await total_of(world, repository)
    assert total.holding.tags == 1
    assert total.pushed_at == world.clock.at


async def test_an_upgraded_registry_is_counted_once(world: World) -> None:
    """As 0014 leaves it: images, and nothing about them."""
    repository = await world.repository()
    image = await world.image(repository, tags=["a"])
    await forget_totals(world)
    assert await world.store.scan(lambda records: records.statistics.totals([repository.id])) == {}
    await world.image(repository, "while nobody has counted")
    assert (await total_of(world, repository)).counts == 0

    assert await totals_of(world).count_due() == 1
    assert await totals_of(world).count_due() == 0

    total = await total_of(world, repository)
    assert (total.holding.images, total.holding.tags, total.counts) == (2, 1, 1)
    assert total.pushed_at == image.pushed_at


async def test_what_a_node_of_the_release_before_did_is_found_within_a_day(world: World) -> None:
    repository = await world.repository()
    await world.image(repository, tags=["a"])
    await run(world, "DELETE FROM tag")
    assert await missing_of(world, repository) == Holding(tags=-1)
    world.clock.advance(timedelta(days=1))
    await totals_of(world).count_due()
    assert await missing_of(world, repository) == Holding()


async def test_counting_what_has_not_changed_leaves_no_trace_but_its_time(world: World) -> None:
    """Else every repository would have a point a day, and its unique bytes computed each day."""
    repository = await world.repository()
    before = await total_of(world, repository)
    world.clock.advance(timedelta(days=1))
    assert await totals_of(world).count_due() == 1
    assert await total_of(world, repository) == replace(before, counts=2, counted_at=world.clock.at)
    assert await rows(world, "SELECT 1 FROM repository_day") == []
    world.clock.advance(timedelta(minutes=2))
    assert await totals_of(world).compute_unique() == 0


async def test_two_nodes_that_count_at_once_correct_once(world: World) -> None:
    repository = await world.repository()
    await run(world, "DELETE FROM repository_change")
    await world.image(repository)
    await run(world, "DELETE FROM repository_change")

    async def correct(records: Records) -> bool:
        return await records.statistics.correct(
            repository.id, Holding(images=1), counts=1, pushed_at=None, now=world.clock.at
        )

    assert await world.store.write_apart(correct)
    assert not await world.store.write_apart(correct)
    assert (await total_of(world, repository)).holding.images == 1


async def test_a_removed_repository_leaves_nothing(world: World) -> None:
    repository = await world.repository()
    await world.image(repository, tags=["a"])
    await totals_of(world).fold()
    await world.image(repository, "not folded")
    await world.catalog.delete(repository.registry, repository.name, force=True)
    await world.collector.forget_repository(repository.id)
    for table in ("repository_change", "repository_total", "repository_day"):
        assert await rows(world, f"SELECT 1 FROM {table}") == []


async def test_a_late_pull_of_a_removed_repository_leaves_nothing(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    world.pull_times.note(repository, image.digest)
    await world.catalog.delete(repository.registry, repository.name, force=True)
    await world.collector.forget_repository(repository.id)
    await world.pull_times.flush()
    assert await totals_of(world).fold() == 1
    assert await rows(world, "SELECT 1 FROM repository_total") == []
    assert await rows(world, "SELECT 1 FROM repository_day") == []


async def test_unique_bytes_count_a_layer_once(world: World) -> None:
    repository = await world.repository()
    one = await world.image(repository, "one")
    assert (await total_of(world, repository)).unique is not None  # of an empty repository it is 0
    await world.push(
        repository, await shared_with(world, repository), tags=["copy"]
    )  # the same layer under another config
    await totals_of(world).fold()
    world.clock.advance(timedelta(minutes=2))
    assert await totals_of(world).compute_unique() == 1
    assert await totals_of(world).compute_unique() == 0
    total = await total_of(world, repository)
    assert total.unique is not None
    layer, config, other = len("layer of one"), len("config of one"), len("another config")
    assert total.unique.size_bytes == layer + config + other
    assert total.holding.size_bytes == one.size_bytes + layer + other
    assert total.unique.computed_at == world.clock.at


async def test_check_tells_of_a_wrong_total(world: World) -> None:
    await add_root(world)
    repository = await world.repository()
    await world.image(repository, tags=["a"])
    inspector = Inspector(world.store, world.blobs, DataKeys(world.ring), world.clock, Depth())
    found: list[Finding] = []
    await inspector.inspect(found.append)
    assert found == []
    await run(world, "UPDATE repository_total SET tags = 7")
    await inspector.inspect(found.append)
    assert [(each.what, each.key) for each in found] == [(Trouble.TOTAL_WRONG, (repository.id,))]


async def shared_with(world: World, repository: Repository) -> bytes:
    layer = await world.layer(repository, b"layer of one")
    config = await world.layer(repository, b"another config")
    return image_manifest([layer], config=config)


async def forget_totals(world: World) -> None:
    for table in ("repository_change", "repository_total", "repository_day"):
        await run(world, f"DELETE FROM {table}")


async def run(world: World, sql: str) -> None:
    async def body(connection: Connection) -> None:
        await connection.run(sql)

    await world.store._database.write(body)


async def rows(world: World, sql: str) -> list[object]:
    async def body(connection: Connection) -> list[object]:
        return list(await connection.rows(sql))

    return await world.store._database.read(body)
