"""What goes with a delete, and what stays."""

import pytest

from entrepot.domain.digests import digest_of
from entrepot.domain.errors import (
    DigestUnsupported,
    ImageIdEmpty,
    ImageNotFound,
    ImageReferenced,
    InvalidParameter,
    LayerInUse,
    LayerNotFound,
    TagNamesAnother,
)
from entrepot.domain.images import ImageId
from entrepot.domain.mutability import parse_mutability
from entrepot.domain.names import Tag
from entrepot.domain.repositories import Repository
from tests.unit.builders import World, absent


async def delete(
    world: World, repository: Repository, *ids: ImageId
) -> tuple[list[ImageId], list[type[Exception]]]:
    deleted, failures = await world.deletions.delete_batch(repository, ids)
    return deleted, [type(failure.refusal) for failure in failures]


async def digests(world: World, repository: Repository) -> set[str]:
    page = await world.listings.images(repository, token=None, limit=1000, tagged=None)
    return {described.image.digest for described in page.entries}


async def test_by_tag_only_the_tag_goes_and_with_the_last_one_the_image(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1", "v2"])

    assert await delete(world, repository, ImageId(tag="v1")) == ([ImageId(image.digest, "v1")], [])
    assert await digests(world, repository) == {image.digest}
    assert await delete(world, repository, ImageId(tag="v2")) == ([ImageId(image.digest, "v2")], [])
    assert await digests(world, repository) == set()


async def test_by_digest_the_image_goes_with_every_tag(world: World) -> None:
    repository = await world.repository()
    image, bare = await world.image(repository, tags=["v2", "v1"]), await world.image(repository, "bare")

    deleted = await delete(world, repository, ImageId(digest=image.digest), ImageId(digest=bare.digest))

    rows = [ImageId(image.digest, "v1"), ImageId(image.digest, "v2"), ImageId(bare.digest)]
    assert deleted == (rows, [])
    with pytest.raises(ImageNotFound):
        await world.pulls.find(repository, Tag("v1"))


async def test_tag_and_digest_must_agree(world: World) -> None:
    repository = await world.repository()
    one = await world.image(repository, "one", tags=["v1"])
    two = await world.image(repository, "two", tags=["v2"])

    assert await delete(world, repository, ImageId(one.digest, "v2")) == ([], [TagNamesAnother])
    assert await digests(world, repository) == {one.digest, two.digest}
    assert await delete(world, repository, ImageId(one.digest, "v1")) == ([ImageId(one.digest, "v1")], [])


async def test_one_bad_id_does_not_keep_the_others(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    ids = [
        ImageId(),
        ImageId(digest="sha256:../../x"),
        ImageId(tag="..\0"),
        ImageId(tag="gone"),
        ImageId(digest=absent()),
        ImageId(tag="v1"),
        ImageId(tag="v1"),
    ]

    deleted, failures = await delete(world, repository, *ids)

    assert deleted == [ImageId(image.digest, "v1")]
    assert failures == [
        ImageIdEmpty,
        DigestUnsupported,
        InvalidParameter,
        ImageNotFound,
        ImageNotFound,
        ImageNotFound,
    ]


async def test_the_child_of_an_index_stays_by_every_door(world: World) -> None:
    repository = await world.repository()
    child = await world.image(repository, tags=["v1"])
    index = await world.index(repository, [child], tags=["all"])

    assert await delete(world, repository, ImageId(digest=child.digest)) == ([], [ImageReferenced])
    assert await delete(world, repository, ImageId(tag="v1")) == ([], [ImageReferenced])
    with pytest.raises(ImageReferenced) as refused:
        await world.deletions.delete_image(repository, child.digest)
    assert refused.value.by == (index.digest,)
    assert (await world.pulls.find(repository, Tag("v1"))).digest == child.digest


async def test_in_one_batch_an_index_frees_the_children_behind_it_only(world: World) -> None:
    repository = await world.repository()
    before, behind = await world.image(repository, "before"), await world.image(repository, "behind")
    index = await world.index(repository, [before, behind])

    deleted, failures = await delete(
        world, repository, *(ImageId(digest=image.digest) for image in (before, index, behind))
    )

    assert deleted == [ImageId(index.digest), ImageId(behind.digest)]
    assert failures == [ImageReferenced]
    assert await digests(world, repository) == {before.digest}


async def test_one_tag_of_several_may_leave_a_child(world: World) -> None:
    repository = await world.repository()
    child = await world.image(repository, tags=["v1", "v2"])
    await world.index(repository, [child])

    assert await delete(world, repository, ImageId(tag="v1")) == ([ImageId(child.digest, "v1")], [])


async def test_the_tag_alone_goes_over_v2(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])

    await world.deletions.delete_tag(repository, Tag("v1"))

    assert await digests(world, repository) == {image.digest}
    with pytest.raises(ImageNotFound):
        await world.deletions.delete_tag(repository, Tag("v1"))


async def test_attack_22_a_deleted_immutable_tag_is_free_and_then_immutable_again(world: World) -> None:
    repository = await world.repository(mutability=parse_mutability("IMMUTABLE", None))
    await world.image(repository, "old", tags=["v1"])
    await world.deletions.delete_tag(repository, Tag("v1"))

    new = await world.image(repository, "new", tags=["v1"])

    assert (await world.pulls.find(repository, Tag("v1"))).digest == new.digest


async def test_deleting_an_unknown_image_is_refused(world: World) -> None:
    repository = await world.repository()

    with pytest.raises(ImageNotFound):
        await world.deletions.delete_image(repository, absent())


async def test_attack_25_an_image_deleted_here_stays_elsewhere_and_stays_gone_here(world: World) -> None:
    here, there = await world.repository("here"), await world.repository("there")
    image = await world.image(here, tags=["v1"])
    await world.image(there, tags=["v1"])

    await world.deletions.delete_image(here, image.digest)
    await world.image(there, tags=["v2"])

    assert await digests(world, here) == set()
    assert await digests(world, there) == {image.digest}


async def test_a_layer_in_use_stays_and_a_released_one_is_gone(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    digest = digest_of(b"layer of image")

    with pytest.raises(LayerInUse) as refused:
        await world.deletions.delete_layer(repository, digest)
    assert refused.value.by == (image.digest,)

    await world.deletions.delete_image(repository, image.digest)
    await world.deletions.delete_layer(repository, digest)
    with pytest.raises(LayerNotFound):
        await world.deletions.delete_layer(repository, digest)
