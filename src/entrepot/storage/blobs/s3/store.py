"""Blobs in a bucket: sealed where they have a data key, else plain; the sealed form is the files' own."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import chain

from entrepot.ports.blobs import (
    BlobDamaged,
    BlobMissing,
    BlobReader,
    BlobWriter,
    BytesAtRest,
    Stage,
    StoredBlob,
    Upload,
)
from entrepot.ports.holds import UploadHolds
from entrepot.ports.outages import Outage
from entrepot.storage.blobs.hashing import resume_sha256, saved_digest
from entrepot.storage.blobs.leases import HOLD_SECONDS, Lease, leased
from entrepot.storage.blobs.readers import SealedReader, chunks_of, expect_range, expect_size
from entrepot.storage.blobs.s3.bucket import Bucket, ObjectAbsent, PartsRefused
from entrepot.storage.blobs.s3.names import Names
from entrepot.storage.blobs.s3.notes import Note, unpack
from entrepot.storage.blobs.s3.parts import Lanes, StagedParts
from entrepot.storage.blobs.s3.streams import ObjectBytes, PlainObject, Recent
from entrepot.storage.blobs.sealing import (
    HEADER,
    SEGMENT_BYTES,
    NonceSource,
    Sealer,
    random_nonce,
    sealed_size,
)
from entrepot.storage.blobs.segments import Meter, ignore, seal_segment
from entrepot.storage.blobs.threads import acquired, gathered, run
from entrepot.storage.blobs.writers import SegmentWriter

_LANES = 3  # full parts of 6 MiB under way in one process
_RECENT = 64  # segments of 1 MiB kept for slow readers in one process
_PATIENCE_SECONDS = 3.0
_DELETING_AT_ONCE = 8  # each takes three requests, one after another


class S3Blobs:
    """BlobUploads, Blobs and Listing over one bucket, shared by any number of nodes.

    A hold excludes every other, yet it does not know the row: whoever resumes an upload reads its row
    again inside the context, before the first write, and leaves if the offset has moved. `digest` and
    `finish` belong inside the hold too; outside one they take their own.
    """

    def __init__(
        self,
        bucket: Bucket,
        holds: UploadHolds,
        *,
        pool: Executor,
        nonce_source: NonceSource = random_nonce,
        meter: Meter = ignore,
        hold_seconds: float = HOLD_SECONDS,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        """Hashing and sealing run on the bounded `pool`, which waits for the bucket's own."""
        self._bucket = bucket
        self._names = Names(bucket.location.prefix)
        self._holds = holds
        self._pool = pool
        self._nonce_source = nonce_source
        self._meter = meter
        self._hold_seconds = hold_seconds
        self._patience_seconds = patience_seconds
        self._lanes = Lanes(_LANES)
        self._recent = Recent(_RECENT)
        self._held: dict[str, tuple[Lease, SegmentWriter]] = {}

    async def begin(self, key: str, data_key: bytes | None) -> Upload:
        self._names.blob(key)
        return Upload(key=key, data_key=data_key, offset_bytes=0, sha256_state=b"", store_state=b"")

    @asynccontextmanager
    async def resume(self, upload: Upload) -> AsyncIterator[BlobWriter]:
        async with self._lease(upload.key) as lease:
            writer = self._writer(upload)
            self._held[upload.key] = lease, writer
            try:
                yield writer
            finally:
                del self._held[upload.key]
                await writer.leave()

    async def digest(self, upload: Upload, algorithm: str) -> str:
        if algorithm not in ("sha256", "sha512"):
            raise ValueError(f"no digest algorithm of ours: {algorithm[:80]!r}")
        saved = saved_digest(upload.sha256_state, upload.offset_bytes)
        if algorithm == "sha256" and saved is not None:
            return f"sha256:{saved}"
        # the parts of a multipart upload cannot be read before they are an object
        blob = await self.finish(upload)
        running = hashlib.new(algorithm)
        async with aclosing(self.chunks(blob, 0, blob.size_bytes)) as content:
            async for piece in content:
                await run(self._pool, partial(running.update, piece))
                self._meter("hashed", len(piece))
        return f"{algorithm}:{running.hexdigest()}"

    async def finish(self, upload: Upload) -> StoredBlob:
        async with self._own_lease(upload.key) as lease:
            await self._bucket.run(self._place, upload, lease)
        return StoredBlob(key=upload.key, data_key=upload.data_key, size_bytes=upload.offset_bytes)

    async def open(self, blob: StoredBlob) -> BlobReader:
        return await acquired(self._bucket.pool, partial(self._open, blob), lambda reader: reader.close())

    async def chunks(self, blob: StoredBlob, start: int, length: int) -> AsyncGenerator[bytes, None]:
        expect_range(blob, start, length)
        reader = await self.open(blob)
        async with aclosing(chunks_of(reader, start, length, pool=self._bucket.pool)) as content:
            async for piece in content:
                yield piece

    async def check(self) -> None:
        await self._bucket.run(self._bucket.check)

    async def delete(self, key: str) -> None:
        await self._bucket.run(self._delete, key)

    async def delete_all(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), _DELETING_AT_ONCE):
            await gathered(map(self.delete, keys[start : start + _DELETING_AT_ONCE]))

    async def stale_leftovers(self, before: datetime) -> list[str]:
        return await self._bucket.run(self._stale, before)

    async def clear_leftovers(self, key: str) -> None:
        await self._bucket.run(self._clear, key)

    async def page(self, stage: Stage, *, after: str, limit: int) -> list[BytesAtRest]:
        listing = self._page_of_blobs if stage is Stage.BLOB else self._page_of_uploads
        return await self._bucket.run(listing, after, limit)

    async def find(self, stage: Stage, key: str) -> BytesAtRest | None:
        finding = self._find_blob if stage is Stage.BLOB else self._find_upload
        return await self._bucket.run(finding, key)

    def size_at_rest(self, size_bytes: int, *, is_sealed: bool) -> int:
        return sealed_size(size_bytes) if is_sealed else size_bytes

    def _page_of_blobs(self, after: str, limit: int) -> list[BytesAtRest]:
        found: list[BytesAtRest] = []
        last = self._names.blob(after) if after else ""
        while listed := self._bucket.page(self._names.blobs, after=last, limit=limit):
            found += [
                BytesAtRest(key, at.size_bytes, at.changed_at)
                for at in listed
                if (key := self._names.key_of(at.name)) is not None
            ]
            if len(listed) < limit or len(found) >= limit:
                break
            last = listed[-1].name  # some were not ours
        return found[:limit]

    def _page_of_uploads(self, after: str, limit: int) -> list[BytesAtRest]:
        """Uploads are few: all of them are listed, and the page is cut out."""
        lying = chain(self._bucket.objects(self._names.uploads), self._bucket.multiparts(self._names.blobs))
        changed_at: dict[str, datetime] = {}
        for left in lying:
            key = self._names.key_of(left.name)
            if key is not None and key > after:
                changed_at[key] = max(left.since, changed_at.get(key, left.since))
        return [BytesAtRest(key, 0, changed_at[key]) for key in sorted(changed_at)[:limit]]

    def _find_blob(self, key: str) -> BytesAtRest | None:
        try:
            at = self._bucket.head(self._names.blob(key))
        except ObjectAbsent:
            return None
        return BytesAtRest(key, at.size_bytes, at.changed_at)

    def _find_upload(self, key: str) -> BytesAtRest | None:
        name = self._names.blob(key)
        times = [left.since for left in self._bucket.objects(self._names.tails(key))]
        times += [begun.since for begun in self._bucket.multiparts(name) if begun.name == name]
        return BytesAtRest(key, 0, max(times)) if times else None

    def _lease(self, key: str) -> AbstractAsyncContextManager[Lease]:
        return leased(self._holds, key, patience_seconds=self._patience_seconds, seconds=self._hold_seconds)

    @asynccontextmanager
    async def _own_lease(self, key: str) -> AsyncIterator[Lease]:
        """The hold that a resume of this process has on the upload, else one for the time being."""
        if key in self._held:
            lease, writer = self._held[key]
            writer.end()
            await writer.leave()
            yield lease
            return
        async with self._lease(key) as lease:
            yield lease

    def _writer(self, upload: Upload) -> SegmentWriter:
        staged = StagedParts(
            self._bucket,
            self._names,
            upload.key,
            unpack(upload.store_state),
            sealer=self._sealer(upload),
            lanes=self._lanes,
            meter=self._meter,
        )
        return SegmentWriter(
            upload,
            staged,
            memoryview(bytearray(SEGMENT_BYTES)),
            resume_sha256(upload.sha256_state, upload.offset_bytes),
            pool=self._pool,
            meter=self._meter,
            folder=None,
        )

    def _place(self, upload: Upload, lease: Lease) -> None:
        """Make the acknowledged bytes an object, unless an earlier finish did."""
        name, note = self._names.blob(upload.key), unpack(upload.store_state)
        for past in note.past:
            self._bucket.delete(past)  # first: no zombie may make a blob of it any more
        lease.expect_sure()
        try:
            if upload.offset_bytes == 0:
                self._bucket.put(name, self._empty(upload))
            elif note.upload_id is not None:
                self._complete(name, note.upload_id, note)
            elif note.tail is not None:
                self._bucket.copy(note.tail.name, name)
        except ObjectAbsent:
            pass  # an earlier finish used it up, or it is lost: the object tells
        except PartsRefused as cause:
            raise BlobDamaged(f"the parts of upload {upload.key} are not those acknowledged") from cause
        try:
            expected = self.size_at_rest(upload.offset_bytes, is_sealed=upload.data_key is not None)
            expect_size(self._bucket.size(name), expected)
        except ObjectAbsent as cause:
            raise BlobMissing(upload.key) from cause
        if note.tail is not None:
            with suppress(Outage):  # the collector finds it
                self._bucket.delete(note.tail.name)

    def _complete(self, name: str, upload_id: str, note: Note) -> None:
        parts = list(note.parts)
        if note.tail is not None:
            number, size = len(parts) + 1, note.tail.size_bytes
            parts.append(self._bucket.copy_part(note.tail.name, name, upload_id, number, size_bytes=size))
        self._bucket.complete(name, upload_id, parts)

    def _empty(self, upload: Upload) -> bytes:
        """What a blob without any byte is at rest."""
        sealer = self._sealer(upload)
        return b"" if sealer is None else HEADER + seal_segment(sealer, 0, memoryview(bytearray()))

    def _open(self, blob: StoredBlob) -> BlobReader:
        at_rest = ObjectBytes(self._bucket, self._names.blob(blob.key), self._recent)
        try:
            sealer = self._sealer(blob)
            if sealer is not None:
                return SealedReader(at_rest, sealer, blob.size_bytes, self._meter)
            expect_size(at_rest.size_bytes, blob.size_bytes)
            return PlainObject(at_rest)
        except BaseException:
            at_rest.close()
            raise

    def _delete(self, key: str) -> None:
        self._clear(key)
        self._bucket.delete(self._names.blob(key))

    def _clear(self, key: str) -> None:
        for tail in self._bucket.objects(self._names.tails(key)):
            self._bucket.delete(tail.name)
        name = self._names.blob(key)
        for begun in self._bucket.multiparts(name):
            if begun.name == name and begun.upload_id is not None:
                self._bucket.abort(name, begun.upload_id)

    def _stale(self, before: datetime) -> list[str]:
        lying = chain(self._bucket.objects(self._names.uploads), self._bucket.multiparts(self._names.blobs))
        keys = (self._names.key_of(left.name) for left in lying if left.since < before)
        return sorted({key for key in keys if key is not None})

    def _sealer(self, of: Upload | StoredBlob) -> Sealer | None:
        if of.data_key is None:
            return None
        return Sealer(blob_key=of.key, data_key=of.data_key, nonce_source=self._nonce_source)
