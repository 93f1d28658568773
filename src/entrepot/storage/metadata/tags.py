"""Tags and what they point at."""

from collections.abc import Sequence
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.images import ImageStatus, PointedTag, TaggedImage
from entrepot.domain.names import Tag
from entrepot.storage.metadata.batches import batches, placeholders
from entrepot.storage.metadata.changes import CountedSubject
from entrepot.storage.metadata.columns import to_column, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.images import HAS_STATUS

_FIND = "SELECT digest FROM tag WHERE repository_id = $1 AND tag = $2"
_OF_IMAGES = "SELECT digest, tag FROM tag WHERE repository_id = $1 AND digest IN (…) ORDER BY digest, tag"
_PAGE = """
SELECT t.tag
  FROM tag AS t
 WHERE t.repository_id = $1 AND t.tag > $2
   AND NOT EXISTS (SELECT 1 FROM image AS i
                    WHERE i.repository_id = t.repository_id AND i.digest = t.digest AND i.status IS NOT NULL)
 ORDER BY t.tag LIMIT $3
"""
_LISTING_TAGGED = """
SELECT digest, tag FROM tag
 WHERE repository_id = $1 AND (digest, tag) > ($2, $3)
 ORDER BY digest, tag
 LIMIT $4
"""


def _listing(tagged: bool | None, status: ImageStatus | None) -> str:
    """The statement that lists images and their tags; that of untagged images has no tag to begin behind."""
    if tagged and status is None:
        return _LISTING_TAGGED
    if tagged is False:
        return f"""
SELECT i.digest, CAST(NULL AS TEXT) AS tag
  FROM image AS i
 WHERE i.repository_id = $1 AND i.digest > $2 {HAS_STATUS[status]}
   AND NOT EXISTS (SELECT 1 FROM tag AS t WHERE t.repository_id = i.repository_id AND t.digest = i.digest)
 ORDER BY i.digest
 LIMIT $3
"""  # noqa: S608  (built of constants)
    # An untagged image has one row, so where NULL sorts does not matter; `>=` is for the index. COALESCE
    # keeps planners from beginning with the tags, which would have to be sorted.
    has_tag = "AND COALESCE(t.tag, '') <> ''" if tagged else ""
    return f"""
SELECT i.digest, t.tag
  FROM image AS i
  LEFT JOIN tag AS t ON t.repository_id = i.repository_id AND t.digest = i.digest
 WHERE i.repository_id = $1 AND i.digest >= $2 AND (i.digest > $2 OR t.tag > $3)
       {HAS_STATUS[status]} {has_tag}
 ORDER BY i.digest, t.tag
 LIMIT $4
"""  # noqa: S608  (built of constants)


_LISTINGS = {
    (tagged, status): _listing(tagged, status)
    for tagged in (None, True, False)
    for status in (None, *ImageStatus)
}
_POINTED = """
SELECT tag, digest, pointed_at FROM tag WHERE repository_id = $1 AND tag > $2 ORDER BY tag LIMIT $3
"""
_FIND_POINTED = "SELECT tag, digest, pointed_at FROM tag WHERE repository_id = $1 AND tag IN (…)"
# How often it moved tells whether the tag is new, which neither database says of an upsert otherwise.
_POINT = """
INSERT INTO tag (repository_id, tag, digest, pointed_at, moves) VALUES ($1, $2, $3, $4, 0)
ON CONFLICT (repository_id, tag) DO UPDATE
   SET digest = excluded.digest, pointed_at = excluded.pointed_at, moves = COALESCE(tag.moves, 0) + 1
RETURNING moves
"""
_REMOVE = "DELETE FROM tag WHERE repository_id = $1 AND tag = $2"


class SqlTags(CountedSubject):
    """The `tag` table."""

    __slots__ = ()

    async def find(self, repository_id: str, tag: Tag) -> Digest | None:
        row = await self._connection.row(_FIND, repository_id, tag)
        return None if row is None else Digest(row["digest"])

    async def of_images(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, list[Tag]]:
        tags: dict[Digest, list[Tag]] = {}
        for batch in batches(digests):
            statement = _OF_IMAGES.replace("…", placeholders(2, len(batch)))
            for row in await self._connection.rows(statement, repository_id, *batch):
                tags.setdefault(row["digest"], []).append(row["tag"])
        return tags

    async def page(self, repository_id: str, *, after: str, limit: int) -> list[Tag]:
        rows = await self._connection.rows(_PAGE, repository_id, after, limit)
        return [Tag(row["tag"]) for row in rows]

    async def listing(
        self,
        repository_id: str,
        *,
        after: tuple[str, str],
        limit: int,
        tagged: bool | None = None,
        status: ImageStatus | None = None,
    ) -> list[TaggedImage]:
        place = after[:1] if tagged is False else after
        rows = await self._connection.rows(_LISTINGS[tagged, status], repository_id, *place, limit)
        return [TaggedImage(row["digest"], row["tag"]) for row in rows]

    async def pairs(
        self, repository_id: str, *, after: tuple[str, str], limit: int
    ) -> list[tuple[Digest, Tag]]:
        rows = await self._connection.rows(_LISTING_TAGGED, repository_id, *after, limit)
        return [(digest, tag) for digest, tag in rows]

    async def point(self, repository_id: str, tag: Tag, digest: Digest, at: datetime) -> None:
        pointed = await self._connection.row(_POINT, repository_id, tag, digest, to_column(at))
        is_new = pointed is not None and pointed["moves"] == 0
        self._changes.note(repository_id, tags=int(is_new), pushed_at=to_column(at))

    async def remove(self, repository_id: str, tag: Tag) -> bool:
        removed = await self._connection.run(_REMOVE, repository_id, tag)
        if removed:
            self._changes.note(repository_id, tags=-removed)
        return removed > 0

    async def pointed(self, repository_id: str, *, after: str, limit: int) -> list[PointedTag]:
        rows = await self._connection.rows(_POINTED, repository_id, after, limit)
        return [_to_pointed(row) for row in rows]

    async def find_pointed(self, repository_id: str, tags: Sequence[str]) -> dict[str, PointedTag]:
        found: dict[str, PointedTag] = {}
        for batch in batches(tags):
            statement = _FIND_POINTED.replace("…", placeholders(2, len(batch)))
            rows = await self._connection.rows(statement, repository_id, *batch)
            found |= {each.tag: each for each in map(_to_pointed, rows)}
        return found


def _to_pointed(row: Row) -> PointedTag:
    return PointedTag(row["tag"], Digest(row["digest"]), to_time(row["pointed_at"]))
