"""Totals: counted in pages, kept in a row that every node can read."""

import pytest

from entrepot.ports.records import Counted
from entrepot.registry import totals as totals_module
from entrepot.registry.totals import Total, Totals
from tests.unit.builders import ROOT, World


async def test_everything_is_counted_however_small_the_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals_module, "_PAGE", 2)
    for name in ("team/a", "team/b", "team/c"):
        repository = await world.repository(name)
        images = [await world.image(repository, f"{name} {n}", tags=[f"t{n}", f"u{n}"]) for n in range(3)]
        await world.uploads.begin(repository, ROOT)
    counting = await Totals(world.store, world.clock).count()

    assert counting.totals[Counted.REPOSITORIES] == Total(3, 0)
    assert counting.totals[Counted.IMAGES] == Total(9, 3 * sum(image.manifest_bytes for image in images))
    assert counting.totals[Counted.TAGS] == Total(18, 0)
    assert counting.totals[Counted.BLOBS].rows == 18
    assert counting.totals[Counted.BLOBS].size_bytes > 18
    assert counting.totals[Counted.UPLOADS] == Total(3, 0)


async def test_an_empty_registry_is_counted(world: World) -> None:
    counting = await Totals(world.store, world.clock).count()
    assert set(counting.totals.values()) == {Total(0, 0)}


async def test_what_was_last_counted_can_be_read_anywhere(world: World) -> None:
    totals = Totals(world.store, world.clock)
    assert await totals.latest() is None
    counting = await totals.count()
    assert await totals.latest() == counting
