"""What every blob store says about what it keeps."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.contract.blobs.conftest import Subject
from tests.contract.blobs.test_blob_store import MIB, content

from entrepot.ports.blobs import Stage

SIZES = [0, 1, MIB, MIB + 1, 3 * MIB]


async def keys(subject: Subject, stage: Stage, *, limit: int = 1000) -> list[str]:
    """All keys, page by page."""
    found: list[str] = []
    while page := await subject.store.page(stage, after=found[-1] if found else "", limit=limit):
        found += [at_rest.key for at_rest in page]
        if len(page) < limit:
            break
    return found


@pytest.mark.parametrize("size", SIZES)
async def test_a_finished_blob_is_listed_with_its_length_at_rest(subject: Subject, size: int) -> None:
    blob = await subject.put(content(size))

    (listed,) = await subject.store.page(Stage.BLOB, after="", limit=9)

    assert listed.key == blob.key
    assert listed.size_bytes == subject.store.size_at_rest(size, is_sealed=subject.is_sealed)
    found = await subject.store.find(Stage.BLOB, blob.key)
    assert found is not None
    assert (found.key, found.size_bytes) == (listed.key, listed.size_bytes)
    # a bucket may list milliseconds and answer for one object in whole seconds (RFC 9110, 8.8.2)
    assert abs(found.changed_at - listed.changed_at) < timedelta(seconds=1)
    assert await keys(subject, Stage.UPLOAD) == []


async def test_an_upload_is_listed_apart_until_it_is_a_blob(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), content(MIB + 5))

    assert await keys(subject, Stage.UPLOAD) == [upload.key]
    assert await keys(subject, Stage.BLOB) == []
    assert await subject.store.find(Stage.BLOB, upload.key) is None

    await subject.store.finish(upload)
    assert await keys(subject, Stage.UPLOAD) == []
    assert await subject.store.find(Stage.UPLOAD, upload.key) is None
    assert await keys(subject, Stage.BLOB) == [upload.key]


async def test_an_upload_that_goes_on_is_one_entry(subject: Subject) -> None:
    upload = await subject.append(await subject.begin(), b"one")
    upload = await subject.append(upload, b"two")

    assert await keys(subject, Stage.UPLOAD) == [upload.key]


@pytest.mark.parametrize("limit", [1, 2, 3, 10, 11, 1000])
async def test_pages_are_by_key_without_gap_or_repeat(subject: Subject, limit: int) -> None:
    put = [(await subject.put(b"")).key for _ in range(10)]

    assert await keys(subject, Stage.BLOB, limit=limit) == sorted(put)


async def test_what_was_deleted_is_not_listed(subject: Subject) -> None:
    blob, upload = await subject.put(b"blob"), await subject.append(await subject.begin(), b"upload")

    for key in (blob.key, upload.key):
        await subject.store.delete(key)

    assert await keys(subject, Stage.BLOB) == await keys(subject, Stage.UPLOAD) == []


async def test_times_are_aware_and_never_to_come(subject: Subject) -> None:
    blob = await subject.put(b"blob")

    found = await subject.store.find(Stage.BLOB, blob.key)

    assert found is not None
    assert found.changed_at <= datetime.now(UTC) + timedelta(minutes=1)
