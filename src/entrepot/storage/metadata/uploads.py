"""Uploads that are neither finished nor dropped."""

from collections.abc import Sequence
from datetime import datetime

from entrepot.ports.blobs import Upload
from entrepot.ports.records import UploadRow
from entrepot.storage.metadata.batches import batches, placeholders
from entrepot.storage.metadata.columns import to_column, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.subject import Subject

_UPLOAD = """
SELECT u.id, u.repository_id, u.principal_arn, u.blob_key, u.encryption_key, u.wrapped_key,
       u.offset_bytes, u.shortest_part_bytes, u.last_part_bytes, u.sha256_state, u.store_state,
       u.created_at, u.touched_at
  FROM upload AS u
"""
_FIND = f"{_UPLOAD} WHERE u.id = $1"
_STALE = f"{_UPLOAD} WHERE u.touched_at < $1 ORDER BY u.touched_at, u.id LIMIT $2"
_OF_REPOSITORY = f"{_UPLOAD} WHERE u.repository_id = $1 ORDER BY u.id LIMIT $2"
_KNOWN_KEYS = "SELECT blob_key FROM upload WHERE blob_key IN (…)"
_ADD = """
INSERT INTO upload (id, repository_id, principal_arn, blob_key, encryption_key, wrapped_key,
                    offset_bytes, shortest_part_bytes, last_part_bytes, sha256_state, store_state,
                    created_at, touched_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
_ADVANCE = """
UPDATE upload
   SET offset_bytes = $3, shortest_part_bytes = $4, last_part_bytes = $5, sha256_state = $6,
       store_state = $7, touched_at = $8
 WHERE id = $1 AND offset_bytes = $2
"""
_REMOVE = "DELETE FROM upload WHERE id = $1"


class SqlUploads(Subject):
    """The `upload` table."""

    __slots__ = ()

    async def find(self, upload_id: str) -> UploadRow | None:
        row = await self._connection.row(_FIND, upload_id)
        return None if row is None else _to_upload(row)

    async def add(self, row: UploadRow) -> None:
        await self._connection.run(
            _ADD,
            row.id,
            row.repository_id,
            row.principal_arn,
            row.upload.key,
            row.encryption_key,
            row.wrapped_key,
            row.upload.offset_bytes,
            row.shortest_part_bytes,
            row.last_part_bytes,
            row.upload.sha256_state,
            row.upload.store_state,
            to_column(row.created_at),
            to_column(row.touched_at),
        )

    async def advance(self, row: UploadRow, *, from_offset: int) -> bool:
        advanced = await self._connection.run(
            _ADVANCE,
            row.id,
            from_offset,
            row.upload.offset_bytes,
            row.shortest_part_bytes,
            row.last_part_bytes,
            row.upload.sha256_state,
            row.upload.store_state,
            to_column(row.touched_at),
        )
        return advanced > 0

    async def remove(self, upload_id: str) -> bool:
        return await self._connection.run(_REMOVE, upload_id) > 0

    async def stale(self, before: datetime, limit: int) -> list[UploadRow]:
        rows = await self._connection.rows(_STALE, to_column(before), limit)
        return [_to_upload(row) for row in rows]

    async def of_repository(self, repository_id: str, limit: int) -> list[UploadRow]:
        rows = await self._connection.rows(_OF_REPOSITORY, repository_id, limit)
        return [_to_upload(row) for row in rows]

    async def known_keys(self, blob_keys: Sequence[str]) -> set[str]:
        known = set()
        for batch in batches(blob_keys):
            statement = _KNOWN_KEYS.replace("…", placeholders(1, len(batch)))
            known |= {row["blob_key"] for row in await self._connection.rows(statement, *batch)}
        return known


def _to_upload(row: Row) -> UploadRow:
    return UploadRow(
        id=row["id"],
        repository_id=row["repository_id"],
        principal_arn=row["principal_arn"],
        encryption_key=row["encryption_key"],
        wrapped_key=row["wrapped_key"],
        upload=Upload(
            key=row["blob_key"],
            data_key=None,
            offset_bytes=row["offset_bytes"],
            sha256_state=row["sha256_state"],
            store_state=row["store_state"],
        ),
        shortest_part_bytes=row["shortest_part_bytes"],
        last_part_bytes=row["last_part_bytes"],
        created_at=to_time(row["created_at"]),
        touched_at=to_time(row["touched_at"]),
    )
