"""Policies of an account, and their versions."""

from collections.abc import Sequence

from entrepot.domain.identities import ManagedPolicy, PolicyVersion
from entrepot.storage.metadata.batches import batches, placeholders
from entrepot.storage.metadata.columns import to_column, to_json, to_map, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.revisions import RevisedSubject

_POLICY = """
SELECT p.arn, p.id, p.account, p.name, p.path, p.description, p.default_version, p.newest_version,
       p.created_at, p.updated_at, p.tags
  FROM managed_policy AS p
"""
_FIND = f"{_POLICY} WHERE p.arn = $1"
_PAGE = f"""{_POLICY}
 WHERE p.account = $1 AND p.name_key > $2
   AND SUBSTR(p.path, 1, LENGTH(CAST($3 AS TEXT))) = CAST($3 AS TEXT)
 ORDER BY p.name_key LIMIT $4
"""
_ADD = """
INSERT INTO managed_policy (arn, id, account, name_key, name, path, description, default_version,
                            newest_version, created_at, updated_at, tags)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (account, name_key) DO NOTHING
"""
_CHANGE = """
UPDATE managed_policy SET default_version = $2, newest_version = $3, updated_at = $4, tags = $5 WHERE arn = $1
"""
_REMOVE = "DELETE FROM managed_policy WHERE arn = $1"
_REMOVE_VERSIONS = "DELETE FROM policy_version WHERE policy_arn = $1"
_VERSIONS = """
SELECT v.number, v.document, v.created_at
  FROM policy_version AS v WHERE v.policy_arn = $1 ORDER BY v.number DESC
"""
_ADD_VERSION = "INSERT INTO policy_version (policy_arn, number, document, created_at) VALUES ($1, $2, $3, $4)"
_REMOVE_VERSION = "DELETE FROM policy_version WHERE policy_arn = $1 AND number = $2"
_DOCUMENTS = """
SELECT p.arn, v.document
  FROM managed_policy AS p
  JOIN policy_version AS v ON v.policy_arn = p.arn AND v.number = p.default_version
 WHERE p.arn IN (…)
"""


class SqlManagedPolicies(RevisedSubject):
    """The `managed_policy` and `policy_version` tables."""

    __slots__ = ()

    async def find(self, arn: str) -> ManagedPolicy | None:
        row = await self._connection.row(_FIND, arn)
        return None if row is None else _to_policy(row)

    async def page(self, account: str, *, path_prefix: str, after: str, limit: int) -> list[ManagedPolicy]:
        rows = await self._connection.rows(_PAGE, account, after.lower(), path_prefix, limit)
        return [_to_policy(row) for row in rows]

    async def add(self, policy: ManagedPolicy) -> bool:
        added = await self._connection.run(
            _ADD,
            policy.arn,
            policy.id,
            policy.account,
            policy.name.lower(),
            policy.name,
            policy.path,
            policy.description,
            policy.default_version,
            policy.newest_version,
            to_column(policy.created_at),
            to_column(policy.updated_at),
            to_json(policy.tags),
        )
        return added > 0

    async def change(self, policy: ManagedPolicy) -> None:
        await self._connection.run(
            _CHANGE,
            policy.arn,
            policy.default_version,
            policy.newest_version,
            to_column(policy.updated_at),
            to_json(policy.tags),
        )
        await self._revision.change()

    async def remove(self, arn: str) -> None:
        await self._connection.run(_REMOVE, arn)
        await self._connection.run(_REMOVE_VERSIONS, arn)
        await self._revision.change()

    async def versions(self, arn: str) -> list[PolicyVersion]:
        rows = await self._connection.rows(_VERSIONS, arn)
        return [PolicyVersion(row["number"], row["document"], to_time(row["created_at"])) for row in rows]

    async def add_version(self, arn: str, version: PolicyVersion) -> None:
        await self._connection.run(
            _ADD_VERSION, arn, version.number, version.document, to_column(version.created_at)
        )

    async def remove_version(self, arn: str, number: int) -> None:
        await self._connection.run(_REMOVE_VERSION, arn, number)

    async def documents(self, arns: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for batch in batches(arns):
            statement = _DOCUMENTS.replace("…", placeholders(1, len(batch)))
            found |= {row["arn"]: row["document"] for row in await self._connection.rows(statement, *batch)}
        return found


def _to_policy(row: Row) -> ManagedPolicy:
    return ManagedPolicy(
        arn=row["arn"],
        id=row["id"],
        account=row["account"],
        path=row["path"],
        name=row["name"],
        description=row["description"],
        default_version=row["default_version"],
        newest_version=row["newest_version"],
        created_at=to_time(row["created_at"]),
        updated_at=to_time(row["updated_at"]),
        tags=to_map(row["tags"]),
    )
