"""Mending what an inspection found, as far as it can be mended; and who is hurt by what cannot.

May run beside servers: everything is looked at again in the transaction that changes it. Nothing is thrown
away that somebody may still want: a layer whose bytes are damaged goes into quarantine, where nobody
is given it, and the next push of the same content takes its place for all who hold it.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from cryptography.exceptions import InvalidTag

from entrepot.domain.digests import Digest, algorithm_of, digest_of
from entrepot.domain.errors import ManifestInvalid
from entrepot.domain.images import Image
from entrepot.domain.manifests import Manifest, parse_manifest
from entrepot.domain.names import Tag
from entrepot.domain.recycling import DEFAULT_DAYS, Deletion, owner_of
from entrepot.domain.repositories import Repository
from entrepot.keys.ring_text import KeyRingError
from entrepot.ports.blobs import BlobDamaged, BlobMissing, BlobStore, Stage, StoredBlob, Upload, UploadBusy
from entrepot.ports.clock import Clock
from entrepot.ports.keys import DataKeys
from entrepot.ports.records import BlobRow, Flaw, Records, SealedManifest, Store
from entrepot.registry.collection import Collector
from entrepot.registry.inspection import Finding, Trouble, described, digest_at_rest
from entrepot.registry.repository_totals import compare_totals, correct_totals
from entrepot.registry.sealed_manifests import open_manifest, seal_manifest

_STEP = 1000  # entries of a store at a time
_TWINS = 100  # other repositories in which a manifest is looked for
_TOLD = 1000  # repositories, and images of each, that are named as hurt by one finding


@dataclass(frozen=True, slots=True)
class Hurt:
    """An image that is not whole any more: `account/region/name` of its repository, and its tags."""

    repository: str
    image: Digest
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class Repaired:
    """What came of one finding, in words; `hurt` are the images that it leaves broken."""

    finding: Finding
    is_mended: bool
    how: str
    hurt: tuple[Hurt, ...] = ()


class Repairer:
    """Mends findings one after another, in the order in which they were found."""

    def __init__(
        self, store: Store, blobs: BlobStore, data_keys: DataKeys, collector: Collector, clock: Clock
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._data_keys = data_keys
        self._collector = collector
        self._clock = clock
        self._plain: dict[int, list[str]] | None = None
        self._ways: Mapping[Flaw | Trouble, Callable[[Finding], Awaitable[Repaired]]] = {
            Trouble.BYTES_MISSING: self._mend_blob,
            Trouble.LENGTH_WRONG: self._mend_blob,
            Trouble.BLOB_UNREADABLE: self._mend_blob,
            Trouble.BLOB_DIGEST_WRONG: self._mend_blob,
            Trouble.BLOB_QUARANTINED: self._mend_blob,
            Trouble.UPLOAD_BYTES_MISSING: self._drop_upload,
            Trouble.ORPHAN_BLOB: self._throw_orphan,
            Trouble.ORPHAN_UPLOAD: self._throw_orphan,
            Trouble.MANIFEST_UNREADABLE: self._mend_manifest,
            Trouble.MANIFEST_DIGEST_WRONG: self._mend_manifest,
            Trouble.REFERENCES_WRONG: self._write_what_the_manifest_says,
            Trouble.FACTS_WRONG: self._write_what_the_manifest_says,
            Trouble.TOTAL_WRONG: self._correct_total,
            Flaw.LAYER_WITHOUT_BLOB: self._hold_another,
            Flaw.IMAGE_WITHOUT_LAYER: self._hold_what_an_image_has,
            Flaw.IMAGE_WITHOUT_MANIFEST: self._mend_manifest,
            Flaw.IMAGE_WITHOUT_CHILD: self._name_the_hurt,
            Flaw.MANIFEST_WITHOUT_IMAGE: self._restore_image,
            Flaw.LAYER_REFERENCE_WITHOUT_IMAGE: self._remove_references,
            Flaw.CHILD_REFERENCE_WITHOUT_IMAGE: self._remove_references,
            Flaw.TAG_WITHOUT_IMAGE: self._remove_tag,
            Flaw.LAYER_WITHOUT_REPOSITORY: self._forget_repository,
            Flaw.IMAGE_WITHOUT_REPOSITORY: self._forget_repository,
            Flaw.RESOURCE_TAG_WITHOUT_REPOSITORY: self._forget_repository,
            Flaw.TOTAL_WITHOUT_REPOSITORY: self._forget_repository,
            Flaw.UPLOAD_WITHOUT_REPOSITORY: self._drop_upload_of_nobody,
            Flaw.DELETED_IMAGE_WITHOUT_IMAGE: self._remove_deletion,
            Flaw.IMAGE_WITHOUT_DELETION: self._end_deletion,
            Flaw.DELETED_REPOSITORY_STANDS: self._remove_deleted_repository,
            Flaw.REPOSITORY_WITHOUT_ACCOUNT: self._add_account,
            Flaw.HELD_BLOB_MARKED: self._unmark,
            Flaw.BLOB_THROWN_AWAY: self._take_out_of_the_trash,
            Flaw.JOB_FORGETS_REPOSITORY: self._remove_job,
            Flaw.JOB_ABANDONED: self._free_job,
        }

    async def repair(self, finding: Finding) -> Repaired:
        """Mend it if it can be mended. May be repeated."""
        way = self._ways.get(finding.what)
        if way is None:
            return Repaired(finding, is_mended=False, how="nothing is known that mends it")
        return await way(finding)

    # Layers.

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
        hurt = await self._store.scan(partial(_hurt_in, repository_id, digest))
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
        hurt = await self._store.scan(partial(_hurt_of, repository_id, (image,)))
        return Repaired(finding, is_mended=False, how="the next push of this layer mends it", hurt=hurt)

    # Uploads, and bytes of nobody.

    async def _drop_upload(self, finding: Finding) -> Repaired:
        await self._store.write(partial(_drop_upload, finding.key[0], self._clock()))
        return Repaired(finding, is_mended=True, how="the upload was dropped: its client begins anew")

    async def _drop_upload_of_nobody(self, finding: Finding) -> Repaired:
        row = await self._store.read(lambda records: records.uploads.find(finding.key[0]))
        if row is not None and await self._store.read(partial(_owner, row.repository_id)) is None:
            await self._collector.forget_repository(row.repository_id)
        return Repaired(finding, is_mended=True, how="dropped")

    async def _throw_orphan(self, finding: Finding) -> Repaired:
        thrown = await self._store.write(partial(_throw_unknown, finding.key[0], self._clock()))
        how = "thrown away: the collector deletes the bytes" if thrown else "it has a row by now"
        return Repaired(finding, is_mended=True, how=how)

    # Manifests and images.

    async def _mend_manifest(self, finding: Finding) -> Repaired:
        repository_id, digest = finding.key[0], Digest(finding.key[1])
        repository = await self._store.read(partial(_owner, repository_id))
        image = await self._store.read(lambda records: records.images.find(repository_id, digest))
        if repository is None or image is None:
            return Repaired(finding, is_mended=True, how="it has gone meanwhile")
        hurt = await self._store.scan(partial(_hurt_of, repository_id, (digest,)))
        own = await self._store.read(lambda records: records.repairs.manifest(repository_id, digest))
        if own is not None and await self._content(repository_id, digest, own) is not None:
            how = "its bytes are whole, and they are no manifest that this program takes"
            return Repaired(finding, is_mended=False, how=how, hurt=hurt)
        for holder, sealed in await self._store.scan(partial(_manifests_elsewhere, repository_id, digest)):
            content = await self._content(holder, digest, sealed)
            if content is not None:
                anew = await seal_manifest(self._data_keys, repository, digest, content)
                await self._store.write(partial(_put_manifest, repository_id, digest, anew))
                return Repaired(finding, is_mended=True, how="copied from another repository")
        if not await self._store.write(partial(_remove_judged_manifest, repository_id, digest, own)):
            return Repaired(finding, is_mended=True, how="a push has mended it meanwhile")
        how = "no whole copy was found; the next push of this image mends it"
        return Repaired(finding, is_mended=False, how=how, hurt=hurt)

    async def _content(self, repository_id: str, digest: Digest, sealed: SealedManifest) -> bytes | None:
        """The manifest's bytes where they open and are those of the digest."""
        try:
            content = await open_manifest(self._data_keys, repository_id, digest, sealed)
        except (KeyRingError, InvalidTag):
            return None
        return content if digest_of(content, algorithm_of(digest)) == digest else None

    async def _read(
        self, repository_id: str, digest: Digest, media_type: str | None
    ) -> tuple[Manifest, int] | None:
        """The manifest that a repository has under the digest, and its length, where it can be read."""
        sealed = await self._store.read(lambda records: records.repairs.manifest(repository_id, digest))
        content = None if sealed is None else await self._content(repository_id, digest, sealed)
        if content is None:
            return None
        try:
            return parse_manifest(content, media_type), len(content)
        except ManifestInvalid:
            return None

    async def _write_what_the_manifest_says(self, finding: Finding) -> Repaired:
        repository_id, digest = finding.key[0], Digest(finding.key[1])
        image = await self._store.read(lambda records: records.images.find(repository_id, digest))
        read = None if image is None else await self._read(repository_id, digest, image.media_type)
        if image is None or read is None:
            return Repaired(finding, is_mended=True, how="it has gone meanwhile")
        await self._store.write(partial(_write_image, repository_id, described(image, *read), read[0]))
        return Repaired(finding, is_mended=True, how="written as the manifest says")

    async def _restore_image(self, finding: Finding) -> Repaired:
        """An image whose row is gone: its manifest has all but its times, which are those of now."""
        repository_id, digest = finding.key[0], Digest(finding.key[1])
        is_binned = repository_id != owner_of(repository_id)
        read = None if is_binned else await self._read(repository_id, digest, None)
        if read is not None:
            body = partial(_add_image, repository_id, digest, read, self._clock())
            if await self._store.write(body):
                return Repaired(finding, is_mended=True, how="the image was made anew from its manifest")
        await self._store.write(partial(_remove_manifest_of_none, repository_id, digest))
        return Repaired(finding, is_mended=True, how="removed: no image can be made of it")

    async def _remove_references(self, finding: Finding) -> Repaired:
        await self._store.write(partial(_remove_references_of_none, finding.key[0], Digest(finding.key[1])))
        return Repaired(finding, is_mended=True, how="removed")

    async def _remove_tag(self, finding: Finding) -> Repaired:
        """A tag of nothing; somebody who pulls it is told that it is not there, as before."""
        repository_id, tag = finding.key[0], Tag(finding.key[1])
        repository = await self._store.read(partial(_owner, repository_id))
        digest = await self._store.write(partial(_remove_tag_of_none, repository_id, tag))
        if digest is None:
            return Repaired(finding, is_mended=True, how="it names an image by now")
        hurt = (Hurt(_name(repository, repository_id), digest, (tag,)),)
        return Repaired(finding, is_mended=True, how=f"removed: its image {digest} is not here", hurt=hurt)

    async def _name_the_hurt(self, finding: Finding) -> Repaired:
        repository_id, image = finding.key[0], Digest(finding.key[1])
        hurt = await self._store.scan(partial(_hurt_of, repository_id, (image,)))
        return Repaired(finding, is_mended=False, how="the next push of what is missing mends it", hurt=hurt)

    # Repositories, accounts and jobs.

    async def _forget_repository(self, finding: Finding) -> Repaired:
        if await self._store.read(partial(_owner, finding.key[0])) is None:
            await self._collector.forget_repository(owner_of(finding.key[0]))
        return Repaired(finding, is_mended=True, how="what the removed repository left was cleared")

    async def _correct_total(self, finding: Finding) -> Repaired:
        compared = await self._store.scan(partial(compare_totals, [finding.key[0]]))
        await self._store.write_apart(partial(correct_totals, compared, self._clock()))
        return Repaired(finding, is_mended=True, how="counted anew")

    async def _remove_deletion(self, finding: Finding) -> Repaired:
        place, digest = finding.key[0], Digest(finding.key[1])
        hurt = await self._store.scan(partial(_hurt_of, place, (digest,)))
        await self._store.write(partial(_remove_deletion_of_none, place, digest))
        return Repaired(finding, is_mended=True, how="removed from the bin: nothing can come back", hurt=hurt)

    async def _end_deletion(self, finding: Finding) -> Repaired:
        """An image in the bin of which nobody knows since when: it is there to come back once more."""
        place, digest = finding.key[0], Digest(finding.key[1])
        await self._store.write(partial(_note_deletion, place, digest, self._clock()))
        return Repaired(finding, is_mended=True, how="it can come back for a week from now")

    async def _remove_deleted_repository(self, finding: Finding) -> Repaired:
        await self._store.write(partial(_remove_deleted_twin, finding.key[0]))
        return Repaired(finding, is_mended=True, how="removed from the bin: the repository stands")

    async def _add_account(self, finding: Finding) -> Repaired:
        repository = await self._store.read(lambda records: records.repositories.find_by_id(finding.key[0]))
        if repository is not None:
            account = repository.registry.account
            await self._store.write(lambda records: records.accounts.add(account, self._clock()))
        return Repaired(finding, is_mended=True, how="its account was made anew: see `entrepot credentials`")

    async def _remove_job(self, finding: Finding) -> Repaired:
        await self._store.write(lambda records: records.repairs.remove_job(finding.key[0]))
        return Repaired(finding, is_mended=True, how="the job was removed: the repository stays")

    async def _free_job(self, finding: Finding) -> Repaired:
        await self._store.write(lambda records: records.repairs.free_job(finding.key[0], self._clock()))
        return Repaired(finding, is_mended=True, how="free for the next worker")


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
    repository = await _owner(repository_id, records)
    if repository is None:
        return False
    row = await records.blobs.find(digest, repository.encryption.key_id)
    if row is None:
        return False
    holders = await records.layers.holders_of_blob(row.blob_key, _TOLD)
    if holders:
        found = [await _owner(holder, records) for holder in holders]
        if all(each is None or each.registry != repository.registry for each in found):
            return False
    await records.layers.hold(repository_id, digest, row.blob_key, at)
    return True


