"""Bringing a layer in: begun, continued by any process, finished under a digest or dropped."""

import secrets
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from entrepot.domain.digests import Digest, algorithm_of
from entrepot.domain.errors import (
    BodyCutShort,
    LayerDigestInvalid,
    LayerExists,
    PartTooSmall,
    TooLarge,
    UploadEmpty,
    UploadNotFound,
    UploadOutOfOrder,
)
from entrepot.domain.layers import LAYER_LIMIT_BYTES, LEAST_PART_BYTES, Layer
from entrepot.domain.principals import Principal
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import tell, turn_to
from entrepot.ports.blobs import BlobUploads, BlobWriter, StoredBlob, UploadBusy
from entrepot.ports.clock import Clock, NewId
from entrepot.ports.keys import DataKeys
from entrepot.ports.records import BlobRow, Records, Store, UploadRow
from entrepot.registry.catalog import check_still_there


class LayerUploads:
    """Uploads by id; each belongs to the repository and the principal that began it.

    `is_sealed` is False where the storage encrypts what it keeps by itself.
    """

    def __init__(
        self,
        store: Store,
        blobs: BlobUploads,
        data_keys: DataKeys,
        *,
        clock: Clock,
        new_id: NewId,
        is_sealed: bool = True,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._data_keys = data_keys
        self._clock = clock
        self._new_id = new_id
        self._is_sealed = is_sealed

    async def begin(self, repository: Repository, principal: Principal) -> UploadRow:
        """A new, empty upload."""
        blob_key = secrets.token_hex(16)
        data_key, wrapped_key = await self._data_keys.new(blob_key) if self._is_sealed else (None, None)
        upload = await self._blobs.begin(blob_key, data_key)
        now = self._clock()
        row = UploadRow(
            id=self._new_id(),
            repository_id=repository.id,
            principal_arn=principal.arn,
            encryption_key=repository.encryption.key_id,
            wrapped_key=wrapped_key,
            upload=replace(upload, data_key=None),
            shortest_part_bytes=None,
            last_part_bytes=None,
            created_at=now,
            touched_at=now,
        )

        async def body(records: Records) -> None:
            await check_still_there(records, repository)
            await records.uploads.add(row)

        tell(uploadId=row.id)
        await self._store.write(body)
        return row

    async def get(self, repository: Repository, principal: Principal, upload_id: str) -> UploadRow:
        """The upload; UploadNotFound for one of another repository or principal as for an unknown one."""
        row = await self._store.read(lambda records: records.uploads.find(upload_id))
        if row is None or row.repository_id != repository.id or row.principal_arn != principal.arn:
            raise UploadNotFound(upload_id, repository.name, repository.registry.account)
        return row

    async def append(
        self,
        repository: Repository,
        principal: Principal,
        upload_id: str,
        chunks: AsyncIterable[bytes],
        *,
        start: int | None = None,
        is_part: bool = False,
    ) -> UploadRow:
        """Add bytes at the end; durable when this returns.

        `start` is where the caller believes the upload stands: anywhere else is UploadOutOfOrder,
        and so is an upload that another request is writing to. `is_part` counts the bytes as one
        part of the ECR API. When the client breaks off, what came is kept, for it to continue from.
        """
        async with self._hold(repository, principal, upload_id) as (row, writer):
            if start is not None and start != row.upload.offset_bytes:
                raise _out_of_order(repository, row)
            cut_short = await _copy(chunks, writer, LAYER_LIMIT_BYTES - row.upload.offset_bytes)
            advanced = await self._advance(repository, row, writer, is_part=is_part)
            if cut_short is not None:
                raise cut_short
            return advanced

    async def finish(
        self,
        repository: Repository,
        principal: Principal,
        upload_id: str,
        digest: Digest,
        chunks: AsyncIterable[bytes] | None = None,
        *,
        start: int | None = None,
    ) -> Layer:
        """Add the last bytes, if any, and hold the layer here under its digest.

        Bytes that do not have the digest are dropped with their upload: LayerDigestInvalid.
        """
        if chunks is not None:
            await self.append(repository, principal, upload_id, chunks, start=start)
        async with self._hold(repository, principal, upload_id) as (row, _):
            actual = await self._blobs.digest(row.upload, algorithm_of(digest))
            if actual != digest:
                turn_to(
                    "CancelLayerUpload", repositoryName=repository.name, uploadId=row.id, layerDigest=digest
                )
                await self._drop(row)
                raise LayerDigestInvalid(digest, upload_id, repository.name, repository.registry.account)
            stored = await self._blobs.finish(row.upload)
            return await self._hold_layer(repository, row, digest, stored)

    async def complete(
        self, repository: Repository, principal: Principal, upload_id: str, digest: Digest
    ) -> Layer:
        """CompleteLayerUpload: finish, by the ECR API's stricter rules on parts and repeats."""
        row = await self.get(repository, principal, upload_id)
        account = repository.registry.account
        if row.last_part_bytes is None:
            raise UploadEmpty(upload_id, repository.name, account)
        if row.shortest_part_bytes is not None and row.shortest_part_bytes < LEAST_PART_BYTES:
            raise PartTooSmall(upload_id, repository.name, account)
        held = await self._store.read(lambda records: records.layers.find(repository.id, digest))
        layer = await self.finish(repository, principal, upload_id, digest)
        if held is not None and not held.is_archived:
            raise LayerExists(digest, repository.name, account)
        return layer

    async def cancel(self, repository: Repository, principal: Principal, upload_id: str) -> None:
        """Drop the upload and its bytes."""
        await self._drop(await self.get(repository, principal, upload_id))

    @asynccontextmanager
    async def _hold(
        self, repository: Repository, principal: Principal, upload_id: str
    ) -> AsyncIterator[tuple[UploadRow, BlobWriter]]:
        """Hold the upload's bytes, with its row as it stands while they are held."""
        row = await self._with_key(await self.get(repository, principal, upload_id))
        try:
            async with self._blobs.resume(row.upload) as writer:
                current = await self.get(repository, principal, upload_id)
                if current.upload.offset_bytes != row.upload.offset_bytes:
                    raise _out_of_order(repository, current)
                yield row, writer
        except UploadBusy as busy:
            raise _out_of_order(repository, row) from busy

    async def _with_key(self, row: UploadRow) -> UploadRow:
        if row.wrapped_key is None or row.upload.data_key is not None:
            return row
        data_key = await self._data_keys.open(row.wrapped_key, row.upload.key)
        return replace(row, upload=replace(row.upload, data_key=data_key))

    async def _advance(
        self, repository: Repository, row: UploadRow, writer: BlobWriter, *, is_part: bool
    ) -> UploadRow:
        """Make what was written durable and let the row follow; the row as it then stands."""
        upload = replace(await writer.flush(), data_key=None)
        advanced = replace(row, upload=upload, touched_at=self._clock())
        if is_part:
            earlier = [n for n in (row.shortest_part_bytes, row.last_part_bytes) if n is not None]
            advanced = replace(
                advanced,
                shortest_part_bytes=min(earlier, default=None),
                last_part_bytes=upload.offset_bytes - row.upload.offset_bytes,
            )
        if advanced.upload == replace(row.upload, data_key=None):
            return advanced  # nothing was added: the row says it already

        async def body(records: Records) -> None:
            if not await records.uploads.advance(advanced, from_offset=row.upload.offset_bytes):
                raise _out_of_order(repository, row)

        tell(lastByteReceived=advanced.upload.offset_bytes - 1)
        await self._store.write(body)
        return advanced

    async def _hold_layer(
        self, repository: Repository, row: UploadRow, digest: Digest, stored: StoredBlob
    ) -> Layer:
        now = self._clock()
        own = BlobRow(
            blob_key=stored.key,
            digest=digest,
            encryption_key=row.encryption_key,
            size_bytes=stored.size_bytes,
            wrapped_key=row.wrapped_key,
            created_at=now,
        )

        async def body(records: Records) -> BlobRow:
            await check_still_there(records, repository)
            current = await records.uploads.find(row.id)
            if current is None:
                raise UploadNotFound(row.id, repository.name, repository.registry.account)
            await records.uploads.remove(row.id)
            counting = await records.blobs.find(digest, row.encryption_key)
            if counting is None or counting.in_archive is not None or counting.is_damaged:
                replaced = counting
                counting = replace(own, wrapped_key=current.wrapped_key)  # wrapped anew since we read it?
                await _count(records, counting, replaced, now)
            else:
                await records.garbage.throw(stored.key, now)
            await records.layers.hold(repository.id, digest, counting.blob_key, now)
            return counting

        counting = await self._store.write(body)
        return Layer(digest, counting.blob_key, counting.size_bytes, counting.wrapped_key)

    async def _drop(self, row: UploadRow) -> None:
        await self._store.write(lambda records: drop_upload(records, row, self._clock()))


async def _count(records: Records, row: BlobRow, replaced: BlobRow | None, now: datetime) -> None:
    """Let the bytes count, in place of damaged ones, or of those in the archive: nobody fetches them then."""
    if replaced is None:
        await records.blobs.add(row)
        return
    await records.blobs.replace(replaced.blob_key, row)
    await records.garbage.throw(replaced.blob_key, now)


async def _copy(chunks: AsyncIterable[bytes], writer: BlobWriter, room_bytes: int) -> BodyCutShort | None:
    """Write all chunks; the refusal to raise later when the client broke off between two of them."""
    try:
        async for chunk in chunks:
            room_bytes -= len(chunk)
            if room_bytes < 0:
                raise TooLarge(LAYER_LIMIT_BYTES)
            await writer.write(chunk)
    except BodyCutShort as cut_short:
        return cut_short
    return None


def _out_of_order(repository: Repository, row: UploadRow) -> UploadOutOfOrder:
    return UploadOutOfOrder(row.id, repository.name, repository.registry.account, row.upload.offset_bytes)


async def drop_upload(records: Records, row: UploadRow, at: datetime) -> None:
    """Forget an upload and throw its bytes away; fine when it is gone already."""
    if await records.uploads.remove(row.id):
        await records.garbage.throw(row.upload.key, at)
