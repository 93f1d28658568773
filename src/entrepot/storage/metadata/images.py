"""Images by digest, and by tag."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from entrepot.domain.digests import Digest
from entrepot.domain.images import Image, ImageLife, ImageStatus
from entrepot.domain.names import Tag
from entrepot.storage.metadata.batches import batches, placeholders
from entrepot.storage.metadata.changes import CountedSubject
from entrepot.storage.metadata.columns import (
    to_column,
    to_json,
    to_map,
    to_optional_column,
    to_optional_time,
    to_time,
)
from entrepot.storage.metadata.connection import Row

SELECT_IMAGE = """
SELECT i.digest, i.media_type, i.artifact_type, i.manifest_bytes, i.size_bytes, i.subject_digest,
       i.annotations, i.pushed_at, i.last_pulled_at, i.status, i.archived_at, i.activated_at
"""
BY_DIGEST = "WHERE i.repository_id = $1 AND i.digest = $2"
BY_TAG = """
  JOIN tag AS t ON t.repository_id = i.repository_id AND t.digest = i.digest
 WHERE t.repository_id = $1 AND t.tag = $2
"""
_IMAGE = f"{SELECT_IMAGE} FROM image AS i"
_FIND = f"{_IMAGE} {BY_DIGEST}"
_FIND_TAGGED = f"{_IMAGE} {BY_TAG}"
_FIND_MANY = f"{_IMAGE} WHERE i.repository_id = $1 AND i.digest IN (…)"
_HAS_TAG = "EXISTS (SELECT 1 FROM tag AS t WHERE t.repository_id = i.repository_id AND t.digest = i.digest)"
_AFTER = f"{_IMAGE} WHERE i.repository_id = $1 AND i.digest > $2"
_TAGGED = {None: "", True: f" AND {_HAS_TAG}", False: f" AND NOT {_HAS_TAG}"}
# NULL stands for ACTIVE, so that the rows of older releases need no change. The constants let an index serve.
HAS_STATUS = {
    None: "",
    ImageStatus.ACTIVE: " AND i.status IS NULL",
    ImageStatus.ARCHIVED: " AND i.status = 'ARCHIVED'",
    ImageStatus.ACTIVATING: " AND i.status = 'ACTIVATING'",
}
_PAGE = {
    (tagged, status): f"{_AFTER}{has_status}{has_tags} ORDER BY i.digest LIMIT $3"
    for tagged, has_tags in _TAGGED.items()
    for status, has_status in HAS_STATUS.items()
}
_REFERRERS = f"{_AFTER} AND i.subject_digest = $3"
_OF_TYPES = " AND i.artifact_type IN (…)"
_REFERRERS_END = " ORDER BY i.digest LIMIT $4"
_LIVES = """
SELECT digest, subject_digest, pushed_at, last_pulled_at, status, archived_at, activated_at
  FROM image
 WHERE repository_id = $1 AND digest > $2
 ORDER BY digest
 LIMIT $3
