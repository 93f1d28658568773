"""Holds on uploads: whose turn it is to write, and until when."""

from datetime import datetime

from entrepot.storage.metadata.columns import to_column
from entrepot.storage.metadata.subject import Subject

_TAKE = """
INSERT INTO upload_hold (blob_key, holder, held_until) VALUES ($1, $2, $3)
ON CONFLICT (blob_key) DO UPDATE
   SET holder = excluded.holder, held_until = excluded.held_until
 WHERE upload_hold.holder = excluded.holder OR upload_hold.held_until < $4
"""
_RELEASE = "DELETE FROM upload_hold WHERE blob_key = $1 AND holder = $2"
_REMOVE_ENDED = "DELETE FROM upload_hold WHERE held_until < $1"


class SqlUploadHolds(Subject):
    """The `upload_hold` table."""

    __slots__ = ()

    async def take(self, blob_key: str, holder: str, *, now: datetime, until: datetime) -> bool:
        taken = await self._connection.run(_TAKE, blob_key, holder, to_column(until), to_column(now))
        return taken > 0

    async def release(self, blob_key: str, holder: str) -> None:
        await self._connection.run(_RELEASE, blob_key, holder)

    async def remove_ended(self, before: datetime) -> int:
        return await self._connection.run(_REMOVE_ENDED, to_column(before))
