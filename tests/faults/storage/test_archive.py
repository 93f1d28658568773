"""Layers on their way between the tiers, while their mover is killed again and again."""

import random
import signal
from pathlib import Path

from entrepot.domain.digests import Digest, digest_of
from entrepot.domain.images import Image, ImageId, ImageStatus
from entrepot.domain.lifecycle.policies import StorageClass
from entrepot.domain.repositories import Repository
from entrepot.keys.data_keys import DataKeys
from entrepot.ports.records import Flaw
from entrepot.registry.archiving import StorageClasses
from entrepot.registry.inspection import Depth, Finding, Inspector
from entrepot.registry.layers import Layers
from entrepot.registry.pull_times import PullTimes
from tests.faults.serving.processes import wait_until
from tests.faults.storage.archive_worker import Registry, now, opened, work
from tests.faults.storage.workers import WORKERS
from tests.unit.builders import SettableClock, World, image_manifest, key_ring, new_id

MIB = 1 << 20


def layers_of(number: int) -> list[bytes]:
    """Two layers, of which one can be packed."""
    chance = random.Random(number)
    return [chance.randbytes(MIB + number), (b"image %d, the same again\n" % number) * 80_000]


def world_of(registry: Registry) -> World:
    """The use cases over the folder's rows and tiers."""
    clock = SettableClock(now())
    return World(registry.store, registry.tiers, key_ring(1), clock, PullTimes(registry.store, clock))  # type: ignore[arg-type]


async def push(world: World, repository: Repository, number: int) -> Image:
    held = [await world.layer(repository, content) for content in layers_of(number)]
    config = await world.layer(repository, b"config %d" % number)
    return await world.push(repository, image_manifest(held, config=config))


def files_in(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def kill_at(folder: Path, tier: str, more: int) -> bool:
    """Run a worker until the tier has so many files more, then kill it; False where it ended first."""
    worker = WORKERS.Process(target=work, args=(str(folder),))
    goal = files_in(folder / tier) + more
    worker.start()
    wait_until(lambda: not worker.is_alive() or files_in(folder / tier) >= goal, "a point to kill at")
    worker.kill()
    worker.join()
    code = worker.exitcode
    worker.close()
    assert code in (0, -signal.SIGKILL)
    return code != 0


def finish(folder: Path) -> None:
    worker = WORKERS.Process(target=work, args=(str(folder),))
    worker.start()
    worker.join()
    assert worker.exitcode == 0
    worker.close()


async def check(registry: Registry) -> list[Finding]:
    found: list[Finding] = []
    inspector = Inspector(
        registry.store,
        registry.tiers,
        DataKeys(key_ring(1)),
        now,
        Depth(is_deep=True),
        archive=registry.archive,
    )
    await inspector.inspect(found.append)
    return [each for each in found if each.what is not Flaw.REPOSITORY_WITHOUT_ACCOUNT]


async def change(registry: Registry, repository: Repository, images: list[Image], to: StorageClass) -> None:
    classes = StorageClasses(registry.store, now, new_id)
    for image in images:
        await classes.change(repository, ImageId(image.digest), to)


async def is_whole(registry: Registry, repository: Repository, number: int) -> bool:
    layers = Layers(registry.store, registry.tiers, DataKeys(key_ring(1)))
    for content in layers_of(number):
        layer = await layers.get(repository, digest_of(content))
        if await layers.content(layer) != content:
            return False
    return True


async def test_attack_44_a_mover_that_is_killed_anywhere_loses_no_layer(tmp_path: Path) -> None:
    numbers, chance = range(6), random.Random(3)
    async with opened(tmp_path) as registry:
        world = world_of(registry)
        repository, other = await world.repository(), await world.repository("team/other")
        images = [await push(world, repository, number) for number in numbers]
        await change(registry, repository, images, StorageClass.ARCHIVE)

        kills = sum(kill_at(tmp_path, "archive", chance.randrange(1, 5)) for _ in range(3))
        await push(world, other, 0)  # whose layers may lie anywhere by now
        assert kills >= 2
        assert [finding for finding in await check(registry) if finding.what != "orphan-blob"] == []
        finish(tmp_path)
        assert await is_whole(registry, other, 0)
        assert await check(registry) == []
        assert await archived(registry, images) == 3 * (len(numbers) - 1)

        await change(registry, repository, images, StorageClass.STANDARD)
        kills = sum(kill_at(tmp_path, "standard", chance.randrange(1, 5)) for _ in range(3))
        assert kills >= 2
        finish(tmp_path)
        finish(tmp_path)  # what the last kill left is in the trash after the first
        assert await check(registry) == []
        assert await archived(registry, images) == 0
        for number, image in zip(numbers, images, strict=True):
            found = await registry.store.read(
                lambda records, digest=image.digest: records.images.find(repository.id, digest)  # type: ignore[misc]
            )
            assert found is not None
            assert found.status is ImageStatus.ACTIVE
            assert await is_whole(registry, repository, number)
        assert files_in(tmp_path / "archive") == 0


async def archived(registry: Registry, images: list[Image]) -> int:
    """How many blobs lie in the archive tier."""
    rows = await registry.store.read(lambda records: records.inspection.blobs(after="", limit=999))
    assert len({Digest(row.digest) for row in rows}) == len(rows) == 3 * len(images)
    return sum(row.in_archive is not None for row in rows)