async def _manifests_elsewhere(
    repository_id: str, digest: Digest, records: Records
) -> list[tuple[str, SealedManifest]]:
    """The same image's manifest in other repositories: such as hold a layer of it, or of a child of it."""
    parts = await records.inspection.parts(repository_id, digest)
    for child in sorted(parts.children)[:1]:
        parts = await records.inspection.parts(repository_id, child)
    holders: dict[str, None] = {}
    for layer in sorted(parts.layers):
        key = await records.repairs.held_by(repository_id, layer)
        if key is not None:
            holders |= dict.fromkeys(await records.layers.holders_of_blob(key, _TWINS))
    found = [
        (holder, await records.repairs.manifest(holder, digest))
        for holder in holders
        if holder != repository_id
    ]
    return [(holder, sealed) for holder, sealed in found if sealed is not None]


async def _put_manifest(repository_id: str, digest: Digest, sealed: SealedManifest, records: Records) -> None:
    if await records.images.find(repository_id, digest) is not None:
        await records.manifests.put(repository_id, digest, sealed)


async def _remove_judged_manifest(
    repository_id: str, digest: Digest, judged: SealedManifest | None, records: Records
) -> bool:
    """Whether it is still as it was judged, and so gone now."""
    if await records.repairs.manifest(repository_id, digest) != judged:
        return False
    await records.repairs.remove_manifest(repository_id, digest)
    return True


