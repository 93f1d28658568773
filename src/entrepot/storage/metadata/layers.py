"""The blobs that each repository holds."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.layers import Layer
from entrepot.domain.names import Registry
from entrepot.domain.repositories import Repository
from entrepot.storage.metadata.batches import batches, placeholders, text_rows
from entrepot.storage.metadata.blobs import to_archive
from entrepot.storage.metadata.columns import to_column
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.repositories import REPOSITORY, to_repository
from entrepot.storage.metadata.subject import Subject

_LAYER = """
SELECT h.digest, h.blob_key, h.archived_at, b.size_bytes, b.wrapped_key, b.packing, b.packed_bytes
  FROM held_layer AS h
  JOIN blob AS b ON b.blob_key = h.blob_key AND b.damaged_at IS NULL
"""
_FIND = """
SELECT h.digest, h.blob_key, h.archived_at, b.size_bytes, b.wrapped_key, b.packing, b.packed_bytes,
       (SELECT i.media_type FROM image_layer AS i
         WHERE i.repository_id = h.repository_id AND i.blob_digest = h.digest
         ORDER BY i.digest LIMIT 1) AS media_type
  FROM held_layer AS h
  JOIN blob AS b ON b.blob_key = h.blob_key AND b.damaged_at IS NULL
 WHERE h.repository_id = $1 AND h.digest = $2
"""
_FIND_MANY = f"{_LAYER} WHERE h.repository_id = $1 AND h.digest IN (…)"
_HOLD = """
INSERT INTO held_layer (repository_id, digest, blob_key, held_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (repository_id, digest) DO UPDATE
   SET blob_key = excluded.blob_key, held_at = excluded.held_at, archived_at = NULL
"""
# For each layer of the image: whether an image here uses it, another one than this that is active or any that
# is archived. An index gives the users of a layer one by one, and the first that fits ends the search.
_ARCHIVE_UNNEEDED = """
UPDATE held_layer SET archived_at = $3
 WHERE repository_id = $1 AND archived_at IS NULL
   AND digest IN (SELECT blob_digest FROM image_layer WHERE repository_id = $1 AND digest = $2)
   AND NOT EXISTS (
       SELECT 1 FROM image_layer AS l
         JOIN image AS i ON i.repository_id = l.repository_id AND i.digest = l.digest
        WHERE l.repository_id = held_layer.repository_id AND l.blob_digest = held_layer.digest
          AND l.digest <> $2 AND i.status IS NULL)
   AND EXISTS (
       SELECT 1 FROM image_layer AS l
         JOIN image AS i ON i.repository_id = l.repository_id AND i.digest = l.digest
        WHERE l.repository_id = held_layer.repository_id AND l.blob_digest = held_layer.digest
          AND i.status IS NOT NULL)
"""
_NEED = """
UPDATE held_layer SET archived_at = NULL
 WHERE repository_id = $1 AND archived_at IS NOT NULL
   AND digest IN (SELECT blob_digest FROM image_layer WHERE repository_id = $1 AND digest = $2)
"""
# Only where there is a mark: a base layer that everybody pushes must not become a hot row.
_UNMARK = "UPDATE blob SET marked_at = NULL WHERE blob_key = $1 AND marked_at IS NOT NULL"
_RENEW = """
UPDATE held_layer SET held_at = $3
 WHERE repository_id = $1
   AND digest IN (SELECT blob_digest FROM image_layer WHERE repository_id = $1 AND digest = $2)
"""
_RELEASE = "DELETE FROM held_layer WHERE repository_id = $1 AND digest = $2 RETURNING blob_key"
_HOLDERS = f"""{REPOSITORY}
  JOIN held_layer AS h ON h.repository_id = r.id
  JOIN blob AS b ON b.blob_key = h.blob_key AND b.damaged_at IS NULL
 WHERE b.digest = $1 AND b.encryption_key = $2 AND r.account = $3 AND r.region = $4
 ORDER BY h.repository_id
 LIMIT $5
"""
_HOLDERS_OF_BLOB = """
SELECT repository_id FROM held_layer WHERE blob_key = $1 ORDER BY repository_id LIMIT $2
"""
# One index entry a blob, or a few: a base layer may be held by a hundred thousand repositories.
_HELD_BESIDE = """
WITH wanted (blob_key) AS (VALUES …)
SELECT w.blob_key
  FROM wanted AS w
 WHERE EXISTS (SELECT 1
                 FROM held_layer AS h
                 JOIN repository AS r ON r.id = h.repository_id
                WHERE h.blob_key = w.blob_key AND h.repository_id <> $1 AND r.account = $2 AND r.region = $3)
"""


class SqlHeldLayers(Subject):
    """The `held_layer` table."""

    __slots__ = ()

    async def find(self, repository_id: str, digest: Digest) -> Layer | None:
        row = await self._connection.row(_FIND, repository_id, digest)
        return None if row is None else replace(_to_layer(row), media_type=row["media_type"])

    async def find_many(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, Layer]:
        found: dict[Digest, Layer] = {}
        for batch in batches(digests):
            statement = _FIND_MANY.replace("…", placeholders(2, len(batch)))
            rows = await self._connection.rows(statement, repository_id, *batch)
            found |= {layer.digest: layer for layer in map(_to_layer, rows)}
        return found

    async def hold(self, repository_id: str, digest: Digest, blob_key: str, at: datetime) -> None:
        await self._connection.run(_HOLD, repository_id, digest, blob_key, to_column(at))
        await self._connection.run(_UNMARK, blob_key)

    async def renew(self, repository_id: str, image: Digest, at: datetime) -> None:
        await self._connection.run(_RENEW, repository_id, image, to_column(at))

    async def archive_unneeded(self, repository_id: str, image: Digest, at: datetime) -> None:
        await self._connection.run(_ARCHIVE_UNNEEDED, repository_id, image, to_column(at))

    async def need(self, repository_id: str, image: Digest) -> None:
        await self._connection.run(_NEED, repository_id, image)

    async def release(self, repository_id: str, digest: Digest) -> str | None:
        row = await self._connection.row(_RELEASE, repository_id, digest)
        return None if row is None else row["blob_key"]

    async def holders(
        self, registry: Registry, digest: Digest, encryption_key: str, limit: int
    ) -> list[Repository]:
        rows = await self._connection.rows(
            _HOLDERS, digest, encryption_key, registry.account, registry.region, limit
        )
        return [to_repository(row) for row in rows]

    async def holders_of_blob(self, blob_key: str, limit: int) -> list[str]:
        rows = await self._connection.rows(_HOLDERS_OF_BLOB, blob_key, limit)
        return [row["repository_id"] for row in rows]

    async def held_beside(self, repository: Repository, blob_keys: Sequence[str]) -> set[str]:
        found: set[str] = set()
        registry = repository.registry
        for batch in batches(blob_keys):
            statement = _HELD_BESIDE.replace("…", text_rows(4, len(batch)))
            rows = await self._connection.rows(
                statement, repository.id, registry.account, registry.region, *batch
            )
            found |= {row["blob_key"] for row in rows}
        return found


def _to_layer(row: Row) -> Layer:
    return Layer(
        row["digest"],
        row["blob_key"],
        row["size_bytes"],
        row["wrapped_key"],
        is_archived=row["archived_at"] is not None,
        in_archive=to_archive(row),
    )
