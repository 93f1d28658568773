"""What jobs add up once a minute or an hour: hurried, and given a past."""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from tests.console.registry import Registry

_PATIENCE_SECONDS = 60
JOBS = ("fold-totals", "registry-totals", "stored-bytes")


@contextmanager
def _rows(registry: Registry) -> Iterator[sqlite3.Connection]:
    database = registry.server.data_folder / "metadata" / "entrepot.db"
    with closing(sqlite3.connect(database, timeout=30)) as rows, rows:
        yield rows


def hurry(registry: Registry) -> None:
    """Have the jobs run at once that add up what registries hold."""
    with _rows(registry) as rows:
        for kind in JOBS:
            rows.execute("UPDATE job SET run_at = 0 WHERE kind = ?", (kind,))


def added_up(registry: Registry, repositories: int) -> dict[str, Any]:
    """The registry's statistics, once jobs have added up all of it."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        hurry(registry)
        told: dict[str, Any] = registry.server.own(registry.region).describe_registry_statistics()
        if told.get("repositoryCount") == repositories and told.get("storedBytes"):
            return told
        assert time.monotonic() < end, told
        time.sleep(0.2)


def note_pulls(registry: Registry, name: str, count: int) -> None:
    """As if images of a repository had been pulled so often, after its totals were added up once."""
    with _rows(registry) as rows:
        changed = rows.execute(
            "UPDATE repository_total SET pulls = :count, pulled_at = pushed_at"
            " WHERE repository_id = (SELECT id FROM repository WHERE region = :region AND name = :name)",
            {"count": count, "region": registry.region, "name": name},
        )
        assert changed.rowcount == 1


def note_image_pulls(registry: Registry, pulls: Mapping[str, int]) -> None:
    """As if images had been pulled so often, by digest."""
    with _rows(registry) as rows:
        for digest, count in pulls.items():
            changed = rows.execute(
                "UPDATE image SET pulls = ?, last_pulled_at = pushed_at WHERE digest = ?"
                " AND repository_id IN (SELECT id FROM repository WHERE region = ?)",
                (count, digest, registry.region),
            )
            assert changed.rowcount == 1


def give_past(registry: Registry, days: int) -> None:
    """Points for days before today, each with less than the one after it."""
    with _rows(registry) as rows:
        rows.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :days)"
            " INSERT INTO registry_day"
            " SELECT account, region, day - i, repositories, images, tags, size_bytes / (i + 1), pulls,"
            " stored_bytes / (i + 1) FROM registry_day, n WHERE region = :region",
            {"days": days, "region": registry.region},
        )
