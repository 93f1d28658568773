"""What the tables promise each other, looked through from end to end.

Neither database is given foreign keys, so a statement a promise walks one table by its key and says of
each row whether the promise holds. All of them use the keys and indexes that are there.
"""

from collections.abc import Sequence
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.media_types import FOREIGN_LAYERS
from entrepot.ports.records import BlobRow, Flaw, ImageParts, Inspected, ManifestRow, SealedManifest
from entrepot.storage.metadata.batches import batches, placeholders
from entrepot.storage.metadata.blobs import BLOB, to_blob
from entrepot.storage.metadata.columns import to_column
from entrepot.storage.metadata.subject import Subject

# The repository whose row it is, also in its bin.
_OWNER = "CASE WHEN t.repository_id > '~' THEN SUBSTR(t.repository_id, 2) ELSE t.repository_id END"
_STANDS = f"""
        EXISTS (SELECT 1 FROM repository AS r WHERE r.id = {_OWNER})
        OR EXISTS (SELECT 1 FROM deleted_repository AS d WHERE d.id = {_OWNER})"""  # noqa: S608
_FORGETTING = f"""
        EXISTS (SELECT 1 FROM job AS j
                 WHERE j.kind = 'forget-repository' AND j.unique_key = {_OWNER})"""  # noqa: S608
_IS_DELETED = """
        EXISTS (SELECT 1 FROM deleted_image AS d
                 WHERE d.repository_id = t.repository_id AND d.digest = t.digest)"""
_HAS_BLOB = "EXISTS (SELECT 1 FROM blob AS b WHERE b.blob_key = t.blob_key AND b.digest = t.digest)"
_HAS_IMAGE = """
        EXISTS (SELECT 1 FROM image AS i WHERE i.repository_id = t.repository_id AND i.digest = t.digest)"""
_HAS_MANIFEST = """
        EXISTS (SELECT 1 FROM manifest AS m
                 WHERE m.repository_id = t.repository_id AND m.digest = t.digest)"""
_HAS_LAYER = """
        EXISTS (SELECT 1 FROM held_layer AS h
                 WHERE h.repository_id = t.repository_id AND h.digest = t.blob_digest)"""
_HAS_CHILD = """
        EXISTS (SELECT 1 FROM image AS i
                 WHERE i.repository_id = t.repository_id AND i.digest = t.child_digest)"""
_FOREIGN = ", ".join(f"'{media_type}'" for media_type in sorted(FOREIGN_LAYERS))

_BY_DIGEST, _BY_TAG = ("repository_id", "digest"), ("repository_id", "tag")
_BY_LAYER, _BY_CHILD = ("repository_id", "digest", "blob_digest"), ("repository_id", "digest", "child_digest")

# Table, key, and what has to hold of each row. The rows of a removed repository are spared as long as a
# job is there to clear them, for they are cleared table by table.
_PROMISES = {
    Flaw.LAYER_WITHOUT_BLOB: ("held_layer", _BY_DIGEST, _HAS_BLOB),
    Flaw.LAYER_WITHOUT_REPOSITORY: ("held_layer", _BY_DIGEST, _STANDS),
    Flaw.IMAGE_WITHOUT_REPOSITORY: ("image", _BY_DIGEST, _STANDS),
    Flaw.IMAGE_WITHOUT_MANIFEST: ("image", _BY_DIGEST, _HAS_MANIFEST),
    Flaw.MANIFEST_WITHOUT_IMAGE: ("manifest", _BY_DIGEST, _HAS_IMAGE),
    Flaw.IMAGE_WITHOUT_LAYER: ("image_layer", _BY_LAYER, f"{_HAS_LAYER} OR t.media_type IN ({_FOREIGN})"),
    # an index in the bin may outlive its children: it comes back with all of them or not at all
    Flaw.IMAGE_WITHOUT_CHILD: ("image_child", _BY_CHILD, f"t.repository_id > '~' OR {_HAS_CHILD}"),
    Flaw.LAYER_REFERENCE_WITHOUT_IMAGE: ("image_layer", _BY_LAYER, _HAS_IMAGE),
    Flaw.CHILD_REFERENCE_WITHOUT_IMAGE: ("image_child", _BY_CHILD, _HAS_IMAGE),
    Flaw.TAG_WITHOUT_IMAGE: ("tag", _BY_TAG, _HAS_IMAGE),
    Flaw.UPLOAD_WITHOUT_REPOSITORY: ("upload", ("id",), _STANDS),
    Flaw.RESOURCE_TAG_WITHOUT_REPOSITORY: ("resource_tag", ("repository_id", "tag_key"), _STANDS),
    Flaw.TOTAL_WITHOUT_REPOSITORY: ("repository_total", ("repository_id",), _STANDS),
    Flaw.REPOSITORY_WITHOUT_ACCOUNT: (
        "repository",
        ("id",),
        "EXISTS (SELECT 1 FROM account AS a WHERE a.id = t.account)",
    ),
    Flaw.HELD_BLOB_MARKED: (
        "blob",
        ("blob_key",),
        "t.marked_at IS NULL OR NOT EXISTS (SELECT 1 FROM held_layer AS h WHERE h.blob_key = t.blob_key)",
    ),
    Flaw.BLOB_THROWN_AWAY: (
        "trash",
        ("blob_key",),
        "NOT EXISTS (SELECT 1 FROM blob AS b WHERE b.blob_key = t.blob_key)",
    ),
    Flaw.JOB_FORGETS_REPOSITORY: (
        "job",
        ("id",),
        """t.kind <> 'forget-repository'
        OR NOT (EXISTS (SELECT 1 FROM repository AS r WHERE r.id = t.unique_key)
                OR EXISTS (SELECT 1 FROM deleted_repository AS d WHERE d.id = t.unique_key))""",
    ),
    Flaw.DELETED_IMAGE_WITHOUT_IMAGE: ("deleted_image", _BY_DIGEST, _HAS_IMAGE),
    Flaw.IMAGE_WITHOUT_DELETION: ("image", _BY_DIGEST, f"t.repository_id < '~' OR {_IS_DELETED}"),
    Flaw.DELETED_REPOSITORY_STANDS: (
        "deleted_repository",
        ("id",),
        "NOT EXISTS (SELECT 1 FROM repository AS r WHERE r.id = t.id)",
    ),
    Flaw.JOB_ABANDONED: ("job", ("id",), "t.leased_until IS NULL OR t.leased_until >= $3"),
}


