"""Which users are in which groups."""

from entrepot.domain.identities import Identity
from entrepot.storage.metadata.identities import IDENTITY_ROWS, to_identity
from entrepot.storage.metadata.revisions import RevisedSubject

_ADD = """
INSERT INTO group_member (user_id, group_id) VALUES ($1, $2) ON CONFLICT (user_id, group_id) DO NOTHING
"""
_REMOVE = "DELETE FROM group_member WHERE user_id = $1 AND group_id = $2"
_GROUPS_OF = f"{IDENTITY_ROWS} JOIN group_member AS m ON m.group_id = i.id WHERE m.user_id = $1"
_USERS_IN = f"""{IDENTITY_ROWS}
  JOIN group_member AS m ON m.user_id = i.id
 WHERE m.group_id = $1 AND m.user_id > $2
 ORDER BY m.user_id LIMIT $3
"""


class SqlMemberships(RevisedSubject):
    """The `group_member` table."""

    __slots__ = ()

    async def add(self, user_id: str, group_id: str) -> None:
        await self._connection.run(_ADD, user_id, group_id)
        await self._revision.change()

    async def remove(self, user_id: str, group_id: str) -> None:
        await self._connection.run(_REMOVE, user_id, group_id)
        await self._revision.change()

    async def groups_of(self, user_id: str) -> list[Identity]:
        rows = await self._connection.rows(_GROUPS_OF, user_id)
        return sorted((to_identity(row) for row in rows), key=lambda group: group.name.lower())

    async def users_in(self, group_id: str, *, after: str, limit: int) -> list[Identity]:
        rows = await self._connection.rows(_USERS_IN, group_id, after, limit)
        return [to_identity(row) for row in rows]
