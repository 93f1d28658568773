"""Manifests that were opened lately."""

import pytest

from entrepot.domain.digests import Digest
from entrepot.domain.errors import ImageNotFound
from entrepot.registry.opened_manifests import OpenedManifests
from tests.unit.builders import World

FIRST, SECOND, THIRD = (Digest(f"sha256:{n:064}") for n in range(3))


def test_what_was_kept_is_found_in_its_own_place_only() -> None:
    opened = OpenedManifests()
    opened.keep("here", FIRST, b"content")
    assert opened.find("here", FIRST) == b"content"
    assert opened.find("there", FIRST) is None


def test_the_least_lately_used_leaves_first() -> None:
    opened = OpenedManifests(room_bytes=20)
    opened.keep("here", FIRST, b"0123456789")
    opened.keep("here", SECOND, b"0123456789")
    opened.find("here", FIRST)
    opened.keep("here", THIRD, b"0123456789")
    assert opened.find("here", SECOND) is None
    assert opened.find("here", FIRST) == opened.find("here", THIRD) == b"0123456789"


def test_keeping_the_same_twice_takes_room_once() -> None:
    opened = OpenedManifests(room_bytes=20)
    for _ in range(5):
        opened.keep("here", FIRST, b"0123456789")
    opened.keep("here", SECOND, b"0123456789")
    assert opened.find("here", FIRST) == b"0123456789"


def test_a_large_one_is_not_kept() -> None:
    opened = OpenedManifests()
    opened.keep("here", FIRST, bytes(300 << 10))
    assert opened.find("here", FIRST) is None


async def test_a_deleted_image_is_not_served_from_memory(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["1"])
    pulls = world.pulls
    await pulls.get(repository, image.digest)

    await world.deletions.delete_image(repository, image.digest)

    with pytest.raises(ImageNotFound):
        await pulls.get(repository, image.digest)
