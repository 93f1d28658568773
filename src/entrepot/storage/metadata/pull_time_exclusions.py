"""Users and roles whose pulls do not count as the last pull of an image."""

from datetime import datetime

from entrepot.domain.names import Registry
from entrepot.storage.metadata.columns import to_column
from entrepot.storage.metadata.subject import Subject

_PAGE = """
SELECT principal_arn FROM pull_time_exclusion
 WHERE account = $1 AND region = $2 AND principal_arn > $3
 ORDER BY principal_arn
 LIMIT $4
"""
_ADD = """
INSERT INTO pull_time_exclusion (account, region, principal_arn, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (account, region, principal_arn) DO NOTHING
"""
_REMOVE = "DELETE FROM pull_time_exclusion WHERE account = $1 AND region = $2 AND principal_arn = $3"


class SqlPullTimeExclusions(Subject):
    """The `pull_time_exclusion` table."""

    __slots__ = ()

    async def page(self, registry: Registry, *, after: str, limit: int) -> list[str]:
        rows = await self._connection.rows(_PAGE, registry.account, registry.region, after, limit)
        return [row["principal_arn"] for row in rows]

    async def add(self, registry: Registry, principal_arn: str, at: datetime) -> bool:
        added = await self._connection.run(
            _ADD, registry.account, registry.region, principal_arn, to_column(at)
        )
        return added > 0

    async def remove(self, registry: Registry, principal_arn: str) -> bool:
        return await self._connection.run(_REMOVE, registry.account, registry.region, principal_arn) > 0
