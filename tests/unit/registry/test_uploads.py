"""Layers on their way in: who may continue them, what order they keep, and what they leave behind."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from entrepot.domain.digests import digest_of
from entrepot.domain.errors import (
    BodyCutShort,
    LayerDigestInvalid,
    LayerExists,
    LayerNotFound,
    PartTooSmall,
    Refusal,
    RepositoryNotFound,
    TooLarge,
    UploadEmpty,
    UploadNotFound,
    UploadOutOfOrder,
)
from entrepot.domain.layers import LEAST_PART_BYTES
from entrepot.domain.repositories import Repository
from entrepot.ports.records import UploadRow
from entrepot.registry import uploads as uploads_module
from tests.unit.builders import ROOT, USER, World, absent, chunks

CONTENT = b"the bytes of a layer"
DIGEST = digest_of(CONTENT)


async def cut_short(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    raise BodyCutShort


async def begun(world: World, repository: Repository, *pieces: bytes) -> UploadRow:
    upload = await world.uploads.begin(repository, ROOT)
    for piece in pieces:
        upload = await world.uploads.append(repository, ROOT, upload.id, chunks(piece))
    return upload


async def read(world: World, repository: Repository, digest: str) -> bytes:
    layer = await world.layers.get(repository, digest_of(CONTENT) if digest == DIGEST else absent(digest))
    reader = await world.layers.open(layer)
    buffer = bytearray(reader.size_bytes)
    reader.read_into(0, memoryview(buffer))
    return bytes(buffer)


async def leftovers(world: World) -> tuple[int, int, int]:
    """Rows of uploads, blobs, and bytes in the store, after the trash was emptied."""
    await world.collector.collect()
    stale = await world.store.read(
        lambda records: records.uploads.stale(world.clock.at + timedelta(days=999), 99)
    )
    blobs = await world.store.read(
        lambda records: records.garbage.unheld_blobs(
            created_before=world.clock.at + timedelta(days=9), after="", limit=99
        )
    )
    return len(stale), len(blobs), len(world.blobs._uploads) + len(world.blobs._blobs)


async def test_a_layer_pushed_in_pieces_reads_back_whole(world: World) -> None:
    repository = await world.repository()
    upload = await begun(world, repository, CONTENT[:3], CONTENT[3:7])

    layer = await world.uploads.finish(repository, ROOT, upload.id, DIGEST, chunks(CONTENT[7:]), start=7)

    assert (layer.digest, layer.size_bytes) == (DIGEST, len(CONTENT))
    assert await read(world, repository, DIGEST) == CONTENT


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_an_empty_upload_finishes_to_an_empty_layer(world: World, algorithm: str) -> None:
    repository = await world.repository()
    upload = await begun(world, repository)

    layer = await world.uploads.finish(repository, ROOT, upload.id, digest_of(b"", algorithm))

    assert layer.size_bytes == 0


@pytest.mark.parametrize("foreign", ["repository", "principal", "both", "unknown"])
async def test_attack_05_a_foreign_upload_is_as_unknown(world: World, foreign: str) -> None:
    repository, other = await world.repository(), await world.repository("other")
    upload = await begun(world, repository, CONTENT)
    where = other if foreign in ("repository", "both") else repository
    who = USER if foreign in ("principal", "both") else ROOT
    upload_id = "c9bd40d0-5e4e-4a6a-8e3c-000000000000" if foreign == "unknown" else upload.id
    attempts = (
        world.uploads.get(where, who, upload_id),
        world.uploads.append(where, who, upload_id, chunks(b"x")),
        world.uploads.finish(where, who, upload_id, DIGEST),
        world.uploads.finish(where, who, upload_id, DIGEST, chunks(b"x")),
        world.uploads.complete(where, who, upload_id, DIGEST),
        world.uploads.cancel(where, who, upload_id),
    )
    for attempt in attempts:
        with pytest.raises(UploadNotFound) as refused:
            await attempt
        assert (refused.value.upload_id, refused.value.name) == (upload_id, where.name)

    assert await world.uploads.get(repository, ROOT, upload.id) == upload


async def test_attack_06_a_finished_upload_is_gone(world: World) -> None:
    repository = await world.repository()
    upload = await begun(world, repository, CONTENT)
    await world.uploads.finish(repository, ROOT, upload.id, DIGEST)

    for attempt in (
        world.uploads.finish(repository, ROOT, upload.id, DIGEST),
        world.uploads.append(repository, ROOT, upload.id, chunks(b"more")),
        world.uploads.cancel(repository, ROOT, upload.id),
    ):
        with pytest.raises(UploadNotFound):
            await attempt
    assert await read(world, repository, DIGEST) == CONTENT


@pytest.mark.parametrize("start", [0, 4, 6, 2**62])
async def test_attack_08_a_range_that_does_not_continue_is_refused(world: World, start: int) -> None:
    repository = await world.repository()
    upload = await begun(world, repository, CONTENT[:5])

    with pytest.raises(UploadOutOfOrder) as refused:
        await world.uploads.append(repository, ROOT, upload.id, chunks(b"x"), start=start)
    with pytest.raises(UploadOutOfOrder):
        await world.uploads.finish(repository, ROOT, upload.id, DIGEST, chunks(b"x"), start=start)

    assert refused.value.held_bytes == 5
    assert await world.uploads.get(repository, ROOT, upload.id) == upload


async def test_attack_08_two_writers_at_once_never_mix(world: World) -> None:
    repository = await world.repository()
    upload = await begun(world, repository)
    first_has_begun, second_was_refused = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield CONTENT[:5]
        first_has_begun.set()
        await second_was_refused.wait()
        yield CONTENT[5:]

    first = asyncio.create_task(world.uploads.append(repository, ROOT, upload.id, slow()))
    await first_has_begun.wait()
    with pytest.raises(UploadOutOfOrder):
        await world.uploads.append(repository, ROOT, upload.id, chunks(b"other"))
    second_was_refused.set()
    await first

    await world.uploads.finish(repository, ROOT, upload.id, DIGEST)
    assert await read(world, repository, DIGEST) == CONTENT


async def test_attack_09_a_body_cut_short_keeps_its_progress(world: World) -> None:
    repository = await world.repository()
    upload = await begun(world, repository)

    with pytest.raises(BodyCutShort):
        await world.uploads.append(repository, ROOT, upload.id, cut_short(CONTENT[:4], CONTENT[4:9]))

    assert (await world.uploads.get(repository, ROOT, upload.id)).upload.offset_bytes == 9
    await world.uploads.finish(repository, ROOT, upload.id, DIGEST, chunks(CONTENT[9:]), start=9)
    assert await read(world, repository, DIGEST) == CONTENT


async def test_attack_09_a_final_body_cut_short_finishes_nothing(world: World) -> None:
    repository = await world.repository()
    upload = await begun(world, repository)

    with pytest.raises(BodyCutShort):
        await world.uploads.finish(repository, ROOT, upload.id, DIGEST, cut_short(CONTENT))

    assert (await world.uploads.get(repository, ROOT, upload.id)).upload.offset_bytes == len(CONTENT)


async def test_attack_09_a_body_that_fails_otherwise_keeps_what_the_row_says(world: World) -> None:
    repository = await world.repository()
    upload = await begun(world, repository, CONTENT[:4])

    async def broken() -> AsyncIterator[bytes]:
        yield b"lost"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await world.uploads.append(repository, ROOT, upload.id, broken())

    await world.uploads.finish(repository, ROOT, upload.id, DIGEST, chunks(CONTENT[4:]), start=4)
    assert await read(world, repository, DIGEST) == CONTENT


@pytest.mark.parametrize("pieces", [(CONTENT + b"!",), (), (CONTENT[:5],)])
async def test_attack_10_a_wrong_digest_leaves_nothing(world: World, pieces: tuple[bytes, ...]) -> None:
    repository = await world.repository()
    upload = await begun(world, repository, *pieces)

    with pytest.raises(LayerDigestInvalid):
        await world.uploads.finish(repository, ROOT, upload.id, DIGEST)

    with pytest.raises(UploadNotFound):
        await world.uploads.get(repository, ROOT, upload.id)
    with pytest.raises(LayerNotFound):
        await world.layers.get(repository, DIGEST)
    assert await leftovers(world) == (0, 0, 0)


async def test_attack_11_of_two_uploads_of_one_digest_one_blob_counts(world: World) -> None:
    one, two = await world.repository("one"), await world.repository("two")
    first, second = await begun(world, one, CONTENT), await begun(world, two, CONTENT)

    layers = await asyncio.gather(
        world.uploads.finish(one, ROOT, first.id, DIGEST),
        world.uploads.finish(two, ROOT, second.id, DIGEST),
    )

    assert layers[0].blob_key == layers[1].blob_key
    assert await leftovers(world) == (0, 0, 1)
    assert await read(world, one, DIGEST) == await read(world, two, DIGEST) == CONTENT


async def test_attack_11_of_two_requests_that_finish_one_upload_one_succeeds(world: World) -> None:
    repository = await world.repository()
    upload = await begun(world, repository, CONTENT)

    outcomes = await asyncio.gather(
        *(world.uploads.finish(repository, ROOT, upload.id, DIGEST) for _ in range(2)),
        return_exceptions=True,
    )

    assert sorted(isinstance(outcome, Refusal) for outcome in outcomes) == [False, True]
    assert await read(world, repository, DIGEST) == CONTENT


async def test_a_crash_after_the_bytes_are_finished_may_be_repeated(world: World) -> None:
    repository = await world.repository()
    upload = await begun(world, repository, CONTENT)
    await world.blobs.finish(upload.upload)  # and the process dies before the row is written

    await world.uploads.finish(repository, ROOT, upload.id, DIGEST)

    assert await read(world, repository, DIGEST) == CONTENT


async def test_a_cancelled_upload_leaves_nothing(world: World) -> None:
    repository = await world.repository()
    upload = await begun(world, repository, CONTENT)

    await world.uploads.cancel(repository, ROOT, upload.id)

    assert await leftovers(world) == (0, 0, 0)


async def test_an_upload_larger_than_a_layer_may_be_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads_module, "LAYER_LIMIT_BYTES", 10)
    repository = await world.repository()
    upload = await begun(world, repository, b"12345")

    with pytest.raises(TooLarge):
        await world.uploads.append(repository, ROOT, upload.id, chunks(b"678", b"901"))

    assert (await world.uploads.get(repository, ROOT, upload.id)).upload.offset_bytes == 5


async def test_uploads_into_a_removed_repository_are_unusable(world: World) -> None:
    old = await world.repository()
    upload = await begun(world, old, CONTENT)
    await world.catalog.delete(old.registry, old.name, force=True)
    new = await world.repository()

    with pytest.raises(UploadNotFound):
        await world.uploads.get(new, ROOT, upload.id)
    with pytest.raises(RepositoryNotFound):
        await world.uploads.finish(old, ROOT, upload.id, DIGEST)
    with pytest.raises(RepositoryNotFound):
        await world.uploads.begin(old, ROOT)


async def part(world: World, repository: Repository, upload: UploadRow, size_bytes: int) -> UploadRow:
    return await world.uploads.append(repository, ROOT, upload.id, chunks(bytes(size_bytes)), is_part=True)


@pytest.mark.parametrize(
    ("sizes", "fits"),
    [
        ((1,), True),
        ((LEAST_PART_BYTES, 1), True),
        ((LEAST_PART_BYTES, LEAST_PART_BYTES, 7), True),
        ((LEAST_PART_BYTES - 1, 1), False),
        ((1, LEAST_PART_BYTES), False),
        ((LEAST_PART_BYTES, 1, LEAST_PART_BYTES), False),
        ((1, LEAST_PART_BYTES, LEAST_PART_BYTES), False),
    ],
)
async def test_only_the_last_part_may_be_short(world: World, sizes: tuple[int, ...], *, fits: bool) -> None:
    repository = await world.repository()
    upload = await begun(world, repository)
    for size in sizes:
        await part(world, repository, upload, size)
    completing = world.uploads.complete(repository, ROOT, upload.id, digest_of(bytes(sum(sizes))))

    if fits:
        assert (await completing).size_bytes == sum(sizes)
    else:
        with pytest.raises(PartTooSmall):
            await completing


@pytest.mark.parametrize("parts", [(), (0,)])
async def test_completing_without_parts_is_refused(world: World, parts: tuple[int, ...]) -> None:
    repository = await world.repository()
    upload = await begun(world, repository)
    for size in parts:
        await part(world, repository, upload, size)

    with pytest.raises(UploadEmpty):
        await world.uploads.complete(repository, ROOT, upload.id, digest_of(b""))


async def test_completing_a_layer_that_is_held_says_so_and_leaves_no_upload(world: World) -> None:
    repository = await world.repository()
    await world.layer(repository, b"x")
    upload = await part(world, repository, await begun(world, repository), 0)
    await world.uploads.append(repository, ROOT, upload.id, chunks(b"x"), is_part=True)

    with pytest.raises(LayerExists):
        await world.uploads.complete(repository, ROOT, upload.id, digest_of(b"x"))

    assert await leftovers(world) == (0, 0, 1)


async def test_an_upload_carries_no_plain_key_out(world: World) -> None:
    repository = await world.repository()
    upload = await begun(world, repository, CONTENT)

    assert upload.upload.data_key is None
    assert upload.wrapped_key is not None
    assert upload == await world.uploads.get(repository, ROOT, upload.id)
