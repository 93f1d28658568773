"""Orders of repositories and images, the same on every database."""

from collections.abc import Sequence
from typing import Any

import pytest

from entrepot.domain.images import ImageStatus
from entrepot.ports.orders import Place, PlacedImage, PlacedRepository, RepositoryOrder
from entrepot.ports.records import Records, Store
from entrepot.registry.repository_totals import RepositoryTotals
from tests.contract.metadata.records.samples import REGISTRY, image, minute, repository
from tests.unit.builders import SettableClock

NAMES = ("team/b", "team/c", "team/a")


async def fill(store: Store) -> None:
    """`team/b` has one image, `team/c` three of which one was pulled, `team/a` none."""

    async def body(records: Records) -> None:
        for name in NAMES:
            await records.repositories.add(repository(name))
        await records.images.add(repository("team/b").id, image("b"))
        for name in ("one", "two", "three"):
            await records.images.add(repository("team/c").id, image(name))
        for name, at in (("one", 7), ("one", 8), ("two", 9)):
            await records.images.note_pulls(
                repository("team/c").id, image(name).digest, minute(at), pulls=at - 6
            )

    await store.write(body)
    await RepositoryTotals(store, SettableClock(minute(0))).fold()


async def repositories(store: Store, order: RepositoryOrder, **asked: Any) -> Sequence[PlacedRepository]:
    return await store.read(lambda records: records.orders.repositories(REGISTRY, order, **asked))


async def pulled_images(store: Store, **asked: Any) -> Sequence[PlacedImage]:
    repository_id = repository("team/c").id
    return await store.read(lambda records: records.orders.pulled_images(repository_id, **asked))


async def all_images(store: Store, **asked: Any) -> Sequence[PlacedImage]:
    repository_id = repository("team/c").id
    return await store.read(lambda records: records.orders.images(repository_id, **asked))


async def names(store: Store, order: RepositoryOrder, *, is_descending: bool) -> list[str | None]:
    """Page after page of one."""
    found: list[str | None] = []
    after: Place | None = None
    while rows := await repositories(store, order, is_descending=is_descending, after=after, limit=1):
        found += [row.name for row in rows]
        after = rows[-1].place
    return found


@pytest.mark.parametrize("is_descending", [False, True])
async def test_repositories_come_in_every_order_page_by_page(store: Store, *, is_descending: bool) -> None:
    await fill(store)
    b, a = sorted(("team/b", "team/a"), key=lambda name: repository(name).id)
    turn = -1 if is_descending else 1
    assert await names(store, RepositoryOrder.NAME, is_descending=is_descending) == sorted(NAMES)[::turn]
    for order in (RepositoryOrder.IMAGES, RepositoryOrder.SIZE):
        found = await names(store, order, is_descending=is_descending)
        assert found == ["team/a", "team/b", "team/c"][::turn]
    # Equal ones by id.
    for order in (RepositoryOrder.PULLS, RepositoryOrder.LAST_PULL):
        found = await names(store, order, is_descending=is_descending)
        assert found[::turn][-1] == "team/c"
    found = await names(store, RepositoryOrder.LAST_PULL, is_descending=is_descending)
    assert found == [b, a, "team/c"][::turn]
    pushed = await names(store, RepositoryOrder.LAST_PUSH, is_descending=is_descending)
    assert pushed[::turn][0] == "team/a"


async def test_a_repository_in_the_bin_has_a_place_and_no_name(store: Store) -> None:
    await fill(store)
    await store.write(lambda records: records.repositories.remove(repository("team/c").id))
    assert await names(store, RepositoryOrder.SIZE, is_descending=True) == [None, "team/b", "team/a"]
    assert await names(store, RepositoryOrder.NAME, is_descending=True) == ["team/b", "team/a"]


async def test_images_come_by_pulls_and_by_digest(store: Store) -> None:
    await fill(store)
    tied = sorted((image("one").digest, image("two").digest))
    every = sorted((*tied, image("three").digest))
    for is_descending in (False, True):
        turn = -1 if is_descending else 1
        rows = await pulled_images(store, is_descending=is_descending, after=None, limit=9)
        assert [row.pulls for row in rows] == [3, 3]
        assert [row.digest for row in rows] == tied[::turn]
        assert all(row.last_pulled_at and row.status is ImageStatus.ACTIVE for row in rows)
        (rest,) = await pulled_images(store, is_descending=is_descending, after=rows[0].place, limit=9)
        assert rest == rows[1]
        found = await all_images(store, is_descending=is_descending, after=None, limit=9)
        assert [row.digest for row in found] == every[::turn]
