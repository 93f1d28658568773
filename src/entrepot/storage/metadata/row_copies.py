"""Whether the rows of this database are still being copied into it."""

from entrepot.storage.metadata.subject import Subject

_UNFINISHED = "SELECT 1 FROM row_copy WHERE id = 1 AND finished_at IS NULL"


class SqlRowCopies(Subject):
    """The `row_copy` table, as a server sees it; `storage/copying` writes it."""

    __slots__ = ()

    async def is_unfinished(self) -> bool:
        return await self._connection.row(_UNFINISHED) is not None
