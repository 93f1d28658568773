"""The sealed form of blobs: its arithmetic, and that nothing altered is ever opened."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.ports.blobs import BlobDamaged, StoredBlob
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.blobs.sealing import (
    HEADER,
    OVERHEAD_BYTES,
    SEGMENT_BYTES,
    STORED_SEGMENT_BYTES,
    Sealer,
    pieces,
    sealed_size,
    segment_of,
    segment_start,
)

sizes = st.one_of(st.integers(0, 5 * SEGMENT_BYTES), st.integers(0, 1 << 50))


@given(size=sizes)
def test_sealed_blob_ends_with_one_short_segment(size: int) -> None:
    last = segment_of(size)
    tail = size - last * SEGMENT_BYTES
    assert 0 <= tail < SEGMENT_BYTES
    assert sealed_size(size) == segment_start(last) + tail + OVERHEAD_BYTES


@given(start=st.integers(0, 5 * SEGMENT_BYTES), length=st.integers(0, 5 * SEGMENT_BYTES))
def test_pieces_cover_a_range_without_crossing_segments(start: int, length: int) -> None:
    position = start
    for at, size in pieces(start, length):
        assert at == position
        assert size > 0
        assert segment_of(at) == segment_of(at + size - 1)
        position += size
    assert position == start + length


def seal(content: bytes, index: int, *, key: bytes = b"k" * 32, blob_key: str = "ab" * 16) -> bytearray:
    sealed = bytearray(len(content) + OVERHEAD_BYTES)
    Sealer(blob_key=blob_key, data_key=key).seal_into(index, memoryview(content), memoryview(sealed))
    return sealed


def unseal(
    sealed: bytes | bytearray, index: int, *, key: bytes = b"k" * 32, blob_key: str = "ab" * 16
) -> bytes:
    content = bytearray(len(sealed) - OVERHEAD_BYTES)
    Sealer(blob_key=blob_key, data_key=key).open_into(index, memoryview(sealed), memoryview(content))
    return bytes(content)


@given(content=st.binary(max_size=100), index=st.integers(0, 1 << 40))
def test_sealed_segment_opens_at_its_place(content: bytes, index: int) -> None:
    assert unseal(seal(content, index), index) == content


@pytest.mark.parametrize(
    "place", [{"index": 1}, {"index": 0, "key": b"o" * 32}, {"index": 0, "blob_key": "cd" * 16}]
)
def test_sealed_segment_opens_nowhere_else(place: dict[str, object]) -> None:
    with pytest.raises(BlobDamaged):
        unseal(seal(b"content", 0), **place)  # type: ignore[arg-type]  # one case a keyword


@pytest.mark.parametrize("at", range(OVERHEAD_BYTES + 3))
def test_segment_with_any_byte_altered_does_not_open(at: int) -> None:
    sealed = seal(b"abc", 0)
    sealed[at] ^= 1
    with pytest.raises(BlobDamaged):
        unseal(sealed, 0)


@pytest.mark.parametrize("length", [0, 1, 27, 32, 34])
def test_segment_of_another_length_does_not_open(length: int) -> None:
    content = bytearray(5)
    sealer = Sealer(blob_key="ab" * 16, data_key=b"k" * 32)
    with pytest.raises(BlobDamaged):
        sealer.open_into(0, memoryview((seal(b"12345", 0) + b"x" * 9)[:length]), memoryview(content))


def test_full_segment_cut_to_a_short_one_does_not_open() -> None:
    with pytest.raises(BlobDamaged):
        unseal(seal(bytes(SEGMENT_BYTES), 0)[: SEGMENT_BYTES - 1 + OVERHEAD_BYTES], 0)


def test_same_content_sealed_twice_shares_nothing() -> None:
    assert seal(b"content", 0)[:12] != seal(b"content", 0)[:12]


def test_data_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(blob_key="ab" * 16, data_key=b"k" * 16)


class Vault:
    """Blobs at rest, and hands on their files."""

    def __init__(self, root: Path, pool: ThreadPoolExecutor) -> None:
        self.store = FilesystemBlobs(root, pool=pool)
        self._root = root

    async def put(self, size: int, *, data_key: bytes | None = None) -> StoredBlob:
        upload = await self.store.begin(secrets.token_hex(16), data_key or secrets.token_bytes(32))
        async with self.store.resume(upload) as writer:
            await writer.write(bytes(size))
            upload = await writer.flush()
        return await self.store.finish(upload)

    def file(self, blob: StoredBlob) -> Path:
        return self._root / "blobs" / blob.key[:2] / blob.key

    async def read(self, blob: StoredBlob) -> int:
        """Bytes read of the whole blob; raises BlobDamaged."""
        return sum([len(piece) async for piece in self.store.chunks(blob, 0, blob.size_bytes)])


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with ThreadPoolExecutor(1) as pool:
        yield Vault(tmp_path, pool)


SHAPES = [0, 5, SEGMENT_BYTES, SEGMENT_BYTES + 5, 2 * SEGMENT_BYTES]


@pytest.mark.parametrize("size", SHAPES)
async def test_plaintext_is_nowhere_at_rest(vault: Vault, size: int) -> None:
    blob = await vault.put(size)
    assert bytes(32) not in vault.file(blob).read_bytes()
    assert vault.file(blob).stat().st_size == sealed_size(size)


@pytest.mark.parametrize("size", SHAPES)
async def test_bit_flipped_anywhere_is_found(vault: Vault, size: int) -> None:
    blob = await vault.put(size)
    whole = vault.file(blob).read_bytes()
    places = {0, 8, 15, 16, 27, 28, len(whole) - 1, len(whole) - 16, len(whole) - 28, len(whole) // 2}
    for at in places | {at for at in (segment_start(1), segment_start(1) + 13) if at < len(whole)}:
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        vault.file(blob).write_bytes(damaged)
        with pytest.raises(BlobDamaged):
            await vault.read(blob)


@pytest.mark.parametrize("size", SHAPES)
async def test_truncation_and_extension_are_found(vault: Vault, size: int) -> None:
    blob = await vault.put(size)
    whole = vault.file(blob).read_bytes()
    for changed in (b"", whole[:-1], whole[: len(HEADER)], whole[:-OVERHEAD_BYTES], whole + b"\0", whole * 2):
        vault.file(blob).write_bytes(changed)
        with pytest.raises(BlobDamaged):
            await vault.read(blob)


async def test_truncated_file_is_found_though_its_row_were_altered_too(vault: Vault) -> None:
    blob = await vault.put(2 * SEGMENT_BYTES + 5)
    file = vault.file(blob)
    file.write_bytes(file.read_bytes()[: sealed_size(SEGMENT_BYTES - OVERHEAD_BYTES)])
    shorter = StoredBlob(blob.key, blob.data_key, SEGMENT_BYTES - OVERHEAD_BYTES)
    with pytest.raises(BlobDamaged):
        await vault.read(shorter)


async def test_swapped_segments_are_found(vault: Vault) -> None:
    blob = await vault.put(2 * SEGMENT_BYTES)
    whole = vault.file(blob).read_bytes()
    first = whole[segment_start(0) : segment_start(1)]
    second = whole[segment_start(1) : segment_start(2)]
    vault.file(blob).write_bytes(HEADER + second + first + whole[segment_start(2) :])
    with pytest.raises(BlobDamaged):
        await vault.read(blob)


async def test_another_blobs_segments_are_found_though_the_key_is_the_same(vault: Vault) -> None:
    key = secrets.token_bytes(32)
    blob, other = await vault.put(100, data_key=key), await vault.put(100, data_key=key)
    vault.file(blob).write_bytes(vault.file(other).read_bytes())
    with pytest.raises(BlobDamaged):
        await vault.read(blob)


async def test_another_key_opens_nothing(vault: Vault) -> None:
    blob = await vault.put(SEGMENT_BYTES)
    with pytest.raises(BlobDamaged):
        await vault.read(StoredBlob(blob.key, secrets.token_bytes(32), blob.size_bytes))


async def test_damage_after_opening_is_found(vault: Vault) -> None:
    blob = await vault.put(2 * SEGMENT_BYTES)
    reader = await vault.store.open(blob)
    with vault.file(blob).open("r+b") as file:
        file.truncate(STORED_SEGMENT_BYTES)
    with pytest.raises(BlobDamaged):
        reader.read_into(0, memoryview(bytearray(SEGMENT_BYTES)))
    reader.close()
