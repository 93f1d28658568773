"""Images in the recycle bin.

Such an image keeps its rows in the tables of images, manifests and references, under the id of its
repository's bin in place of the repository's: nothing that reads a repository meets them, and the collector
and whoever copies or seals rows anew treats them as any other.
"""

from collections.abc import Sequence
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.names import Registry, Tag
from entrepot.domain.recycling import BinEntry, DeletedImage, Deletion, bin_of
from entrepot.domain.repositories import Repository
from entrepot.ports.recycling import Moment
from entrepot.storage.metadata.changes import CountedSubject
from entrepot.storage.metadata.columns import to_column, to_json, to_list, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.images import SELECT_IMAGE, to_image

_LATEST = 2**62  # microseconds: behind every time that a row can have
_LAST = "~"  # behind every digest

_MOVE_IMAGE = """
UPDATE image SET repository_id = $3 WHERE repository_id = $1 AND digest = $2 RETURNING size_bytes
"""
_MOVE = (
    "UPDATE manifest SET repository_id = $3 WHERE repository_id = $1 AND digest = $2",
    "UPDATE image_layer SET repository_id = $3 WHERE repository_id = $1 AND digest = $2",
    "UPDATE image_child SET repository_id = $3 WHERE repository_id = $1 AND digest = $2",
)
# Before the rows are moved. What is held already stays as it is: a base layer must not become a hot row.
_HOLD = """
INSERT INTO held_layer (repository_id, digest, blob_key, held_at, archived_at)
SELECT CAST($3 AS TEXT), h.digest, h.blob_key, CAST($4 AS BIGINT), h.archived_at
  FROM held_layer AS h
 WHERE h.repository_id = $1
   AND h.digest IN (SELECT l.blob_digest FROM image_layer AS l WHERE l.repository_id = $1 AND l.digest = $2)
ON CONFLICT (repository_id, digest) DO NOTHING
"""
# Before the rows are moved or removed: what no other image here uses. Only a bin lets go at once.
_RELEASE = """
DELETE FROM held_layer
 WHERE repository_id = $1
   AND digest IN (SELECT l.blob_digest FROM image_layer AS l WHERE l.repository_id = $1 AND l.digest = $2)
   AND NOT EXISTS (SELECT 1 FROM image_layer AS o
                    WHERE o.repository_id = held_layer.repository_id
                      AND o.blob_digest = held_layer.digest AND o.digest <> $2)
"""
_REMOVE_TAGS = "DELETE FROM tag WHERE repository_id = $1 AND digest = $2"
_ADD = """
INSERT INTO deleted_image (repository_id, digest, account, region, tags, deleted_at, deleted_by,
                           rule_priority, kept_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_REMOVE = "DELETE FROM deleted_image WHERE repository_id = $1 AND digest = $2"
_ERASE = (
    _RELEASE,
    "DELETE FROM image WHERE repository_id = $1 AND digest = $2",
    "DELETE FROM manifest WHERE repository_id = $1 AND digest = $2",
    "DELETE FROM image_layer WHERE repository_id = $1 AND digest = $2",
    "DELETE FROM image_child WHERE repository_id = $1 AND digest = $2",
)
_IS_THERE = "SELECT 1 FROM deleted_image WHERE repository_id = $1 AND digest = $2"
_IS_LIVE = "SELECT 1 FROM image WHERE repository_id = $1 AND digest = $2"
_DELETED = f"""{SELECT_IMAGE}
     , d.tags, d.deleted_at, d.deleted_by, d.rule_priority, d.kept_until
  FROM deleted_image AS d
  JOIN image AS i ON i.repository_id = d.repository_id AND i.digest = d.digest
"""
_FIND = f"{_DELETED} WHERE d.repository_id = $1 AND d.digest = $2"
_PAGE = f"""{_DELETED}
 WHERE d.repository_id = $1 AND (d.deleted_at, d.digest) < ($2, $3)
 ORDER BY d.deleted_at DESC, d.digest DESC
 LIMIT $4
"""
_REFERRERS = f"""{SELECT_IMAGE}
     , d.tags, d.deleted_at, d.deleted_by, d.rule_priority, d.kept_until
  FROM image AS i
  JOIN deleted_image AS d ON d.repository_id = i.repository_id AND d.digest = i.digest
 WHERE i.repository_id = $1 AND i.subject_digest = $2
 ORDER BY i.digest
 LIMIT $3
"""
_CHILDREN = (
    "SELECT child_digest FROM image_child WHERE repository_id = $1 AND digest = $2 ORDER BY child_digest"
)
_ENDED = "SELECT repository_id, digest FROM deleted_image WHERE kept_until <= $1 ORDER BY kept_until LIMIT $2"
_ENTRY = """
SELECT d.repository_id, d.digest, d.deleted_at, i.size_bytes
  FROM deleted_image AS d
  JOIN image AS i ON i.repository_id = d.repository_id AND i.digest = d.digest
