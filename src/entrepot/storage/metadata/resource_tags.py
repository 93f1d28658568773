"""The tags of a repository as an AWS resource."""

from collections.abc import Iterable, Mapping

from entrepot.storage.metadata.batches import batches, placeholders
from entrepot.storage.metadata.subject import Subject

_OF = "SELECT tag_key, tag_value FROM resource_tag WHERE repository_id = $1 ORDER BY tag_key"
_PUT = """
INSERT INTO resource_tag (repository_id, tag_key, tag_value) VALUES ($1, $2, $3)
ON CONFLICT (repository_id, tag_key) DO UPDATE SET tag_value = excluded.tag_value
"""
_REMOVE = "DELETE FROM resource_tag WHERE repository_id = $1 AND tag_key IN (…)"


class SqlResourceTags(Subject):
    """The `resource_tag` table."""

    __slots__ = ()

    async def of(self, repository_id: str) -> dict[str, str]:
        rows = await self._connection.rows(_OF, repository_id)
        return {row["tag_key"]: row["tag_value"] for row in rows}

    async def put(self, repository_id: str, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            await self._connection.run(_PUT, repository_id, key, value)

    async def remove(self, repository_id: str, keys: Iterable[str]) -> None:
        for batch in batches(list(keys)):
            statement = _REMOVE.replace("…", placeholders(2, len(batch)))
            await self._connection.run(statement, repository_id, *batch)
