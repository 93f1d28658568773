"""Account settings of a registry, and the server's own."""

from entrepot.domain.names import Registry
from entrepot.storage.metadata.revisions import RevisedSubject

_FIND = "SELECT value FROM setting WHERE account = $1 AND region = $2 AND name = $3"
_PUT = """
INSERT INTO setting (account, region, name, value) VALUES ($1, $2, $3, $4)
ON CONFLICT (account, region, name) DO UPDATE SET value = excluded.value
"""


class SqlSettings(RevisedSubject):
    """The `setting` table."""

    __slots__ = ()

    async def find(self, registry: Registry, name: str) -> str | None:
        row = await self._connection.row(_FIND, registry.account, registry.region, name)
        return None if row is None else str(row["value"])

    async def put(self, registry: Registry, name: str, value: str) -> None:
        await self._connection.run(_PUT, registry.account, registry.region, name, value)
        await self._revision.change()