def _walk(table: str, key: tuple[str, ...], promise: str) -> str:
    columns = ", ".join(key)
    place = ", ".join(f"${n}" for n in range(1, len(key) + 1))
    spared = f" OR {_FORGETTING}" if "t.repository_id" in promise else ""
    return f"""
SELECT {columns}, CASE WHEN {promise}{spared} THEN 0 ELSE 1 END AS is_flawed
  FROM {table} AS t
 WHERE ({columns}) > ({place})
 ORDER BY {columns} LIMIT ${len(key) + 1}
"""  # noqa: S608  (built of the constants above)


_WALKS = {flaw: _walk(*promise) for flaw, promise in _PROMISES.items()}

_BLOBS = f"{BLOB} WHERE blob_key > $1 ORDER BY blob_key LIMIT $2"
_UPLOADS = "SELECT blob_key, offset_bytes FROM upload WHERE blob_key > $1 ORDER BY blob_key LIMIT $2"
_OFFSET = "SELECT offset_bytes FROM upload WHERE blob_key = $1"
_KNOWN = {
    "blob": "SELECT blob_key FROM blob WHERE blob_key IN (…)",
    "upload": "SELECT blob_key FROM upload WHERE blob_key IN (…)",
    "trash": "SELECT blob_key FROM trash WHERE blob_key IN (…)",
    "tier_move": "SELECT copy_key AS blob_key FROM tier_move WHERE copy_key IN (…)",
}
_MANIFESTS = """
SELECT m.repository_id, m.digest, m.wrapped_key, m.sealed, i.media_type
  FROM manifest AS m JOIN image AS i ON i.repository_id = m.repository_id AND i.digest = m.digest
 WHERE (m.repository_id, m.digest) > ($1, $2)
 ORDER BY m.repository_id, m.digest LIMIT $3
"""
_LAYERS = "SELECT blob_digest FROM image_layer WHERE repository_id = $1 AND digest = $2"
_CHILDREN = "SELECT child_digest FROM image_child WHERE repository_id = $1 AND digest = $2"


class SqlInspection(Subject):
    """Every table, read as a whole in pages."""

    __slots__ = ()

    async def page(self, flaw: Flaw, *, now: datetime, after: tuple[str, ...], limit: int) -> list[Inspected]:
        key = _PROMISES[flaw][1]
        place = after or ("",) * len(key)
        times = (to_column(now),) if flaw is Flaw.JOB_ABANDONED else ()
        rows = await self._connection.rows(_WALKS[flaw], *place, limit, *times)
        return [Inspected(tuple(row[column] for column in key), bool(row["is_flawed"])) for row in rows]

    async def blobs(self, *, after: str, limit: int) -> list[BlobRow]:
        rows = await self._connection.rows(_BLOBS, after, limit)
        return [to_blob(row) for row in rows]

    async def uploads(self, *, after: str, limit: int) -> list[tuple[str, int]]:
        rows = await self._connection.rows(_UPLOADS, after, limit)
        return [(row["blob_key"], row["offset_bytes"]) for row in rows]

    async def offset(self, blob_key: str) -> int | None:
        row = await self._connection.row(_OFFSET, blob_key)
        return None if row is None else row["offset_bytes"]

    async def known(self, blob_keys: Sequence[str]) -> set[str]:
        known: set[str] = set()
        for batch in batches(blob_keys):
            for statement in _KNOWN.values():
                rows = await self._connection.rows(
                    statement.replace("…", placeholders(1, len(batch))), *batch
                )
                known.update(row["blob_key"] for row in rows)
        return known

    async def manifests(self, *, after: tuple[str, str], limit: int) -> list[ManifestRow]:
        rows = await self._connection.rows(_MANIFESTS, *after, limit)
        return [
            ManifestRow(
                repository_id=row["repository_id"],
                digest=row["digest"],
                media_type=row["media_type"],
                manifest=SealedManifest(row["wrapped_key"], row["sealed"]),
            )
            for row in rows
        ]

    async def parts(self, repository_id: str, digest: Digest) -> ImageParts:
        layers = await self._connection.rows(_LAYERS, repository_id, digest)
        children = await self._connection.rows(_CHILDREN, repository_id, digest)
        return ImageParts(
            frozenset(row["blob_digest"] for row in layers),
            frozenset(row["child_digest"] for row in children),
        )
