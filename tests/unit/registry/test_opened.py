"""Small contents that were opened lately."""

import pytest

from entrepot.domain.errors import ImageNotFound
from entrepot.registry.opened import Opened
from tests.unit.builders import World

FIRST, SECOND, THIRD = "first", "second", "third"


def test_what_was_kept_is_found_in_its_own_place_only() -> None:
    opened = Opened()
    opened.keep(FIRST, b"content")
    assert opened.find(FIRST) == b"content"
    assert opened.find(SECOND) is None


def test_the_least_lately_used_leaves_first() -> None:
    opened = Opened(room_bytes=20)
    opened.keep(FIRST, b"0123456789")
    opened.keep(SECOND, b"0123456789")
    opened.find(FIRST)
    opened.keep(THIRD, b"0123456789")
    assert opened.find(SECOND) is None
    assert opened.find(FIRST) == opened.find(THIRD) == b"0123456789"


def test_keeping_the_same_twice_takes_room_once() -> None:
    opened = Opened(room_bytes=20)
    for _ in range(5):
        opened.keep(FIRST, b"0123456789")
    opened.keep(SECOND, b"0123456789")
    assert opened.find(FIRST) == b"0123456789"


def test_a_large_one_is_not_kept() -> None:
    opened = Opened()
    opened.keep(FIRST, bytes(300 << 10))
    assert opened.find(FIRST) is None


async def test_a_deleted_image_is_not_served_from_memory(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["1"])
    pulls = world.pulls
    await pulls.get(repository, image.digest)

    await world.deletions.delete_image(repository, image.digest)

    with pytest.raises(ImageNotFound):
        await pulls.get(repository, image.digest)
