"""What the collector takes, when, and what it must never take."""

from datetime import timedelta

import pytest

from entrepot.domain.digests import digest_of
from entrepot.domain.errors import UploadNotFound
from entrepot.domain.repositories import Repository
from entrepot.registry.collection import Collected, _drop_untouched, _emptied
from tests.unit.builders import REGISTRY, ROOT, World, chunks

CONTENT = b"the bytes of a layer"
DIGEST = digest_of(CONTENT)
HOUR, DAY, MOMENT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
NOTHING = Collected(uploads=0, layers=0, blobs=0, files=0)


async def collected_after(world: World, pause: timedelta) -> Collected:
    world.clock.advance(pause)
    return await world.collector.collect()


async def stored(world: World) -> int:
    return len(world.blobs._blobs) + len(world.blobs._uploads)


async def released(world: World, repository: Repository) -> None:
    """A layer that nobody holds any longer."""
    await world.layer(repository, CONTENT)
    await world.deletions.delete_layer(repository, DIGEST)


async def test_an_upload_untouched_for_a_day_is_dropped_with_its_bytes(world: World) -> None:
    repository = await world.repository()
    upload = await world.uploads.begin(repository, ROOT)
    world.clock.advance(DAY)
    await world.uploads.append(repository, ROOT, upload.id, chunks(CONTENT))

    assert await collected_after(world, DAY) == NOTHING
    assert await collected_after(world, MOMENT) == Collected(uploads=1, layers=0, blobs=0, files=1)

    assert await stored(world) == 0
    with pytest.raises(UploadNotFound):
        await world.uploads.get(repository, ROOT, upload.id)


async def test_an_upload_continued_since_it_was_found_stale_stays(world: World) -> None:
    repository = await world.repository()
    found_stale = await world.uploads.begin(repository, ROOT)
    await world.uploads.append(repository, ROOT, found_stale.id, chunks(CONTENT))

    dropped = await world.store.write(lambda records: _drop_untouched([found_stale], world.clock.at, records))

    assert dropped == 0
    await world.uploads.finish(repository, ROOT, found_stale.id, DIGEST)


async def test_an_unused_layer_is_released_after_a_day_and_deleted_two_hours_later(world: World) -> None:
    await world.layer(await world.repository(), CONTENT)

    assert await collected_after(world, DAY) == NOTHING
    assert await collected_after(world, MOMENT) == Collected(uploads=0, layers=1, blobs=0, files=0)
    assert await collected_after(world, HOUR) == NOTHING
    assert await collected_after(world, MOMENT) == Collected(uploads=0, layers=0, blobs=1, files=1)
    assert await stored(world) == 0


async def test_layers_of_images_are_never_taken(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])

    for _ in range(5):
        assert await collected_after(world, 30 * DAY) == NOTHING

    assert (await world.pulls.get(repository, image.digest)).image == image
    assert await stored(world) == 2


async def test_layers_of_an_image_that_was_deleted_for_good_go(world: World) -> None:
    await world.recycle_bin.keep_for(REGISTRY, 0)
    repository = await world.repository()
    image = await world.image(repository)
    await world.deletions.delete_image(repository, image.digest)

    for _ in range(3):
        await collected_after(world, DAY + MOMENT)

    assert await stored(world) == 0


async def test_a_layer_that_another_repository_holds_stays_whole(world: World) -> None:
    one, two = await world.repository("one"), await world.repository("two")
    await world.layer(one, b"layer of image")
    await world.image(two)

    for _ in range(3):
        await collected_after(world, DAY + MOMENT)

    layer = await world.layers.get(two, digest_of(b"layer of image"))
    assert (await world.layers.open(layer)).size_bytes == layer.size_bytes


async def test_attack_44_whoever_holds_a_marked_blob_again_wins(world: World) -> None:
    repository = await world.repository()
    await released(world, repository)
    await collected_after(world, HOUR + MOMENT)  # marked

    await world.layer(repository, CONTENT)

    assert await collected_after(world, HOUR + MOMENT) == Collected(uploads=0, layers=0, blobs=0, files=1)
    layer = await world.layers.get(repository, DIGEST)
    assert (await world.layers.open(layer)).size_bytes == len(CONTENT)


async def test_attack_44_a_mark_does_not_outlive_a_holder(world: World) -> None:
    repository = await world.repository()
    await released(world, repository)
    await collected_after(world, HOUR + MOMENT)  # marked
    await released(world, repository)  # held for a moment, which takes the mark off

    assert (await collected_after(world, HOUR + MOMENT)).blobs == 0
    assert (await collected_after(world, HOUR + MOMENT)).blobs == 1


async def test_bytes_whose_row_is_gone_are_deleted_after_a_crash(world: World) -> None:
    await released(world, await world.repository())
    await collected_after(world, HOUR + MOMENT)
    world.clock.advance(HOUR + MOMENT)
    await world.collector._remove_condemned_blobs(world.clock.at)  # and then the process dies
    assert await stored(world) == 1

    assert await world.collector.collect() == Collected(uploads=0, layers=0, blobs=0, files=1)

    assert await stored(world) == 0


async def test_bytes_that_are_deleted_twice_are_fine(world: World) -> None:
    await released(world, await world.repository())
    await collected_after(world, HOUR + MOMENT)
    world.clock.advance(HOUR + MOMENT)
    await world.collector._remove_condemned_blobs(world.clock.at)
    (key,) = await world.store.read(lambda records: records.garbage.thrown(after="", limit=9))
    await world.blobs.delete(key)  # and then the process dies, before the note is taken away

    assert (await world.collector.collect()).files == 1
    await world.store.write(lambda records: _emptied([key], records))
    assert await world.collector.collect() == NOTHING


async def test_a_blob_being_finished_again_while_its_row_is_condemned_is_whole(world: World) -> None:
    repository = await world.repository()
    await released(world, repository)
    await collected_after(world, HOUR + MOMENT)
    world.clock.advance(HOUR + MOMENT)
    await world.collector._remove_condemned_blobs(world.clock.at)

    layer = await world.layer(repository, CONTENT)
    await world.collector.collect()

    assert (await world.layers.open(layer)).size_bytes == len(CONTENT)


async def test_a_removed_repository_is_forgotten_however_often_that_is_interrupted(world: World) -> None:
    repository = await world.repository(tags={"team": "a"})
    await world.image(repository, tags=["v1"])
    upload = await world.uploads.begin(repository, ROOT)
    await world.uploads.append(repository, ROOT, upload.id, chunks(CONTENT))
    await world.catalog.delete(REGISTRY, repository.name, force=True)

    await world.store.write(lambda records: records.repositories.clear(repository.id, 3))  # and a crash
    await world.collector.forget_repository(repository.id)
    await world.collector.forget_repository(repository.id)
    for _ in range(2):
        await collected_after(world, HOUR + MOMENT)

    assert await stored(world) == 0
    assert await world.store.read(lambda records: records.resource_tags.of(repository.id)) == {}


async def test_forgetting_leaves_the_repository_of_the_same_name_alone(world: World) -> None:
    old = await world.repository()
    await world.image(old, tags=["v1"])
    await world.catalog.delete(REGISTRY, old.name, force=True)
    new = await world.repository()
    image = await world.image(new, tags=["v1"])

    await world.collector.forget_repository(old.id)

    assert (await world.pulls.get(new, image.digest)).image == image
