"""A repair, and somebody who comes between two of its steps: what they did is whole, as is the next push."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from entrepot.domain.digests import Digest, digest_of
from entrepot.domain.names import Tag
from entrepot.domain.repositories import Repository
from entrepot.keys.data_keys import DataKeys
from entrepot.ports.records import Flaw
from entrepot.registry.collection import Collector, Grace
from entrepot.registry.inspection import Depth, Finding, Inspector, Trouble
from entrepot.registry.repair import Repairer
from entrepot.registry.repaired import Repaired
from tests.unit.builders import ACCOUNT, World

Act = Callable[[World, Repository], Awaitable[object]]
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
async def account(world: World) -> None:
    await world.store.write(lambda records: records.accounts.add(ACCOUNT, world.clock.at))


class Between:
    """Stands before a store: before its n-th call something else is done, once."""

    def __init__(self, inner: Any, steps: "Steps") -> None:
        self._inner = inner
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._inner, name)
        if name in ("read", "scan", "write", "find", "page", "begin", "finish"):

            async def stepped(*args: Any, **kwargs: Any) -> Any:
                await self._steps.step()
                return await inner(*args, **kwargs)

            return stepped
        if name == "chunks":

            async def pieces(*args: Any) -> Any:
                await self._steps.step()
                async for piece in inner(*args):
                    yield piece

            return pieces
        return inner


class Steps:
    def __init__(self, at: int, act: Callable[[], Awaitable[object]]) -> None:
        self._left, self._act, self.has_acted = at, act, False

    async def step(self) -> None:
        if self._left == 0:
            self.has_acted = True
            await self._act()
        self._left -= 1


async def lose_the_layer(world: World, repository: Repository) -> None:
    layer = await world.layers.get(repository, digest_of(b"layer of image"))
    del world.blobs._blobs[layer.blob_key]


async def spoil_the_layer(world: World, repository: Repository) -> None:
    layer = await world.layers.get(repository, digest_of(b"layer of image"))
    world.blobs._blobs[layer.blob_key] = b"LAYER OF IMAGE"


async def lose_the_manifest(world: World, repository: Repository) -> None:
    digest = await image_of(world, repository)
    await world.store.write(lambda records: records.repairs.remove_manifest(repository.id, digest))


async def push(world: World, repository: Repository) -> object:
    return await world.image(repository, tags=["v1"])


async def delete_and_collect(world: World, repository: Repository) -> None:
    """To the last byte: nothing of it is in the bin, and no grace is left."""
    digest = await image_of(world, repository)
    await world.deletions.delete_image(repository, digest)
    await world.recycle_bin.purge_images(repository, [digest])
    collector = Collector(world.store, world.blobs, world.clock, Grace.of(timedelta(0)))
    for _ in range(3):
        world.clock.advance(SECOND)
        await collector.collect()


async def push_and_lose_the_copies(world: World, repository: Repository) -> None:
    """What lay in the trash, from which a layer may be mended, is deleted meanwhile."""
    await push(world, repository)
    await world.collector.collect()


async def image_of(world: World, repository: Repository) -> Digest:
    digest = await world.store.read(lambda records: records.tags.find(repository.id, Tag("v1")))
    assert digest is not None
    return digest


async def findings(world: World) -> list[Finding]:
    found: list[Finding] = []
    depth = Depth(is_deep=True, grace=timedelta(0))
    await Inspector(world.store, world.blobs, DataKeys(world.ring), world.clock, depth).inspect(found.append)
    return found


@pytest.mark.parametrize("hurt", [lose_the_layer, spoil_the_layer, lose_the_manifest])
@pytest.mark.parametrize("act", [push, delete_and_collect, push_and_lose_the_copies])
async def test_attack_44_who_comes_between_two_steps_of_a_repair_loses_nothing(
    world: World, hurt: Act, act: Act
) -> None:
    steps_tried = 0
    for number in range(100):
        repository = await world.repository(f"team/r{number}")
        await push(world, repository)
        await hurt(world, repository)
        [finding] = await findings(world)
        steps = Steps(number, lambda repository=repository: act(world, repository))  # type: ignore[misc]
        outcome = await repair(world, steps, finding)
        if not steps.has_acted:
            break
        steps_tried += 1
        if act is delete_and_collect:
            assert outcome.is_mended or outcome.hurt or await is_gone(world, repository), outcome
        elif hurt is lose_the_manifest:
            assert await is_whole(world, repository), "the push that came between was acknowledged"
        await push(world, repository)
        assert await is_whole(world, repository)
        await delete_and_collect(world, repository)
        assert await findings(world) == []
    assert steps_tried >= 2


async def test_a_layer_that_was_collected_meanwhile_is_not_told_to_be_in_quarantine(world: World) -> None:
    repository = await world.repository()
    await push(world, repository)
    await lose_the_layer(world, repository)
    [finding] = await findings(world)
    for number in range(2, 100):
        steps = Steps(number, lambda: delete_and_collect(world, repository))
        outcome = await repair(world, steps, finding)
        if steps.has_acted:
            break
    assert "quarantine" not in outcome.how


async def test_a_copy_that_was_thrown_away_as_an_orphan_does_not_count(world: World) -> None:
    """Another check, told to leave no grace, takes the copy that a repair is making for nobody's."""
    repository = await world.repository()
    await push(world, repository)
    await push(world, await world.repository("team/two"))  # whose layers lie in the trash now, and are plain
    for number in range(100):
        await lose_the_layer(world, repository)
        [finding] = await findings(world)
        steps = Steps(number, partial(throw_what_is_new, world, set(world.blobs._blobs)))
        outcome = await repair(world, steps, finding)
        if not steps.has_acted:
            break
        assert Flaw.BLOB_THROWN_AWAY not in {each.what for each in await findings(world)}
        if not outcome.is_mended:
            await push(world, repository)
    assert number > 5


async def throw_what_is_new(world: World, before: set[str]) -> None:
    for key in set(world.blobs._blobs) - before:
        await repairer(world).repair(Finding(Trouble.ORPHAN_BLOB, (key,)))


def repairer(world: World, steps: Steps | None = None) -> Repairer:
    store, blobs = (
        (world.store, world.blobs)
        if steps is None
        else (Between(world.store, steps), Between(world.blobs, steps))
    )
    return Repairer(store, blobs, DataKeys(world.ring), world.collector, world.clock)


async def repair(world: World, steps: Steps, finding: Finding) -> Repaired:
    return await repairer(world, steps).repair(finding)


async def is_gone(world: World, repository: Repository) -> bool:
    return await world.store.read(lambda records: records.tags.find(repository.id, Tag("v1"))) is None


async def is_whole(world: World, repository: Repository) -> bool:
    """Whether the image and both of its blobs come back."""
    await world.pulls.get(repository, Tag("v1"))
    for content in (b"layer of image", b"config of image"):
        opened = await world.layers.open(await world.layers.get(repository, digest_of(content)))
        buffer = memoryview(bytearray(opened.size_bytes))
        if not (opened.read_into(0, buffer) == len(content) and bytes(buffer) == content):
            return False
    return True
