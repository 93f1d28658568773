"""What goes to the bin, that nobody meets it there, and that its layers stay as long as it does."""

from datetime import timedelta
from functools import partial

import pytest

from entrepot.domain.digests import Digest, digest_of
from entrepot.domain.errors import (
    DeletedRepositoryNotFound,
    ImageNotFound,
    InvalidParameter,
    LayerNotFound,
    RepositoryNotFound,
)
from entrepot.domain.images import Image, ImageId
from entrepot.domain.manifests import Descriptor
from entrepot.domain.names import RepositoryName, Tag
from entrepot.domain.recycling import DeletedImage, bin_of
from entrepot.domain.repositories import Repository
from entrepot.ports.records import Records
from tests.unit.builders import REGISTRY, START, World, absent, image_manifest
from tests.unit.registry.lifecycles import keep_newest, policy

DAY, MOMENT = timedelta(days=1), timedelta(microseconds=1)
WEEK = 7 * DAY
NAME = RepositoryName("team/app")


async def in_bin(world: World, repository: Repository) -> list[DeletedImage]:
    return (await world.recycle_bin.images(repository, token=None, limit=100)).entries


async def delete(world: World, repository: Repository, image: Image) -> None:
    world.clock.advance(MOMENT)
    await world.deletions.delete_batch(repository, [ImageId(digest=image.digest)])


async def stored(world: World) -> int:
    return len(world.blobs._blobs)


async def collect(world: World) -> None:
    """Whatever may be collected by now, and what comes of it."""
    for _ in range(4):
        world.clock.advance(2 * DAY)
        await world.collector.collect()


