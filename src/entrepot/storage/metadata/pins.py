"""Pinned images."""

from collections.abc import Sequence

from entrepot.domain.digests import Digest
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.pins import Pin
from entrepot.domain.repositories import Repository
from entrepot.storage.metadata.batches import batches, placeholders
from entrepot.storage.metadata.columns import to_column, to_optional_column, to_optional_time, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.subject import Subject

_PIN = "SELECT p.digest, p.pinned_by, p.pinned_at, p.reason, p.until FROM image_pin AS p"
_FIND = f"{_PIN} WHERE p.repository_id = $1 AND p.digest = $2"
_OF_IMAGES = f"{_PIN} WHERE p.repository_id = $1 AND p.digest IN (…)"
_PAGE = f"{_PIN} WHERE p.repository_id = $1 AND p.digest > $2 ORDER BY p.digest LIMIT $3"
# A name may have been given anew: only the rows of the repository that has it now count.
_OF_REGISTRY = """
SELECT p.repository_name, p.digest, p.pinned_by, p.pinned_at, p.reason, p.until
  FROM image_pin AS p
  JOIN repository AS r ON r.id = p.repository_id
 WHERE p.account = $1 AND p.region = $2 AND (p.repository_name, p.digest) > ($3, $4)
 ORDER BY p.repository_name, p.digest
 LIMIT $5
"""
_PUT = """
INSERT INTO image_pin (repository_id, digest, account, region, repository_name, pinned_by, pinned_at,
                       reason, until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (repository_id, digest) DO UPDATE
   SET pinned_by = excluded.pinned_by, pinned_at = excluded.pinned_at,
       reason = excluded.reason, until = excluded.until
"""
_REMOVE = "DELETE FROM image_pin WHERE repository_id = $1 AND digest = $2"


class SqlPins(Subject):
    """The `image_pin` table."""

    __slots__ = ()

    async def find(self, repository_id: str, digest: Digest) -> Pin | None:
        row = await self._connection.row(_FIND, repository_id, digest)
        return None if row is None else _to_pin(row)

    async def put(self, repository: Repository, pin: Pin) -> None:
        await self._connection.run(
            _PUT,
            repository.id,
            pin.digest,
            repository.registry.account,
            repository.registry.region,
            repository.name,
            pin.pinned_by,
            to_column(pin.pinned_at),
            pin.reason,
            to_optional_column(pin.until),
        )

    async def remove(self, repository_id: str, digest: Digest) -> None:
        await self._connection.run(_REMOVE, repository_id, digest)

    async def of_images(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, Pin]:
        found: dict[Digest, Pin] = {}
        for batch in batches(digests):
            statement = _OF_IMAGES.replace("…", placeholders(2, len(batch)))
            rows = await self._connection.rows(statement, repository_id, *batch)
            found |= {pin.digest: pin for pin in map(_to_pin, rows)}
        return found

    async def page(self, repository_id: str, *, after: str, limit: int) -> list[Pin]:
        return [_to_pin(row) for row in await self._connection.rows(_PAGE, repository_id, after, limit)]

    async def of_registry(
        self, registry: Registry, *, after: tuple[str, str], limit: int
    ) -> list[tuple[RepositoryName, Pin]]:
        rows = await self._connection.rows(_OF_REGISTRY, registry.account, registry.region, *after, limit)
        return [(RepositoryName(row["repository_name"]), _to_pin(row)) for row in rows]


def _to_pin(row: Row) -> Pin:
    return Pin(
        digest=Digest(row["digest"]),
        pinned_by=row["pinned_by"],
        pinned_at=to_time(row["pinned_at"]),
        reason=row["reason"],
        until=to_optional_time(row["until"]),
    )