async def _write_image(repository_id: str, image: Image, manifest: Manifest, records: Records) -> None:
    if await records.images.find(repository_id, image.digest) is not None:
        await records.repairs.set_facts(repository_id, image)
        await _refer(repository_id, image.digest, manifest, records)


async def _refer(repository_id: str, digest: Digest, manifest: Manifest, records: Records) -> None:
    await records.repairs.remove_references(repository_id, digest)
    await records.references.add(
        repository_id,
        digest,
        layers={blob.digest: blob.media_type for blob in manifest.blobs},
        children=[child.digest for child in manifest.children],
    )


async def _add_image(
    repository_id: str, digest: Digest, read: tuple[Manifest, int], at: datetime, records: Records
) -> bool:
    """False where parts of it are gone, so that it would be half an image."""
    manifest, manifest_bytes = read
    held = await records.layers.find_many(repository_id, [blob.digest for blob in manifest.blobs])
    children = await records.images.find_many(repository_id, [child.digest for child in manifest.children])
    if any(blob.digest not in held for blob in manifest.required):
        return False
    if len(children) < len(manifest.children):
        return False
    sizes = [layer.size_bytes for layer in held.values()]
    size_bytes = max((child.size_bytes for child in children.values()), default=0) + sum(sizes)
    bare = Image(digest, manifest.media_type, None, manifest_bytes, size_bytes, None, {}, at)
    await records.images.add(repository_id, described(bare, manifest, manifest_bytes))
    await _refer(repository_id, digest, manifest, records)
    return True


