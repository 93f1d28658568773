"""Documents that belong to one identity."""

from entrepot.storage.metadata.revisions import RevisedSubject

_OF = "SELECT p.name, p.document FROM inline_policy AS p WHERE p.identity_id = $1 ORDER BY p.name"
_PUT = """
INSERT INTO inline_policy (identity_id, name, document) VALUES ($1, $2, $3)
ON CONFLICT (identity_id, name) DO UPDATE SET document = excluded.document
"""
_REMOVE = "DELETE FROM inline_policy WHERE identity_id = $1 AND name = $2"


class SqlInlinePolicies(RevisedSubject):
    """The `inline_policy` table."""

    __slots__ = ()

    async def of(self, identity_id: str) -> dict[str, str]:
        rows = await self._connection.rows(_OF, identity_id)
        return {row["name"]: row["document"] for row in rows}

    async def put(self, identity_id: str, name: str, document: str) -> None:
        await self._connection.run(_PUT, identity_id, name, document)
        await self._revision.change()

    async def remove(self, identity_id: str, name: str) -> bool:
        removed = await self._connection.run(_REMOVE, identity_id, name) > 0
        await self._revision.change()
        return removed
