"""Values that prove a node holds the root key the rows were sealed under."""

from entrepot.storage.metadata.revisions import RevisedSubject

_ALL = "SELECT version, value FROM root_key_check ORDER BY version"
_ADD = "INSERT INTO root_key_check (version, value) VALUES ($1, $2) ON CONFLICT (version) DO NOTHING"


class SqlRootKeyChecks(RevisedSubject):
    """The `root_key_check` table."""

    __slots__ = ()

    async def all(self) -> dict[int, bytes]:
        return {row["version"]: row["value"] for row in await self._connection.rows(_ALL)}

    async def add(self, version: int, value: bytes) -> bool:
        added = await self._connection.run(_ADD, version, value) > 0
        if added:
            await self._revision.change()
        return added