async def _remove_manifest_of_none(repository_id: str, digest: Digest, records: Records) -> None:
    if await records.images.find(repository_id, digest) is None:
        await records.repairs.remove_manifest(repository_id, digest)


async def _remove_references_of_none(repository_id: str, digest: Digest, records: Records) -> None:
    if await records.images.find(repository_id, digest) is None:
        await records.repairs.remove_references(repository_id, digest)


async def _remove_tag_of_none(repository_id: str, tag: Tag, records: Records) -> Digest | None:
    digest = await records.tags.find(repository_id, tag)
    if digest is None or await records.images.find(repository_id, digest) is not None:
        return None
    await records.tags.remove(repository_id, tag)
    return digest


async def _hurt_by_blob(row: BlobRow, records: Records) -> tuple[Hurt, ...]:
    hurt: list[Hurt] = []
    for repository_id in await records.layers.holders_of_blob(row.blob_key, _TOLD):
        hurt += await _hurt_in(repository_id, row.digest, records)
    return tuple(hurt)


async def _hurt_in(repository_id: str, layer: Digest, records: Records) -> tuple[Hurt, ...]:
    """The images of the repository that have this layer."""
    users = await records.references.users(repository_id, layer, _TOLD)
    return await _hurt_of(repository_id, users, records)


