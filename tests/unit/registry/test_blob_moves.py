"""What a move of blobs copies, proves, gives up on and leaves alone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from entrepot.domain.digests import digest_of
from entrepot.domain.layers import Layer
from entrepot.domain.repositories import Repository
from entrepot.keys.data_keys import DataKeys
from entrepot.ports.blobs import BlobWriter, StoredBlob, Upload
from entrepot.ports.outages import Outage
from entrepot.registry.blob_moves import (
    BlobMove,
    CopyDamaged,
    Manner,
    Moved,
    PlainBlobs,
    Progress,
    Proof,
)
from entrepot.registry.collection import Collector, Grace
from entrepot.registry.uploads import LayerUploads
from entrepot.storage.blobs.fallback import FallbackBlobs
from entrepot.storage.blobs.memory import MemoryBlobs
from tests.unit.builders import ROOT, World, chunks, new_id

CONTENTS = [b"", b"layer", b"another layer", b"x" * 3_000_000]
BOTH = pytest.mark.parametrize("proof", Proof)


@dataclass
class Pauses:
    """Pauses that are over at once."""

    taken: int = 0

    async def __call__(self, _seconds: float) -> None:
        self.taken += 1


def move_of(
    world: World,
    target: MemoryBlobs,
    manner: Manner | None = None,
    *,
    steps: list[Progress] | None = None,
    pause: Pauses | None = None,
) -> BlobMove:
    def report(progress: Progress) -> None:
        if steps is not None:
            steps.append(replace(progress))

    return BlobMove(
        world.store,
        world.blobs,
        target,
        DataKeys(world.ring),
        world.clock,
        target_name="target",
        manner=manner or Manner(),
        report=report,
        pause=pause or Pauses(),
    )


async def filled(world: World) -> tuple[Repository, list[Layer]]:
    repository = await world.repository()
    return repository, [await world.layer(repository, content) for content in CONTENTS]


async def noted(world: World) -> list[str]:
    found = await world.store.read(lambda records: records.blob_copies.noted("target", limit=99))
    return [key for key, _ in found]


@BOTH
@pytest.mark.parametrize("at_once", [1, 3, 9])
async def test_everything_is_copied_as_it_lies_and_nothing_deleted(
    world: World, proof: Proof, at_once: int
) -> None:
    await filled(world)
    before, target = dict(world.blobs._blobs), MemoryBlobs()

    moved = await move_of(world, target, Manner(proof, at_once)).run()

    assert moved == Moved(blobs=4, copied_blobs=4, copied_bytes=sum(map(len, CONTENTS)))
    assert moved.is_complete
    assert target._blobs == world.blobs._blobs == before
    assert target._uploads == {}
    assert await noted(world) == []


async def test_what_is_there_is_not_copied_again(world: World) -> None:
    repository, _ = await filled(world)
    target = MemoryBlobs()
    await move_of(world, target).run()
    await world.layer(repository, b"a new one")

    moved = await move_of(world, target).run()

    assert (moved.blobs, moved.copied_blobs, moved.copied_bytes) == (5, 1, 9)


async def test_a_copy_of_another_length_is_copied_again(world: World) -> None:
    _, layers = await filled(world)
    target = MemoryBlobs()
    await move_of(world, target).run()
    target._blobs[layers[1].blob_key] += b"!"

    assert (await move_of(world, target).run()).copied_blobs == 1
    assert target._blobs == world.blobs._blobs


async def test_a_copy_whose_note_was_left_is_read_back_and_done_again_where_it_is_damaged(
    world: World,
) -> None:
    _, layers = await filled(world)
    target = MemoryBlobs()
    await move_of(world, target).run()
    keys = [layer.blob_key for layer in layers]
    target._blobs[keys[1]] = b"reyal"
    await world.store.write(
        lambda records: records.blob_copies.note("target", [*keys, "0" * 32], world.clock.at)
    )
    target._blobs["0" * 32] = b"of a blob that the collector took while it was copied"

    moved = await move_of(world, target).run()

    assert moved.copied_blobs == 1
    assert target._blobs == world.blobs._blobs
    assert await noted(world) == []


async def test_notes_of_another_target_are_left_alone(world: World) -> None:
    await world.store.write(lambda records: records.blob_copies.note("other", ["0" * 32], world.clock.at))
    await filled(world)
    await move_of(world, MemoryBlobs()).run()

    assert await world.store.read(lambda records: records.blob_copies.noted("other", limit=9)) == [
        ("0" * 32, None)
    ]


class Arriving(MemoryBlobs):
    """A target beside which the registry goes on: something happens when the first copy begins."""

    def __init__(self, happens: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._happens: Callable[[], Awaitable[None]] | None = happens

    async def begin(self, key: str, data_key: bytes | None) -> Upload:
        happens, self._happens = self._happens, None
        if happens is not None:
            await happens()
        return await super().begin(key, data_key)


async def test_what_is_pushed_meanwhile_comes_with_another_round(world: World) -> None:
    repository, _ = await filled(world)
    steps: list[Progress] = []

    async def push() -> None:
        for n in range(20):
            await world.layer(repository, f"pushed {n}".encode())

    target = Arriving(push)
    moved = await move_of(world, target, steps=steps).run()

    assert moved.blobs == moved.copied_blobs == 24
    assert target._blobs == world.blobs._blobs
    assert steps[-1].round >= 2


@pytest.mark.parametrize("at_once", [1, 4])
async def test_a_blob_that_the_collector_takes_meanwhile_leaves_no_copy(world: World, at_once: int) -> None:
    """As servers run during a move: a delete reaches both stores."""
    repository, layers = await filled(world)

    async def collect() -> None:
        both = FallbackBlobs(target, world.blobs)
        for layer in layers:
            await world.deletions.delete_layer(repository, layer.digest)
        for _ in range(3):
            world.clock.advance(timedelta(days=2))
            await Collector(world.store, both, world.clock, Grace()).collect()

    target = Arriving(collect)
    moved = await move_of(world, target, Manner(at_once=at_once)).run()

    assert (moved.blobs, moved.failed) == (0, {})
    assert target._blobs == world.blobs._blobs == {}
    assert await noted(world) == []


@BOTH
async def test_a_blob_missing_in_the_source_is_told_and_the_others_are_copied(
    world: World, proof: Proof
) -> None:
    _, layers = await filled(world)
    del world.blobs._blobs[layers[1].blob_key]
    target = MemoryBlobs()

    moved = await move_of(world, target, Manner(proof)).run()

    assert moved.failed == {layers[1].blob_key: "its bytes are missing"}
    assert not moved.is_complete
    assert target._blobs == world.blobs._blobs


async def test_a_blob_damaged_in_the_source_is_told_and_not_kept(world: World) -> None:
    _, layers = await filled(world)
    world.blobs._blobs[layers[1].blob_key] = b"reyal"
    target = MemoryBlobs()

    moved = await move_of(world, target).run()

    assert list(moved.failed) == [layers[1].blob_key]
    assert layers[1].blob_key not in target._blobs
    assert len(target._blobs) == 3


class Forgetful(MemoryBlobs):
    """A target that gives back other bytes than it was given, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._times = times

    async def finish(self, upload: Upload) -> StoredBlob:
        stored = await super().finish(upload)
        if self._times and upload.offset_bytes:
            self._times -= 1
            self._blobs[upload.key] = b"\0" * upload.offset_bytes
        return stored


