"""Which stored bytes count for a digest."""

from entrepot.domain.digests import Digest
from entrepot.ports.records import BlobRow
from entrepot.storage.metadata.columns import to_column, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.subject import Subject

_FIND = """
SELECT blob_key, digest, encryption_key, size_bytes, wrapped_key, created_at
  FROM blob WHERE digest = $1 AND encryption_key = $2
"""
_ADD = """
INSERT INTO blob (blob_key, digest, encryption_key, size_bytes, wrapped_key, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (digest, encryption_key) DO NOTHING
"""


class SqlBlobRows(Subject):
    """The `blob` table, as uploads and mounts see it; the collector's view is in `garbage`."""

    __slots__ = ()

    async def find(self, digest: Digest, encryption_key: str) -> BlobRow | None:
        row = await self._connection.row(_FIND, digest, encryption_key)
        return None if row is None else to_blob(row)

    async def add(self, row: BlobRow) -> bool:
        added = await self._connection.run(
            _ADD,
            row.blob_key,
            row.digest,
            row.encryption_key,
            row.size_bytes,
            row.wrapped_key,
            to_column(row.created_at),
        )
        return added > 0


def to_blob(row: Row) -> BlobRow:
    """The blob in a row that has all of these columns."""
    return BlobRow(
        blob_key=row["blob_key"],
        digest=row["digest"],
        encryption_key=row["encryption_key"],
        size_bytes=row["size_bytes"],
        wrapped_key=row["wrapped_key"],
        created_at=to_time(row["created_at"]),
    )