async def _hurt_of(
    repository_id: str, images: list[Digest] | tuple[Digest, ...], records: Records
) -> tuple[Hurt, ...]:
    name = _name(await _owner(repository_id, records), repository_id)
    tags = await records.tags.of_images(repository_id, images)
    return tuple(Hurt(name, image, tuple(tags.get(image, ()))) for image in images)


async def _remove_deletion_of_none(place: str, digest: Digest, records: Records) -> None:
    if await records.images.find(place, digest) is None:
        await records.repairs.remove_deletion(place, digest)


async def _note_deletion(place: str, digest: Digest, at: datetime, records: Records) -> None:
    repository = await _owner(place, records)
    if repository is not None and await records.images.find(place, digest) is not None:
        deletion = Deletion(at, at + timedelta(days=DEFAULT_DAYS))
        await records.repairs.add_deletion(place, digest, repository.registry, deletion)


async def _remove_deleted_twin(repository_id: str, records: Records) -> None:
    if await records.repositories.find_by_id(repository_id) is not None:
        await records.deleted_repositories.remove(repository_id)


async def _owner(repository_id: str, records: Records) -> Repository | None:
    """The repository whose rows these are, in its bin or not, and itself in the registry's bin or not."""
    owner = owner_of(repository_id)
    found = await records.repositories.find_by_id(owner)
    return found or await records.repairs.deleted_repository(owner)


def _name(repository: Repository | None, repository_id: str) -> str:
    if repository is None:
        return repository_id
    binned = " (in the bin)" if repository_id != repository.id else ""
    return f"{repository.registry.account}/{repository.registry.region}/{repository.name}{binned}"
