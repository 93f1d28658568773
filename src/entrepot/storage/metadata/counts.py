"""How many rows there are, read a page at a time by the tables' own keys."""

from datetime import datetime

from entrepot.ports.records import Counted, CountedPage, JobCount
from entrepot.storage.metadata.columns import to_column, to_time
from entrepot.storage.metadata.subject import Subject

# The bytes of a row, and its key; a row without bytes is looked at and not counted.
_PAGES = {
    Counted.ACCOUNTS: "SELECT 0 AS size, id FROM account WHERE id > $1 ORDER BY id LIMIT $2",
    Counted.REPOSITORIES: "SELECT 0 AS size, id FROM repository WHERE id > $1 ORDER BY id LIMIT $2",
    Counted.IMAGES: (
        "SELECT manifest_bytes AS size, repository_id, digest FROM image"
        " WHERE (repository_id, digest) > ($1, $2) AND repository_id < '~'"  # bins come last
        " ORDER BY repository_id, digest LIMIT $3"
    ),
    Counted.TAGS: (
        "SELECT 0 AS size, repository_id, tag FROM tag"
        " WHERE (repository_id, tag) > ($1, $2) ORDER BY repository_id, tag LIMIT $3"
    ),
    Counted.BLOBS: (
        "SELECT size_bytes AS size, blob_key FROM blob WHERE blob_key > $1 ORDER BY blob_key LIMIT $2"
    ),
    Counted.ARCHIVED: (
        "SELECT packed_bytes AS size, blob_key FROM blob WHERE blob_key > $1 ORDER BY blob_key LIMIT $2"
    ),
    Counted.UPLOADS: "SELECT offset_bytes AS size, id FROM upload WHERE id > $1 ORDER BY id LIMIT $2",
}
_START: dict[Counted, tuple[str, ...]] = {Counted.IMAGES: ("", ""), Counted.TAGS: ("", "")}
# From the beginning of time: named, so that the index is searched and not the table.
_JOBS = "SELECT kind, leased_until, run_at FROM job WHERE run_at >= $1 ORDER BY run_at, id LIMIT $2"


class SqlCounts(Subject):
    """Every table that is counted."""

    __slots__ = ()

    async def page(self, what: Counted, *, after: tuple[str, ...] | None, limit: int) -> CountedPage:
        since = after or _START.get(what, ("",))
        rows = await self._connection.rows(_PAGES[what], *since, limit)
        last = tuple(map(str, tuple(rows[-1])[1:])) if len(rows) == limit else None
        sizes = [row["size"] for row in rows if row["size"] is not None]
        return CountedPage(len(sizes), sum(sizes), last)

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
