"""Which stored bytes count for a digest."""

from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.ports.records import BlobRow
from entrepot.storage.metadata.columns import to_column, to_optional_column, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.subject import Subject

SELECT_BLOB = """
SELECT blob_key, digest, encryption_key, size_bytes, wrapped_key, created_at, damaged_at FROM blob
"""
_FIND = f"{SELECT_BLOB} WHERE digest = $1 AND encryption_key = $2"
_FIND_BY_KEY = f"{SELECT_BLOB} WHERE blob_key = $1"
_OF_DIGEST = f"{SELECT_BLOB} WHERE digest = $1 ORDER BY encryption_key"
_ADD = """
INSERT INTO blob (blob_key, digest, encryption_key, size_bytes, wrapped_key, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (digest, encryption_key) DO NOTHING
"""
_REMOVE = "DELETE FROM blob WHERE blob_key = $1"
_HOLD_ANOTHER = "UPDATE held_layer SET blob_key = $2 WHERE blob_key = $1"
_SET_DAMAGED = "UPDATE blob SET damaged_at = $2 WHERE blob_key = $1"


class SqlBlobRows(Subject):
    """The `blob` table, as uploads and mounts see it; the collector's view is in `garbage`."""

    __slots__ = ()

    async def find(self, digest: Digest, encryption_key: str) -> BlobRow | None:
        row = await self._connection.row(_FIND, digest, encryption_key)
        return None if row is None else to_blob(row)

    async def find_by_key(self, blob_key: str) -> BlobRow | None:
        row = await self._connection.row(_FIND_BY_KEY, blob_key)
        return None if row is None else to_blob(row)

    async def of_digest(self, digest: Digest) -> list[BlobRow]:
        return [to_blob(row) for row in await self._connection.rows(_OF_DIGEST, digest)]

    async def replace(self, blob_key: str, row: BlobRow) -> None:
        await self._connection.run(_REMOVE, blob_key)
        await self.add(row)
        await self._connection.run(_HOLD_ANOTHER, blob_key, row.blob_key)

    async def set_damaged(self, blob_key: str, at: datetime | None) -> None:
        await self._connection.run(_SET_DAMAGED, blob_key, to_optional_column(at))

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
        is_damaged=row["damaged_at"] is not None,
    )
