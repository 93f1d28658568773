"""Users, groups and roles."""

from datetime import timedelta

from entrepot.domain.identities import Identity, IdentityKind, RoleTerms
from entrepot.storage.metadata.columns import to_column, to_json, to_map, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.revisions import RevisedSubject

IDENTITY_ROWS = """
SELECT i.id, i.account, i.kind, i.name, i.path, i.created_at, i.tags, i.boundary, i.trust_policy,
       i.description, i.max_session_seconds
  FROM iam_identity AS i
"""
_FIND = f"{IDENTITY_ROWS} WHERE i.account = $1 AND i.kind = $2 AND i.name_key = $3"
_FIND_BY_ID = f"{IDENTITY_ROWS} WHERE i.id = $1"
_PAGE = f"""{IDENTITY_ROWS}
 WHERE i.account = $1 AND i.kind = $2 AND i.name_key > $3
   AND SUBSTR(i.path, 1, LENGTH(CAST($4 AS TEXT))) = CAST($4 AS TEXT)
 ORDER BY i.name_key LIMIT $5
"""
_BOUNDED_BY = f"""
{IDENTITY_ROWS} WHERE i.boundary = $1 AND i.account = $2 AND i.id > $3 ORDER BY i.id LIMIT $4
"""
_ADD = """
INSERT INTO iam_identity (id, account, kind, name_key, name, path, created_at, tags, boundary, trust_policy,
                      description, max_session_seconds)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (account, kind, name_key) DO NOTHING
"""
_CHANGE = """
UPDATE iam_identity
   SET name_key = $2, name = $3, path = $4, tags = $5, boundary = $6, trust_policy = $7, description = $8,
       max_session_seconds = $9
 WHERE id = $1
"""
_REMOVE = "DELETE FROM iam_identity WHERE id = $1"


class SqlIdentities(RevisedSubject):
    """The `iam_identity` table."""

    __slots__ = ()

    async def find(self, account: str, kind: IdentityKind, name: str) -> Identity | None:
        row = await self._connection.row(_FIND, account, kind.value, name.lower())
        return None if row is None else to_identity(row)

    async def find_by_id(self, identity_id: str) -> Identity | None:
        row = await self._connection.row(_FIND_BY_ID, identity_id)
        return None if row is None else to_identity(row)

    async def page(
        self, account: str, kind: IdentityKind, *, path_prefix: str, after: str, limit: int
    ) -> list[Identity]:
        rows = await self._connection.rows(_PAGE, account, kind.value, after.lower(), path_prefix, limit)
        return [to_identity(row) for row in rows]

    async def add(self, identity: Identity) -> bool:
        terms = identity.terms
        added = await self._connection.run(
            _ADD,
            identity.id,
            identity.account,
            identity.kind.value,
            identity.name.lower(),
            identity.name,
            identity.path,
            to_column(identity.created_at),
            to_json(identity.tags),
            identity.boundary,
            terms.trust_policy if terms else None,
            terms.description if terms else None,
            _seconds(terms),
        )
        return added > 0

    async def change(self, identity: Identity) -> None:
        terms = identity.terms
        await self._connection.run(
            _CHANGE,
            identity.id,
            identity.name.lower(),
            identity.name,
            identity.path,
            to_json(identity.tags),
            identity.boundary,
            terms.trust_policy if terms else None,
            terms.description if terms else None,
            _seconds(terms),
        )
        await self._revision.change()

    async def remove(self, identity_id: str) -> None:
        await self._connection.run(_REMOVE, identity_id)
        await self._revision.change()

    async def bounded_by(self, account: str, policy_arn: str, *, after: str, limit: int) -> list[Identity]:
        rows = await self._connection.rows(_BOUNDED_BY, policy_arn, account, after, limit)
        return [to_identity(row) for row in rows]


def _seconds(terms: RoleTerms | None) -> int | None:
    return int(terms.max_session.total_seconds()) if terms else None


def to_identity(row: Row) -> Identity:
    """The identity in a row of `IDENTITY_ROWS`."""
    trust = row["trust_policy"]
    terms = None
    if trust is not None:
        terms = RoleTerms(trust, timedelta(seconds=row["max_session_seconds"]), row["description"])
    return Identity(
        id=row["id"],
        account=row["account"],
        kind=IdentityKind(row["kind"]),
        path=row["path"],
        name=row["name"],
        created_at=to_time(row["created_at"]),
        tags=to_map(row["tags"]),
        boundary=row["boundary"],
        terms=terms,
    )
