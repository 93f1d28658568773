"""What clusters say they run."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from entrepot.domain.digests import Digest
from entrepot.domain.names import Registry
from entrepot.domain.usage import Cluster, Use
from entrepot.ports.keeping import Report, UsedImage
from entrepot.storage.metadata.batches import batches, placeholders, value_rows
from entrepot.storage.metadata.columns import to_column, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.subject import Subject

_REPORT = """
SELECT id, account, region, cluster, version, reported_by, reported_at, expires_at, images FROM usage_report
"""
_FIND = f"{_REPORT} WHERE account = $1 AND region = $2 AND cluster = $3"
_PAGE = f"{_REPORT} WHERE account = $1 AND region = $2 AND cluster > $3 ORDER BY cluster LIMIT $4"
_PUT = """
INSERT INTO usage_report (id, account, region, cluster, version, reported_by, reported_at, expires_at, images)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (account, region, cluster) DO UPDATE
   SET version = excluded.version, reported_by = excluded.reported_by, reported_at = excluded.reported_at,
       expires_at = excluded.expires_at, images = excluded.images
"""
_ENDED = f"{_REPORT} WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2"
_REMOVE = "DELETE FROM usage_report WHERE id = $1 AND version = $2"
_IMAGES = """
SELECT repository_id, digest FROM image_use
 WHERE report_id = $1 AND (repository_id, digest) > ($2, $3)
 ORDER BY repository_id, digest
 LIMIT $4
"""
_ADD = """
INSERT INTO image_use (report_id, repository_id, digest) VALUES …
ON CONFLICT (repository_id, digest, report_id) DO NOTHING
"""
_REMOVE_IMAGE = "DELETE FROM image_use WHERE repository_id = $1 AND digest = $2 AND report_id = $3"
_USE = """
SELECT u.digest, u.report_id, r.account, r.region, r.cluster, r.reported_at, r.expires_at
  FROM image_use AS u
  JOIN usage_report AS r ON r.id = u.report_id
 WHERE u.repository_id = $1
"""
_OF_IMAGES = f"{_USE} AND u.digest IN (…)"
_OF_REPOSITORY = f"""{_USE}
   AND (u.digest, u.report_id) > ($2, $3)
 ORDER BY u.digest, u.report_id
 LIMIT $4
"""


class SqlUsage(Subject):
    """The tables `usage_report` and `image_use`."""

    __slots__ = ()

    async def find(self, cluster: Cluster) -> Report | None:
        registry = cluster.registry
        row = await self._connection.row(_FIND, registry.account, registry.region, cluster.name)
        return None if row is None else _to_report(row)

    async def put(self, report: Report) -> None:
        await self._connection.run(
            _PUT,
            report.id,
            report.cluster.registry.account,
            report.cluster.registry.region,
            report.cluster.name,
            report.version,
            report.reported_by,
            to_column(report.reported_at),
            to_column(report.expires_at),
            report.images,
        )

    async def reports(self, registry: Registry, *, after: str, limit: int) -> list[Report]:
        rows = await self._connection.rows(_PAGE, registry.account, registry.region, after, limit)
        return [_to_report(row) for row in rows]

    async def ended(self, before: datetime, limit: int) -> list[Report]:
        return [_to_report(row) for row in await self._connection.rows(_ENDED, to_column(before), limit)]

    async def remove(self, report_id: str, version: str) -> bool:
        return await self._connection.run(_REMOVE, report_id, version) > 0

    async def images(self, report_id: str, *, after: tuple[str, str], limit: int) -> list[UsedImage]:
        rows = await self._connection.rows(_IMAGES, report_id, *after, limit)
        return [UsedImage(row["repository_id"], Digest(row["digest"])) for row in rows]

    async def add_images(self, report_id: str, images: Sequence[UsedImage]) -> None:
        for batch in batches(images):
            statement = _ADD.replace("…", value_rows(len(batch), shared=1, own=2))
            values = chain.from_iterable((image.repository_id, image.digest) for image in batch)
            await self._connection.run(statement, report_id, *values)

    async def remove_images(self, report_id: str, images: Sequence[UsedImage]) -> None:
        for image in images:
            await self._connection.run(_REMOVE_IMAGE, image.repository_id, image.digest, report_id)

    async def of_images(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, list[Use]]:
        found: dict[Digest, list[Use]] = {}
        for batch in batches(digests):
            statement = _OF_IMAGES.replace("…", placeholders(2, len(batch)))
            for row in await self._connection.rows(statement, repository_id, *batch):
                found.setdefault(Digest(row["digest"]), []).append(_to_use(row))
        return found

    async def of_repository(
        self, repository_id: str, *, after: tuple[str, str], limit: int
    ) -> list[tuple[Digest, str, Use]]:
        rows = await self._connection.rows(_OF_REPOSITORY, repository_id, *after, limit)
        return [(Digest(row["digest"]), row["report_id"], _to_use(row)) for row in rows]


def _to_report(row: Row) -> Report:
    return Report(
        id=row["id"],
        cluster=_to_cluster(row),
        version=row["version"],
        reported_by=row["reported_by"],
        reported_at=to_time(row["reported_at"]),
        expires_at=to_time(row["expires_at"]),
        images=row["images"],
    )


def _to_use(row: Row) -> Use:
    return Use(_to_cluster(row), to_time(row["reported_at"]), to_time(row["expires_at"]))


def _to_cluster(row: Row) -> Cluster:
    return Cluster(Registry(row["account"], row["region"]), row["cluster"])
