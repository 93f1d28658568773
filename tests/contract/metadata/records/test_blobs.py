"""Which stored bytes count for a digest, on every database."""

from dataclasses import replace

from entrepot.ports.records import Records
from tests.contract.metadata.records.samples import AES256, blob, digest


async def test_an_added_blob_is_found_as_it_was_given(records: Records) -> None:
    row = replace(blob("key"), size_bytes=52_000 * 1024 * 1024)
    assert await records.blobs.add(row)
    assert await records.blobs.find(digest("layer"), AES256) == row


async def test_a_blob_that_the_storage_encrypts_has_no_key(records: Records) -> None:
    row = replace(blob("key"), wrapped_key=None)
    await records.blobs.add(row)
    assert await records.blobs.find(digest("layer"), AES256) == row


async def test_an_unknown_digest_or_encryption_is_none(records: Records) -> None:
    await records.blobs.add(blob("key"))
    assert await records.blobs.find(digest("other"), AES256) is None
    assert await records.blobs.find(digest("layer"), "kms") is None


async def test_the_second_of_two_racing_uploads_is_refused_and_the_first_stays(records: Records) -> None:
    await records.blobs.add(blob("first"))
    assert not await records.blobs.add(blob("second"))
    assert await records.blobs.find(digest("layer"), AES256) == blob("first")


async def test_one_digest_has_bytes_under_each_encryption(records: Records) -> None:
    assert await records.blobs.add(blob("plain"))
    assert await records.blobs.add(blob("sealed", encryption_key="kms"))
    assert await records.blobs.find(digest("layer"), "kms") == blob("sealed", encryption_key="kms")
