"""What the collector reads and writes."""

from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.storage.metadata.columns import to_column
from entrepot.storage.metadata.subject import Subject

_UNUSED_LAYERS = """
SELECT h.repository_id, h.digest
  FROM held_layer AS h
 WHERE h.held_at < $1 AND (h.repository_id, h.digest) > ($2, $3)
   AND NOT EXISTS (SELECT 1 FROM image_layer AS l
                    WHERE l.repository_id = h.repository_id AND l.blob_digest = h.digest)
 ORDER BY h.repository_id, h.digest
 LIMIT $4
"""
_RELEASE_UNUSED = """
DELETE FROM held_layer
 WHERE repository_id = $1 AND digest = $2 AND held_at < $3
   AND NOT EXISTS (SELECT 1 FROM image_layer AS l
                    WHERE l.repository_id = held_layer.repository_id AND l.blob_digest = held_layer.digest)
"""
_UNHELD_BLOBS = """
SELECT b.blob_key
  FROM blob AS b
 WHERE b.marked_at IS NULL AND b.created_at < $1 AND b.blob_key > $2
   AND NOT EXISTS (SELECT 1 FROM held_layer AS h WHERE h.blob_key = b.blob_key)
 ORDER BY b.blob_key
 LIMIT $3
"""
# Never over an older mark, and never on a blob that was won between listing and marking: its mark
# would outlive the holder and spare it no grace when that one lets go.
_MARK = """
UPDATE blob SET marked_at = $2
 WHERE blob_key = $1 AND marked_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM held_layer AS h WHERE h.blob_key = blob.blob_key)
"""
_CONDEMNED = "SELECT blob_key FROM blob WHERE marked_at < $1 ORDER BY marked_at, blob_key LIMIT $2"
_REMOVE_BLOB = """
DELETE FROM blob
 WHERE blob_key = $1 AND marked_at < $2
   AND NOT EXISTS (SELECT 1 FROM held_layer AS h WHERE h.blob_key = blob.blob_key)
"""
_THROW = """
INSERT INTO trash (blob_key, thrown_at) VALUES ($1, $2) ON CONFLICT (blob_key) DO NOTHING
"""
_THROWN = "SELECT blob_key FROM trash ORDER BY thrown_at, blob_key LIMIT $1"
_EMPTIED = "DELETE FROM trash WHERE blob_key = $1"


class SqlGarbage(Subject):
    """The tables `blob` and `held_layer` from behind, and `trash`."""

    __slots__ = ()

    async def unused_layers(
        self, *, held_before: datetime, after: tuple[str, str], limit: int
    ) -> list[tuple[str, Digest]]:
        rows = await self._connection.rows(_UNUSED_LAYERS, to_column(held_before), *after, limit)
        return [(row["repository_id"], row["digest"]) for row in rows]

    async def release_unused(self, repository_id: str, digest: Digest, held_before: datetime) -> bool:
        released = await self._connection.run(_RELEASE_UNUSED, repository_id, digest, to_column(held_before))
        return released > 0

    async def unheld_blobs(self, *, created_before: datetime, after: str, limit: int) -> list[str]:
        rows = await self._connection.rows(_UNHELD_BLOBS, to_column(created_before), after, limit)
        return [row["blob_key"] for row in rows]

    async def mark(self, blob_key: str, at: datetime) -> None:
        await self._connection.run(_MARK, blob_key, to_column(at))

    async def condemned(self, *, marked_before: datetime, limit: int) -> list[str]:
        rows = await self._connection.rows(_CONDEMNED, to_column(marked_before), limit)
        return [row["blob_key"] for row in rows]

    async def remove_blob(self, blob_key: str, marked_before: datetime) -> bool:
        return await self._connection.run(_REMOVE_BLOB, blob_key, to_column(marked_before)) > 0

    async def throw(self, blob_key: str, at: datetime) -> None:
        await self._connection.run(_THROW, blob_key, to_column(at))

    async def thrown(self, limit: int) -> list[str]:
        rows = await self._connection.rows(_THROWN, limit)
        return [row["blob_key"] for row in rows]

    async def emptied(self, blob_key: str) -> None:
        await self._connection.run(_EMPTIED, blob_key)
