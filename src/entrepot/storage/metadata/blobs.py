"""Which stored bytes count for a digest."""

from dataclasses import replace
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.layers import InArchive, Packing
from entrepot.ports.records import BlobRow
from entrepot.storage.metadata.columns import to_column, to_optional_column, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.subject import Subject

BLOB = """
SELECT blob_key, digest, encryption_key, size_bytes, wrapped_key, created_at, packing, packed_bytes,
       damaged_at
  FROM blob
"""
_FIND = f"{BLOB} WHERE digest = $1 AND encryption_key = $2"
_FIND_BY_KEY = f"{BLOB} WHERE blob_key = $1"
_OF_DIGEST = f"{BLOB} WHERE digest = $1 ORDER BY encryption_key"
_ADD = """
INSERT INTO blob (blob_key, digest, encryption_key, size_bytes, wrapped_key, created_at, packing,
                  packed_bytes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (digest, encryption_key) DO NOTHING
"""
# Not an UPDATE of the key: not every database that we mean to run on changes primary keys.
_REMOVE = "DELETE FROM blob WHERE blob_key = $1"
_HOLD_INSTEAD = "UPDATE held_layer SET blob_key = $2 WHERE blob_key = $1"
_NEEDED = "SELECT 1 FROM held_layer WHERE blob_key = $1 AND archived_at IS NULL LIMIT 1"
_HELD = "SELECT 1 FROM held_layer WHERE blob_key = $1 LIMIT 1"
_SET_DAMAGED = "UPDATE blob SET damaged_at = $2 WHERE blob_key = $1"


class SqlBlobRows(Subject):
    """The `blob` table, as uploads and mounts see it; the collector's view is in `garbage`."""

    __slots__ = ()

    async def find(self, digest: Digest, encryption_key: str) -> BlobRow | None:
        row = await self._connection.row(_FIND, digest, encryption_key)
        return None if row is None else to_blob(row)

    async def of_digest(self, digest: Digest) -> list[BlobRow]:
        return [to_blob(row) for row in await self._connection.rows(_OF_DIGEST, digest)]

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
            None if row.in_archive is None else row.in_archive.packing.value,
            None if row.in_archive is None else row.in_archive.packed_bytes,
        )
        return added > 0

    async def find_by_key(self, blob_key: str) -> BlobRow | None:
        row = await self._connection.row(_FIND_BY_KEY, blob_key)
        return None if row is None else to_blob(row)

    async def replace(self, blob_key: str, row: BlobRow) -> bool:
        old = await self.find_by_key(blob_key)
        if old is None:
            return False
        await self._connection.run(_REMOVE, blob_key)
        await self.add(replace(row, created_at=old.created_at))
        await self._connection.run(_HOLD_INSTEAD, blob_key, row.blob_key)
        return True

    async def is_needed(self, blob_key: str) -> bool:
        return await self._connection.row(_NEEDED, blob_key) is not None

    async def is_held(self, blob_key: str) -> bool:
        return await self._connection.row(_HELD, blob_key) is not None


def to_blob(row: Row) -> BlobRow:
    """The blob in a row that has all of these columns."""
    return BlobRow(
        blob_key=row["blob_key"],
        digest=row["digest"],
        encryption_key=row["encryption_key"],
        size_bytes=row["size_bytes"],
        wrapped_key=row["wrapped_key"],
        created_at=to_time(row["created_at"]),
        in_archive=to_archive(row),
        is_damaged=row["damaged_at"] is not None,
    )


def to_archive(row: Row) -> InArchive | None:
    """How the blob in a row lies in the archive tier; None where it does not."""
    return None if row["packing"] is None else InArchive(Packing(row["packing"]), row["packed_bytes"])
