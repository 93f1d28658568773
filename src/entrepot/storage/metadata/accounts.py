"""Accounts of this server."""

from datetime import datetime

from entrepot.ports.records import Account
from entrepot.storage.metadata.columns import to_column, to_time
from entrepot.storage.metadata.revisions import RevisedSubject

_EXISTS = "SELECT 1 FROM account WHERE id = $1"
_ADD = "INSERT INTO account (id, created_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING"
_PAGE = "SELECT id, created_at FROM account WHERE id > $1 ORDER BY id LIMIT $2"


class SqlAccounts(RevisedSubject):
    """The `account` table."""

    __slots__ = ()

    async def exists(self, account: str) -> bool:
        return await self._connection.row(_EXISTS, account) is not None

    async def add(self, account: str, at: datetime) -> bool:
        added = await self._connection.run(_ADD, account, to_column(at)) > 0
        if added:
            await self._revision.change()
        return added

    async def page(self, *, after: str, limit: int) -> list[Account]:
        rows = await self._connection.rows(_PAGE, after, limit)
        return [Account(row["id"], to_time(row["created_at"])) for row in rows]
