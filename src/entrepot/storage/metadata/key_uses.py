"""When access keys were last used."""

from collections.abc import Iterable

from entrepot.domain.identities import KeyUse
from entrepot.storage.metadata.columns import to_column, to_time
from entrepot.storage.metadata.subject import Subject

_FIND = """
SELECT u.access_key_id, u.used_at, u.service, u.region FROM access_key_use AS u WHERE u.access_key_id = $1
"""
_NOTE = """
INSERT INTO access_key_use (access_key_id, used_at, service, region) VALUES ($1, $2, $3, $4)
ON CONFLICT (access_key_id) DO UPDATE
   SET used_at = excluded.used_at, service = excluded.service, region = excluded.region
 WHERE access_key_use.used_at < excluded.used_at
"""
_FORGET = "DELETE FROM access_key_use WHERE access_key_id = $1"


class SqlKeyUses(Subject):
    """The `access_key_use` table."""

    __slots__ = ()

    async def find(self, access_key_id: str) -> KeyUse | None:
        row = await self._connection.row(_FIND, access_key_id)
        if row is None:
            return None
        return KeyUse(row["access_key_id"], to_time(row["used_at"]), row["service"], row["region"])

    async def note(self, uses: Iterable[KeyUse]) -> None:
        for use in uses:
            await self._connection.run(
                _NOTE, use.access_key_id, to_column(use.used_at), use.service, use.region
            )

    async def forget(self, access_key_id: str) -> None:
        await self._connection.run(_FORGET, access_key_id)
