"""Lifecycle policies of repositories, and when each has its turn."""

from collections.abc import Sequence
from datetime import datetime

from entrepot.ports.lifecycle import KeptPolicy
from entrepot.storage.metadata.columns import to_column, to_optional_time
from entrepot.storage.metadata.subject import Subject

_FIND = "SELECT document, last_evaluated_at FROM lifecycle_policy WHERE repository_id = $1"
_PUT = """
INSERT INTO lifecycle_policy (repository_id, document, due_at) VALUES ($1, $2, $3)
ON CONFLICT (repository_id) DO UPDATE
   SET document = excluded.document, due_at = excluded.due_at, last_evaluated_at = NULL
"""
_REMOVE = "DELETE FROM lifecycle_policy WHERE repository_id = $1"
_DUE = """
SELECT repository_id FROM lifecycle_policy WHERE due_at <= $1 ORDER BY due_at, repository_id LIMIT $2
"""
_POSTPONE = "UPDATE lifecycle_policy SET due_at = $2 WHERE repository_id = $1"
_HASTEN = "UPDATE lifecycle_policy SET due_at = $2 WHERE repository_id = $1 AND due_at > $2"
_EVALUATED = """
UPDATE lifecycle_policy SET last_evaluated_at = $3 WHERE repository_id = $1 AND document = $2
"""


class SqlLifecyclePolicies(Subject):
    """The `lifecycle_policy` table."""

    __slots__ = ()

    async def find(self, repository_id: str) -> KeptPolicy | None:
        row = await self._connection.row(_FIND, repository_id)
        return (
            None if row is None else KeptPolicy(row["document"], to_optional_time(row["last_evaluated_at"]))
        )

    async def put(self, repository_id: str, document: str, *, due_at: datetime) -> None:
        await self._connection.run(_PUT, repository_id, document, to_column(due_at))

    async def remove(self, repository_id: str) -> None:
        await self._connection.run(_REMOVE, repository_id)

    async def due(self, now: datetime, limit: int) -> list[str]:
        return [row["repository_id"] for row in await self._connection.rows(_DUE, to_column(now), limit)]

    async def postpone(self, repository_id: str, *, until: datetime) -> None:
        await self._connection.run(_POSTPONE, repository_id, to_column(until))

    async def hasten(self, repository_ids: Sequence[str], *, due_at: datetime) -> None:
        for repository_id in repository_ids:
            await self._connection.run(_HASTEN, repository_id, to_column(due_at))

    async def note_evaluation(self, repository_id: str, document: str, at: datetime) -> None:
        await self._connection.run(_EVALUATED, repository_id, document, to_column(at))
