"""Repositories in the recycle bin: their own rows lie here, and what belongs to them stays where it is."""

from datetime import datetime

from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.recycling import DeletedRepository, Deletion
from entrepot.domain.repositories import Repository
from entrepot.ports.recycling import Moment
from entrepot.storage.metadata.columns import to_column, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.repositories import to_repository
from entrepot.storage.metadata.revisions import RevisedSubject

_LATEST = 2**62  # microseconds: behind every time that a row can have
_LAST = "~"  # behind every id

_PUT = """
INSERT INTO deleted_repository (id, account, region, name, created_at, mutability, mutability_filters,
                                scan_on_push, encryption_type, kms_key, deleted_at, deleted_by, kept_until)
SELECT id, account, region, name, created_at, mutability, mutability_filters, scan_on_push, encryption_type,
       kms_key, CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT)
  FROM repository WHERE id = $1
"""
_LEAVE = "DELETE FROM repository WHERE id = $1"
_TAKE_BACK = """
INSERT INTO repository (id, account, region, name, created_at, mutability, mutability_filters, scan_on_push,
                        encryption_type, kms_key)
SELECT id, account, region, CAST($2 AS TEXT), created_at, mutability, mutability_filters, scan_on_push,
       encryption_type, kms_key
  FROM deleted_repository WHERE id = $1
ON CONFLICT (account, region, name) DO NOTHING
"""
_REMOVE = "DELETE FROM deleted_repository WHERE id = $1"
_DELETED = """
SELECT r.id, r.account, r.region, r.name, r.created_at, r.mutability, r.mutability_filters,
       r.scan_on_push, r.encryption_type, r.kms_key, r.deleted_at, r.deleted_by, r.kept_until
  FROM deleted_repository AS r
"""
_OF_REPOSITORY = 10  # the first columns, which are those of a repository
_FIND = f"{_DELETED} WHERE r.id = $1 AND r.account = $2 AND r.region = $3"
_PAGE = f"""{_DELETED}
 WHERE r.account = $1 AND r.region = $2 AND (r.deleted_at, r.id) < ($3, $4)
 ORDER BY r.deleted_at DESC, r.id DESC
 LIMIT $5
"""
_PAGE_OF_NAME = f"""{_DELETED}
 WHERE r.account = $1 AND r.region = $2 AND r.name = $3 AND (r.deleted_at, r.id) < ($4, $5)
 ORDER BY r.deleted_at DESC, r.id DESC
 LIMIT $6
"""
_ENDED = "SELECT id FROM deleted_repository WHERE kept_until <= $1 ORDER BY kept_until LIMIT $2"


class SqlDeletedRepositories(RevisedSubject):
    """The `deleted_repository` table."""

    __slots__ = ()

    async def put(self, repository: Repository, deletion: Deletion) -> None:
        await self._connection.run(
            _PUT, repository.id, to_column(deletion.at), deletion.by, to_column(deletion.until)
        )
        await self._connection.run(_LEAVE, repository.id)
        await self._revision.change()

    async def find(self, registry: Registry, repository_id: str) -> DeletedRepository | None:
        row = await self._connection.row(_FIND, repository_id, registry.account, registry.region)
        return None if row is None else _to_deleted(row)

    async def newest(self, registry: Registry, name: RepositoryName) -> DeletedRepository | None:
        found = await self.page(registry, name, before=None, limit=1)
        return found[0] if found else None

    async def page(
        self, registry: Registry, name: RepositoryName | None, *, before: Moment | None, limit: int
    ) -> list[DeletedRepository]:
        at, last = (_LATEST, _LAST) if before is None else (to_column(before[0]), before[1])
        statement, named = (_PAGE, ()) if name is None else (_PAGE_OF_NAME, (name,))
        rows = await self._connection.rows(
            statement, registry.account, registry.region, *named, at, last, limit
        )
        return [_to_deleted(row) for row in rows]

    async def take_back(self, repository_id: str, name: RepositoryName) -> bool:
        if not await self._connection.run(_TAKE_BACK, repository_id, name):
            return False
        await self._connection.run(_REMOVE, repository_id)
        await self._revision.change()
        return True

    async def remove(self, repository_id: str) -> bool:
        return await self._connection.run(_REMOVE, repository_id) > 0

    async def ended(self, by: datetime, limit: int) -> list[str]:
        return [row["id"] for row in await self._connection.rows(_ENDED, to_column(by), limit)]


def _to_deleted(row: Row) -> DeletedRepository:
    deletion = Deletion(at=to_time(row["deleted_at"]), until=to_time(row["kept_until"]), by=row["deleted_by"])
    return DeletedRepository(to_repository(tuple(row)[:_OF_REPOSITORY]), deletion)
