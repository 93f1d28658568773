"""What sessions of roles and federated users may do."""

from datetime import datetime

from entrepot.domain.identities import SessionTerms
from entrepot.storage.metadata.columns import to_column, to_json, to_list, to_map, to_time
from entrepot.storage.metadata.subject import Subject

_FIND = """
SELECT s.access_key_id, s.identity_id, s.is_limited, s.policies, s.policy_arns, s.tags, s.transitive_tags,
       s.expires_at
  FROM session_terms AS s WHERE s.access_key_id = $1
"""
_ADD = """
INSERT INTO session_terms (access_key_id, identity_id, is_limited, policies, policy_arns, tags,
                           transitive_tags, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_REMOVE_EXPIRED = """
DELETE FROM session_terms
 WHERE access_key_id IN
       (SELECT access_key_id FROM session_terms WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
"""


class SqlSessions(Subject):
    """The `session_terms` table; rows of keys that ended early go with those that end by themselves."""

    __slots__ = ()

    async def find(self, access_key_id: str) -> SessionTerms | None:
        row = await self._connection.row(_FIND, access_key_id)
        if row is None:
            return None
        return SessionTerms(
            access_key_id=row["access_key_id"],
            identity_id=row["identity_id"],
            expires_at=to_time(row["expires_at"]),
            is_limited=bool(row["is_limited"]),
            policies=tuple(to_list(row["policies"])),
            policy_arns=tuple(to_list(row["policy_arns"])),
            tags=to_map(row["tags"]),
            transitive_tags=tuple(to_list(row["transitive_tags"])),
        )

    async def add(self, terms: SessionTerms) -> None:
        await self._connection.run(
            _ADD,
            terms.access_key_id,
            terms.identity_id,
            int(terms.is_limited),
            to_json(terms.policies),
            to_json(terms.policy_arns),
            to_json(terms.tags),
            to_json(terms.transitive_tags),
            to_column(terms.expires_at),
        )

    async def remove_expired(self, before: datetime, limit: int) -> int:
        return await self._connection.run(_REMOVE_EXPIRED, to_column(before), limit)
