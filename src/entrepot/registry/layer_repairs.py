"""Mending layers: their bytes and who holds them, uploads, and bytes of nobody."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from entrepot.domain.digests import Digest, algorithm_of
from entrepot.keys.ring_text import KeyRingError
from entrepot.ports.blobs import BlobDamaged, BlobMissing, BlobStore, Stage, StoredBlob, Upload, UploadBusy
from entrepot.ports.clock import Clock
from entrepot.ports.keys import DataKeys
from entrepot.ports.records import BlobRow, Flaw, Records, Store
from entrepot.registry.inspection import Finding, Trouble, digest_at_rest
from entrepot.registry.repaired import TOLD, Hurt, Repaired, Ways, find_owner, hurt_in, hurt_of

_STEP = 1000  # entries of a store at a time


class LayerRepairs:
    """Of a layer whose bytes are damaged, a whole copy is looked for, and else they go into quarantine."""

    def __init__(self, store: Store, blobs: BlobStore, data_keys: DataKeys, clock: Clock) -> None:
        self._store = store
        self._blobs = blobs
        self._data_keys = data_keys
        self._clock = clock
        self._plain: dict[int, list[str]] | None = None

    def ways(self) -> Ways:
        """What mends which finding."""
        return {
            Trouble.BYTES_MISSING: self._mend_blob,
            Trouble.LENGTH_WRONG: self._mend_blob,
            Trouble.BLOB_UNREADABLE: self._mend_blob,
            Trouble.BLOB_DIGEST_WRONG: self._mend_blob,
            Trouble.BLOB_QUARANTINED: self._mend_blob,
            Trouble.UPLOAD_BYTES_MISSING: self._drop_upload,
            Trouble.ORPHAN_BLOB: self._throw_orphan,
            Trouble.ORPHAN_UPLOAD: self._throw_orphan,
            Flaw.LAYER_WITHOUT_BLOB: self._hold_another,
            Flaw.IMAGE_WITHOUT_LAYER: self._hold_what_an_image_has,
            Flaw.HELD_BLOB_MARKED: self._unmark,
            Flaw.BLOB_THROWN_AWAY: self._take_out_of_the_trash,
        }

    async def _mend_blob(self, finding: Finding) -> Repaired:
        key = finding.key[0]
        row = await self._blob(key)
        if row is None:
            return Repaired(finding, is_mended=True, how="it has gone meanwhile")
        if await self._is_whole(row) or await self._finish(row):
            await self._store.write(lambda records: records.blobs.set_damaged(key, None))
            return Repaired(finding, is_mended=True, how="its bytes are whole")
        async for twin in self._twins(row):
            if await self._store_anew(row, twin):
                return Repaired(finding, is_mended=True, how=f"stored anew from {twin.blob_key}")
        if not await self._store.write(partial(_quarantine, key, self._clock())):
            return Repaired(finding, is_mended=True, how="it has gone meanwhile")
        return Repaired(
            finding,
            is_mended=False,
            how="in quarantine: no whole copy was found; the next push of this layer mends it",
            hurt=await self._hurt_by_blob(row),
        )

    async def _finish(self, row: BlobRow) -> bool:
        """Whether the bytes lay whole where uploads do: a rename that was lost is done again."""
        if await self._blobs.find(Stage.BLOB, row.blob_key) is not None:
            return False
        if await self._blobs.find(Stage.UPLOAD, row.blob_key) is None:
            return False
        try:
            key = await self._key_of(row)
            await self._blobs.finish(Upload(row.blob_key, key, row.size_bytes, b"", b""))
        except (BlobMissing, BlobDamaged, UploadBusy, KeyRingError, ValueError):
            return False
        return await self._is_whole(row)

    async def _twins(self, row: BlobRow) -> AsyncIterator[BlobRow]:
        """Whole copies of the same content: under another encryption key, or plain bytes without a row."""
        for other in await self._store.read(lambda records: records.blobs.of_digest(row.digest)):
            if other.blob_key != row.blob_key and await self._is_whole(other):
                yield other
        for key in (await self._plain_leftovers()).get(row.size_bytes, ()):
            leftover = replace(row, blob_key=key, wrapped_key=None, in_archive=None)
            if await self._is_whole(leftover):
                yield leftover

    async def _plain_leftovers(self) -> dict[int, list[str]]:
        """Keys of bytes by their length that no blob's row has, thrown away ones among them; listed once."""
        if self._plain is None:
            self._plain, after = {}, ""
            while lying := await self._blobs.page(Stage.BLOB, after=after, limit=_STEP):
                rows = await self._store.scan(partial(_blobs_between, after, lying[-1].key))
                for at_rest in lying:
                    if at_rest.key not in rows:
                        self._plain.setdefault(at_rest.size_bytes, []).append(at_rest.key)
                after = lying[-1].key
        return self._plain

    async def _store_anew(self, row: BlobRow, twin: BlobRow) -> bool:
        """Copy the twin's content under a new key, sealed as the row is, and let that count."""
        new_key = secrets.token_hex(16)
        key, wrapped = (None, None) if row.wrapped_key is None else await self._data_keys.new(new_key)
        upload = await self._blobs.begin(new_key, key)
        copied = await self._copy(twin, upload)
        if copied is None:
            await self._blobs.delete(new_key)
            return False
        await self._blobs.finish(copied)
        new = replace(row, blob_key=new_key, wrapped_key=wrapped, in_archive=None, is_damaged=False)
        return await self._store.write(partial(_replace_blob, row, new, self._clock()))

    async def _copy(self, twin: BlobRow, upload: Upload) -> Upload | None:
        """The upload with the twin's content; None where that is not whole any more, or was collected."""
        running = hashlib.new(algorithm_of(twin.digest))
        source = StoredBlob(twin.blob_key, await self._key_of(twin), twin.size_bytes, twin.in_archive)
        async with self._blobs.resume(upload) as writer:
            try:
                async for piece in self._blobs.chunks(source, 0, source.size_bytes):
                    running.update(piece)
                    await writer.write(piece)
            except (BlobMissing, BlobDamaged):
                return None
            copied = await writer.flush()
        return copied if running.hexdigest() == twin.digest.partition(":")[2] else None

    async def _hurt_by_blob(self, row: BlobRow) -> tuple[Hurt, ...]:
        return await self._store.scan(partial(_hurt_by_blob, row))

    async def _is_whole(self, row: BlobRow) -> bool:
        try:
            return await digest_at_rest(self._blobs, self._data_keys, row) == row.digest
        except (BlobMissing, BlobDamaged, KeyRingError):
            return False

    async def _key_of(self, row: BlobRow) -> bytes | None:
        return None if row.wrapped_key is None else await self._data_keys.open(row.wrapped_key, row.blob_key)

    async def _blob(self, key: str) -> BlobRow | None:
        return await self._store.read(lambda records: records.blobs.find_by_key(key))

    async def _unmark(self, finding: Finding) -> Repaired:
        await self._store.write(lambda records: records.repairs.unmark(finding.key[0]))
        return Repaired(finding, is_mended=True, how="the mark was taken off")

    async def _take_out_of_the_trash(self, finding: Finding) -> Repaired:
        await self._store.write(partial(_keep, finding.key[0]))
        return Repaired(finding, is_mended=True, how="taken out of the trash")

    async def _hold_another(self, finding: Finding) -> Repaired:
        """A row that holds a blob which is not there: another of its digest, or none."""
        repository_id, digest = finding.key[0], Digest(finding.key[1])
        hurt = await self._store.scan(partial(hurt_in, repository_id, digest))
        if await self._store.write(partial(_hold_or_release, repository_id, digest, self._clock())):
            return Repaired(finding, is_mended=True, how="the layer that is stored is held in its place")
        return Repaired(
            finding,
            is_mended=not hurt,
            how="let go of" if not hurt else "let go of: the next push of this layer mends it",
            hurt=hurt,
        )

    async def _hold_what_an_image_has(self, finding: Finding) -> Repaired:
        repository_id, image, digest = finding.key[0], Digest(finding.key[1]), Digest(finding.key[2])
        if await self._store.write(partial(_hold_again, repository_id, digest, self._clock())):
            return Repaired(finding, is_mended=True, how="the layer is held again")
        hurt = await self._store.scan(partial(hurt_of, repository_id, (image,)))
        return Repaired(finding, is_mended=False, how="the next push of this layer mends it", hurt=hurt)

    async def _drop_upload(self, finding: Finding) -> Repaired:
        await self._store.write(partial(_drop_upload, finding.key[0], self._clock()))
        return Repaired(finding, is_mended=True, how="the upload was dropped: its client begins anew")

    async def _throw_orphan(self, finding: Finding) -> Repaired:
        thrown = await self._store.write(partial(_throw_unknown, finding.key[0], self._clock()))
        how = "thrown away: the collector deletes the bytes" if thrown else "it has a row by now"
        return Repaired(finding, is_mended=True, how=how)


