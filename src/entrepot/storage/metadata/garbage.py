"""What the collector reads and writes."""

from collections.abc import Sequence
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.storage.metadata.batches import batches, placeholders, value_rows
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
 WHERE repository_id = $1 AND held_at < $2 AND digest IN (…)
   AND (SELECT 1 FROM image_layer AS l
         WHERE l.repository_id = held_layer.repository_id AND l.blob_digest = held_layer.digest
         LIMIT 1) IS NULL
RETURNING blob_key
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
UPDATE blob SET marked_at = $1
 WHERE marked_at IS NULL AND blob_key IN (…)
   AND (SELECT 1 FROM held_layer AS h WHERE h.blob_key = blob.blob_key LIMIT 1) IS NULL
"""
_CONDEMNED = "SELECT blob_key FROM blob WHERE marked_at < $1 ORDER BY marked_at, blob_key LIMIT $2"
_REMOVE_BLOBS = """
DELETE FROM blob
 WHERE marked_at < $1 AND blob_key IN (…)
   AND (SELECT 1 FROM held_layer AS h WHERE h.blob_key = blob.blob_key LIMIT 1) IS NULL
RETURNING blob_key
"""
_THROW = """
INSERT INTO trash (thrown_at, blob_key) VALUES … ON CONFLICT (blob_key) DO NOTHING
"""
# By key: neighbours in this order lie in the same folder, which is then made durable once for all of them.
_THROWN = "SELECT blob_key FROM trash WHERE blob_key > $1 ORDER BY blob_key LIMIT $2"
_EMPTIED = "DELETE FROM trash WHERE blob_key IN (…)"


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

    async def release_unused(
        self, repository_id: str, digests: Sequence[Digest], held_before: datetime
    ) -> list[str]:
        released: list[str] = []
        for some in batches(digests):
            statement = _RELEASE_UNUSED.replace("…", placeholders(3, len(some)))
            rows = await self._connection.rows(statement, repository_id, to_column(held_before), *some)
            released += [row["blob_key"] for row in rows]
        return released

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

    async def mark(self, blob_keys: Sequence[str], at: datetime) -> None:
        for some in batches(blob_keys):
            await self._connection.run(_MARK.replace("…", placeholders(2, len(some))), to_column(at), *some)

    async def condemned(self, *, marked_before: datetime, limit: int) -> list[str]:
        rows = await self._connection.rows(_CONDEMNED, to_column(marked_before), limit)
        return [row["blob_key"] for row in rows]

    async def remove_blobs(self, blob_keys: Sequence[str], marked_before: datetime) -> list[str]:
        removed: list[str] = []
        for some in batches(blob_keys):
            statement = _REMOVE_BLOBS.replace("…", placeholders(2, len(some)))
            rows = await self._connection.rows(statement, to_column(marked_before), *some)
            removed += [row["blob_key"] for row in rows]
        return removed

    async def throw(self, blob_key: str, at: datetime) -> None:
        await self.throw_all([blob_key], at)

    async def throw_all(self, blob_keys: Sequence[str], at: datetime) -> None:
        for some in batches(blob_keys):
            statement = _THROW.replace("…", value_rows(len(some), shared=1, own=1))
            await self._connection.run(statement, to_column(at), *some)

    async def thrown(self, *, after: str, limit: int) -> list[str]:
        rows = await self._connection.rows(_THROWN, after, limit)
        return [row["blob_key"] for row in rows]

    async def emptied(self, blob_keys: Sequence[str]) -> None:
        for some in batches(blob_keys):
            await self._connection.run(_EMPTIED.replace("…", placeholders(1, len(some))), *some)
