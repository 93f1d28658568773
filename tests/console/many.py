"""Very many repositories, and very many images of one, written straight into the tables of a server."""

import sqlite3
from contextlib import closing

from tests.console.registry import Registry

_COUNT = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count) "
_REPOSITORIES = (
    _COUNT
    + """
    INSERT INTO repository
    SELECT 'many-' || i, account, region, printf('team-%03d/app-%06d', i / 1000, i), created_at + i * 1000000,
        mutability, mutability_filters, scan_on_push, encryption_type, kms_key
    FROM repository, n WHERE region = :region AND name = :name
    """
)
# Figures that are spread, and as the jobs would have added them up.
_TOTALS = (
    _COUNT
    + """
    INSERT INTO repository_total (repository_id, account, region, images, tags, size_bytes, pulls, pushed_at,
        pulled_at, counts, counted_at, unique_at, unique_due_at)
    SELECT 'many-' || i, account, region, i * 7919 % 1000, 0, i * 104729 % 1000003, i % 3 * (i * 31 % 5000),
        created_at + i * 7919 % 100003, i % 3 * created_at, 1, created_at + i, 0, 0
    FROM repository, n WHERE region = :region AND name = :name
    """
)
_IMAGES = (
    _COUNT
    + """
    INSERT INTO image (repository_id, digest, media_type, artifact_type, manifest_bytes, size_bytes,
        subject_digest, annotations, pushed_at, last_pulled_at, pulls)
    SELECT repository_id, printf('sha256:%064x', i + 1), media_type, artifact_type, manifest_bytes,
        size_bytes + i, subject_digest, annotations, pushed_at - i * 1000000, last_pulled_at,
        CASE i % 2 WHEN 0 THEN i * 7919 % 100003 END
    FROM image, n
    WHERE repository_id = (SELECT id FROM repository WHERE region = :region AND name = :name)
    """
)
_TAGS = (
    _COUNT
    + """
    INSERT INTO tag (repository_id, tag, digest, pointed_at)
    SELECT repository_id, printf('v%06d', i), printf('sha256:%064x', i + 1), pointed_at
    FROM tag, n
    WHERE repository_id = (SELECT id FROM repository WHERE region = :region AND name = :name)
    """
)


def fill(registry: Registry, name: str, count: int) -> None:
    """Add as many repositories like this one, and as many images like its only one; restarts the server."""
    registry.server.stop()
    database = registry.server.data_folder / "metadata" / "entrepot.db"
    asked = {"count": count, "region": registry.region, "name": name}
    with closing(sqlite3.connect(database)) as rows:
        for statement in (_IMAGES, _TAGS, _TOTALS, _REPOSITORIES):
            rows.execute(statement, asked)
        rows.commit()
    registry.server.start()
