"""Whether rows and bytes hold together: what a crash, a lost disk or a bug would leave behind.

Reads only, and may run beside servers. What rows promise each other is judged in one statement each. Rows
and bytes cannot be seen at one moment, so whatever looks wrong between them is looked at again, the
other way round, before it is found.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Protocol

from cryptography.exceptions import InvalidTag

from entrepot.domain.digests import Digest, algorithm_of, digest_of
from entrepot.domain.errors import ManifestInvalid
from entrepot.domain.images import Image
from entrepot.domain.manifests import Manifest, parse_manifest
from entrepot.keys.ring_text import KeyRingError
from entrepot.ports.blobs import BlobDamaged, BlobMissing, Blobs, BytesAtRest, Listing, Stage, StoredBlob
from entrepot.ports.clock import Clock
from entrepot.ports.keys import DataKeys
from entrepot.ports.records import BlobRow, Flaw, ImageParts, Inspected, ManifestRow, Records, Store
from entrepot.ports.statistics import CountTurn, Holding
from entrepot.registry.repository_totals import compare_totals
from entrepot.registry.sealed_manifests import open_manifest
from entrepot.registry.stretches import side_by_side

_STEP = 1000  # rows, or entries of a store, at a time
_TURNS = 100  # repositories at a time, whose images are counted in one snapshot
_FEW = 16  # manifests at a time: each may have 4 MiB
_SPARSE = frozenset({Flaw.IMAGE_WITHOUT_LAYER, Flaw.IMAGE_WITHOUT_CHILD})


class Trouble(StrEnum):
    """What can be wrong between rows and bytes; the value is how a person is told."""

    BYTES_MISSING = "bytes-missing"
    LENGTH_WRONG = "length-wrong"
    UPLOAD_BYTES_MISSING = "upload-bytes-missing"
    ORPHAN_BLOB = "orphan-blob"
    ORPHAN_UPLOAD = "orphan-upload"
    BLOB_UNREADABLE = "blob-unreadable"
    BLOB_DIGEST_WRONG = "blob-digest-wrong"
    BLOB_QUARANTINED = "blob-quarantined"
    MANIFEST_UNREADABLE = "manifest-unreadable"
    MANIFEST_DIGEST_WRONG = "manifest-digest-wrong"
    REFERENCES_WRONG = "references-wrong"
    FACTS_WRONG = "facts-wrong"
    TOTAL_WRONG = "total-wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what, of which row or bytes, and what is known about it."""

    what: Flaw | Trouble
    key: tuple[str, ...]
    detail: str = ""


@dataclass(slots=True)
class Seen:
    """How much was looked at."""

    blobs: int = 0
    blob_bytes: int = 0
    uploads: int = 0
    manifests: int = 0
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Depth:
    """How thoroughly to look.

    `is_deep` opens every blob and manifest and computes its digest. `grace` is how old bytes without a
    row must be to count as orphans, and how long ago a job's lease must have ended. `allow_sparse`
    as the server has it: images whose parts are not all there are no finding.
    """

    is_deep: bool = False
    grace: timedelta = timedelta(hours=1)
    allow_sparse: bool = False


class KeptBlobs(Blobs, Listing, Protocol):
    """Finished blobs of a store that can say what it keeps."""


