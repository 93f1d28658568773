"""How many rows there are, counted a page at a time by the tables' own keys."""

from datetime import datetime

from entrepot.ports.records import Counted, CountedPage, JobCount
from entrepot.storage.metadata.batches import placeholders
from entrepot.storage.metadata.columns import to_column, to_optional_time
from entrepot.storage.metadata.subject import Subject

# Table, key and bytes of what is counted; the bytes of rows without any are 0.
_PLACES = {
    Counted.ACCOUNTS: ("account", ("id",), "0"),
    Counted.REPOSITORIES: ("repository", ("id",), "0"),
    Counted.IMAGES: ("image", ("repository_id", "digest"), "manifest_bytes"),
    Counted.TAGS: ("tag", ("repository_id", "tag"), "0"),
    Counted.BLOBS: ("blob", ("blob_key",), "size_bytes"),
    Counted.UPLOADS: ("upload", ("id",), "offset_bytes"),
}
# OFFSET walks the key alone, and no further than a page is long.
_END = "SELECT {key} FROM {table} WHERE ({key}) > ({after}) ORDER BY {key} LIMIT 1 OFFSET {limit}"
_COUNT = "SELECT COUNT(*) AS n, COALESCE(SUM({size}), 0) AS size FROM {table} WHERE ({key}) > ({after})"
_JOBS = """
SELECT kind,
       SUM(CASE WHEN leased_until > $1 THEN 0 ELSE 1 END) AS waiting,
       SUM(CASE WHEN leased_until > $1 THEN 1 ELSE 0 END) AS running,
       MIN(CASE WHEN leased_until > $1 THEN NULL ELSE run_at END) AS oldest
  FROM (SELECT kind, leased_until, run_at FROM job ORDER BY run_at, id LIMIT $2) AS first_jobs
 GROUP BY kind
"""


class SqlCounts(Subject):
    """Every table that is counted."""

    __slots__ = ()

    async def page(self, what: Counted, *, after: tuple[str, ...] | None, limit: int) -> CountedPage:
        table, key, size = _PLACES[what]
        places = {"table": table, "key": ", ".join(key), "size": size}
        since = after or ("",) * len(key)
        behind = placeholders(1, len(key))
        end_sql = _END.format(**places, after=behind, limit=f"${len(key) + 1}")
        end = await self._connection.row(end_sql, *since, limit - 1)
        count_sql = _COUNT.format(**places, after=behind)
        if end is None:
            last = None
            row = await self._connection.row(count_sql, *since)
        else:
            last = tuple(str(part) for part in end)
            upto = f" AND ({places['key']}) <= ({placeholders(len(key) + 1, len(key))})"
            row = await self._connection.row(count_sql + upto, *since, *last)
        return CountedPage(0, 0, None) if row is None else CountedPage(int(row["n"]), int(row["size"]), last)

    async def jobs(self, now: datetime, limit: int) -> list[JobCount]:
        rows = await self._connection.rows(_JOBS, to_column(now), limit)
        return [
            JobCount(row["kind"], int(row["waiting"]), int(row["running"]), to_optional_time(row["oldest"]))
            for row in rows
        ]
