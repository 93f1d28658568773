"""Access keys by id."""

from datetime import datetime

from entrepot.domain.principals import Principal
from entrepot.ports.records import AccessKey
from entrepot.storage.metadata.batches import batches, placeholders
from entrepot.storage.metadata.columns import to_column, to_optional_column, to_optional_time, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.revisions import RevisedSubject

_KEY = """
SELECT k.id, k.account, k.principal_arn, k.principal_id, k.sealed_secret, k.session_token_sha256,
       k.active, k.created_at, k.expires_at, k.issued_by
  FROM access_key AS k
"""
_FIND = f"{_KEY} WHERE k.id = $1"
_OF_PRINCIPAL = f"{_KEY} WHERE k.principal_arn = $1 ORDER BY k.created_at, k.id"
_ADD = """
INSERT INTO access_key (id, account, principal_arn, principal_id, sealed_secret, session_token_sha256,
                        active, created_at, expires_at, issued_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO NOTHING
"""
_REMOVE = "DELETE FROM access_key WHERE id = $1"
_REMOVE_ISSUED = "DELETE FROM access_key WHERE issued_by IN (…) RETURNING id"
_SET_ACTIVE = "UPDATE access_key SET active = $2 WHERE id = $1"
_RENAME = "UPDATE access_key SET principal_arn = $2 WHERE principal_arn = $1"
_REMOVE_EXPIRED = """
DELETE FROM access_key
 WHERE id IN (SELECT id FROM access_key WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
"""


class SqlAccessKeys(RevisedSubject):
    """The `access_key` table."""

    __slots__ = ()

    async def find(self, access_key_id: str) -> AccessKey | None:
        row = await self._connection.row(_FIND, access_key_id)
        return None if row is None else _to_access_key(row)

    async def add(self, key: AccessKey) -> bool:
        added = await self._connection.run(
            _ADD,
            key.principal.access_key_id,
            key.principal.account,
            key.principal.arn,
            key.principal.user_id,
            key.sealed_secret,
            key.session_token_sha256,
            int(key.is_active),
            to_column(key.created_at),
            to_optional_column(key.principal.expires_at),
            key.issued_by,
        )
        return added > 0

    async def of_principal(self, principal_arn: str) -> list[AccessKey]:
        rows = await self._connection.rows(_OF_PRINCIPAL, principal_arn)
        return [_to_access_key(row) for row in rows]

    async def remove(self, access_key_id: str) -> None:
        await self._connection.run(_REMOVE, access_key_id)
        await self._remove_sessions(access_key_id)
        await self._revision.change()

    async def end_sessions(self, issued_by: str) -> None:
        await self._remove_sessions(issued_by)
        await self._revision.change()

    async def set_active(self, access_key_id: str, *, is_active: bool) -> None:
        await self._connection.run(_SET_ACTIVE, access_key_id, int(is_active))
        if not is_active:
            await self._remove_sessions(access_key_id)
        await self._revision.change()

    async def rename_principal(self, old_arn: str, new_arn: str) -> None:
        await self._connection.run(_RENAME, old_arn, new_arn)
        await self._revision.change()

    async def remove_expired(self, before: datetime, limit: int) -> int:
        return await self._connection.run(_REMOVE_EXPIRED, to_column(before), limit)

    async def _remove_sessions(self, issuer: str) -> None:
        removed = [issuer]
        while removed:  # a session may have been made with a session
            removed = [key for batch in batches(removed) for key in await self._remove_issued(batch)]

    async def _remove_issued(self, issuers: list[str]) -> list[str]:
        statement = _REMOVE_ISSUED.replace("…", placeholders(1, len(issuers)))
        return [row["id"] for row in await self._connection.rows(statement, *issuers)]


def _to_access_key(row: Row) -> AccessKey:
    return AccessKey(
        principal=Principal(
            account=row["account"],
            arn=row["principal_arn"],
            user_id=row["principal_id"],
            access_key_id=row["id"],
            expires_at=to_optional_time(row["expires_at"]),
        ),
        sealed_secret=row["sealed_secret"],
        session_token_sha256=row["session_token_sha256"],
        is_active=bool(row["active"]),
        created_at=to_time(row["created_at"]),
        issued_by=row["issued_by"],
    )