class Inspector:
    """Compares what a registry's rows say with each other and with what lies in its blob store."""

    def __init__(
        self,
        store: Store,
        blobs: KeptBlobs,
        data_keys: DataKeys,
        clock: Clock,
        depth: Depth,
        *,
        archive: KeptBlobs | None = None,
    ) -> None:
        """`blobs` reads what lies in either tier and lists the standard one; `archive` lists the other."""
        self._store = store
        self._blobs = blobs
        self._data_keys = data_keys
        self._clock = clock
        self._depth = depth
        self._archive = archive

    async def inspect(self, report: Callable[[Finding], None]) -> Seen:
        """Look at everything once; each finding is reported as it is found."""
        seen = Seen()
        for flaw in Flaw:
            if not (self._depth.allow_sparse and flaw in _SPARSE):
                seen.rows[flaw] = await self._inspect_rows(flaw, report)
        await self._compare_totals(report)
        await self._compare_blobs(self._blobs, seen, report)
        await self._compare_uploads(seen, report)
        if self._archive is not None:
            await self._compare_blobs(self._archive, seen, report)
            await self._find_stray_copies(self._archive, report)
        if self._depth.is_deep:
            await self._open_manifests(seen, report)
        return seen

    async def _inspect_rows(self, flaw: Flaw, report: Callable[[Finding], None]) -> int:
        after: tuple[str, ...] = ()
        count, before = 0, self._clock() - self._depth.grace
        while rows := await self._store.scan(partial(_flawed, flaw, before, after)):
            for row in rows:
                if row.is_flawed:
                    report(Finding(flaw, row.key))
            count, after = count + len(rows), rows[-1].key
        return count

    async def _compare_totals(self, report: Callable[[Finding], None]) -> None:
        """Compare what repositories are said to hold with what is there; not those never counted."""
        after = ""
        while turns := await self._store.scan(partial(_turns, after)):
            counted = [turn.repository_id for turn in turns if turn.counts]
            for each in await self._store.scan(partial(compare_totals, counted)):
                if each.missing != Holding():
                    told, there = each.total.holding, each.total.holding + each.missing
                    detail = f"{told} are told, {there} there"
                    report(Finding(Trouble.TOTAL_WRONG, (each.repository_id,), detail))
            after = turns[-1].repository_id

    async def _compare_blobs(self, tier: KeptBlobs, seen: Seen, report: Callable[[Finding], None]) -> None:
        """Compare what lies in one tier with the rows of blobs that belong there."""
        is_archive = tier is self._archive
        async for rows, lying in side_by_side(
            lambda after: self._store.scan(partial(_blobs, after)),
            lambda row: row.blob_key,
            partial(_lying, tier, Stage.BLOB),
            _STEP,
        ):
            for row in rows.values():
                if (row.in_archive is not None) is is_archive:
                    seen.blobs, seen.blob_bytes = seen.blobs + 1, seen.blob_bytes + row.size_bytes
                    await self._compare_blob(tier, row, lying.get(row.blob_key), report)
            unknown = [lying[key] for key in lying if key not in rows]
            await self._find_orphans(tier, Stage.BLOB, unknown, report)

    async def _compare_blob(
        self, tier: KeptBlobs, row: BlobRow, lying: BytesAtRest | None, report: Callable[[Finding], None]
    ) -> None:
        expected = tier.size_at_rest(row.packed_bytes, is_sealed=row.wrapped_key is not None)
        if lying is None or lying.size_bytes != expected:
            lying = await tier.find(Stage.BLOB, row.blob_key)
        finding: Finding | None = None
        if row.is_damaged:
            detail = "no push of this layer has come since it was found damaged"
            finding = Finding(Trouble.BLOB_QUARANTINED, (row.blob_key, row.digest), detail)
        elif lying is None:
            finding = Finding(Trouble.BYTES_MISSING, (row.blob_key, row.digest))
        elif lying.size_bytes != expected:
            detail = f"{lying.size_bytes} bytes lie there, {expected} were stored"
            finding = Finding(Trouble.LENGTH_WRONG, (row.blob_key, row.digest), detail)
        elif self._depth.is_deep:
            finding = await self._open_blob(row)
        if finding is not None and await still_stands(self._store, row):
            report(finding)

    async def _open_blob(self, row: BlobRow) -> Finding | None:
        try:
            actual = await digest_at_rest(self._blobs, self._data_keys, row)
        except (BlobMissing, BlobDamaged, KeyRingError) as failure:
            return Finding(Trouble.BLOB_UNREADABLE, (row.blob_key, row.digest), _told(failure))
        if actual != row.digest:
            return Finding(Trouble.BLOB_DIGEST_WRONG, (row.blob_key, row.digest), f"the bytes are {actual}")
        return None

    async def _compare_uploads(self, seen: Seen, report: Callable[[Finding], None]) -> None:
        async for rows, lying in side_by_side(
            lambda after: self._store.scan(partial(_uploads, after)),
            lambda row: row[0],
            partial(_lying, self._blobs, Stage.UPLOAD),
            _STEP,
        ):
            seen.uploads += len(rows)
            for key, offset_bytes in rows.values():
                if offset_bytes and key not in lying and await self._has_lost_its_bytes(key, offset_bytes):
                    report(Finding(Trouble.UPLOAD_BYTES_MISSING, (key,), f"{offset_bytes} were acknowledged"))
            unknown = [lying[key] for key in lying if key not in rows]
            await self._find_orphans(self._blobs, Stage.UPLOAD, unknown, report)

    async def _find_stray_copies(self, archive: KeptBlobs, report: Callable[[Finding], None]) -> None:
        """What was begun in the archive tier and nobody goes on with: no client uploads there."""
        after = ""
        while lying := await _lying(archive, Stage.UPLOAD, after):
            await self._find_orphans(archive, Stage.UPLOAD, lying, report)
            after = lying[-1].key

    async def _has_lost_its_bytes(self, key: str, offset_bytes: int) -> bool:
        for stage in (Stage.UPLOAD, Stage.BLOB):  # a blob already: its row follows, or the client repeats
            if await self._blobs.find(stage, key) is not None:
                return False
        return offset_bytes == await self._store.read(lambda records: records.inspection.offset(key))

    async def _find_orphans(
        self,
        tier: KeptBlobs,
        stage: Stage,
        unknown: Sequence[BytesAtRest],
        report: Callable[[Finding], None],
    ) -> None:
        """Report bytes that have no row of any kind, are no longer young and are still there."""
        before = self._clock() - self._depth.grace
        old = [at_rest for at_rest in unknown if at_rest.changed_at <= before]
        # from one snapshot: an upload's row becomes that of a blob
        known = await self._store.scan(partial(_known, [at_rest.key for at_rest in old])) if old else set()
        for at_rest in old:
            if at_rest.key not in known and await tier.find(stage, at_rest.key) is not None:
                what = Trouble.ORPHAN_BLOB if stage is Stage.BLOB else Trouble.ORPHAN_UPLOAD
                detail = f"{at_rest.size_bytes} bytes of {at_rest.changed_at:%Y-%m-%dT%H:%M:%SZ}"
                report(Finding(what, (at_rest.key,), detail))

    async def _open_manifests(self, seen: Seen, report: Callable[[Finding], None]) -> None:
        after = ("", "")
        while rows := await self._store.scan(partial(_manifests, after)):
            for row in rows:
                finding = await self._open_manifest(row)
                if finding is not None:
                    report(finding)
            seen.manifests += len(rows)
            after = rows[-1].repository_id, rows[-1].digest

    async def _open_manifest(self, row: ManifestRow) -> Finding | None:
        key = row.repository_id, row.digest
        try:
            content = await open_manifest(self._data_keys, row.repository_id, row.digest, row.manifest)
        except (KeyRingError, InvalidTag) as failure:
            return Finding(Trouble.MANIFEST_UNREADABLE, key, _told(failure))
        actual = digest_of(content, algorithm_of(row.digest))
        if actual != row.digest:
            return Finding(Trouble.MANIFEST_DIGEST_WRONG, key, f"the bytes are {actual}")
        try:
            manifest = parse_manifest(content, row.media_type)
        except ManifestInvalid as invalid:
            return Finding(Trouble.MANIFEST_UNREADABLE, key, invalid.reason)
        named = ImageParts(
            frozenset(blob.digest for blob in manifest.blobs),
            frozenset(child.digest for child in manifest.children),
        )
        image, parts = await self._store.scan(partial(_image_and_parts, row))
        if image is None:
            return None  # it has gone meanwhile
        if named != parts:
            return Finding(Trouble.REFERENCES_WRONG, key, "the rows name other parts than the manifest")
        if image != described(image, manifest, len(content)):
            return Finding(Trouble.FACTS_WRONG, key, "its row tells of the manifest what is not so")
        return None


