"""Repositories by name, and what is left of removed ones."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from entrepot.domain.mutability import Mutability, TagMutability
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.repositories import Encryption, Repository
from entrepot.storage.metadata.columns import to_column, to_json, to_list, to_time
from entrepot.storage.metadata.revisions import RevisedSubject

REPOSITORY = """
SELECT r.id, r.account, r.region, r.name, r.created_at, r.mutability, r.mutability_filters,
       r.scan_on_push, r.encryption_type, r.kms_key
  FROM repository AS r
"""
_FIND = f"{REPOSITORY} WHERE r.account = $1 AND r.region = $2 AND r.name = $3"
_FIND_BY_ID = f"{REPOSITORY} WHERE r.id = $1"
_PAGE = f"{REPOSITORY} WHERE r.account = $1 AND r.region = $2 AND r.name > $3 ORDER BY r.name LIMIT $4"
_ADD = """
INSERT INTO repository (id, account, region, name, created_at, mutability, mutability_filters,
                        scan_on_push, encryption_type, kms_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (account, region, name) DO NOTHING
"""
# It is empty, so it need not be counted; one that comes back with what it held has its total still.
_ADD_TOTAL = """
INSERT INTO repository_total (repository_id, account, region, images, tags, size_bytes, pulls, pushed_at,
                              pulled_at, counts, counted_at, unique_bytes, unique_at, unique_due_at)
VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0, 1, $4, 0, $4, 0)
ON CONFLICT (repository_id) DO NOTHING
"""
_CHANGE = "UPDATE repository SET mutability = $2, mutability_filters = $3, scan_on_push = $4 WHERE id = $1"
_REMOVE = "DELETE FROM repository WHERE id = $1"
# The tables that keep what a removed repository held, and what tells the rows of one repository apart.
_LEFT = {
    "image": "digest",
    "manifest": "digest",
    "tag": "tag",
    "image_layer": "digest, blob_digest",
    "image_child": "digest, child_digest",
    "resource_tag": "tag_key",
    "repository_policy": "repository_id",
    "lifecycle_policy": "repository_id",
    "lifecycle_preview": "repository_id",
    "lifecycle_preview_result": "preview_id, position",
    "image_pin": "digest",
    "image_use": "digest, report_id",
    "held_layer": "digest",
    "deleted_image": "digest",
    "tag_event": "id",
    "deletion_protection": "repository_id",
    "repository_change": "id",
    "repository_day": "day",
    "repository_total": "repository_id",
}


def _clearing(table: str, key: str) -> str:
    """By whole keys and not by repository alone: a portable DELETE has no LIMIT of its own."""
    return f"""
    DELETE FROM {table} WHERE repository_id = $1
       AND ({key}) IN (SELECT {key} FROM {table} WHERE repository_id = $1 LIMIT $2)
    """  # noqa: S608  (built of constants)


_CLEAR = tuple(_clearing(table, key) for table, key in _LEFT.items())


class SqlRepositories(RevisedSubject):
    """The `repository` table."""

    __slots__ = ()

    async def find(self, registry: Registry, name: RepositoryName) -> Repository | None:
        row = await self._connection.row(_FIND, registry.account, registry.region, name)
        return None if row is None else to_repository(row)

    async def find_by_id(self, repository_id: str) -> Repository | None:
        row = await self._connection.row(_FIND_BY_ID, repository_id)
        return None if row is None else to_repository(row)

    async def page(self, registry: Registry, *, after: str, limit: int) -> list[Repository]:
        rows = await self._connection.rows(_PAGE, registry.account, registry.region, after, limit)
        return [to_repository(row) for row in rows]

    async def add(self, repository: Repository) -> bool:
        added = await self._connection.run(
            _ADD,
            repository.id,
            repository.registry.account,
            repository.registry.region,
            repository.name,
            to_column(repository.created_at),
            repository.mutability.setting.value,
            to_json(repository.mutability.filters),
            int(repository.scan_on_push),
            repository.encryption.type,
            repository.encryption.kms_key,
        )
        if added:
            await self._connection.run(
                _ADD_TOTAL,
                repository.id,
                repository.registry.account,
                repository.registry.region,
                to_column(repository.created_at),
            )
        return added > 0

    async def change(self, repository: Repository) -> None:
        await self._connection.run(
            _CHANGE,
            repository.id,
            repository.mutability.setting.value,
            to_json(repository.mutability.filters),
            int(repository.scan_on_push),
        )
        await self._revision.change()

    async def remove(self, repository_id: str) -> None:
        await self._connection.run(_REMOVE, repository_id)
        await self._revision.change()

    async def clear(self, repository_id: str, limit: int) -> int:
        cleared = 0
        for statement in _CLEAR:
            if cleared < limit:
                cleared += await self._connection.run(statement, repository_id, limit - cleared)
        return cleared


def to_repository(row: Iterable[Any]) -> Repository:
    """The repository in a row of `REPOSITORY`; equal rows give one object, most requests need one."""
    return _repository(*row)


@lru_cache(maxsize=4096)
def _repository(
    repository_id: str,
    account: str,
    region: str,
    name: str,
    *settings: Any,
) -> Repository:
    created_at, mutability, filters, scan_on_push, encryption_type, kms_key = settings
    return Repository(
        id=repository_id,
        registry=Registry(account, region),
        name=RepositoryName(name),
        created_at=to_time(created_at),
        mutability=TagMutability(Mutability(mutability), tuple(to_list(filters))),
        scan_on_push=bool(scan_on_push),
        encryption=Encryption(encryption_type, kms_key),
    )
