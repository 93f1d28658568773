"""What every blob store promises."""

import asyncio
import hashlib
import itertools
import random
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.blobs.conftest import Subject

from entrepot.ports.blobs import BlobMissing, UploadBusy
from entrepot.storage.blobs.s3.store import S3Blobs

MIB = 1 << 20
SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 3 * MIB + 77, 6 * MIB, 17 * MIB + 5]


def content(size_bytes: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size_bytes)


@pytest.mark.parametrize("size", SIZES)
async def test_what_was_flushed_and_finished_reads_back_whole(subject: Subject, size: int) -> None:
    blob = await subject.put(content(size))
    assert blob.size_bytes == size
    assert await subject.content(blob) == content(size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_digest_is_that_of_the_acknowledged_bytes(subject: Subject, size: int, algorithm: str) -> None:
    upload = await subject.append(await subject.begin(), content(size))
    expected = hashlib.new(algorithm, content(size)).hexdigest()
    assert await subject.store.digest(upload, algorithm) == f"{algorithm}:{expected}"


async def test_digest_without_a_midstate_is_found_by_reading(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), content(2 * MIB + 5))
    found = await subject.store.digest(replace(upload, sha256_state=b""), "sha256")
    assert found == f"sha256:{hashlib.sha256(content(2 * MIB + 5)).hexdigest()}"


async def test_digest_of_an_upload_that_never_got_a_byte(subject: Subject) -> None:
    digest = await subject.store.digest(await subject.begin(), "sha256")
    assert digest == f"sha256:{hashlib.sha256().hexdigest()}"


async def test_upload_that_never_got_a_byte_finishes_as_an_empty_blob(subject: Subject) -> None:
    blob = await subject.store.finish(await subject.begin())
    assert await subject.content(blob) == b""


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 11 * MIB + 9), max_size=6), data=st.data())
async def test_parts_that_end_anywhere_join_to_one_blob(
    subject: Subject, cuts: list[int], data: st.DataObject
) -> None:
    whole = content(11 * MIB + 9)
    aligned = data.draw(st.booleans())
    edges = sorted({0, len(whole), *((cut // MIB * MIB if aligned else cut) for cut in cuts)})
    upload = await subject.begin()
    for start, end in itertools.pairwise(edges):
        upload = await subject.append(upload, whole[start:end])
        assert upload.offset_bytes == end
    assert await subject.store.digest(upload, "sha256") == f"sha256:{hashlib.sha256(whole).hexdigest()}"
    assert await subject.content(await subject.store.finish(upload)) == whole


async def test_one_hold_may_flush_several_times(subject: Subject) -> None:
    upload = await subject.begin()
    async with subject.store.resume(upload) as writer:
        for part in (b"one", b"", b"two" * MIB, b"three"):
            await writer.write(part)
            upload = await writer.flush()
    assert await subject.content(await subject.store.finish(upload)) == b"one" + b"two" * MIB + b"three"


@pytest.mark.parametrize("kind", [bytearray, memoryview])
async def test_writer_keeps_no_claim_on_the_memory_it_is_given(
    subject: Subject, kind: type[bytearray | memoryview]
) -> None:
    upload = await subject.begin()
    async with subject.store.resume(upload) as writer:
        scratch = bytearray(b"x" * 100)
        await writer.write(kind(scratch))
        scratch[:] = b"y" * 100
        upload = await writer.flush()
    assert await subject.content(await subject.store.finish(upload)) == b"x" * 100


async def test_leaving_without_a_flush_keeps_only_what_the_row_says(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), b"kept")
    async with subject.store.resume(upload) as writer:
        await writer.write(content(2 * MIB + 3))
    assert await subject.content(await subject.store.finish(upload)) == b"kept"


@pytest.mark.parametrize("acknowledged", [0, 5, MIB - 1, MIB, MIB + 5, 6 * MIB, 9 * MIB + 5])
@pytest.mark.parametrize("lost", [1, MIB, 6 * MIB + 3])
async def test_flushed_bytes_whose_row_never_advanced_are_overwritten(
    subject: Subject, acknowledged: int, lost: int
) -> None:
    upload = await subject.append(await subject.begin(), content(acknowledged))
    await subject.append(upload, content(lost, seed=1))
    upload = await subject.append(upload, b"after")
    assert await subject.store.digest(upload, "sha512") == (
        f"sha512:{hashlib.sha512(content(acknowledged) + b'after').hexdigest()}"
    )
    assert await subject.content(await subject.store.finish(upload)) == content(acknowledged) + b"after"


@pytest.mark.parametrize("acknowledged", [0, 5, MIB, MIB + 5, 6 * MIB, 9 * MIB + 5])
async def test_flushed_bytes_whose_row_never_advanced_are_never_served(
    subject: Subject, acknowledged: int
) -> None:
    upload = await subject.append(await subject.begin(), content(acknowledged))
    await subject.append(upload, content(MIB + 5, seed=1))
    blob = await subject.store.finish(upload)
    assert await subject.content(blob) == content(acknowledged)


async def test_digest_ignores_bytes_beyond_the_row(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), content(MIB + 5))
    await subject.append(upload, content(MIB, seed=1))
    digest = await subject.store.digest(replace(upload, sha256_state=b""), "sha256")
    assert digest == f"sha256:{hashlib.sha256(content(MIB + 5)).hexdigest()}"


async def test_second_hold_is_refused_at_once(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), b"part")
    async with subject.store.resume(upload):
        with pytest.raises(UploadBusy):
            async with subject.store.resume(upload):
                pass
    async with subject.store.resume(upload):
        pass


async def test_whoever_holds_an_upload_digests_and_finishes_it(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), content(MIB))
    async with subject.store.resume(upload) as writer:
        await writer.write(b"end")
        upload = await writer.flush()
        digest = await subject.store.digest(replace(upload, sha256_state=b""), "sha256")
        blob = await subject.store.finish(upload)
        assert await subject.store.finish(upload) == blob
    assert digest == f"sha256:{hashlib.sha256(content(MIB) + b'end').hexdigest()}"
    assert await subject.content(blob) == content(MIB) + b"end"