"""
_ADD = """
INSERT INTO image (repository_id, digest, media_type, artifact_type, manifest_bytes, size_bytes,
                   subject_digest, annotations, pushed_at, last_pulled_at, status, archived_at, activated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (repository_id, digest) DO NOTHING
"""
_REMOVE = "DELETE FROM image WHERE repository_id = $1 AND digest = $2 RETURNING size_bytes"
_REMOVE_TAGS = "DELETE FROM tag WHERE repository_id = $1 AND digest = $2"
_REMOVE_PARTS = (
    "DELETE FROM manifest WHERE repository_id = $1 AND digest = $2",
    "DELETE FROM image_layer WHERE repository_id = $1 AND digest = $2",
    "DELETE FROM image_child WHERE repository_id = $1 AND digest = $2",
    "DELETE FROM image_pin WHERE repository_id = $1 AND digest = $2",
)
_ANY = "SELECT 1 FROM image WHERE repository_id = $1 LIMIT 1"
_ANY_OF_STATUS = "SELECT 1 FROM image WHERE repository_id = $1 AND status = $2 LIMIT 1"
_ARCHIVE = "UPDATE image SET status = 'ARCHIVED', archived_at = $3 WHERE repository_id = $1 AND digest = $2"
_SET_STATUS = "UPDATE image SET status = $3, activated_at = $4 WHERE repository_id = $1 AND digest = $2"
_NOTE_PULLS = """
UPDATE image
   SET pulls = COALESCE(pulls, 0) + $4,
       last_pulled_at = CASE WHEN last_pulled_at > $3 THEN last_pulled_at ELSE $3 END
 WHERE repository_id = $1 AND digest = $2
"""


class SqlImages(CountedSubject):
    """The `image` table."""

    __slots__ = ()

    async def find(self, repository_id: str, digest: Digest) -> Image | None:
        row = await self._connection.row(_FIND, repository_id, digest)
        return None if row is None else to_image(row)

    async def find_tagged(self, repository_id: str, tag: Tag) -> Image | None:
        row = await self._connection.row(_FIND_TAGGED, repository_id, tag)
        return None if row is None else to_image(row)

    async def find_many(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, Image]:
        found: dict[Digest, Image] = {}
        for batch in batches(digests):
            statement = _FIND_MANY.replace("…", placeholders(2, len(batch)))
            rows = await self._connection.rows(statement, repository_id, *batch)
            found |= {image.digest: image for image in map(to_image, rows)}
        return found

    async def page(
        self,
        repository_id: str,
        *,
        after: str,
        limit: int,
        tagged: bool | None = None,
        status: ImageStatus | None = None,
    ) -> list[Image]:
        rows = await self._connection.rows(_PAGE[tagged, status], repository_id, after, limit)
        return [to_image(row) for row in rows]

    async def lives(self, repository_id: str, *, after: str, limit: int) -> list[ImageLife]:
        rows: Iterable[Any] = await self._connection.rows(_LIVES, repository_id, after, limit)
        return [
            ImageLife(
                digest,
                subject,
                to_time(pushed),
                to_optional_time(pulled),
                ImageStatus(status or ImageStatus.ACTIVE),
                to_optional_time(archived),
                to_optional_time(activated),
            )
            for digest, subject, pushed, pulled, status, archived, activated in rows
        ]

    async def add(self, repository_id: str, image: Image) -> bool:
        added = await self._connection.run(
            _ADD,
            repository_id,
            image.digest,
            image.media_type,
            image.artifact_type,
            image.manifest_bytes,
            image.size_bytes,
            image.subject_digest,
            to_json(image.annotations),
            to_column(image.pushed_at),
            to_optional_column(image.last_pulled_at),
            _status_column(image.status),
            to_optional_column(image.archived_at),
            to_optional_column(image.activated_at),
        )
        if added:
            pushed_at = to_column(image.pushed_at)
            self._changes.note(repository_id, images=1, size_bytes=image.size_bytes, pushed_at=pushed_at)
        return added > 0

    async def remove(self, repository_id: str, digest: Digest) -> None:
        removed = await self._connection.row(_REMOVE, repository_id, digest)
        tags = await self._connection.run(_REMOVE_TAGS, repository_id, digest)
        if removed is not None:
            self._changes.note(repository_id, images=-1, tags=-tags, size_bytes=-removed["size_bytes"])
        elif tags:
            self._changes.note(repository_id, tags=-tags)
        for statement in _REMOVE_PARTS:
            await self._connection.run(statement, repository_id, digest)

    async def has_any(self, repository_id: str) -> bool:
        return await self._connection.row(_ANY, repository_id) is not None

    async def has_archived(self, repository_id: str) -> bool:
        for status in (ImageStatus.ARCHIVED, ImageStatus.ACTIVATING):
            if await self._connection.row(_ANY_OF_STATUS, repository_id, status.value) is not None:
                return True
        return False

    async def set_status(self, repository_id: str, digest: Digest, status: ImageStatus, at: datetime) -> None:
        if status is ImageStatus.ARCHIVED:
            await self._connection.run(_ARCHIVE, repository_id, digest, to_column(at))
            return
        await self._connection.run(_SET_STATUS, repository_id, digest, _status_column(status), to_column(at))

    async def note_pulls(self, repository_id: str, digest: Digest, at: datetime, *, pulls: int) -> None:
        await self._connection.run(_NOTE_PULLS, repository_id, digest, to_column(at), pulls)
        self._changes.note(repository_id, pulls=pulls, pulled_at=to_column(at))

    async def referrers(
        self,
        repository_id: str,
        subject: Digest,
        *,
        after: str,
        limit: int,
        artifact_types: Sequence[str] = (),
        status: ImageStatus | None = None,
    ) -> list[Image]:
        statement = _REFERRERS + HAS_STATUS[status]
        if artifact_types:
            statement += _OF_TYPES.replace("…", placeholders(5, len(artifact_types)))
        statement += _REFERRERS_END
        rows = await self._connection.rows(statement, repository_id, after, subject, limit, *artifact_types)
        return [to_image(row) for row in rows]


def to_image(row: Row) -> Image:
    """The image in a row of SELECT_IMAGE."""
    return Image(
        digest=row["digest"],
        media_type=row["media_type"],
        artifact_type=row["artifact_type"],
        manifest_bytes=row["manifest_bytes"],
        size_bytes=row["size_bytes"],
        subject_digest=row["subject_digest"],
        annotations=to_map(row["annotations"]),
        pushed_at=to_time(row["pushed_at"]),
        last_pulled_at=to_optional_time(row["last_pulled_at"]),
        status=ImageStatus(row["status"] or ImageStatus.ACTIVE),
        archived_at=to_optional_time(row["archived_at"]),
        activated_at=to_optional_time(row["activated_at"]),
    )


def _status_column(status: ImageStatus) -> str | None:
    return None if status is ImageStatus.ACTIVE else status.value