async def _quarantine(key: str, at: datetime, records: Records) -> bool:
    """Whether there is such a blob; else it was collected, or other bytes have taken its place."""
    row = await records.blobs.find_by_key(key)
    if row is not None and not row.is_damaged:
        await records.blobs.set_damaged(key, at)
    return row is not None


async def _replace_blob(row: BlobRow, new: BlobRow, at: datetime, records: Records) -> bool:
    """Whether the new bytes count now; else somebody was faster, and they are thrown away."""
    current = await records.blobs.find_by_key(row.blob_key)
    is_in_trash = new.blob_key in await records.inspection.known([new.blob_key])  # as somebody's orphan
    if current is None or is_in_trash:
        await records.garbage.throw(new.blob_key, at)
        return False
    await records.blobs.replace(row.blob_key, new)
    await records.garbage.throw(row.blob_key, at)
    return True


async def _blobs_between(after: str, last: str, records: Records) -> set[str]:
    keys: set[str] = set()
    while rows := await records.inspection.blobs(after=after, limit=_STEP):
        keys.update(row.blob_key for row in rows)
        after = rows[-1].blob_key
        if after >= last:
            break
    return keys


async def _keep(key: str, records: Records) -> None:
    if await records.blobs.find_by_key(key) is not None:
        await records.garbage.emptied([key])


