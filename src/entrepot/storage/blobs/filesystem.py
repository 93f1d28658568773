"""Blobs in a folder of a local file system: sealed where they have a data key, else plain."""

import contextlib
import hashlib
import os
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import chain, groupby, islice
from pathlib import Path

from entrepot.ports.blobs import (
    BlobMissing,
    BlobReader,
    BlobWriter,
    BytesAtRest,
    Stage,
    StoredBlob,
    Upload,
)
from entrepot.storage.blobs.disks import DiskThreads
from entrepot.storage.blobs.hashing import resume_sha256, saved_digest
from entrepot.storage.blobs.holds import Hold, hold
from entrepot.storage.blobs.places import Places, sync_folder
from entrepot.storage.blobs.readers import (
    File,
    PlainReader,
    SealedReader,
    chunks_of,
    expect_length,
    expect_range,
)
from entrepot.storage.blobs.sealing import (
    SEGMENT_BYTES,
    NonceSource,
    Sealer,
    pieces,
    random_nonce,
    sealed_size,
    segment_of,
)
from entrepot.storage.blobs.segments import Meter, SealedSegments, ignore
from entrepot.storage.blobs.staging import PlainStaged, SealedStaged, Staged
from entrepot.storage.blobs.threads import acquired, gathered, run
from entrepot.storage.blobs.writers import FinishedWriter, SegmentWriter

_DELETING_AT_ONCE = 3  # threads of the pool, the others are left to requests