def described(image: Image, manifest: Manifest, manifest_bytes: int) -> Image:
    """The image with all that its manifest says about it; its times and its size stay."""
    return replace(
        image,
        media_type=manifest.media_type,
        artifact_type=manifest.artifact_type,
        manifest_bytes=manifest_bytes,
        subject_digest=manifest.subject.digest if manifest.subject else None,
        annotations=dict(manifest.annotations),
    )


async def still_stands(store: Store, row: BlobRow) -> bool:
    """Whether the row is there now, whatever the collector did meanwhile."""
    current = await store.read(lambda records: records.blobs.find(row.digest, row.encryption_key))
    return current is not None and current.blob_key == row.blob_key


async def digest_at_rest(blobs: Blobs, data_keys: DataKeys, row: BlobRow) -> Digest:
    """The digest of what can be read of a blob; raises BlobMissing, BlobDamaged or KeyRingError."""
    key = None if row.wrapped_key is None else await data_keys.open(row.wrapped_key, row.blob_key)
    algorithm = algorithm_of(row.digest)
    running = hashlib.new(algorithm)
    blob = StoredBlob(row.blob_key, key, row.size_bytes, row.in_archive)
    async for piece in blobs.chunks(blob, 0, row.size_bytes):
        running.update(piece)
    return Digest(f"{algorithm}:{running.hexdigest()}")


async def _lying(tier: KeptBlobs, stage: Stage, after: str) -> list[BytesAtRest]:
    return await tier.page(stage, after=after, limit=_STEP)


def _told(failure: Exception) -> str:
    return str(failure) or type(failure).__name__


async def _flawed(flaw: Flaw, now: datetime, after: tuple[str, ...], records: Records) -> list[Inspected]:
    return await records.inspection.page(flaw, now=now, after=after, limit=_STEP)


async def _turns(after: str, records: Records) -> list[CountTurn]:
    return await records.statistics.turns(after=after, limit=_TURNS)


async def _blobs(after: str, records: Records) -> list[BlobRow]:
    return await records.inspection.blobs(after=after, limit=_STEP)


async def _uploads(after: str, records: Records) -> list[tuple[str, int]]:
    return await records.inspection.uploads(after=after, limit=_STEP)


async def _known(keys: list[str], records: Records) -> set[str]:
    return await records.inspection.known(keys)


async def _manifests(after: tuple[str, str], records: Records) -> list[ManifestRow]:
    return await records.inspection.manifests(after=after, limit=_FEW)


async def _image_and_parts(row: ManifestRow, records: Records) -> tuple[Image | None, ImageParts]:
    image = await records.images.find(row.repository_id, row.digest)
    return image, await records.inspection.parts(row.repository_id, row.digest)