@BOTH
async def test_a_copy_that_reads_back_otherwise_is_written_again(world: World, proof: Proof) -> None:
    await filled(world)
    target = Forgetful(3)

    await move_of(world, target, Manner(proof)).run()

    assert target._blobs == world.blobs._blobs


@BOTH
async def test_a_target_that_never_gives_back_what_it_took_ends_the_move(world: World, proof: Proof) -> None:
    await filled(world)
    pause = Pauses()

    with pytest.raises(CopyDamaged):
        await move_of(world, Forgetful(999), Manner(proof, at_once=1), pause=pause).run()

    assert pause.taken == 6
    assert await noted(world) != []


class Unsteady(MemoryBlobs):
    """A target that cannot be used every now and then."""

    def __init__(self, outages: int) -> None:
        super().__init__()
        self._outages = outages

    @asynccontextmanager
    async def resume(self, upload: Upload) -> AsyncIterator[BlobWriter]:
        if self._outages:
            self._outages -= 1
            raise Outage
        async with super().resume(upload) as writer:
            yield writer


async def test_a_short_outage_is_waited_for(world: World) -> None:
    await filled(world)
    target, pause = Unsteady(5), Pauses()

    await move_of(world, target, Manner(at_once=1), pause=pause).run()

    assert target._blobs == world.blobs._blobs
    assert pause.taken == 5


async def test_a_long_outage_ends_the_move_and_another_run_goes_on(world: World) -> None:
    await filled(world)
    target = Unsteady(6)
    with pytest.raises(Outage):
        await move_of(world, target, Manner(at_once=1)).run()

    await move_of(world, target).run()

    assert target._blobs == world.blobs._blobs
    assert await noted(world) == []


async def test_plain_blobs_are_refused_before_anything_is_copied_unless_the_operator_says_so(
    world: World,
) -> None:
    repository, _ = await filled(world)
    plain = LayerUploads(
        world.store, world.blobs, DataKeys(world.ring), clock=world.clock, new_id=new_id, is_sealed=False
    )
    row = await plain.begin(repository, ROOT)
    await plain.finish(repository, ROOT, row.id, digest_of(b"plain"), chunks(b"plain"))
    target = MemoryBlobs()

    with pytest.raises(PlainBlobs):
        await move_of(world, target).run()
    assert target._blobs == {}

    await move_of(world, target, Manner(takes_plain=True)).run()
    assert target._blobs == world.blobs._blobs


async def test_uploads_that_lie_in_the_source_alone_are_counted(world: World) -> None:
    repository, _ = await filled(world)
    target = MemoryBlobs()
    here, there = await world.uploads.begin(repository, ROOT), await world.uploads.begin(repository, ROOT)
    await world.uploads.begin(repository, ROOT)
    for row in (here, there):
        await world.uploads.append(repository, ROOT, row.id, chunks(b"half"))
    target._uploads[there.upload.key] = world.blobs._uploads.pop(there.upload.key)

    moved = await move_of(world, target).run()

    assert moved.uploads_left == 1
    assert not moved.is_complete


async def test_progress_never_goes_back_in_a_round_and_ends_whole(world: World) -> None:
    await filled(world)
    steps: list[Progress] = []

    await move_of(world, MemoryBlobs(), steps=steps).run()

    assert [step.done_blobs for step in steps if step.round == 1] == [0, 1, 2, 3, 4]
    assert (steps[-1].done_blobs, steps[-1].done_bytes) == (steps[-1].total_blobs, steps[-1].total_bytes)