async def test_a_deleted_image_is_gone_at_every_use_case_and_in_the_bin(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1", "v2"])

    await delete(world, repository, image)

    for reference in (image.digest, Tag("v1")):
        with pytest.raises(ImageNotFound):
            await world.pulls.find(repository, reference)
    assert (await world.listings.images(repository, token=None, limit=9, tagged=None)).entries == []
    assert await world.listings.tags(repository, after="", limit=9) == []
    (deleted,) = await in_bin(world, repository)
    assert (deleted.image, deleted.tags) == (image, ("v1", "v2"))
    assert (deleted.deletion.at, deleted.deletion.until) == (START + MOMENT, START + MOMENT + WEEK)
    assert (deleted.deletion.by, deleted.deletion.rule_priority) == (None, None)


async def test_attack_25_layers_go_from_the_repository_as_ever_and_stay_for_the_bin(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    await delete(world, repository, image)

    await collect(world)

    with pytest.raises(LayerNotFound):
        await world.layers.get(repository, digest_of(b"layer of image"))
    assert await stored(world) == 2
    other = await world.repository("other")
    await world.layer(other, b"layer of image")
    with pytest.raises(LayerNotFound):
        await world.layers.get(repository, digest_of(b"layer of image"))
    await world.restorations.image(repository, image.digest, tags=None, move=False)
    layer = await world.layers.get(repository, digest_of(b"layer of image"))
    assert (await world.layers.open(layer)).size_bytes == layer.size_bytes


async def test_a_deleted_layer_that_only_the_bin_needs_is_gone_and_comes_back_with_its_image(
    world: World,
) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    await delete(world, repository, image)
    await world.deletions.delete_layer(repository, digest_of(b"layer of image"))
    with pytest.raises(LayerNotFound):
        await world.layers.get(repository, digest_of(b"layer of image"))

    await world.restorations.image(repository, image.digest, tags=None, move=False)

    await world.layers.get_referenced(repository, digest_of(b"layer of image"))


async def test_when_the_window_is_over_the_image_and_its_layers_go(world: World) -> None:
    repository = await world.repository()
    await delete(world, repository, await world.image(repository))
    world.clock.advance(WEEK - MOMENT)
    assert await world.recycle_bin.empty() == (0, 0)
    world.clock.advance(MOMENT)
    assert await world.recycle_bin.empty() == (1, 0)
    assert await world.recycle_bin.empty() == (0, 0)
    assert await in_bin(world, repository) == []

    await collect(world)

    assert await stored(world) == 0


async def test_a_layer_that_two_deleted_images_share_stays_for_the_second(world: World) -> None:
    repository = await world.repository()
    layer = await world.layer(repository, b"shared")
    one = await world.push(repository, image_manifest([layer], config=layer))
    two = await world.push(repository, image_manifest([layer], config=layer, annotations={"a": "b"}))
    await delete(world, repository, one)
    await delete(world, repository, two)

    await world.recycle_bin.purge_images(repository, [one.digest])
    await collect(world)
    assert await stored(world) == 1
    await world.restorations.image(repository, two.digest, tags=None, move=False)
    await collect(world)
    assert (await world.layers.get(repository, layer.digest)).size_bytes == len(b"shared")


async def test_with_no_window_nothing_is_kept(world: World) -> None:
    await world.recycle_bin.keep_for(REGISTRY, 0)
    repository = await world.repository()
    await delete(world, repository, await world.image(repository))

    assert await in_bin(world, repository) == []
    await world.catalog.delete(REGISTRY, NAME, force=True)
    listed = await world.recycle_bin.repositories(REGISTRY, None, token=None, limit=9)
    assert listed.entries == []


async def test_a_new_window_is_for_what_is_deleted_from_then_on(world: World) -> None:
    repository = await world.repository()
    await delete(world, repository, await world.image(repository, "old"))
    await world.recycle_bin.keep_for(REGISTRY, 30)
    await delete(world, repository, await world.image(repository, "new"))

    new, old = [each.deletion.until - each.deletion.at for each in await in_bin(world, repository)]

    assert (old, new) == (WEEK, 30 * DAY)
    for days in (-1, 366):
        with pytest.raises(InvalidParameter):
            await world.recycle_bin.keep_for(REGISTRY, days)


async def test_what_a_lifecycle_rule_expires_goes_to_the_bin_with_its_rule(world: World) -> None:
    repository = await world.repository()
    old = await world.image(repository, "old", tags=["v1"])
    world.clock.advance(DAY)
    await world.image(repository, "new", tags=["v2"])
    await world.lifecycle_policies.put(REGISTRY, NAME, policy(keep_newest(1)))

    assert await world.lifecycle_runs().run(repository.id) == 1

    (deleted,) = await in_bin(world, repository)
    assert (deleted.image.digest, deleted.tags) == (old.digest, ("v1",))
    assert deleted.deletion.rule_priority == 1
    assert deleted.deletion.by is None


async def test_an_image_that_is_pushed_and_deleted_again_is_in_the_bin_once_as_it_was_last(
    world: World,
) -> None:
    repository = await world.repository()
    await delete(world, repository, await world.image(repository, tags=["v1"]))
    world.clock.advance(DAY)
    again = await world.image(repository, tags=["v2"])
    assert (await world.pulls.find(repository, Tag("v2"))).pushed_at == again.pushed_at

    await delete(world, repository, again)

    (deleted,) = await in_bin(world, repository)
    assert (deleted.tags, deleted.image.pushed_at) == (("v2",), again.pushed_at)


async def test_deleted_images_come_in_pages_the_last_one_first(world: World) -> None:
    repository = await world.repository()
    images = [await world.image(repository, f"image {n}") for n in range(5)]
    await world.deletions.delete_batch(repository, [ImageId(digest=image.digest) for image in images[:3]])
    for image in images[3:]:
        await delete(world, repository, image)

    found: list[Digest] = []
    token = None
    while True:
        page = await world.recycle_bin.images(repository, token=token, limit=2)
        found += [each.image.digest for each in page.entries]
        token = page.next_token
        if token is None:
            break

    together = sorted((image.digest for image in images[:3]), reverse=True)
    assert found == [images[4].digest, images[3].digest, *together]


@pytest.mark.parametrize(
    "token", ["", "x", "ZGVsZXRlZC1pbWFnZXMAeAB5", "ZGVsZXRlZC1pbWFnZXMAMjAyNi0wMS0wMQB5"]
)
async def test_attack_40_a_forged_token_is_refused(world: World, token: str) -> None:
    repository = await world.repository()
    with pytest.raises(InvalidParameter):
        await world.recycle_bin.images(repository, token=token, limit=2)


async def test_a_deleted_repository_is_in_the_bin_and_its_name_is_free(world: World) -> None:
    old = await world.repository(tags={"team": "a"})
    await world.image(old, tags=["v1"])

    await world.catalog.delete(REGISTRY, NAME, force=True)

    with pytest.raises(RepositoryNotFound):
        await world.catalog.get(REGISTRY, NAME)
    new = await world.repository()
    assert await world.catalog.tags(REGISTRY, NAME) == {}
    assert (await world.listings.images(new, token=None, limit=9, tagged=None)).entries == []
    (listed,) = (await world.recycle_bin.repositories(REGISTRY, NAME, token=None, limit=9)).entries
    assert listed.deleted.repository == old
    assert (listed.images, listed.size_bytes > 0) == (1, True)
    await collect(world)
    assert await stored(world) == 2


async def test_when_the_window_is_over_the_repository_goes_with_all_it_held(world: World) -> None:
    repository = await world.repository()
    await world.image(repository, "deleted with it", tags=["v1"])
    await delete(world, repository, await world.image(repository, "deleted before"))
    await world.deletion_protection.begin(REGISTRY, NAME)
    await world.deletion_protection.end(REGISTRY, NAME)
    await world.catalog.delete(REGISTRY, NAME, force=True)
    world.clock.advance(WEEK)
    assert await world.recycle_bin.empty() == (1, 1)

    await world.collector.forget_repository(repository.id)
    await collect(world)

    assert await stored(world) == 0
    for place in (repository.id, bin_of(repository.id)):
        assert await world.store.write(partial(cleared, place)) == 0


async def cleared(place: str, records: Records) -> int:
    return await records.repositories.clear(place, 9)


async def test_purging_a_repository_that_is_not_in_the_bin_is_refused(world: World) -> None:
    repository = await world.repository()
    for deletion_id in ("none", repository.id):
        with pytest.raises(DeletedRepositoryNotFound):
            await world.recycle_bin.purge_repository(REGISTRY, deletion_id)


async def test_purging_erases_what_is_named_and_no_more(world: World) -> None:
    one, two = await world.repository("one/app"), await world.repository("two/app")
    images = [await world.image(one, f"image {n}") for n in range(3)]
    for image in images:
        await delete(world, one, image)
    await delete(world, two, await world.image(two))

    assert await world.recycle_bin.purge_images(one, [images[0].digest, images[0].digest, absent()]) == 1
    assert len(await in_bin(world, one)) == 2
    assert await world.recycle_bin.purge_images(one, None) == 2
    assert len(await in_bin(world, two)) == 1
    await world.catalog.delete(REGISTRY, RepositoryName("one/app"), force=True)
    assert await world.recycle_bin.purge_everything(REGISTRY) == (1, 1)
    assert await in_bin(world, two) == []


async def test_the_bin_tells_how_much_it_holds(world: World) -> None:
    repository = await world.repository()
    described = await world.recycle_bin.describe(REGISTRY, None)
    assert (described.days, described.images.count, described.images.oldest) == (7, 0, None)
    images = [await world.image(repository, f"image {n}") for n in range(3)]
    for image in images[:2]:
        await delete(world, repository, image)

    own = await world.recycle_bin.describe(REGISTRY, repository)

    sizes = [image.size_bytes for image in images]
    assert (own.images.count, own.images.size_bytes) == (2, sum(sizes[:2]))
    assert own.images.oldest == START + MOMENT
    await world.catalog.delete(REGISTRY, NAME, force=True)
    whole = await world.recycle_bin.describe(REGISTRY, None)
    assert whole.images.count == 2
    assert whole.repositories is not None
    assert (whole.repositories.count, whole.repositories.size_bytes) == (1, sizes[2])


async def test_referrers_in_the_bin_are_not_listed(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    subject = Descriptor(image.media_type, image.digest, image.manifest_bytes)
    signature = await world.image(repository, "signature", subject=subject)
    await delete(world, repository, signature)

    page = await world.listings.referrers(repository, image.digest, token=None, limit=9)

    assert page.entries == []