class FilesystemBlobs:
    """BlobUploads, Blobs and Listing over one folder, shared by any number of threads and processes.

    A hold excludes every other, yet it does not know the row: whoever resumes an upload reads its row
    again inside the context, before the first write, and leaves if the offset has moved. Resuming
    alone changes no byte. `digest` and `finish` belong inside the hold too, once the row stands where
    they find the upload; outside one they take their own.
    """

    def __init__(
        self,
        root: Path,
        *,
        pool: Executor,
        nonce_source: NonceSource = random_nonce,
        meter: Meter = ignore,
    ) -> None:
        """Make the folders under `root`; everything that blocks later runs on the bounded `pool`."""
        self._places = Places(root)
        self._pool = DiskThreads(pool)
        self._nonce_source = nonce_source
        self._meter = meter
        self._holds: dict[str, tuple[Hold, SegmentWriter | FinishedWriter]] = {}

    async def begin(self, key: str, data_key: bytes | None) -> Upload:
        self._places.upload(key)
        return Upload(key=key, data_key=data_key, offset_bytes=0, sha256_state=b"", store_state=b"")

    @asynccontextmanager
    async def resume(self, upload: Upload) -> AsyncIterator[BlobWriter]:
        held, writer = await acquired(
            self._pool, partial(self._take_up, upload), lambda taken: self._let_go(taken[0], upload.key)
        )
        self._holds[upload.key] = held, writer
        try:
            yield writer
        finally:
            del self._holds[upload.key]
            try:
                await writer.leave()
            finally:
                await run(self._pool, partial(self._let_go, held, upload.key, is_kept=writer.is_durable))

    async def digest(self, upload: Upload, algorithm: str) -> str:
        if algorithm not in ("sha256", "sha512"):
            raise ValueError(f"no digest algorithm of ours: {algorithm[:80]!r}")
        saved = saved_digest(upload.sha256_state, upload.offset_bytes)
        if algorithm == "sha256" and saved is not None:
            return f"sha256:{saved}"
        return await self._read_digest(upload, algorithm)

    async def finish(self, upload: Upload) -> StoredBlob:
        if upload.key in self._holds:
            self._holds[upload.key][1].end()
        async with self._own_hold(upload) as held:
            await run(self._pool, partial(self._finish, held, upload))
        return StoredBlob(key=upload.key, data_key=upload.data_key, size_bytes=upload.offset_bytes)

    async def open(self, blob: StoredBlob) -> BlobReader:
        return await acquired(self._pool, partial(self._open, blob), lambda reader: reader.close())

    async def chunks(self, blob: StoredBlob, start: int, length: int) -> AsyncIterator[bytes]:
        expect_range(blob, start, length)
        reader = await self.open(blob)
        async with aclosing(chunks_of(reader, start, length, pool=self._pool)) as pieces_in_order:
            async for piece in pieces_in_order:
                yield piece

    async def delete(self, key: str) -> None:
        await run(self._pool, partial(_remove, *self._places.all_of(key)))

    async def delete_all(self, keys: Sequence[str]) -> None:
        # A folder a job: its entries become durable together.
        folders = groupby(sorted(keys), lambda key: key[:2])
        jobs = [partial(_remove, *chain.from_iterable(map(self._places.all_of, some))) for _, some in folders]
        for start in range(0, len(jobs), _DELETING_AT_ONCE):
            await gathered(run(self._pool, job) for job in jobs[start : start + _DELETING_AT_ONCE])

    async def check(self) -> None:
        await run(self._pool, self._places.check)

    async def page(self, stage: Stage, *, after: str, limit: int) -> list[BytesAtRest]:
        return await run(self._pool, partial(self._page, stage, after, limit))

    async def find(self, stage: Stage, key: str) -> BytesAtRest | None:
        return await run(self._pool, partial(self._find, stage, key))

    def size_at_rest(self, size_bytes: int, *, is_sealed: bool) -> int:
        return sealed_size(size_bytes) if is_sealed else size_bytes

    def _page(self, stage: Stage, after: str, limit: int) -> list[BytesAtRest]:
        found = (self._find(stage, key) for key in self._places.keys(stage, after=after))
        return list(islice((at_rest for at_rest in found if at_rest is not None), limit))

    def _find(self, stage: Stage, key: str) -> BytesAtRest | None:
        states = []
        for path in self._places.entries(stage, key):
            with contextlib.suppress(FileNotFoundError):
                states.append(path.stat(follow_symlinks=False))
        if not states:
            return None
        changed_at = datetime.fromtimestamp(max(state.st_mtime for state in states), UTC)
        return BytesAtRest(key, sum(state.st_size for state in states), changed_at)

    @asynccontextmanager
    async def _own_hold(self, upload: Upload) -> AsyncIterator[Hold]:
        """The hold that a resume of this process has on the upload, else one for the time being."""
        if upload.key in self._holds:
            held, writer = self._holds[upload.key]
            await writer.leave()
            yield held
            return
        take = partial(hold, self._places, upload.key, offset_bytes=upload.offset_bytes)
        held = await acquired(self._pool, take, lambda taken: self._let_go(taken, upload.key))
        try:
            yield held
        finally:
            await run(self._pool, partial(self._let_go, held, upload.key))

    def _take_up(self, upload: Upload) -> tuple[Hold, SegmentWriter | FinishedWriter]:
        held = hold(self._places, upload.key, offset_bytes=upload.offset_bytes)
        if held.is_finished:
            return held, FinishedWriter(upload)
        try:
            staged = self._staged(held, upload)
            first = memoryview(bytearray(SEGMENT_BYTES))
            staged.take_up(upload.offset_bytes, first)
        except BaseException:
            held.release()
            raise
        return held, SegmentWriter(
            upload,
            staged,
            first,
            resume_sha256(upload.sha256_state, upload.offset_bytes),
            pool=self._pool,
            meter=self._meter,
            folder=held.path.parent if upload.offset_bytes == 0 else None,
        )

    def _let_go(self, held: Hold, key: str, *, is_kept: bool = False) -> None:
        try:
            if held.is_new and not is_kept:
                held.path.unlink(missing_ok=True)
            if held.is_dropped():
                self._places.tail(key).unlink(missing_ok=True)
        finally:
            held.release()

    async def _read_digest(self, upload: Upload, algorithm: str) -> str:
        """One sequential read, in turns with whatever else waits for the pool."""
        running = hashlib.new(algorithm)
        buffer = memoryview(bytearray(SEGMENT_BYTES))

        def take(staged: Staged, index: int, content: memoryview) -> None:
            staged.read(index, content)
            running.update(content)
            self._meter("hashed", len(content))

        async with self._own_hold(upload) as held:
            staged = self._staged(held, upload)
            for position, size in pieces(0, upload.offset_bytes):
                await run(self._pool, partial(take, staged, segment_of(position), buffer[:size]))
        return f"{algorithm}:{running.hexdigest()}"

    def _finish(self, held: Hold, upload: Upload) -> None:
        final = self._places.blob(upload.key)
        if held.is_at(final):
            # an earlier finish moved it, and may have crashed before the folders were durable
            expect_length(
                held.descriptor,
                self.size_at_rest(upload.offset_bytes, is_sealed=upload.data_key is not None),
            )
        else:
            staged = self._staged(held, upload)
            staged.restore(upload.offset_bytes)
            staged.sync(upload.offset_bytes)
            held.path.rename(final)
        sync_folder(final.parent)
        sync_folder(self._places.upload(upload.key).parent)
        self._places.tail(upload.key).unlink(missing_ok=True)

    def _staged(self, held: Hold, upload: Upload) -> Staged:
        descriptor = held.descriptor
        if upload.data_key is None:
            return PlainStaged(descriptor, self._meter)
        segments = SealedSegments(descriptor, self._sealer(upload.key, upload.data_key), self._meter)
        return SealedStaged(descriptor, segments, self._places.tail(upload.key))

    def _open(self, blob: StoredBlob) -> BlobReader:
        try:
            descriptor = os.open(self._places.blob(blob.key), os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError as cause:
            raise BlobMissing(blob.key) from cause
        try:
            if blob.data_key is None:
                return PlainReader(descriptor, blob.size_bytes)
            return SealedReader(
                File(descriptor), self._sealer(blob.key, blob.data_key), blob.size_bytes, self._meter
            )
        except BaseException:
            os.close(descriptor)
            raise

    def _sealer(self, key: str, data_key: bytes) -> Sealer:
        return Sealer(blob_key=key, data_key=data_key, nonce_source=self._nonce_source)


def _remove(*paths: Path) -> None:
    """Remove what is there, durably: the row that remembers it may go next."""
    folders = set()
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            folders.add(path.parent)
    for folder in folders:
        sync_folder(folder)
