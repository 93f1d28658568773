"""Previews of lifecycle policies: one a repository, with a row for each image that would be acted on."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from entrepot.domain.digests import Digest
from entrepot.domain.lifecycle.policies import Action, StorageClass
from entrepot.domain.names import Tag
from entrepot.ports.lifecycle import Preview, PreviewResult, PreviewStatus
from entrepot.storage.metadata.batches import batches, placeholders, value_rows
from entrepot.storage.metadata.columns import to_column, to_json, to_list, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.subject import Subject

_FIND = """
SELECT id, document, status, started_at, expiring, transitioning
  FROM lifecycle_preview
 WHERE repository_id = $1
"""
_BEGIN = """
INSERT INTO lifecycle_preview (repository_id, id, document, status, started_at, expiring, transitioning)
VALUES ($1, $2, $3, $4, $5, 0, 0)
ON CONFLICT (repository_id) DO UPDATE
   SET id = excluded.id, document = excluded.document, status = excluded.status,
       started_at = excluded.started_at, expiring = 0, transitioning = 0
"""
_END = """
UPDATE lifecycle_preview SET status = $3, expiring = $4, transitioning = $5
 WHERE repository_id = $1 AND id = $2
"""
_REMOVE = "DELETE FROM lifecycle_preview WHERE repository_id = $1 AND id = $2"
_OLD = """
SELECT repository_id, id FROM lifecycle_preview
 WHERE started_at < $1
 ORDER BY started_at, repository_id
 LIMIT $2
"""
_ADD = """
INSERT INTO lifecycle_preview_result (repository_id, preview_id, position, digest, tags, tagged, pushed_at,
                                      storage_class, action, priority)
VALUES …
ON CONFLICT (repository_id, preview_id, position) DO NOTHING
"""
_RESULT = """
SELECT position, digest, tags, pushed_at, storage_class, action, priority
  FROM lifecycle_preview_result
"""
_PAGE = f"""{_RESULT}
 WHERE repository_id = $1 AND preview_id = $2 AND position > $3
 ORDER BY position LIMIT $4
"""
_PAGE_TAGGED = f"""{_RESULT}
 WHERE repository_id = $1 AND preview_id = $2 AND tagged = $5 AND position > $3
 ORDER BY position LIMIT $4
"""
_OF_IMAGES = f"{_RESULT} WHERE repository_id = $1 AND preview_id = $2 AND digest IN (…)"
# By whole keys: a portable DELETE has no LIMIT of its own. Other previews come before this one and after it.
_CLEAR_OTHERS = (
    """
    DELETE FROM lifecycle_preview_result
     WHERE repository_id = $1 AND (preview_id, position) IN
           (SELECT preview_id, position FROM lifecycle_preview_result
             WHERE repository_id = $1 AND preview_id < $2 LIMIT $3)
    """,
    """
    DELETE FROM lifecycle_preview_result
     WHERE repository_id = $1 AND (preview_id, position) IN
           (SELECT preview_id, position FROM lifecycle_preview_result
             WHERE repository_id = $1 AND preview_id > $2 LIMIT $3)
    """,
)
_CLEAR = """
DELETE FROM lifecycle_preview_result
 WHERE repository_id = $1 AND preview_id = $2 AND position IN
       (SELECT position FROM lifecycle_preview_result WHERE repository_id = $1 AND preview_id = $2 LIMIT $3)
"""


class SqlLifecyclePreviews(Subject):
    """The tables `lifecycle_preview` and `lifecycle_preview_result`."""

    __slots__ = ()

    async def find(self, repository_id: str) -> Preview | None:
        row = await self._connection.row(_FIND, repository_id)
        if row is None:
            return None
        return Preview(
            id=row["id"],
            document=row["document"],
            status=PreviewStatus(row["status"]),
            started_at=to_time(row["started_at"]),
            expiring=row["expiring"],
            transitioning=row["transitioning"],
        )

    async def begin(self, repository_id: str, preview_id: str, document: str, at: datetime) -> None:
        await self._connection.run(
            _BEGIN, repository_id, preview_id, document, PreviewStatus.IN_PROGRESS.value, to_column(at)
        )

    async def end(
        self, repository_id: str, preview_id: str, status: PreviewStatus, *, expiring: int, transitioning: int
    ) -> None:
        await self._connection.run(_END, repository_id, preview_id, status.value, expiring, transitioning)

    async def remove(self, repository_id: str, preview_id: str) -> None:
        await self._connection.run(_REMOVE, repository_id, preview_id)

    async def old(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        rows = await self._connection.rows(_OLD, to_column(before), limit)
        return [(row["repository_id"], row["id"]) for row in rows]

    async def add_results(
        self, repository_id: str, preview_id: str, results: Sequence[PreviewResult]
    ) -> None:
        for batch in batches([_columns(result) for result in results]):
            statement = _ADD.replace("…", value_rows(len(batch), shared=2, own=8))
            await self._connection.run(statement, repository_id, preview_id, *chain.from_iterable(batch))

    async def results(
        self, repository_id: str, preview_id: str, *, after: int, limit: int, tagged: bool | None = None
    ) -> list[PreviewResult]:
        if tagged is None:
            rows = await self._connection.rows(_PAGE, repository_id, preview_id, after, limit)
        else:
            rows = await self._connection.rows(
                _PAGE_TAGGED, repository_id, preview_id, after, limit, int(tagged)
            )
        return [_to_result(row) for row in rows]

    async def results_of(
        self, repository_id: str, preview_id: str, digests: Sequence[Digest]
    ) -> list[PreviewResult]:
        found: dict[int, PreviewResult] = {}
        for batch in batches(digests):
            statement = _OF_IMAGES.replace("…", placeholders(3, len(batch)))
            rows = await self._connection.rows(statement, repository_id, preview_id, *batch)
            found |= {row["position"]: _to_result(row) for row in rows}
        return [found[position] for position in sorted(found)]

    async def clear(self, repository_id: str, preview_id: str, limit: int) -> int:
        return await self._connection.run(_CLEAR, repository_id, preview_id, limit)

    async def clear_others(self, repository_id: str, preview_id: str, limit: int) -> int:
        cleared = 0
        for statement in _CLEAR_OTHERS:
            if cleared < limit:
                cleared += await self._connection.run(statement, repository_id, preview_id, limit - cleared)
        return cleared


def _columns(result: PreviewResult) -> tuple[int | str, ...]:
    return (
        result.position,
        result.digest,
        to_json(result.tags),
        int(bool(result.tags)),
        to_column(result.pushed_at),
        result.storage_class.value,
        result.action.value,
        result.priority,
    )


def _to_result(row: Row) -> PreviewResult:
    return PreviewResult(
        position=row["position"],
        digest=row["digest"],
        tags=tuple(map(Tag, to_list(row["tags"]))),
        pushed_at=to_time(row["pushed_at"]),
        storage_class=StorageClass(row["storage_class"]),
        action=Action(row["action"]),
        priority=row["priority"],
    )
