"""What the collector reads and writes, on every database."""

from entrepot.domain.digests import Digest
from entrepot.ports.records import Records, Store
from tests.contract.metadata.records.samples import blob, digest, minute


async def test_only_layers_that_no_image_uses_and_held_long_enough_are_unused(records: Records) -> None:
    for name, held_at in (("used", 0), ("unused", 0), ("fresh", 5)):
        await records.layers.hold("repository", digest(name), f"key {name}", minute(held_at))
    await records.references.add("repository", digest("i"), layers={digest("used"): "type"}, children=[])
    await records.references.add("other", digest("i"), layers={digest("unused"): "type"}, children=[])
    assert await _unused(records, before=5, limit=9) == [("repository", digest("unused"))]


async def test_unused_layers_are_paged_over_repositories_without_gap_or_repeat(records: Records) -> None:
    held = [(name, digest(str(n))) for name in ("a", "a/b", "a-b", "B") for n in range(3)]
    for repository_id, layer in held:
        await records.layers.hold(repository_id, layer, "key", minute(0))
    for limit in (1, 2, 5, 12, 13):
        assert await _unused(records, before=1, limit=limit) == sorted(held)


async def test_a_layer_that_was_used_meanwhile_is_not_released(records: Records) -> None:
    await records.layers.hold("repository", digest("layer"), "key", minute(0))
    await records.references.add("repository", digest("i"), layers={digest("layer"): "type"}, children=[])
    assert not await records.garbage.release_unused("repository", [digest("layer")], minute(9))
    assert await records.layers.release("repository", digest("layer"))


async def test_a_layer_that_was_held_again_is_not_released(records: Records) -> None:
    await records.layers.hold("repository", digest("layer"), "key", minute(5))
    assert not await records.garbage.release_unused("repository", [digest("layer")], minute(5))
    assert await records.garbage.release_unused("repository", [digest("layer")], minute(6))
    assert not await records.garbage.release_unused("repository", [digest("layer")], minute(6))


async def test_unheld_blobs_are_old_unmarked_and_held_by_nobody(records: Records) -> None:
    for name in ("held", "marked", "unheld"):
        await records.blobs.add(blob(name, name))
    await records.layers.hold("repository", digest("held"), "held", minute(0))
    await records.garbage.mark(["marked"], minute(1))
    assert await _unheld(records, before=1, limit=9) == ["unheld"]
    assert await _unheld(records, before=0, limit=9) == []


async def test_unheld_blobs_are_paged_without_gap_or_repeat(records: Records) -> None:
    keys = ["0", "A", "_", "a", "a-b", "ab", "b"]
    for key in reversed(keys):
        await records.blobs.add(blob(key, key))
    for limit in (1, 2, 3, 7, 8):
        assert await _unheld(records, before=1, limit=limit) == keys


async def test_garbage_is_found_behind_any_amount_of_what_is_needed(store: Store) -> None:
    """More than one statement looks at."""

    async def fill(records: Records) -> None:
        for number in range(1100):
            key = f"k{number:04}"
            await records.blobs.add(blob(key, key))
            if number not in (1050, 1060):
                await records.layers.hold("repository", digest(key), key, minute(0))
        await records.layers.hold("the last one", digest("unused"), "k1060", minute(0))
        for first in range(0, 1100, 100):
            layers = {digest(f"k{number:04}"): "type" for number in range(first, first + 100)}
            await records.references.add("repository", digest(f"i{first}"), layers=layers, children=[])

    await store.write(fill)
    unheld = await store.scan(
        lambda records: records.garbage.unheld_blobs(created_before=minute(9), after="", limit=9)
    )
    assert unheld == ["k1050"]
    unused = await store.scan(
        lambda records: records.garbage.unused_layers(held_before=minute(9), after=("", ""), limit=9)
    )
    assert unused == [("the last one", digest("unused"))]


async def test_a_mark_stands_from_when_it_was_first_set(records: Records) -> None:
    await records.blobs.add(blob("key"))
    await records.garbage.mark(["key"], minute(1))
    await records.garbage.mark(["key"], minute(5))
    await records.garbage.mark(["absent"], minute(1))
    assert await records.garbage.condemned(marked_before=minute(1), limit=9) == []
    assert await records.garbage.condemned(marked_before=minute(2), limit=9) == ["key"]


