"""The archive tier over every blob store: what goes in comes out byte for byte, from any place of it."""

import gzip
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.blobs.conftest import Subject
from tests.contract.blobs.test_blob_store import MIB, content

from entrepot.domain.layers import Packing
from entrepot.ports.blobs import BlobDamaged, BlobMissing, Stage, StoredBlob
from entrepot.storage.blobs.memory import MemoryBlobs
from entrepot.storage.blobs.tiers import ArchiveBlobs, TieredBlobs

LINES = b"".join(b"line %08d of a file that can be packed\n" % n for n in range(150_000))  # over 6 MiB
SOURCES = b"".join(path.read_bytes() for path in sorted(Path(gzip.__file__).parent.glob("*.py")))
CONTENTS = {
    "empty": (b"", Packing.NONE),
    "a byte": (b"x", Packing.NONE),
    "text": (LINES, Packing.ZSTD),
    "zeros": (bytes(9 * MIB + 1), Packing.ZSTD),
    "noise": (content(3 * MIB + 7), Packing.NONE),
    "gzip": (gzip.compress(SOURCES, mtime=0), Packing.NONE),
    "text first": (LINES[:MIB] + content(8 * MIB), Packing.ZSTD),
}


@pytest.fixture
def tiers(subject: Subject) -> Iterator[TieredBlobs]:
    """The subject as archive tier, behind a standard tier in memory."""
    with ThreadPoolExecutor(2) as pool:
        yield TieredBlobs(MemoryBlobs(), ArchiveBlobs(subject.store, pool), pool)


async def put(tiers: TieredBlobs, whole: bytes) -> StoredBlob:
    return await Subject(tiers, is_sealed=False).put(whole)


async def archived(tiers: TieredBlobs, subject: Subject, whole: bytes) -> StoredBlob:
    """A blob in the archive tier alone."""
    data_key = secrets.token_bytes(32) if subject.is_sealed else None
    return await tiers.archive(await put(tiers, whole), secrets.token_hex(16), data_key)


async def read(tiers: TieredBlobs, blob: StoredBlob) -> bytes:
    return b"".join([piece async for piece in tiers.chunks(blob, 0, blob.size_bytes)])


@pytest.mark.parametrize("name", CONTENTS)
async def test_what_goes_into_the_archive_comes_back_byte_for_byte(
    tiers: TieredBlobs, subject: Subject, name: str
) -> None:
    whole, packing = CONTENTS[name]
    blob = await archived(tiers, subject, whole)
    assert blob.in_archive is not None
    assert (blob.size_bytes, blob.in_archive.packing) == (len(whole), packing)
    assert blob.in_archive.packed_bytes <= len(whole)
    lying = await subject.store.find(Stage.BLOB, blob.key)
    assert lying is not None
    assert lying.size_bytes == subject.store.size_at_rest(
        blob.in_archive.packed_bytes, is_sealed=blob.data_key is not None
    )
    assert await read(tiers, blob) == whole
    back = await tiers.bring_back(blob, secrets.token_hex(16), None)
    assert back.in_archive is None
    assert await read(tiers, back) == whole
    await tiers.delete(blob.key)
    assert await subject.store.find(Stage.BLOB, blob.key) is None
    with pytest.raises(BlobMissing):
        await tiers.open(blob)


async def test_a_packed_blob_is_read_from_any_position(tiers: TieredBlobs, subject: Subject) -> None:
    blob = await archived(tiers, subject, LINES)
    reader = await tiers.open(blob)
    assert reader.size_bytes == len(LINES)
    buffer = bytearray(1000)
    for position in (0, 5 * MIB, 5 * MIB - 500, 17, len(LINES) - 400, len(LINES), 3 * MIB):
        count = reader.read_into(position, memoryview(buffer))
        assert bytes(buffer[:count]) == LINES[position : position + 1000]
    reader.close()


async def test_a_packed_blob_that_is_short_is_damaged(tiers: TieredBlobs, subject: Subject) -> None:
    blob = await archived(tiers, subject, LINES)
    longer = replace(blob, size_bytes=blob.size_bytes + 1)
    with pytest.raises(BlobDamaged):
        await read(tiers, longer)
