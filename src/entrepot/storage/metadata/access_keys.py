"""Access keys by id."""

from datetime import datetime

from entrepot.domain.principals import Principal, SessionKind
from entrepot.ports.records import AccessKey, KeyScope, KeysOf, KeysOfAccount, OneKey, Revoked
from entrepot.storage.metadata.batches import batches, placeholders
from entrepot.storage.metadata.columns import to_column, to_optional_column, to_optional_time, to_time
from entrepot.storage.metadata.connection import Row, SqlValue
from entrepot.storage.metadata.revisions import RevisedSubject

_KEY = """
SELECT k.id, k.account, k.principal_arn, k.principal_id, k.sealed_secret, k.session_token_sha256,
       k.active, k.created_at, k.expires_at, k.issued_by, k.token_number, k.session_kind
  FROM access_key AS k
"""
_FIND = f"{_KEY} WHERE k.id = $1"
_OF_PRINCIPAL = f"{_KEY} WHERE k.principal_arn = $1 ORDER BY k.created_at, k.id"
_ADD = """
INSERT INTO access_key (id, account, principal_arn, principal_id, sealed_secret, session_token_sha256,
                        active, created_at, expires_at, issued_by, token_number, session_kind)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (id) DO NOTHING
"""
_REMOVE = "DELETE FROM access_key WHERE id = $1"
_REMOVE_ISSUED = "DELETE FROM access_key WHERE issued_by IN (…) RETURNING id"
_SET_ACTIVE = "UPDATE access_key SET active = $2 WHERE id = $1"
_RENUMBER = {
    OneKey: "UPDATE access_key SET token_number = $1 WHERE id = $2 AND expires_at IS NULL RETURNING id",
    KeysOf: """
UPDATE access_key SET token_number = $1
 WHERE principal_arn >= $2 AND principal_arn <= $3 AND expires_at IS NULL RETURNING id
""",
    KeysOfAccount: """
UPDATE access_key SET token_number = $1 WHERE account = $2 AND expires_at IS NULL RETURNING id
""",
}
_REMOVE_SESSIONS = {
    OneKey: "DELETE FROM access_key WHERE id = $1 AND expires_at IS NOT NULL RETURNING id",
    KeysOf: """
DELETE FROM access_key
 WHERE principal_arn >= $1 AND principal_arn <= $2 AND expires_at IS NOT NULL RETURNING id
""",
    KeysOfAccount: "DELETE FROM access_key WHERE account = $1 AND expires_at IS NOT NULL RETURNING id",
}
_SESSIONS = {
    KeysOf: f"""{_KEY}
 WHERE (k.principal_arn, k.id) > ($1, $2) AND k.principal_arn <= $3 AND k.expires_at > $4
 ORDER BY k.principal_arn, k.id LIMIT $5
""",
    KeysOfAccount: f"""{_KEY}
 WHERE k.account = $1 AND k.id > $2 AND k.expires_at > $3
 ORDER BY k.id LIMIT $4
""",
}
_LAST = "~"  # behind every character that an ARN of a principal has
_CONSOLE_OF_TOKEN = f"{SessionKind.CONSOLE}/{SessionKind.TOKEN}"  # begun with credentials of GetSessionToken
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
            key.token_number or None,
            _kind(key.principal),
        )
        return added > 0

    async def of_principal(self, principal_arn: str) -> list[AccessKey]:
        rows = await self._connection.rows(_OF_PRINCIPAL, principal_arn)
        return [_to_access_key(row) for row in rows]

    async def remove(self, access_key_id: str) -> None:
        await self._connection.run(_REMOVE, access_key_id)
        await self._remove_made_with([access_key_id])
        await self._revision.change()

    async def end_sessions(self, issued_by: str) -> None:
        await self._remove_made_with([issued_by])
        await self._revision.change()

    async def set_active(self, access_key_id: str, *, is_active: bool) -> None:
        await self._connection.run(_SET_ACTIVE, access_key_id, int(is_active))
        if not is_active:
            await self._remove_made_with([access_key_id])
        await self._revision.change()

    async def sessions(
        self, scope: KeysOf | KeysOfAccount, *, now: datetime, after: tuple[str, str], limit: int
    ) -> list[AccessKey]:
        arn, key_id = after
        if isinstance(scope, KeysOfAccount):
            rows = await self._connection.rows(
                _SESSIONS[KeysOfAccount], scope.account, key_id, to_column(now), limit
            )
        else:
            first, last = _bounds(scope)
            rows = await self._connection.rows(
                _SESSIONS[KeysOf], max(first, arn), key_id, last, to_column(now), limit
            )
        return [_to_access_key(row) for row in rows]

    async def revoke(self, scope: KeyScope, token_number: int) -> Revoked:
        bounds = _bounds(scope)
        kept = await self._ids(_RENUMBER[type(scope)], token_number, *bounds)
        removed = await self._ids(_REMOVE_SESSIONS[type(scope)], *bounds)
        further = await self._remove_made_with([*kept, *removed])
        await self._revision.change()
        return Revoked(len(kept), len(removed) + further)

    async def rename_principal(self, old_arn: str, new_arn: str) -> None:
        await self._connection.run(_RENAME, old_arn, new_arn)
        await self._revision.change()

    async def remove_expired(self, before: datetime, limit: int) -> int:
        return await self._connection.run(_REMOVE_EXPIRED, to_column(before), limit)

    async def _remove_made_with(self, issuers: list[str]) -> int:
        """Remove every session made with one of these keys; how many there were."""
        count = 0
        while issuers:  # a session may have been made with a session
            issuers = [key for batch in batches(issuers) for key in await self._remove_issued(batch)]
            count += len(issuers)
        return count

    async def _remove_issued(self, issuers: list[str]) -> list[str]:
        return await self._ids(_REMOVE_ISSUED.replace("…", placeholders(1, len(issuers))), *issuers)

    async def _ids(self, statement: str, *values: SqlValue) -> list[str]:
        return [row["id"] for row in await self._connection.rows(statement, *values)]


def _bounds(scope: KeyScope) -> tuple[str, ...]:
    match scope:
        case OneKey(access_key_id):
            return (access_key_id,)
        case KeysOfAccount(account):
            return (account,)
        case KeysOf(arn):
            return arn, arn + _LAST if arn.endswith("/") else arn


def _kind(principal: Principal) -> str | None:
    if not principal.is_console:
        return None
    return _CONSOLE_OF_TOKEN if principal.is_of_token else SessionKind.CONSOLE


def _to_access_key(row: Row) -> AccessKey:
    return AccessKey(
        principal=Principal(
            account=row["account"],
            arn=row["principal_arn"],
            user_id=row["principal_id"],
            access_key_id=row["id"],
            expires_at=to_optional_time(row["expires_at"]),
            is_console=row["session_kind"] in (SessionKind.CONSOLE, _CONSOLE_OF_TOKEN),
            is_of_token=row["session_kind"] == _CONSOLE_OF_TOKEN,
        ),
        sealed_secret=row["sealed_secret"],
        session_token_sha256=row["session_token_sha256"],
        is_active=bool(row["active"]),
        created_at=to_time(row["created_at"]),
        issued_by=row["issued_by"],
        token_number=row["token_number"] or 0,
    )