async def test_a_blob_that_was_held_before_its_mark_came_is_not_marked(records: Records) -> None:
    await records.blobs.add(blob("key"))
    await records.layers.hold("repository", digest("layer"), "key", minute(0))
    await records.garbage.mark(["key"], minute(1))
    await records.layers.release("repository", digest("layer"))
    assert await records.garbage.condemned(marked_before=minute(9), limit=9) == []


async def test_the_condemned_are_bounded_and_the_longest_marked_come_first(records: Records) -> None:
    for number in (3, 1, 2):
        await records.blobs.add(blob(f"b{number}", str(number)))
        await records.garbage.mark([f"b{number}"], minute(number))
    assert await records.garbage.condemned(marked_before=minute(9), limit=2) == ["b1", "b2"]


async def test_a_blob_is_removed_once_its_mark_is_old_and_nobody_holds_it(records: Records) -> None:
    await records.blobs.add(blob("key"))
    assert not await records.garbage.remove_blobs(["key"], minute(9))
    await records.garbage.mark(["key"], minute(1))
    assert not await records.garbage.remove_blobs(["key"], minute(1))
    assert await records.garbage.remove_blobs(["key"], minute(2))
    assert not await records.garbage.remove_blobs(["key"], minute(2))
    assert await records.blobs.find(blob("key").digest, blob("key").encryption_key) is None


async def test_whoever_holds_a_marked_blob_wins_it_back(records: Records) -> None:
    await records.blobs.add(blob("key"))
    await records.garbage.mark(["key"], minute(1))
    await records.layers.hold("repository", digest("layer"), "key", minute(2))
    assert not await records.garbage.remove_blobs(["key"], minute(9))
    assert await records.layers.find("repository", digest("layer")) is not None


async def test_thrown_bytes_are_noted_until_they_are_emptied(records: Records) -> None:
    for key, number in (("b", 1), ("a", 2), ("c", 0), ("b", 5)):
        await records.garbage.throw(key, minute(number))
    assert await records.garbage.thrown(after="", limit=9) == ["a", "b", "c"]
    assert await records.garbage.thrown(after="a", limit=1) == ["b"]
    await records.garbage.emptied(["c"])
    await records.garbage.emptied(["c"])
    assert await records.garbage.thrown(after="", limit=9) == ["a", "b"]


async def test_of_many_at_once_those_go_that_nobody_needs(records: Records) -> None:
    keys = [f"{number:04}" for number in range(700)]  # more than a statement takes, and no power of two
    for key in keys:
        await records.blobs.add(blob(key, key))
        await records.layers.hold("repository", digest(key), key, minute(0))
    await records.references.add("repository", digest("image"), layers={digest("0001"): "type"}, children=[])
    await records.layers.hold("repository", digest("0002"), "0002", minute(8))

    released = await records.garbage.release_unused("repository", [digest(key) for key in keys], minute(5))
    await records.garbage.mark(keys, minute(1))
    removed = await records.garbage.remove_blobs(keys, minute(2))
    await records.garbage.throw_all(removed, minute(3))

    gone = [key for key in keys if key not in ("0001", "0002")]
    assert sorted(released) == gone
    assert sorted(removed) == gone
    assert await records.garbage.thrown(after="", limit=999) == gone
    await records.garbage.emptied(gone)
    assert await records.garbage.thrown(after="", limit=999) == []


async def _unused(records: Records, *, before: int, limit: int) -> list[tuple[str, Digest]]:
    seen: list[tuple[str, Digest]] = []
    while page := await records.garbage.unused_layers(
        held_before=minute(before), after=seen[-1] if seen else ("", ""), limit=limit
    ):
        assert len(page) <= limit
        seen += page
    return seen


async def _unheld(records: Records, *, before: int, limit: int) -> list[str]:
    seen: list[str] = []
    while page := await records.garbage.unheld_blobs(
        created_before=minute(before), after=seen[-1] if seen else "", limit=limit
    ):
        assert len(page) <= limit
        seen += page
    return seen
