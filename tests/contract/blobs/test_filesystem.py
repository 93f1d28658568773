"""What the file system's store promises beyond the contract."""

import asyncio
import os
import resource
import secrets
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.contract.blobs.conftest import Subject
from tests.contract.blobs.test_blob_store import content

from entrepot.ports.blobs import BlobMissing, PlainFile, StoredBlob, Upload, UploadBusy
from entrepot.storage.blobs.filesystem import FilesystemBlobs

MIB = 1 << 20
HOSTILE_KEYS = [
    "",
    "..",
    "../../etc/passwd",
    "a" * 31,
    "a" * 65,
    "A" * 32,
    "g" * 32,
    "/" + "a" * 32,
    "a" * 32 + "\n",
    "a" * 32 + "\0",
    "a" * 30 + "/b",
    "٣" * 32,
    "a" * 1_000_000,
]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(params=["sealed", "plain"])
def subject(request: pytest.FixtureRequest, tmp_path: Path, pool: ThreadPoolExecutor) -> Subject:
    return Subject(FilesystemBlobs(tmp_path, pool=pool), is_sealed=request.param == "sealed")


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """Writing a file beyond the size fails: short write first, then an error, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def modes_for_others(root: Path) -> set[int]:
    return {path.stat().st_mode & 0o077 for path in root.rglob("*")}


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0


@pytest.mark.parametrize("key", HOSTILE_KEYS)
async def test_attack_01_key_is_never_a_path(subject: Subject, key: str) -> None:
    upload = Upload(key=key, data_key=None, offset_bytes=0, sha256_state=b"", store_state=b"")
    with pytest.raises(ValueError, match="not a blob key"):
        await subject.store.begin(key, None)
    with pytest.raises(ValueError, match="not a blob key"):
        async with subject.store.resume(upload):
            pass
    with pytest.raises(ValueError, match="not a blob key"):
        await subject.store.finish(upload)
    with pytest.raises(ValueError, match="not a blob key"):
        await subject.store.delete(key)


@pytest.mark.parametrize("spare", [0, 1, 10, MIB, MIB + 40, 2 * MIB])
@pytest.mark.parametrize("acknowledged", [0, 7, MIB, MIB + 7])
async def test_attack_45_full_disk_spoils_nothing_acknowledged(
    subject: Subject, acknowledged: int, spare: int
) -> None:
    upload = await subject.append(await subject.begin(), content(acknowledged))
    with largest_file(acknowledged + spare), pytest.raises(OSError, match="too large"):
        await subject.append(upload, content(3 * MIB, seed=1))
    upload = await subject.append(upload, b"after")
    assert await subject.content(await subject.store.finish(upload)) == content(acknowledged) + b"after"


async def test_attack_45_writer_that_failed_acknowledges_nothing_any_more(subject: Subject) -> None:
    upload = await subject.begin()
    async with subject.store.resume(upload) as writer:
        with largest_file(100), pytest.raises(OSError, match="too large"):
            await writer.write(content(4 * MIB))
        with pytest.raises(OSError, match="too large"):
            await writer.flush()


async def test_attack_10_deleted_upload_leaves_no_file(subject: Subject, tmp_path: Path) -> None:
    upload = await subject.append(await subject.begin(), b"odd")
    upload = await subject.append(upload, b"odd again")
    await subject.store.delete(upload.key)
    assert files(tmp_path) == []


async def test_upload_deleted_under_its_writer_leaves_no_file(subject: Subject, tmp_path: Path) -> None:
    upload = await subject.append(await subject.begin(), b"odd")
    async with subject.store.resume(upload) as writer:
        await subject.store.delete(upload.key)
        await writer.write(b"more")
        await writer.flush()
    assert files(tmp_path) == []


async def test_request_that_never_flushed_leaves_no_file(subject: Subject, tmp_path: Path) -> None:
    async with subject.store.resume(await subject.begin()) as writer:
        await writer.write(content(2 * MIB))
    assert files(tmp_path) == []


async def test_late_comer_at_offset_zero_leaves_acknowledged_bytes_alone(subject: Subject) -> None:
    stale = await subject.begin()
    row = await subject.append(stale, b"acknowledged")
    async with subject.store.resume(stale):
        pass
    assert await subject.content(await subject.store.finish(row)) == b"acknowledged"


async def test_finished_blob_is_the_only_file(subject: Subject, tmp_path: Path) -> None:
    upload = await subject.begin()
    for part in (b"odd", b"odd again", b"and again"):
        upload = await subject.append(upload, part)
    await subject.store.finish(upload)
    assert [path.parent.parent.name for path in files(tmp_path)] == ["blobs"]


async def test_files_and_folders_are_private(subject: Subject, tmp_path: Path) -> None:
    await subject.put(b"content")
    assert modes_for_others(tmp_path) == {0}


async def test_two_stores_of_one_folder_exclude_each_other(
    subject: Subject, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    other = FilesystemBlobs(tmp_path, pool=pool)
    upload = await subject.append(await subject.begin(), b"part")
    async with subject.store.resume(upload):
        with pytest.raises(UploadBusy):
            await other.finish(upload)
        with pytest.raises(UploadBusy):
            async with other.resume(upload):
                pass


async def test_acknowledged_bytes_that_are_gone_are_an_outage(subject: Subject, tmp_path: Path) -> None:
    upload = await subject.append(await subject.begin(), b"part")
    for path in files(tmp_path):
        path.unlink()
    with pytest.raises(BlobMissing):
        await subject.store.finish(upload)


async def test_only_a_plain_blob_lets_the_kernel_send_it(subject: Subject) -> None:
    reader = await subject.store.open(await subject.put(b"content"))
    assert hasattr(reader, "fileno") is not subject.is_sealed
    reader.close()


async def test_plain_blob_is_its_file(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    subject = Subject(FilesystemBlobs(tmp_path, pool=pool), is_sealed=False)
    reader = await subject.store.open(await subject.put(b"content"))
    file: PlainFile = reader  # type: ignore[assignment]  # the extra power of this adapter's readers
    assert os.pread(file.fileno(), 100, 0) == b"content"
    reader.close()


async def test_no_descriptor_outlives_its_use(subject: Subject) -> None:
    before = open_descriptors()
    upload = await subject.append(await subject.begin(), content(MIB + 1))
    async with subject.store.resume(upload):
        with pytest.raises(UploadBusy):
            async with subject.store.resume(upload):
                pass
    blob = await subject.store.finish(upload)
    await subject.content(blob)
    with pytest.raises(BlobMissing):
        await subject.store.open(StoredBlob(secrets.token_hex(16), None, 0))
    assert open_descriptors() == before


async def test_chunks_left_early_close_their_file(subject: Subject) -> None:
    blob = await subject.put(content(3 * MIB))
    before = open_descriptors()
    chunks = subject.store.chunks(blob, 0, blob.size_bytes)
    await anext(chunks)
    assert isinstance(chunks, AsyncGenerator)
    await chunks.aclose()
    assert open_descriptors() == before


@pytest.mark.parametrize("written", [10, MIB, 3 * MIB])
async def test_cancelled_request_lets_go_and_keeps_what_was_acknowledged(
    tmp_path: Path, written: int
) -> None:
    with ThreadPoolExecutor(1) as pool:
        subject = Subject(FilesystemBlobs(tmp_path, pool=pool), is_sealed=True)
        upload = await subject.append(await subject.begin(), b"acknowledged")
        is_inside, may_go_on = asyncio.Event(), threading.Event()

        async def request() -> None:
            async with subject.store.resume(upload) as writer:
                pool.submit(may_go_on.wait)
                is_inside.set()
                await writer.write(content(written))
                await writer.flush()

        running = asyncio.create_task(request())
        await is_inside.wait()
        running.cancel()
        may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await subject.content(await subject.store.finish(upload)) == b"acknowledged"


async def test_a_folder_that_is_gone_is_told(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    store = FilesystemBlobs(tmp_path / "blobs", pool=pool)
    (tmp_path / "blobs").rename(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="cannot be written to"):
        await store.check()
