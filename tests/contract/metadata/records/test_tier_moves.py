"""Archived images, the layers that only they use, and blobs on their way between tiers, on every database."""

from dataclasses import replace

import pytest

from entrepot.domain.digests import Digest
from entrepot.domain.images import ImageStatus
from entrepot.domain.layers import InArchive, Packing
from entrepot.domain.names import Tag
from entrepot.ports.records import Counted, Records, TierMove
from tests.contract.metadata.records.samples import AES256, blob, digest, image, minute

ARCHIVED = InArchive(Packing.ZSTD, 3)


async def add_image(records: Records, name: str, *layers: str, repository_id: str = "repository") -> Digest:
    """An image of layers that the repository holds."""
    made = image(name)
    await records.images.add(repository_id, made)
    for layer in layers:
        await records.blobs.add(replace(blob(f"key {layer}"), digest=digest(layer)))
        await records.layers.hold(repository_id, digest(layer), f"key {layer}", minute(0))
    await records.references.add(
        repository_id, made.digest, layers={digest(layer): "type" for layer in layers}, children=[]
    )
    return made.digest


async def archive(records: Records, name: Digest, at: int = 5) -> None:
    await records.images.set_status("repository", name, ImageStatus.ARCHIVED, minute(at))
    await records.layers.archive_unneeded("repository", name, minute(at))
    await records.tier_moves.note_layers("repository", name, minute(at))


async def is_archived(records: Records, layer: str) -> bool:
    found = await records.layers.find("repository", digest(layer))
    assert found is not None
    return found.is_archived


async def test_a_status_comes_with_its_time_and_others_stay(records: Records) -> None:
    name = await add_image(records, "image")
    assert not await records.images.has_archived("repository")
    await records.images.set_status("repository", name, ImageStatus.ARCHIVED, minute(1))
    assert await records.images.has_archived("repository")
    await records.images.set_status("repository", name, ImageStatus.ACTIVATING, minute(2))
    assert await records.images.has_archived("repository")
    await records.images.set_status("repository", name, ImageStatus.ACTIVE, minute(3))
    found = await records.images.find("repository", name)
    assert found is not None
    assert (found.status, found.archived_at, found.activated_at) == (ImageStatus.ACTIVE, minute(1), minute(3))
    assert not await records.images.has_archived("repository")


@pytest.mark.parametrize("tagged", [None, True, False])
async def test_lists_keep_one_status(records: Records, tagged: bool | None) -> None:
    names = {status: await add_image(records, f"image {status}") for status in ImageStatus}
    for status, name in names.items():
        await records.images.set_status("repository", name, status, minute(1))
        if tagged is not False:
            await records.tags.point("repository", Tag(f"v-{status.value}"), name, minute(1))
    for status in (None, *ImageStatus):
        wanted = sorted(names.values() if status is None else [names[status]])
        page = await records.images.page("repository", after="", limit=9, tagged=tagged, status=status)
        assert [each.digest for each in page] == wanted
        rows = await records.tags.listing("repository", after=("", ""), limit=9, tagged=tagged, status=status)
        assert [row.digest for row in rows] == wanted
    if tagged is not False:
        assert await records.tags.page("repository", after="", limit=9) == ["v-ACTIVE"]


async def test_only_layers_that_no_active_image_uses_are_archived(records: Records) -> None:
    one = await add_image(records, "one", "own", "shared")
    two = await add_image(records, "two", "shared", "other")
    await archive(records, one)
    assert [await is_archived(records, layer) for layer in ("own", "shared", "other")] == [True, False, False]
    assert await records.tier_moves.due(minute(5), 9) == [TierMove("key own", None)]
    assert not await records.blobs.is_needed("key own")
    assert await records.blobs.is_needed("key shared")
    await records.layers.archive_unneeded("repository", two, minute(6))  # two is about to go
    assert [await is_archived(records, layer) for layer in ("own", "shared", "other")] == [True, True, False]
    await records.layers.need("repository", one)
    assert [await is_archived(records, layer) for layer in ("own", "shared", "other")] == [
        False,
        False,
        False,
    ]


async def test_who_holds_a_layer_again_needs_it(records: Records) -> None:
    name = await add_image(records, "one", "own")
    await archive(records, name)
    await records.layers.hold("repository", digest("own"), "key own", minute(7))
    assert not await is_archived(records, "own")


async def test_other_bytes_may_count_and_holders_follow(records: Records) -> None:
    await add_image(records, "one", "own")
    await add_image(records, "one", "own", repository_id="other")
    row = replace(blob("new key"), digest=digest("own"), created_at=minute(9), in_archive=ARCHIVED)
    assert await records.blobs.replace("key own", row)
    kept = replace(row, created_at=minute(0))
    assert await records.blobs.find(digest("own"), AES256) == kept
    assert await records.blobs.find_by_key("new key") == kept
    assert await records.blobs.find_by_key("key own") is None
    for repository_id in ("repository", "other"):
        layer = await records.layers.find(repository_id, digest("own"))
        assert layer is not None
        assert (layer.blob_key, layer.in_archive) == ("new key", ARCHIVED)
    assert not await records.blobs.replace("key own", row)
    counted = await records.counts.page(Counted.ARCHIVED, after=None, limit=9)
    assert (counted.rows, counted.size_bytes) == (1, 3)


async def test_a_postponed_look_is_hastened_and_none_is_put_off(records: Records) -> None:
    await records.tier_moves.note("later", minute(9))
    await records.tier_moves.note("sooner", minute(1))
    await records.tier_moves.hasten(["later", "sooner", "never noted"], minute(3))
    await records.tier_moves.hasten([], minute(2))
    assert await records.tier_moves.due(minute(2), 9) == [TierMove("sooner", None)]
    assert await records.tier_moves.due(minute(3), 9) == [TierMove("sooner", None), TierMove("later", None)]


async def test_a_note_waits_for_its_turn_and_names_the_copy_under_way(records: Records) -> None:
    await records.tier_moves.note("key", minute(3))
    assert await records.tier_moves.due(minute(2), 9) == []
    await records.tier_moves.begin("key", "copy", minute(3))
    assert await records.tier_moves.find("key") == TierMove("key", "copy")
    assert await records.inspection.known(["copy", "other"]) == {"copy"}
    await records.tier_moves.postpone("key", minute(8))
    assert await records.tier_moves.due(minute(7), 9) == []
    await records.tier_moves.note("key", minute(6))
    assert await records.tier_moves.due(minute(7), 9) == [TierMove("key", None)]
    await records.tier_moves.begin("never noted", "copy", minute(4))
    await records.tier_moves.finish("key")
    assert await records.tier_moves.due(minute(9), 9) == [TierMove("never noted", "copy")]
