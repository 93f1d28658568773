"""Layers on their way into the archive tier and back: what moves, and that none is ever missing."""

import gzip
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta

import pytest

from entrepot.domain.digests import Digest, digest_of
from entrepot.domain.images import ImageStatus
from entrepot.domain.layers import Packing
from entrepot.domain.lifecycle.policies import StorageClass
from entrepot.domain.names import RepositoryName
from entrepot.domain.policy.requests import Context
from entrepot.domain.repositories import Repository
from entrepot.keys.data_keys import DataKeys
from entrepot.ports.blobs import BlobDamaged, StoredBlob
from entrepot.ports.records import Flaw
from entrepot.registry.blob_moves import BlobMove, Manner
from entrepot.registry.collection import Collector, Grace
from entrepot.registry.inspection import Depth, Finding, Inspector
from entrepot.registry.mounts import Mounts
from entrepot.registry.recycle_bin import RecycleBin
from entrepot.registry.settings import BLOB_MOUNTING
from entrepot.registry.tier_moves import Moved, TierMover, uses_archive
from entrepot.storage.blobs.memory import MemoryBlobs
from entrepot.storage.blobs.tiers import ArchiveBlobs, TieredBlobs
from tests.unit.builders import REGISTRY, ROOT, AtOnce, World, add_root, chunks, image_manifest, new_id
from tests.unit.registry.archives import Archive

TAR = b"".join(b"file %07d\n" % number for number in range(20_000))
GZIPPED = gzip.compress(random.Random(1).randbytes(60_000), mtime=0)
SMALL = b"a config"
_A_DAY = timedelta(days=1)
_ARCHIVE = StorageClass.ARCHIVE


@pytest.fixture(name="archive")
def _archive(world: World) -> Archive:
    return Archive(world)


async def push(archive: Archive, repository: Repository, *contents: bytes, config: bytes = SMALL) -> Digest:
    """An image of layers with these bytes; its digest."""
    world = archive.world
    layers = []
    for content in contents:
        upload = await archive.uploads.begin(repository, ROOT)
        layers.append(
            await archive.uploads.finish(repository, ROOT, upload.id, digest_of(content), chunks(content))
        )
    held = await world.layer(repository, config)
    return (await world.push(repository, image_manifest(layers, config=held))).digest


async def archived(archive: Archive, repository: Repository, digest: Digest) -> None:
    await archive.archive(repository, await archive.image(repository, digest))


async def findings(archive: Archive) -> list[Finding]:
    """What `entrepot check --deep` would find in either tier."""
    found: list[Finding] = []
    world = archive.world
    inspector = Inspector(
        world.store,
        archive.tiers,
        DataKeys(world.ring),
        world.clock,
        Depth(is_deep=True),
        archive=ArchiveBlobs(archive.lying, AtOnce()),
    )
    await inspector.inspect(found.append)
    return [finding for finding in found if finding.what is not Flaw.REPOSITORY_WITHOUT_ACCOUNT]