async def _throw_unknown(key: str, at: datetime, records: Records) -> bool:
    if await records.inspection.known([key]):
        return False
    await records.garbage.throw(key, at)
    return True


async def _drop_upload(key: str, at: datetime, records: Records) -> None:
    upload = await records.repairs.upload_of(key)
    if upload is not None and await records.uploads.remove(upload):
        await records.garbage.throw(key, at)


async def _hold_or_release(repository_id: str, digest: Digest, at: datetime, records: Records) -> bool:
    """Whether a blob of the digest is held now; a row that names none, or another's, goes."""
    key = await records.repairs.held_by(repository_id, digest)
    current = None if key is None else await records.blobs.find_by_key(key)
    if current is not None and current.digest == digest:
        return True
    await records.layers.release(repository_id, digest)
    return await _hold_again(repository_id, digest, at, records)


async def _hold_again(repository_id: str, digest: Digest, at: datetime, records: Records) -> bool:
    """Hold the blob of the digest, where nobody holds it or somebody of the same registry.

    A row that named it was lost. What only another registry holds must not be had by naming it in a
    manifest, which a server with --allow-sparse takes.
    """
    repository = await find_owner(repository_id, records)
    if repository is None:
        return False
    row = await records.blobs.find(digest, repository.encryption.key_id)
    if row is None:
        return False
    holders = await records.layers.holders_of_blob(row.blob_key, TOLD)
    if holders:
        found = [await find_owner(holder, records) for holder in holders]
        if all(each is None or each.registry != repository.registry for each in found):
            return False
    await records.layers.hold(repository_id, digest, row.blob_key, at)
    return True


async def _hurt_by_blob(row: BlobRow, records: Records) -> tuple[Hurt, ...]:
    hurt: list[Hurt] = []
    for repository_id in await records.layers.holders_of_blob(row.blob_key, TOLD):
        hurt += await hurt_in(repository_id, row.digest, records)
    return tuple(hurt)
