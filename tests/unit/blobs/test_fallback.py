"""Two stores as one: which of them is written, read, continued and emptied."""

import secrets

import pytest

from entrepot.ports.blobs import BlobMissing, BytesAtRest, Stage, StoredBlob, Upload
from entrepot.storage.blobs.fallback import FallbackBlobs
from entrepot.storage.blobs.memory import MemoryBlobs


class Pair:
    """A new store over an old one."""

    def __init__(self) -> None:
        self.new, self.old = MemoryBlobs(), MemoryBlobs()
        self.both = FallbackBlobs(self.new, self.old)


@pytest.fixture
def pair() -> Pair:
    return Pair()


async def append(store: MemoryBlobs | FallbackBlobs, upload: Upload, content: bytes) -> Upload:
    async with store.resume(upload) as writer:
        await writer.write(content)
        return await writer.flush()


async def put(store: MemoryBlobs | FallbackBlobs, content: bytes) -> StoredBlob:
    upload = await store.begin(secrets.token_hex(16), None)
    return await store.finish(await append(store, upload, content))


async def read(store: FallbackBlobs, blob: StoredBlob) -> bytes:
    return b"".join([piece async for piece in store.chunks(blob, 0, blob.size_bytes)])


async def test_new_bytes_go_to_the_new_store_alone(pair: Pair) -> None:
    blob = await put(pair.both, b"content")

    assert pair.new._blobs == {blob.key: b"content"}
    assert (pair.old._blobs, pair.old._uploads) == ({}, {})


async def test_a_blob_is_read_wherever_it_lies(pair: Pair) -> None:
    blob = await put(pair.old, b"content")

    assert await read(pair.both, blob) == b"content"
    assert (await pair.both.open(blob)).size_bytes == 7

    pair.new._blobs[blob.key] = pair.old._blobs.pop(blob.key)
    assert await read(pair.both, blob) == b"content"
    assert (await pair.both.open(blob)).size_bytes == 7


async def test_a_blob_that_neither_has_is_missing(pair: Pair) -> None:
    blob = StoredBlob("0" * 32, None, 7)

    with pytest.raises(BlobMissing):
        await pair.both.open(blob)
    with pytest.raises(BlobMissing):
        await read(pair.both, blob)


async def test_an_upload_with_bytes_in_the_old_store_is_finished_there(pair: Pair) -> None:
    upload = await append(pair.old, await pair.old.begin("0" * 32, None), b"one, ")

    upload = await append(pair.both, upload, b"two")
    digest = await pair.both.digest(upload, "sha256")
    blob = await pair.both.finish(upload)

    assert digest == await pair.old.digest(upload, "sha256")
    assert pair.old._blobs == {upload.key: b"one, two"}
    assert (pair.new._blobs, pair.new._uploads) == ({}, {})
    assert await pair.both.finish(upload) == blob


async def test_an_upload_without_bytes_begins_anew_in_the_new_store(pair: Pair) -> None:
    upload = await pair.old.begin("0" * 32, None)

    blob = await pair.both.finish(await append(pair.both, upload, b"content"))

    assert pair.new._blobs == {blob.key: b"content"}


async def test_an_upload_whose_bytes_neither_has_is_missing(pair: Pair) -> None:
    upload = Upload("0" * 32, None, 5, b"", b"")

    with pytest.raises(BlobMissing):
        await append(pair.both, upload, b"more")


async def test_a_delete_reaches_both(pair: Pair) -> None:
    blob = await put(pair.old, b"content")
    pair.new._blobs[blob.key] = b"content"

    await pair.both.delete(blob.key)

    assert (pair.new._blobs, pair.old._blobs) == ({}, {})


@pytest.mark.parametrize("limit", [1, 2, 3, 9])
async def test_both_are_listed_as_one_and_the_new_one_counts(pair: Pair, limit: int) -> None:
    pair.old._blobs = {"1": b"old", "3": b"old", "4": b"old"}
    pair.new._blobs = {"2": b"new!", "3": b"new!"}
    found: list[BytesAtRest] = []
    while page := await pair.both.page(Stage.BLOB, after=found[-1].key if found else "", limit=limit):
        found += page

    assert [(at_rest.key, at_rest.size_bytes) for at_rest in found] == [
        ("1", 3),
        ("2", 4),
        ("3", 4),
        ("4", 3),
    ]
    assert await pair.both.find(Stage.BLOB, "1") == found[0]
    assert await pair.both.find(Stage.UPLOAD, "1") is None