async def test_whoever_holds_an_empty_upload_finishes_it(subject: Subject) -> None:
    upload = await subject.begin()
    async with subject.store.resume(upload):
        blob = await subject.store.finish(upload)
    assert await subject.content(blob) == b""


async def test_finish_drops_what_its_holder_wrote_and_never_flushed(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), content(MIB + 5))
    async with subject.store.resume(upload) as writer:
        await writer.write(content(2 * MIB, seed=1))
        blob = await subject.store.finish(upload)
    assert await subject.content(blob) == content(MIB + 5)


async def test_late_comer_that_rereads_its_row_in_the_hold_spoils_nothing(subject: Subject) -> None:
    stale = await subject.append(await subject.begin(), b"first")
    row = await subject.append(stale, b"second")
    async with subject.store.resume(stale) as writer:
        assert row.offset_bytes != stale.offset_bytes
        assert await writer.flush() == stale
    assert await subject.content(await subject.store.finish(row)) == b"firstsecond"


async def test_finish_may_be_repeated(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), b"content")
    blob = await subject.store.finish(upload)
    assert await subject.store.finish(upload) == blob
    assert await subject.content(blob) == b"content"


async def test_attack_11_two_finish_one_upload_at_once(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), content(MIB + 1))
    outcomes = await asyncio.gather(*(subject.store.finish(upload) for _ in range(4)), return_exceptions=True)
    blobs = [outcome for outcome in outcomes if not isinstance(outcome, UploadBusy)]
    assert len(set(blobs)) == 1
    assert await subject.content(await subject.store.finish(upload)) == content(MIB + 1)


async def test_attack_11_two_uploads_of_one_content_stand_side_by_side(subject: Subject) -> None:
    first, second = await asyncio.gather(subject.put(b"same"), subject.put(b"same"))
    await subject.store.delete(first.key)
    assert await subject.content(second) == b"same"


async def test_upload_whose_finish_lost_its_row_can_be_taken_up_and_finished_again(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), b"content")
    await subject.store.finish(upload)
    async with subject.store.resume(upload) as writer:
        assert await writer.flush() == upload
    assert await subject.store.digest(upload, "sha512") == f"sha512:{hashlib.sha512(b'content').hexdigest()}"
    assert await subject.content(await subject.store.finish(upload)) == b"content"


async def test_attack_06_finished_upload_takes_no_more_bytes(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), b"content")
    blob = await subject.store.finish(upload)
    with pytest.raises(UploadBusy):
        await subject.append(upload, b"more")
    assert await subject.content(blob) == b"content"


async def test_attack_10_deleted_upload_leaves_nothing(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), b"not what its digest says")
    await subject.store.delete(upload.key)
    await subject.store.delete(upload.key)
    with pytest.raises(BlobMissing):
        await subject.append(upload, b"more")
    with pytest.raises(BlobMissing):
        await subject.store.finish(upload)


