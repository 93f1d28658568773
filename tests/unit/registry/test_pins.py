"""Pins at every door that deletes."""

from datetime import timedelta

import pytest

from entrepot.domain.errors import ImageNotFound, ImagePinned, InvalidParameter, PinNotFound, RepositoryPinned
from entrepot.domain.images import Image, ImageId
from entrepot.domain.names import Tag
from entrepot.domain.pins import PIN_TAG
from entrepot.domain.repositories import Repository
from entrepot.registry import pin_checks
from entrepot.registry.pins import PinnedImage
from tests.unit.builders import REGISTRY, ROOT, World

DAY = timedelta(days=1)


async def pin(
    world: World, repository: Repository, image: Image, *, days: float | None = None
) -> PinnedImage:
    until = None if days is None else world.clock.at + timedelta(days=days)
    return await world.pins.pin(
        REGISTRY, repository.name, ImageId(image.digest), by=ROOT.arn, reason="runs", until=until
    )


async def pinned(world: World, repository: Repository | None = None) -> list[str]:
    name = None if repository is None else repository.name
    page = await world.pins.page(REGISTRY, name, token=None, limit=100)
    return [each.pin.digest for each in page.entries]


async def refused(world: World, repository: Repository, image_id: ImageId) -> ImagePinned:
    deleted, [failure] = await world.deletions.delete_batch(repository, [image_id])
    assert deleted == []
    assert isinstance(failure.refusal, ImagePinned)
    return failure.refusal


async def test_attack_23_a_pinned_image_is_deleted_at_no_door(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    await pin(world, repository, image)
    for image_id in (ImageId(image.digest), ImageId(tag="v1")):
        refusal = await refused(world, repository, image_id)
        assert (refusal.what, refusal.by, refusal.reason) == (image.digest, ROOT.arn, "runs")
    with pytest.raises(ImagePinned):
        await world.deletions.delete_image(repository, image.digest)
    for force in (True, False):
        with pytest.raises(RepositoryPinned if force else Exception):
            await world.catalog.delete(REGISTRY, repository.name, force=force)
    await world.deletions.delete_tag(repository, Tag("v1"))  # the image stays, and is pinned still
    assert (await refused(world, repository, ImageId(image.digest))).by == ROOT.arn


async def test_an_unpinned_image_is_deleted(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    await pin(world, repository, image)
    taken = await world.pins.unpin(REGISTRY, repository.name, ImageId(tag="v1"))
    assert (taken.pin.digest, taken.tags, taken.pin.reason) == (image.digest, ("v1",), "runs")
    with pytest.raises(PinNotFound):
        await world.pins.unpin(REGISTRY, repository.name, ImageId(tag="v1"))
    deleted, failures = await world.deletions.delete_batch(repository, [ImageId(tag="v1")])
    assert (len(deleted), failures) == (1, [])


async def test_a_pin_ends_by_itself(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    assert (await pin(world, repository, image, days=1)).pin.until == world.clock.at + DAY
    await refused(world, repository, ImageId(image.digest))
    world.clock.advance(DAY)
    assert await pinned(world) == []
    with pytest.raises(PinNotFound):
        await world.pins.unpin(REGISTRY, repository.name, ImageId(image.digest))
    assert (await world.deletions.delete_batch(repository, [ImageId(image.digest)]))[1] == []
    await world.image(repository)
    assert await pinned(world) == []


async def test_a_pin_ends_later_than_it_begins(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    with pytest.raises(InvalidParameter, match="until"):
        await pin(world, repository, image, days=0)
    with pytest.raises(ImageNotFound):
        await world.pins.pin(
            REGISTRY, repository.name, ImageId(tag="gone"), by=ROOT.arn, reason=None, until=None
        )


async def test_pinning_again_replaces_reason_and_end(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    await pin(world, repository, image, days=1)
    await pin(world, repository, image)
    [entry] = (await world.pins.page(REGISTRY, None, token=None, limit=9)).entries
    assert entry.pin.until is None


async def test_pins_are_listed_in_pages(world: World) -> None:
    app, base = await world.repository(), await world.repository("team/base")
    images = [await world.image(app, f"{number}", tags=[f"v{number}"]) for number in range(3)]
    other = await world.image(base)
    for image in images:
        await pin(world, app, image)
    await pin(world, base, other)
    digests = sorted(image.digest for image in images)
    assert await pinned(world, app) == digests
    assert await pinned(world) == [*digests, other.digest]
    for name in (None, app.name):
        first = await world.pins.page(REGISTRY, name, token=None, limit=2)
        rest = await world.pins.page(REGISTRY, name, token=first.next_token, limit=9)
        assert [each.pin.digest for each in first.entries] == digests[:2]
        assert rest.entries[0].pin.digest == digests[2]


async def test_a_resource_tag_pins_by_the_tags_of_images(world: World) -> None:
    repository = await world.repository(tags={PIN_TAG: "v* prod"})
    image = await world.image(repository, "one", tags=["v1", "x", "y"])
    plain = await world.image(repository, "two", tags=["z"])
    refusal = await refused(world, repository, ImageId(image.digest))
    assert (refusal.what, refusal.by) == ("tag v1", f"the repository's resource tag {PIN_TAG}")
    await refused(world, repository, ImageId(tag="v1"))
    with pytest.raises(ImagePinned):
        await world.deletions.delete_tag(repository, Tag("v1"))
    await world.deletions.delete_tag(repository, Tag("x"))
    assert (await world.deletions.delete_batch(repository, [ImageId(tag="y")]))[1] == []
    assert (await world.deletions.delete_batch(repository, [ImageId(plain.digest)]))[1] == []
    with pytest.raises(RepositoryPinned):
        await world.catalog.delete(REGISTRY, repository.name, force=True)
    await world.catalog.untag(REGISTRY, repository.name, [PIN_TAG])
    assert (await world.deletions.delete_batch(repository, [ImageId(image.digest)]))[1] == []
    await world.catalog.delete(REGISTRY, repository.name, force=True)


@pytest.mark.parametrize(
    ("patterns", "is_kept"),
    [
        ("dev-1", True),
        ("dev-1*", True),
        ("dev-*", True),
        ("*-1", True),
        ("*", True),
        ("d*v*", True),
        ("prod-* stable rel", True),
        ("dev", False),
        ("dev-10*", False),
        ("prod-* stable", False),
        ("*-2", False),
        ("z*", False),
    ],
)
async def test_a_repository_stays_while_the_resource_tag_pins_some_image(
    world: World, monkeypatch: pytest.MonkeyPatch, patterns: str, is_kept: bool
) -> None:
    monkeypatch.setattr(pin_checks, "_TAGS_LOOKED_AT", 2)
    repository = await world.repository(tags={PIN_TAG: patterns})
    await world.image(repository, "one", tags=["a", "b", "dev-1", "dex", "rel"])
    await world.image(repository, "two")
    if is_kept:
        with pytest.raises(RepositoryPinned):
            await world.catalog.delete(REGISTRY, repository.name, force=True)
    else:
        await world.catalog.delete(REGISTRY, repository.name, force=True)


async def test_pins_that_are_over_do_not_keep_a_repository(world: World) -> None:
    repository = await world.repository()
    await pin(world, repository, await world.image(repository), days=1)
    world.clock.advance(2 * DAY)
    await world.catalog.delete(REGISTRY, repository.name, force=True)
    assert await pinned(world) == []
