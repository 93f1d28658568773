"""What the collector reads and writes."""

from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.storage.metadata.columns import to_column
from entrepot.storage.metadata.subject import Subject

# A statement looks at so many rows and no more. Were it to look for garbage itself, it would read
# millions where there is none, and take longer than a statement may. One row of a subquery is asked of
# an index each time; PostgreSQL would make a hash of the whole other table for EXISTS.
_LOOK = 1000
_HELD_LAYERS = """
SELECT h.repository_id, h.digest, h.held_at,
       (SELECT 1 FROM image_layer AS l
         WHERE l.repository_id = h.repository_id AND l.blob_digest = h.digest LIMIT 1) AS used
  FROM held_layer AS h
 WHERE (h.repository_id, h.digest) > ($1, $2)
 ORDER BY h.repository_id, h.digest
 LIMIT $3
"""
_RELEASE_UNUSED = """
DELETE FROM held_layer
 WHERE repository_id = $1 AND digest = $2 AND held_at < $3
   AND NOT EXISTS (SELECT 1 FROM image_layer AS l
                    WHERE l.repository_id = held_layer.repository_id AND l.blob_digest = held_layer.digest)
"""
_BLOBS = """
SELECT b.blob_key, b.created_at, b.marked_at,
       (SELECT 1 FROM held_layer AS h WHERE h.blob_key = b.blob_key LIMIT 1) AS held
  FROM blob AS b
 WHERE b.blob_key > $1
 ORDER BY b.blob_key
 LIMIT $2
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
        latest, unused = to_column(held_before), list[tuple[str, Digest]]()
        while rows := await self._connection.rows(_HELD_LAYERS, *after, _LOOK):
            unused += [
                (row["repository_id"], row["digest"])
                for row in rows
                if row["held_at"] < latest and row["used"] is None
            ]
            if len(unused) >= limit or len(rows) < _LOOK:
                break
            after = (rows[-1]["repository_id"], rows[-1]["digest"])
        return unused[:limit]

    async def release_unused(self, repository_id: str, digest: Digest, held_before: datetime) -> bool:
        released = await self._connection.run(_RELEASE_UNUSED, repository_id, digest, to_column(held_before))
        return released > 0

    async def unheld_blobs(self, *, created_before: datetime, after: str, limit: int) -> list[str]:
        latest, unheld = to_column(created_before), list[str]()
        while rows := await self._connection.rows(_BLOBS, after, _LOOK):
            unheld += [
                row["blob_key"]
                for row in rows
                if row["marked_at"] is None and row["created_at"] < latest and row["held"] is None
            ]
            if len(unheld) >= limit or len(rows) < _LOOK:
                break
            after = rows[-1]["blob_key"]
        return unheld[:limit]

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
