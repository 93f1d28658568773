"""How many rows there are, kept or read a page at a time by the tables' own keys."""

from datetime import datetime

from entrepot.ports.records import Counted, CountedPage, JobCount
from entrepot.storage.metadata.columns import to_column, to_time
from entrepot.storage.metadata.subject import Subject

# The bytes of a row, and its key; a row without bytes is looked at and not counted.
_PAGES = {
    Counted.ACCOUNTS: "SELECT 0 AS size, id FROM account WHERE id > $1 ORDER BY id LIMIT $2",
    Counted.BLOBS: (
        "SELECT size_bytes AS size, blob_key FROM blob WHERE blob_key > $1 ORDER BY blob_key LIMIT $2"
    ),
    Counted.ARCHIVED: (
        "SELECT packed_bytes AS size, blob_key FROM blob WHERE blob_key > $1 ORDER BY blob_key LIMIT $2"
    ),
    Counted.UPLOADS: "SELECT offset_bytes AS size, id FROM upload WHERE id > $1 ORDER BY id LIMIT $2",
}
_KEPT_COUNTS = (Counted.REPOSITORIES, Counted.IMAGES, Counted.TAGS)
_KEPT = """
SELECT repositories, images, tags, size_bytes, added_up_at, account, region
  FROM registry_total WHERE (account, region) > ($1, $2) ORDER BY account, region LIMIT $3
"""
# From the beginning of time: named, so that the index is searched and not the table.
_JOBS = "SELECT kind, leased_until, run_at FROM job WHERE run_at >= $1 ORDER BY run_at, id LIMIT $2"


class SqlCounts(Subject):
    """Every table that is counted."""

    __slots__ = ()

    async def page(self, what: Counted, *, after: tuple[str, ...] | None, limit: int) -> CountedPage:
        if what in _KEPT_COUNTS:
            return await self._kept_page(what, after or ("", ""), limit)
        rows = await self._connection.rows(_PAGES[what], *(after or ("",)), limit)
        last = (str(rows[-1][1]),) if len(rows) == limit else None
        sizes = [row["size"] for row in rows if row["size"] is not None]
        return CountedPage(len(sizes), sum(sizes), last)

    async def _kept_page(self, what: Counted, after: tuple[str, ...], limit: int) -> CountedPage:
        rows = await self._connection.rows(_KEPT, *after, limit)
        return CountedPage(
            sum(row[what.value] for row in rows),
            sum(row["size_bytes"] for row in rows) if what is Counted.IMAGES else 0,
            (rows[-1]["account"], rows[-1]["region"]) if len(rows) == limit else None,
            min((to_time(row["added_up_at"]) for row in rows), default=None),
        )

    async def jobs(self, now: datetime, limit: int) -> list[JobCount]:
        held: dict[str, int] = {}
        waiting: dict[str, list[int]] = {}
        for row in await self._connection.rows(_JOBS, 0, limit):
            if row["leased_until"] is not None and row["leased_until"] > to_column(now):
                held[row["kind"]] = held.get(row["kind"], 0) + 1
            else:
                waiting.setdefault(row["kind"], []).append(row["run_at"])
        return [
            JobCount(
                kind,
                waiting=len(waiting.get(kind, ())),
                running=held.get(kind, 0),
                oldest=to_time(waiting[kind][0]) if kind in waiting else None,
            )
            for kind in sorted({*held, *waiting})
        ]
