"""Which repositories nobody may delete."""

from entrepot.domain.recycling import Protection
from entrepot.storage.metadata.columns import to_column, to_time
from entrepot.storage.metadata.subject import Subject

_FIND = "SELECT protected_at, protected_by FROM deletion_protection WHERE repository_id = $1"
_PUT = """
INSERT INTO deletion_protection (repository_id, protected_at, protected_by) VALUES ($1, $2, $3)
ON CONFLICT (repository_id) DO NOTHING
"""
_REMOVE = "DELETE FROM deletion_protection WHERE repository_id = $1"


class SqlDeletionProtections(Subject):
    """The `deletion_protection` table."""

    __slots__ = ()

    async def find(self, repository_id: str) -> Protection | None:
        row = await self._connection.row(_FIND, repository_id)
        return None if row is None else Protection(to_time(row["protected_at"]), row["protected_by"])

    async def put(self, repository_id: str, protection: Protection) -> None:
        await self._connection.run(_PUT, repository_id, to_column(protection.at), protection.by)

    async def remove(self, repository_id: str) -> None:
        await self._connection.run(_REMOVE, repository_id)