async def test_layers_of_an_archived_image_move_and_come_back_byte_for_byte(
    world: World, archive: Archive
) -> None:
    repository = await world.repository()
    image = await push(archive, repository, TAR, GZIPPED)
    await archived(archive, repository, image)
    await archive.empty_trash()
    assert world.blobs._blobs == {}
    packed = {digest: (await archive.blob(digest)).in_archive for digest in map(digest_of, (TAR, GZIPPED))}
    tar, gzipped = packed.values()
    assert tar is not None
    assert gzipped is not None
    assert (tar.packing, tar.packed_bytes < len(TAR) // 4) == (Packing.ZSTD, True)
    assert (gzipped.packing, gzipped.packed_bytes) == (Packing.NONE, len(GZIPPED))
    assert await uses_archive(world.store)
    assert await findings(archive) == []

    await archive.restore(repository, await archive.image(repository, image))
    await archive.empty_trash()

    assert archive.lying._blobs == {}
    assert sorted(world.blobs._blobs.values()) == sorted([TAR, GZIPPED, SMALL])
    assert await archive.read(repository, digest_of(TAR)) == TAR
    assert await findings(archive) == []


async def test_a_layer_that_an_active_image_needs_anywhere_stays(world: World, archive: Archive) -> None:
    here, there = await world.repository("here"), await world.repository("there")
    image, other = await push(archive, here, TAR), await push(archive, there, TAR)
    await archived(archive, here, image)
    assert (await archive.blob(digest_of(TAR))).in_archive is None
    assert (await archive.layer(here, digest_of(TAR))).is_archived
    await archived(archive, there, other)
    assert (await archive.blob(digest_of(TAR))).in_archive is not None


async def held_twice(world: World, archive: Archive) -> tuple[Repository, Digest]:
    """Two repositories with the same image, archived in one of them; the other, where nothing is binned."""
    here, there = await world.repository("here"), await world.repository("there")
    await RecycleBin(world.store, world.clock, new_id).keep_for(REGISTRY, 0)
    image, other = await push(archive, here, TAR), await push(archive, there, TAR)
    await archived(archive, here, image)
    assert (await archive.blob(digest_of(TAR))).in_archive is None
    return there, other


async def test_layers_go_at_once_when_the_others_that_needed_them_let_go(
    world: World, archive: Archive
) -> None:
    there, other = await held_twice(world, archive)
    await world.deletions.delete_image(there, other)
    await world.deletions.delete_layer(there, digest_of(TAR))
    assert (await archive.mover.run()).archived == 1
    world.clock.advance(timedelta(seconds=1))
    await Collector(world.store, archive.tiers, world.clock, Grace.of(timedelta(0))).collect()
    assert (await archive.mover.run()).archived == 1


async def test_what_others_needed_until_they_were_cleared_is_looked_at_a_day_later(
    world: World, archive: Archive
) -> None:
    there, _ = await held_twice(world, archive)
    await world.catalog.delete(REGISTRY, there.name, force=True)
    await world.collector.forget_repository(there.id)
    assert await archive.mover.run() == Moved()
    world.clock.advance(_A_DAY)
    assert (await archive.mover.run()).archived == 2


async def test_layers_go_when_the_last_active_image_is_deleted(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await push(archive, repository, TAR)
    other = await push(archive, repository, TAR, config=b"another config")
    await archived(archive, repository, image)
    assert (await archive.blob(digest_of(TAR))).in_archive is None
    await world.deletions.delete_image(repository, other)
    await archive.mover.run()
    assert (await archive.blob(digest_of(TAR))).in_archive is not None


async def test_a_layer_that_is_pushed_again_is_stored_anew(world: World, archive: Archive) -> None:
    repository = await world.repository()
    await archived(archive, repository, await push(archive, repository, TAR))
    other = await world.repository("other")
    await push(archive, other, TAR)
    assert (await archive.blob(digest_of(TAR))).in_archive is None
    assert (await archive.layer(repository, digest_of(TAR))).is_archived
    await archive.empty_trash()
    assert await archive.read(other, digest_of(TAR)) == TAR
    assert await findings(archive) == []


async def test_a_layer_in_the_archive_is_read_from_there_and_comes_back(
    world: World, archive: Archive
) -> None:
    repository = await world.repository()
    image = await push(archive, repository, TAR)
    await archived(archive, repository, image)
    stored = await archive.image(repository, image)
    layer = await archive.layer(repository, digest_of(TAR))
    manifest = image_manifest([layer], config=await archive.layer(repository, digest_of(SMALL)))
    pushed = await world.push(repository, manifest)
    assert (pushed.digest, pushed.status) == (stored.digest, ImageStatus.ACTIVE)
    assert (await archive.blob(digest_of(TAR))).in_archive is not None
    reader = await archive.layers.open(await archive.layers.get(repository, layer.digest))
    part = bytearray(7)
    for position in (len(TAR) - 7, 0, 100_000):
        assert reader.read_into(position, memoryview(part)) == 7
        assert bytes(part) == TAR[position : position + 7]
    reader.close()
    assert (await archive.mover.run()).brought_back == 2
    assert (await archive.blob(digest_of(TAR))).in_archive is None


async def test_attack_24_an_archived_layer_is_not_mounted_and_tells_nothing(
    world: World, archive: Archive
) -> None:
    root = await add_root(world)
    source, target = await world.repository("source"), await world.repository("target")
    await archived(archive, source, await push(archive, source, TAR))
    await world.settings.put(REGISTRY, BLOB_MOUNTING, "ENABLED")
    mounts = Mounts(world.store, world.settings, world.decisions, world.clock)
    for name in (RepositoryName("source"), None):
        assert await mounts.mount(target, root, digest_of(TAR), name, Context()) is None
    assert await world.store.read(lambda records: records.layers.find(target.id, digest_of(TAR))) is None


async def test_a_mounted_layer_counts_as_needed(world: World, archive: Archive) -> None:
    root = await add_root(world)
    source, target = await world.repository("source"), await world.repository("target")
    image = await push(archive, source, TAR)
    await world.settings.put(REGISTRY, BLOB_MOUNTING, "ENABLED")
    mounts = Mounts(world.store, world.settings, world.decisions, world.clock)
    assert await mounts.mount(target, root, digest_of(TAR), RepositoryName("source"), Context()) is not None
    await archived(archive, source, image)
    assert (await archive.blob(digest_of(TAR))).in_archive is None


class Meddling(TieredBlobs):
    """Lets something happen while a copy is made."""

    def __init__(self, archive: Archive, meddle: Callable[[], Awaitable[object]]) -> None:
        super().__init__(archive.world.blobs, ArchiveBlobs(archive.lying, AtOnce()), AtOnce())
        self._meddle = meddle

    async def archive(self, blob: StoredBlob, key: str, data_key: bytes | None) -> StoredBlob:
        stored = await super().archive(blob, key, data_key)
        await self._meddle()
        return stored


def mover(archive: Archive, tiers: TieredBlobs) -> TierMover:
    return TierMover(archive.world.store, tiers, DataKeys(archive.world.ring), archive.world.clock)


async def test_attack_44_who_pushes_while_a_layer_moves_wins(world: World, archive: Archive) -> None:
    repository, other = await world.repository(), await world.repository("other")
    image = await archive.image(repository, await push(archive, repository, TAR))
    before = (await archive.blob(digest_of(TAR))).blob_key
    await archive.change(repository, image.digest, _ARCHIVE)

    async def push_again() -> None:
        await push(archive, other, TAR)

    await mover(archive, Meddling(archive, push_again)).run()
    blob = await archive.blob(digest_of(TAR))
    assert (blob.blob_key, blob.in_archive) == (before, None)
    await archive.empty_trash()
    assert await archive.read(other, digest_of(TAR)) == TAR
    assert await findings(archive) == []


async def test_a_copy_that_died_is_thrown_away_by_the_next_try(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await archive.image(repository, await push(archive, repository, TAR))

    async def die() -> None:
        raise _Killed

    await archive.change(repository, image.digest, _ARCHIVE)
    with pytest.raises(_Killed):
        await mover(archive, Meddling(archive, die)).run()
    assert TAR in world.blobs._blobs.values()
    assert (await archive.mover.run()).archived == 2
    await archive.empty_trash()
    assert len(archive.lying._blobs) == 2
    assert await findings(archive) == []


class _Killed(BaseException):
    """Nothing is cleared away after this."""


class Damaging(TieredBlobs):
    """Gives back other bytes than it took."""

    async def chunks(self, blob: StoredBlob, start: int, length: int) -> AsyncGenerator[bytes, None]:
        async for piece in super().chunks(blob, start, length):
            yield b"?" * len(piece) if blob.in_archive else piece


async def test_a_copy_that_is_not_what_was_stored_never_counts(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await archive.image(repository, await push(archive, repository, TAR))
    await archive.change(repository, image.digest, _ARCHIVE)
    tiers = Damaging(world.blobs, ArchiveBlobs(archive.lying, AtOnce()), AtOnce())
    assert await mover(archive, tiers).run() == Moved()
    assert (await archive.blob(digest_of(TAR))).in_archive is None
    await archive.empty_trash()
    assert archive.lying._blobs == {}
    assert await archive.mover.run() == Moved()  # not before its turn comes again
    world.clock.advance(_A_DAY)
    assert (await archive.mover.run()).archived == 2


async def test_a_damaged_archive_restores_nothing_and_says_so(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await archive.image(repository, await push(archive, repository, TAR))
    await archive.archive(repository, image)
    key = (await archive.blob(digest_of(TAR))).blob_key
    archive.lying._blobs[key] = b"?" * len(archive.lying._blobs[key])
    with pytest.raises(BlobDamaged):
        await archive.restore(repository, image)
    assert (await archive.image(repository, image.digest)).status is ImageStatus.ACTIVATING
    assert [str(finding.what) for finding in await findings(archive)] == ["blob-unreadable"]


async def test_layers_of_images_archived_before_there_was_a_tier_move_into_it(
    world: World, archive: Archive
) -> None:
    repository = await world.repository()
    image = await archive.image(repository, await push(archive, repository, TAR))
    await archive.change(repository, image.digest, _ARCHIVE)
    world.clock.advance(30 * _A_DAY)
    assert (await archive.mover.run()).archived == 2


@pytest.mark.parametrize("is_archived", [True, False])
async def test_an_image_that_was_deleted_comes_back_as_it_was_with_all_its_layers(
    world: World, archive: Archive, is_archived: bool
) -> None:
    repository = await world.repository()
    image = await archive.image(repository, await push(archive, repository, TAR))
    other = await archive.image(repository, await push(archive, repository, TAR, config=b"other"))
    await archive.archive(repository, other)
    if is_archived:
        await archive.archive(repository, image)
    await world.deletions.delete_image(repository, image.digest)
    world.clock.advance(2 * _A_DAY)
    await archive.mover.run()
    await archive.empty_trash()

    await world.restorations.image(repository, image.digest, tags=None, move=False)

    back = await archive.image(repository, image.digest)
    assert (back.status is ImageStatus.ARCHIVED) is is_archived
    if is_archived:
        await archive.restore(repository, back)
    assert await archive.read(repository, digest_of(TAR)) == TAR
    await archive.mover.run()
    await archive.empty_trash()
    assert await archive.read(repository, digest_of(TAR)) == TAR
    assert (await archive.blob(digest_of(TAR))).in_archive is None
    assert await findings(archive) == []


async def test_a_move_of_storage_takes_one_tier_and_leaves_the_other(world: World, archive: Archive) -> None:
    repository = await world.repository()
    await archived(archive, repository, await push(archive, repository, TAR))
    await push(archive, repository, GZIPPED, config=b"another config")
    for is_archive, source, moved in ((False, world.blobs, 2), (True, archive.lying, 2)):
        target = MemoryBlobs()
        move = BlobMove(
            world.store,
            ArchiveBlobs(source, AtOnce()),
            ArchiveBlobs(target, AtOnce()),
            DataKeys(world.ring),
            world.clock,
            target_name=f"target {is_archive}",
            manner=Manner(is_archive=is_archive),
            report=lambda _progress: None,
        )
        done = await move.run()
        assert (done.copied_blobs, done.is_complete) == (moved, True)
        rows = await world.store.read(lambda records: records.inspection.blobs(after="", limit=99))
        wanted = {row.blob_key for row in rows if (row.in_archive is not None) is is_archive}
        assert target._blobs.keys() == wanted
        assert all(target._blobs[key] == source._blobs[key] for key in wanted)
