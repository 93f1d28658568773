"""What happened to the tags of each repository."""

from collections.abc import Sequence

from entrepot.domain.names import Tag
from entrepot.domain.recycling import TagChange, TagEvent
from entrepot.storage.metadata.batches import batches, value_rows
from entrepot.storage.metadata.subject import Subject

_ADD = """
INSERT INTO tag_event (repository_id, id, tag, change, digest, previous_digest, principal_arn, rule_priority)
VALUES … ON CONFLICT (repository_id, id) DO NOTHING
"""
_EVENT = """
SELECT id, tag, change, digest, previous_digest, principal_arn, rule_priority FROM tag_event
"""
_PAGE = f"{_EVENT} WHERE repository_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
_PAGE_OF_TAG = f"{_EVENT} WHERE repository_id = $1 AND tag = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
_NEXT = "SELECT repository_id FROM tag_event WHERE repository_id > $1 ORDER BY repository_id LIMIT 1"
_OLDEST = "SELECT id FROM tag_event WHERE repository_id = $1 AND id < $2 ORDER BY id LIMIT $3"
_FORGET = "DELETE FROM tag_event WHERE repository_id = $1 AND id <= $2"


class SqlTagHistory(Subject):
    """The `tag_event` table."""

    __slots__ = ()

    async def add(self, repository_id: str, events: Sequence[TagEvent]) -> None:
        for batch in batches(events):
            rows = value_rows(len(batch), shared=1, own=7)
            values = [value for event in batch for value in _values(event)]
            # with the commit: a push of a tag takes no round trip more for it
            await self._connection.run_with_commit(_ADD.replace("…", rows), repository_id, *values)

    async def page(self, repository_id: str, tag: Tag | None, *, before: str, limit: int) -> list[TagEvent]:
        if tag is None:
            rows = await self._connection.rows(_PAGE, repository_id, before, limit)
        else:
            rows = await self._connection.rows(_PAGE_OF_TAG, repository_id, tag, before, limit)
        return [
            TagEvent(
                id=row["id"],
                tag=Tag(row["tag"]),
                change=TagChange(row["change"]),
                digest=row["digest"],
                previous=row["previous_digest"],
                by=row["principal_arn"],
                rule_priority=row["rule_priority"],
            )
            for row in rows
        ]

    async def next_place(self, after: str) -> str | None:
        row = await self._connection.row(_NEXT, after)
        return None if row is None else str(row["repository_id"])

    async def forget(self, repository_id: str, *, before: str, limit: int) -> int:
        oldest = await self._connection.rows(_OLDEST, repository_id, before, limit)
        return await self._connection.run(_FORGET, repository_id, oldest[-1]["id"]) if oldest else 0


def _values(event: TagEvent) -> tuple[str | int | None, ...]:
    return (
        event.id,
        event.tag,
        event.change.value,
        event.digest,
        event.previous,
        event.by,
        event.rule_priority,
    )
