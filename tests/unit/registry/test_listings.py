"""Listings, a page at a time, and the tokens between pages."""

import base64
from collections.abc import Awaitable, Callable

import pytest

from entrepot.domain.errors import ImageNotFound, InvalidParameter
from entrepot.domain.images import ImageId
from entrepot.domain.manifests import Descriptor
from entrepot.domain.names import Registry
from entrepot.domain.repositories import Repository
from entrepot.registry.pages import Page
from tests.unit.builders import ACCOUNT, REGISTRY, World, absent, describe

Fetch = Callable[[World, Repository, str | None, int], Awaitable[Page[object]]]


async def _images(world: World, repository: Repository, token: str | None, limit: int) -> Page[object]:
    page = await world.listings.images(repository, token=token, limit=limit, tagged=None)
    return Page([described.image.digest for described in page.entries], page.next_token)


async def _ids(world: World, repository: Repository, token: str | None, limit: int) -> Page[object]:
    page = await world.listings.image_ids(repository, token=token, limit=limit, tagged=None)
    return Page(list(page.entries), page.next_token)


async def _referrers(world: World, repository: Repository, token: str | None, limit: int) -> Page[object]:
    page = await world.listings.referrers(repository, absent("subject"), token=token, limit=limit)
    return Page(list(page.entries), page.next_token)


async def _repositories(world: World, repository: Repository, token: str | None, limit: int) -> Page[object]:
    page = await world.catalog.page(repository.registry, token=token, limit=limit)
    return Page(list(page.entries), page.next_token)


FETCHES: list[Fetch] = [_images, _ids, _referrers, _repositories]


async def filled(world: World) -> Repository:
    """A repository with five images, two of them with two tags, among five repositories."""
    for n in range(4):
        await world.repository(f"other-{n}")
    repository = await world.repository()
    for n in range(5):
        tags = [f"a{n}", f"b{n}"] if n < 2 else []
        await world.image(repository, f"image {n}", tags=tags, subject=describe(b"subject"))
    return repository


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 1000])
async def test_pages_of_any_length_give_everything_once_in_order(
    world: World, fetch: Fetch, limit: int
) -> None:
    repository = await filled(world)
    whole = (await fetch(world, repository, None, 1000)).entries
    token, seen = None, list[object]()
    while True:
        page = await fetch(world, repository, token, limit)
        assert len(page.entries) <= limit
        seen += page.entries
        token = page.next_token
        if token is None:
            break

    assert seen == whole
    assert len(whole) in (5, 7)


def forged(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode()


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "é",
        "\ud800",
        "AAAA\n",
        "AAA=A",
        forged(b""),
        forged(b"unknown\0x"),
        forged(b"images"),
        forged(b"images\0a\0b"),
        forged(b"image-ids\0a"),
        forged(b"image-ids\0a\0b\0c"),
        forged(b"images\0\xff"),
        forged(b"images\0\xed\xa0\x80"),
        forged(b"images\0" + b"a" * 1_000_000),
        forged(b"repositories\0" + b"a" * 2048),
        "A" * 2052,
    ],
)
async def test_attack_40_forged_and_huge_tokens_are_refused(world: World, fetch: Fetch, token: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        await fetch(world, await world.repository(), token, 10)

    assert refused.value.parameter == "nextToken"


@pytest.mark.parametrize("fetch", FETCHES)
async def test_attack_40_a_token_of_another_listing_is_refused(world: World, fetch: Fetch) -> None:
    repository = await filled(world)
    for other in FETCHES:
        token = (await other(world, repository, None, 1)).next_token
        assert token is not None
        if other is not fetch:
            with pytest.raises(InvalidParameter):
                await fetch(world, repository, token, 1)


async def test_attack_29_a_token_of_another_repository_shows_nothing_of_it(world: World) -> None:
    repository, empty = await filled(world), await world.repository("empty")
    token = (await _images(world, repository, None, 1)).next_token

    assert (await _images(world, empty, token, 10)).entries == []


async def test_attack_29_a_catalog_lists_its_own_registry_only(world: World) -> None:
    await world.repository("mine")
    await world.repository("theirs", registry=Registry("210987654321", "eu-west-1"))
    await world.repository("elsewhere", registry=Registry(ACCOUNT, "us-east-1"))

    page = await world.catalog.page(REGISTRY, token=None, limit=10)

    assert [repository.name for repository in page.entries] == ["mine"]


@pytest.mark.parametrize(("tagged", "images", "rows"), [(None, 5, 7), (True, 2, 4), (False, 3, 3)])
async def test_listings_keep_tagged_or_untagged_images(
    world: World, tagged: bool | None, images: int, rows: int
) -> None:
    repository = await filled(world)

    described = await world.listings.images(repository, token=None, limit=10, tagged=tagged)
    ids = await world.listings.image_ids(repository, token=None, limit=10, tagged=tagged)

    assert (len(described.entries), len(ids.entries)) == (images, rows)
    assert all((row.tag is not None) == tagged for row in ids.entries if tagged is not None)


async def test_describing_answers_each_image_once_and_fails_whole(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["b", "a"])

    (described,) = await world.listings.describe(repository, [ImageId(tag="a"), ImageId(image.digest)])
    assert (described.image, list(described.tags)) == (image, ["a", "b"])

    with pytest.raises(ImageNotFound):
        await world.listings.describe(repository, [ImageId(tag="a"), ImageId(tag="gone")])


async def test_tags_go_on_after_any_tag_there_or_not(world: World) -> None:
    repository = await world.repository()
    await world.image(repository, tags=["b", "a", "d", "B"])

    assert await world.listings.tags(repository, after="", limit=3) == ["B", "a", "b"]
    assert await world.listings.tags(repository, after="c", limit=3) == ["d"]
    assert await world.listings.tags(repository, after="d", limit=3) == []
    assert await world.listings.tags(repository, after="", limit=0) == []


@pytest.mark.parametrize(
    ("types", "count"),
    [
        ((), 1),
        (("application/vnd.oci.image.config.v1+json",), 1),
        (("application/other",), 0),
        (("' OR 1=1 --",), 0),
        (("a\0b",), 0),
        (("\ud800", "application/vnd.oci.image.config.v1+json"), 1),
    ],
)
async def test_attack_16_a_filter_of_referrers_is_only_ever_a_value(
    world: World, types: tuple[str, ...], count: int
) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    subject = Descriptor(image.media_type, image.digest, image.manifest_bytes)
    await world.image(repository, "signature", subject=subject)

    page = await world.listings.referrers(
        repository, image.digest, token=None, limit=10, artifact_types=types
    )

    assert len(page.entries) == count
