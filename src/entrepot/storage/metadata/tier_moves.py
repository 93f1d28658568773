"""Blobs that may belong into another tier than the one they lie in."""

from collections.abc import Sequence
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.ports.records import TierMove
from entrepot.storage.metadata.batches import batches, placeholders
from entrepot.storage.metadata.columns import to_column
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.subject import Subject

_NOTE_LAYERS = """
INSERT INTO tier_move (blob_key, due_at)
SELECT h.blob_key, CAST($3 AS BIGINT)
  FROM held_layer AS h
  JOIN blob AS b ON b.blob_key = h.blob_key
 WHERE h.repository_id = $1
   AND h.digest IN (SELECT blob_digest FROM image_layer WHERE repository_id = $1 AND digest = $2)
   AND (h.archived_at IS NULL) <> (b.packing IS NULL)
ON CONFLICT (blob_key) DO UPDATE SET due_at = excluded.due_at
"""
_NOTE = """
INSERT INTO tier_move (blob_key, due_at) VALUES ($1, $2)
ON CONFLICT (blob_key) DO UPDATE SET due_at = excluded.due_at
"""
_DUE = "SELECT blob_key, copy_key FROM tier_move WHERE due_at <= $1 ORDER BY due_at, blob_key LIMIT $2"
_FIND = "SELECT blob_key, copy_key FROM tier_move WHERE blob_key = $1"
_BEGIN = """
INSERT INTO tier_move (blob_key, due_at, copy_key) VALUES ($1, $2, $3)
ON CONFLICT (blob_key) DO UPDATE SET copy_key = excluded.copy_key
"""
_POSTPONE = "UPDATE tier_move SET due_at = $2, copy_key = NULL WHERE blob_key = $1"
_HASTEN = "UPDATE tier_move SET due_at = $1 WHERE due_at > $1 AND blob_key IN (…)"
_FINISH = "DELETE FROM tier_move WHERE blob_key = $1"


class SqlTierMoves(Subject):
    """The `tier_move` table."""

    __slots__ = ()

    async def note_layers(self, repository_id: str, image: Digest, at: datetime) -> None:
        await self._connection.run(_NOTE_LAYERS, repository_id, image, to_column(at))

    async def note(self, blob_key: str, at: datetime) -> None:
        await self._connection.run(_NOTE, blob_key, to_column(at))

    async def due(self, now: datetime, limit: int) -> list[TierMove]:
        return [_to_move(row) for row in await self._connection.rows(_DUE, to_column(now), limit)]

    async def find(self, blob_key: str) -> TierMove | None:
        row = await self._connection.row(_FIND, blob_key)
        return None if row is None else _to_move(row)

    async def begin(self, blob_key: str, copy_key: str, at: datetime) -> None:
        await self._connection.run(_BEGIN, blob_key, to_column(at), copy_key)

    async def postpone(self, blob_key: str, until: datetime) -> None:
        await self._connection.run(_POSTPONE, blob_key, to_column(until))

    async def hasten(self, blob_keys: Sequence[str], at: datetime) -> None:
        for some in batches(blob_keys):
            await self._connection.run(_HASTEN.replace("…", placeholders(2, len(some))), to_column(at), *some)

    async def finish(self, blob_key: str) -> None:
        await self._connection.run(_FINISH, blob_key)


def _to_move(row: Row) -> TierMove:
    return TierMove(row["blob_key"], row["copy_key"])
