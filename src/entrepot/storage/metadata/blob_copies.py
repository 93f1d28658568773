"""Copies of blobs on their way to another store."""

from collections.abc import Sequence
from datetime import datetime

from entrepot.ports.records import BlobRow
from entrepot.storage.metadata.batches import batches, placeholders, value_rows
from entrepot.storage.metadata.blobs import to_blob
from entrepot.storage.metadata.columns import to_column
from entrepot.storage.metadata.subject import Subject

_NOTE = """
INSERT INTO blob_copy (target, noted_at, blob_key) VALUES …
ON CONFLICT (target, blob_key) DO NOTHING
"""
_SETTLE = "DELETE FROM blob_copy WHERE target = $1 AND blob_key IN (…)"
_NOTED = """
SELECT c.blob_key AS noted_key, b.blob_key, b.digest, b.encryption_key, b.size_bytes, b.wrapped_key,
       b.created_at, b.packing, b.packed_bytes, b.damaged_at
  FROM blob_copy AS c LEFT JOIN blob AS b ON b.blob_key = c.blob_key
 WHERE c.target = $1
 ORDER BY c.blob_key LIMIT $2
"""


class SqlBlobCopies(Subject):
    """The `blob_copy` table."""

    __slots__ = ()

    async def note(self, target: str, blob_keys: Sequence[str], at: datetime) -> None:
        for batch in batches(blob_keys):
            statement = _NOTE.replace("…", value_rows(len(batch), shared=2, own=1))
            await self._connection.run(statement, target, to_column(at), *batch)

    async def settle(self, target: str, blob_keys: Sequence[str]) -> None:
        for batch in batches(blob_keys):
            statement = _SETTLE.replace("…", placeholders(2, len(batch)))
            await self._connection.run(statement, target, *batch)

    async def noted(self, target: str, *, limit: int) -> list[tuple[str, BlobRow | None]]:
        rows = await self._connection.rows(_NOTED, target, limit)
        return [(row["noted_key"], None if row["blob_key"] is None else to_blob(row)) for row in rows]
