"""Which managed policies count for which identities."""

from entrepot.domain.identities import IdentityKind
from entrepot.ports.identities import Attached
from entrepot.storage.metadata.revisions import RevisedSubject

_OF = "SELECT a.policy_arn FROM policy_attachment AS a WHERE a.identity_id = $1 ORDER BY a.policy_arn"
_ADD = """
INSERT INTO policy_attachment (identity_id, policy_arn, account) VALUES ($1, $2, $3)
ON CONFLICT (identity_id, policy_arn) DO NOTHING
"""
_REMOVE = "DELETE FROM policy_attachment WHERE identity_id = $1 AND policy_arn = $2"
_IDENTITIES = """
SELECT i.id, i.kind, i.name, i.path
  FROM policy_attachment AS a
  JOIN iam_identity AS i ON i.id = a.identity_id
 WHERE a.account = $1 AND a.policy_arn = $2 AND a.identity_id > $3
 ORDER BY a.identity_id LIMIT $4
"""


class SqlPolicyAttachments(RevisedSubject):
    """The `policy_attachment` table."""

    __slots__ = ()

    async def of(self, identity_id: str) -> list[str]:
        return [row["policy_arn"] for row in await self._connection.rows(_OF, identity_id)]

    async def add(self, identity_id: str, policy_arn: str, account: str) -> None:
        await self._connection.run(_ADD, identity_id, policy_arn, account)
        await self._revision.change()

    async def remove(self, identity_id: str, policy_arn: str) -> bool:
        removed = await self._connection.run(_REMOVE, identity_id, policy_arn) > 0
        await self._revision.change()
        return removed

    async def identities(self, account: str, policy_arn: str, *, after: str, limit: int) -> list[Attached]:
        rows = await self._connection.rows(_IDENTITIES, account, policy_arn, after, limit)
        return [Attached(row["id"], IdentityKind(row["kind"]), row["name"], row["path"]) for row in rows]