async def test_delete_of_an_unknown_key_is_fine(subject: Subject) -> None:
    await subject.store.delete("ab" * 16)


async def test_deleted_blob_is_missing_and_deleting_may_be_repeated(subject: Subject) -> None:
    blob = await subject.put(b"content")
    await subject.store.delete(blob.key)
    await subject.store.delete(blob.key)
    with pytest.raises(BlobMissing):
        await subject.store.open(blob)


async def test_many_are_deleted_at_once_whatever_they_are(subject: Subject) -> None:
    blobs = [await subject.put(bytes([number])) for number in range(5)]
    upload = await subject.append(await subject.begin(), b"begun")
    kept = await subject.put(b"kept")

    keys = [*(blob.key for blob in blobs), upload.key, "ab" * 16]
    await subject.store.delete_all(keys)
    await subject.store.delete_all(keys)
    await subject.store.delete_all([])

    for blob in blobs:
        with pytest.raises(BlobMissing):
            await subject.store.open(blob)
    with pytest.raises(BlobMissing):
        await subject.append(upload, b"more")
    (await subject.store.open(kept)).close()


async def test_open_reader_survives_a_delete_or_says_that_its_blob_is_gone(subject: Subject) -> None:
    blob = await subject.put(content(2 * MIB + 9))
    reader = await subject.store.open(blob)
    await subject.store.delete(blob.key)
    buffer = bytearray(blob.size_bytes)
    try:
        assert reader.read_into(0, memoryview(buffer)) == blob.size_bytes
        assert buffer == content(2 * MIB + 9)
    except BlobMissing:
        assert isinstance(subject.store, S3Blobs)  # a local file has no such excuse
    finally:
        reader.close()


async def test_reader_may_be_closed_twice(subject: Subject) -> None:
    reader = await subject.store.open(await subject.put(b"content"))
    reader.close()
    reader.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 2 * MIB + 20), length=st.integers(0, 2 * MIB + 20))
async def test_reader_fills_any_buffer_from_any_position(
    subject: Subject, position: int, length: int
) -> None:
    whole = content(2 * MIB + 9)
    reader = await subject.store.open(await subject.put(whole))
    buffer = bytearray(length)
    count = reader.read_into(position, memoryview(buffer))
    reader.close()
    assert count == max(0, min(length, len(whole) - position))
    assert buffer[:count] == whole[position : position + length]


@pytest.mark.parametrize("step", [1000, 65536, MIB, MIB + 1])
async def test_reader_walks_through_a_blob_in_steps(subject: Subject, step: int) -> None:
    whole = content(2 * MIB + 9)
    reader = await subject.store.open(await subject.put(whole))
    assert reader.size_bytes == len(whole)
    buffer, seen = bytearray(step), bytearray()
    while count := reader.read_into(len(seen), memoryview(buffer)):
        seen += buffer[:count]
    reader.close()
    assert seen == whole


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 0), (0, 1), (5, MIB), (MIB - 1, 2), (MIB, MIB), (2 * MIB + 8, 1), (2 * MIB + 9, 0)],
)
async def test_chunks_give_exactly_the_range_in_pieces_of_at_most_one_mib(
    subject: Subject, start: int, length: int
) -> None:
    whole = content(2 * MIB + 9)
    blob = await subject.put(whole)
    pieces = [piece async for piece in subject.store.chunks(blob, start, length)]
    assert b"".join(pieces) == whole[start : start + length]
    assert all(0 < len(piece) <= MIB for piece in pieces)


@pytest.mark.parametrize(("start", "length"), [(-1, 1), (0, 11), (10, 1), (3, -1)])
async def test_chunks_refuse_a_range_that_is_not_in_the_blob(
    subject: Subject, start: int, length: int
) -> None:
    blob = await subject.put(b"0123456789")
    with pytest.raises(ValueError, match="not all in a blob of 10"):
        await anext(subject.store.chunks(blob, start, length))


async def test_chunks_may_be_left_early(subject: Subject) -> None:
    blob = await subject.put(content(3 * MIB))
    chunks = subject.store.chunks(blob, 0, blob.size_bytes)
    assert await anext(chunks) == content(3 * MIB)[:MIB]
    assert isinstance(chunks, AsyncGenerator)
    await chunks.aclose()


async def test_a_store_that_is_there_says_so(subject: Subject) -> None:
    await subject.store.check()
