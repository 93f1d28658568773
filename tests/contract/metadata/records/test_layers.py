"""The blobs that repositories hold, on every database."""

from dataclasses import replace

import pytest

from entrepot.domain.digests import Digest
from entrepot.domain.layers import Layer
from entrepot.domain.names import Registry
from entrepot.ports.records import Records
from tests.contract.metadata.records.samples import (
    ACCOUNT,
    AES256,
    REGISTRY,
    blob,
    digest,
    minute,
    repository,
)

LAYER = Layer(digest("layer"), "key", len("layer"), b"\x00wrapped\xff")


async def test_a_held_layer_is_found_with_its_bytes(records: Records) -> None:
    await records.blobs.add(blob("key"))
    await records.layers.hold("repository", digest("layer"), "key", minute(0))
    assert await records.layers.find("repository", digest("layer")) == LAYER


async def test_a_layer_held_elsewhere_is_not_seen(records: Records) -> None:
    await records.blobs.add(blob("key"))
    await records.layers.hold("other", digest("layer"), "key", minute(0))
    assert await records.layers.find("repository", digest("layer")) is None
    assert await records.layers.find_many("repository", [digest("layer")]) == {}


async def test_renewing_an_image_counts_its_layers_from_now_on_and_no_others(records: Records) -> None:
    for name in ("layer", "other"):
        await records.blobs.add(replace(blob(f"key {name}"), digest=digest(name)))
        await records.layers.hold("repository", digest(name), f"key {name}", minute(0))
    layers = {digest("layer"): "type"}
    await records.references.add("repository", digest("image"), layers=layers, children=[])
    await records.layers.renew("repository", digest("image"), minute(5))
    await records.images.remove("repository", digest("image"))
    unused = await records.garbage.unused_layers(held_before=minute(4), after=("", ""), limit=9)
    assert unused == [("repository", digest("other"))]


@pytest.mark.parametrize("count", [0, 1, 3, 100, 513])
async def test_many_are_found_and_absent_ones_left_out(records: Records, count: int) -> None:
    held = [digest("a"), digest("b")]
    for each in held:
        await records.blobs.add(replace(blob(f"key {each}"), digest=each))
        await records.layers.hold("repository", each, f"key {each}", minute(0))
    wanted = [*held, *(Digest(f"sha256:{n:064}") for n in range(count))][:count]
    found = await records.layers.find_many("repository", wanted)
    assert {key: layer.blob_key for key, layer in found.items()} == {
        each: f"key {each}" for each in held[:count]
    }


async def test_holding_again_follows_the_bytes_and_counts_from_then(records: Records) -> None:
    await records.blobs.add(blob("key"))
    await records.layers.hold("repository", digest("layer"), "old", minute(0))
    await records.layers.hold("repository", digest("layer"), "key", minute(5))
    assert await records.layers.find("repository", digest("layer")) == LAYER
    assert not await records.garbage.release_unused("repository", [digest("layer")], minute(5))
    assert await records.garbage.release_unused("repository", [digest("layer")], minute(6))


async def test_holding_takes_the_collectors_mark_off(records: Records) -> None:
    await records.blobs.add(blob("key"))
    await records.garbage.mark(["key"], minute(1))
    await records.layers.hold("repository", digest("layer"), "key", minute(2))
    assert await records.garbage.condemned(marked_before=minute(9), limit=9) == []
    await records.layers.release("repository", digest("layer"))
    assert not await records.garbage.remove_blobs(["key"], minute(9))


async def test_release_says_whether_it_was_held(records: Records) -> None:
    await records.layers.hold("repository", digest("layer"), "key", minute(0))
    assert await records.layers.release("repository", digest("layer"))
    assert not await records.layers.release("repository", digest("layer"))


async def test_holders_are_repositories_of_one_registry_and_one_encryption(records: Records) -> None:
    abroad = repository("abroad", registry=Registry(ACCOUNT, "us-east-1"))
    here, sealed, without = repository("here"), repository("sealed"), repository("without")
    for each in (abroad, here, sealed, without):
        await records.repositories.add(each)
    await records.blobs.add(blob("key"))
    await records.blobs.add(blob("sealed", encryption_key="kms"))
    for each, key in ((abroad, "key"), (here, "key"), (sealed, "sealed")):
        await records.layers.hold(each.id, digest("layer"), key, minute(0))
    await records.layers.hold("removed repository", digest("layer"), "key", minute(0))
    assert await records.layers.holders(REGISTRY, digest("layer"), AES256, 9) == [here]
    assert await records.layers.holders(REGISTRY, digest("layer"), "kms", 9) == [sealed]
    assert await records.layers.holders(REGISTRY, digest("other"), AES256, 9) == []


async def test_holders_are_bounded_and_in_the_order_of_their_ids(records: Records) -> None:
    await records.blobs.add(blob("key"))
    holders = [repository(f"repository-{n}") for n in range(4)]
    for each in reversed(holders):
        await records.repositories.add(each)
        await records.layers.hold(each.id, digest("layer"), "key", minute(0))
    assert await records.layers.holders(REGISTRY, digest("layer"), AES256, 3) == holders[:3]
