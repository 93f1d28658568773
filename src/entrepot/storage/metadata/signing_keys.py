"""The keys that sign tokens."""

from entrepot.ports.records import SigningKey
from entrepot.storage.metadata.columns import to_column, to_time
from entrepot.storage.metadata.subject import Subject

_ALL = "SELECT kid, sealed_secret, created_at FROM signing_key ORDER BY created_at DESC, kid DESC"
_ADD = "INSERT INTO signing_key (kid, sealed_secret, created_at) VALUES ($1, $2, $3)"


class SqlSigningKeys(Subject):
    """The `signing_key` table."""

    __slots__ = ()

    async def all(self) -> list[SigningKey]:
        rows = await self._connection.rows(_ALL)
        return [SigningKey(row["kid"], row["sealed_secret"], to_time(row["created_at"])) for row in rows]

    async def add(self, key: SigningKey) -> None:
        await self._connection.run(_ADD, key.kid, key.sealed_secret, to_column(key.created_at))