"""
_OF_REGISTRY = f"""{_ENTRY}
 WHERE d.account = $1 AND d.region = $2 AND (d.repository_id, d.digest) > ($3, $4)
 ORDER BY d.repository_id, d.digest
 LIMIT $5
"""
_OF_REPOSITORY = f"{_ENTRY} WHERE d.repository_id = $1 AND d.digest > $2 ORDER BY d.digest LIMIT $3"


class SqlDeletedImages(CountedSubject):
    """The table `deleted_image`, and the rows of its images in other tables."""

    __slots__ = ()

    async def put(
        self, repository: Repository, digest: Digest, tags: Sequence[Tag], deletion: Deletion
    ) -> None:
        place = bin_of(repository.id)
        await self.erase(place, digest)
        images, size_bytes = await self._move(repository.id, digest, place, deletion.at)
        tags_removed = await self._connection.run(_REMOVE_TAGS, repository.id, digest)
        self._changes.note(repository.id, images=-images, tags=-tags_removed, size_bytes=-size_bytes)
        await self._connection.run(
            _ADD,
            place,
            digest,
            repository.registry.account,
            repository.registry.region,
            to_json(tags),
            to_column(deletion.at),
            deletion.by,
            deletion.rule_priority,
            to_column(deletion.until),
        )

    async def find(self, repository_id: str, digest: Digest) -> DeletedImage | None:
        row = await self._connection.row(_FIND, bin_of(repository_id), digest)
        return None if row is None else _to_deleted(row)

    async def page(self, repository_id: str, *, before: Moment | None, limit: int) -> list[DeletedImage]:
        at, digest = (_LATEST, _LAST) if before is None else (to_column(before[0]), before[1])
        rows = await self._connection.rows(_PAGE, bin_of(repository_id), at, digest, limit)
        return [_to_deleted(row) for row in rows]

    async def children(self, repository_id: str, digest: Digest) -> list[Digest]:
        rows = await self._connection.rows(_CHILDREN, bin_of(repository_id), digest)
        return [Digest(row["child_digest"]) for row in rows]

    async def referrers(self, repository_id: str, subject: Digest, limit: int) -> list[DeletedImage]:
        rows = await self._connection.rows(_REFERRERS, bin_of(repository_id), subject, limit)
        return [_to_deleted(row) for row in rows]

    async def take_back(self, repository_id: str, digest: Digest, at: datetime) -> None:
        place = bin_of(repository_id)
        if await self._connection.row(_IS_LIVE, repository_id, digest) is not None:
            await self.erase(place, digest)
            return
        await self._connection.run(_REMOVE, place, digest)
        images, size_bytes = await self._move(place, digest, repository_id, at, release=True)
        self._changes.note(repository_id, images=images, size_bytes=size_bytes)

    async def erase(self, place: str, digest: Digest) -> bool:
        if await self._connection.row(_IS_THERE, place, digest) is None:
            return False
        for statement in (*_ERASE, _REMOVE):
            await self._connection.run(statement, place, digest)
        return True

    async def ended(self, by: datetime, limit: int) -> list[tuple[str, Digest]]:
        rows = await self._connection.rows(_ENDED, to_column(by), limit)
        return [(row["repository_id"], row["digest"]) for row in rows]

    async def of_registry(self, registry: Registry, *, after: tuple[str, str], limit: int) -> list[BinEntry]:
        rows = await self._connection.rows(_OF_REGISTRY, registry.account, registry.region, *after, limit)
        return [_to_entry(row) for row in rows]

    async def of_repository(self, repository_id: str, *, after: str, limit: int) -> list[BinEntry]:
        rows = await self._connection.rows(_OF_REPOSITORY, bin_of(repository_id), after, limit)
        return [_to_entry(row) for row in rows]

    async def _move(
        self, source: str, digest: Digest, target: str, at: datetime, *, release: bool = False
    ) -> tuple[int, int]:
        """Give the image's rows to another owner, which holds its layers from then on too.

        How many images that were, one or none, and their bytes.
        """
        await self._connection.run(_HOLD, source, digest, target, to_column(at))
        if release:
            await self._connection.run(_RELEASE, source, digest)
        moved = await self._connection.row(_MOVE_IMAGE, source, digest, target)
        for statement in _MOVE:
            await self._connection.run(statement, source, digest, target)
        return (0, 0) if moved is None else (1, moved["size_bytes"])


def _to_deleted(row: Row) -> DeletedImage:
    deletion = Deletion(
        at=to_time(row["deleted_at"]),
        until=to_time(row["kept_until"]),
        by=row["deleted_by"],
        rule_priority=row["rule_priority"],
    )
    return DeletedImage(to_image(row), tuple(Tag(tag) for tag in to_list(row["tags"])), deletion)


def _to_entry(row: Row) -> BinEntry:
    return BinEntry(
        place=row["repository_id"],
        digest=row["digest"],
        size_bytes=row["size_bytes"],
        deleted_at=to_time(row["deleted_at"]),
    )
