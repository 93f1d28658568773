"""What repositories and registries hold and how they are used: changes, totals and days."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from entrepot.domain.days import day_of
from entrepot.domain.digests import Digest
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.repositories import Repository
from entrepot.ports.statistics import (
    ChangeKey,
    CountTurn,
    DayPoint,
    HeldRow,
    Holder,
    Holding,
    ImagePulls,
    Rank,
    Ranked,
    Ranking,
    RegistrySum,
    RegistryTotal,
    RepositoryTotal,
    StoredBytes,
    SumRow,
    Tally,
    UniqueBytes,
    UsedLayer,
)
from entrepot.storage.metadata.batches import batches, placeholders, text_rows
from entrepot.storage.metadata.columns import to_column, to_optional_time, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.subject import Subject

_HIGHEST = (2**63 - 1, 2**63 - 1, "")  # above every place in an order
_TOTALS = """
SELECT repository_id, images, tags, size_bytes, pulls, pushed_at, pulled_at, counts, counted_at,
       unique_bytes, unique_at
  FROM repository_total WHERE repository_id IN (…)
"""
# A row for each push that the job has not come to yet: a few as a rule, and any number where it stands.
_WAITING = """
SELECT repository_id, images, tags, size_bytes, pulls, pushed_at, pulled_at FROM repository_change
 WHERE repository_id IN (…) LIMIT $1
"""
_WAITING_OF = """
SELECT repository_id, images, tags, size_bytes, pulls, pushed_at, pulled_at, id FROM repository_change
 WHERE repository_id = $1 AND id > $2 ORDER BY id LIMIT $3
"""
_PULLS = "SELECT digest, pulls, last_pulled_at FROM image WHERE repository_id = $1 AND digest IN (…)"
_CHANGES = """
SELECT repository_id, id FROM repository_change
 WHERE (repository_id, id) > ($1, $2) ORDER BY repository_id, id LIMIT $3
"""
_TAKE = """
DELETE FROM repository_change WHERE repository_id = $1 AND id IN (…)
RETURNING images, tags, size_bytes, pulls, pushed_at, pulled_at
"""
# Also to that of a repository in the recycle bin, which may come back.
_ADD = """
UPDATE repository_total
   SET images = images + $2, tags = tags + $3, size_bytes = size_bytes + $4, pulls = pulls + $5,
       pushed_at = CASE WHEN pushed_at > $6 THEN pushed_at ELSE $6 END,
       pulled_at = CASE WHEN pulled_at > $7 THEN pulled_at ELSE $7 END,
       unique_due_at = CASE WHEN unique_due_at > $8 THEN unique_due_at ELSE $8 END
 WHERE repository_id = $1
"""
# From the repository's row: what is left of a removed one gets no total.
_ADD_FIRST = """
INSERT INTO repository_total (repository_id, account, region, images, tags, size_bytes, pulls, pushed_at,
                              pulled_at, counts, counted_at, unique_at, unique_due_at)
SELECT r.id, r.account, r.region, CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT),
       CAST($5 AS BIGINT), CAST($6 AS BIGINT), CAST($7 AS BIGINT), 0, 0, 0, CAST($8 AS BIGINT)
  FROM repository AS r WHERE r.id = $1
ON CONFLICT (repository_id) DO UPDATE
   SET images = repository_total.images + excluded.images,
       tags = repository_total.tags + excluded.tags,
       size_bytes = repository_total.size_bytes + excluded.size_bytes,
       pulls = repository_total.pulls + excluded.pulls,
       pushed_at = CASE WHEN excluded.pushed_at > repository_total.pushed_at
                        THEN excluded.pushed_at ELSE repository_total.pushed_at END,
       pulled_at = CASE WHEN excluded.pulled_at > repository_total.pulled_at
                        THEN excluded.pulled_at ELSE repository_total.pulled_at END,
       unique_due_at = CASE WHEN excluded.unique_due_at > 0
                            THEN excluded.unique_due_at ELSE repository_total.unique_due_at END
"""
_PUT_DAY = """
INSERT INTO repository_day (repository_id, day, images, tags, size_bytes, pulls)
SELECT t.repository_id, CAST($2 AS BIGINT), t.images, t.tags, t.size_bytes, t.pulls
  FROM repository_total AS t WHERE t.repository_id = $1
ON CONFLICT (repository_id, day) DO UPDATE
   SET images = excluded.images, tags = excluded.tags, size_bytes = excluded.size_bytes,
       pulls = excluded.pulls
"""
_TURNS = """
SELECT r.id, t.counts, t.counted_at
  FROM repository AS r
  LEFT JOIN repository_total AS t ON t.repository_id = r.id
 WHERE r.id > $1 ORDER BY r.id LIMIT $2
"""
_IMAGES = """
SELECT digest, size_bytes, pushed_at FROM image WHERE repository_id = $1 AND digest > $2
 ORDER BY digest LIMIT $3
"""
_TAGS = """
SELECT tag, pointed_at FROM tag WHERE repository_id = $1 AND tag > $2 ORDER BY tag LIMIT $3
"""
_CORRECT = """
INSERT INTO repository_total (repository_id, account, region, images, tags, size_bytes, pulls, pushed_at,
                              pulled_at, counts, counted_at, unique_at, unique_due_at)
SELECT r.id, r.account, r.region, CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT),
       0, CAST($5 AS BIGINT), 0, 1, CAST($6 AS BIGINT), 0, CAST($8 AS BIGINT)
  FROM repository AS r WHERE r.id = $1
ON CONFLICT (repository_id) DO UPDATE
   SET images = repository_total.images + excluded.images,
       tags = repository_total.tags + excluded.tags,
       size_bytes = repository_total.size_bytes + excluded.size_bytes,
       pushed_at = CASE WHEN excluded.pushed_at > repository_total.pushed_at
                        THEN excluded.pushed_at ELSE repository_total.pushed_at END,
       counts = repository_total.counts + 1,
       counted_at = excluded.counted_at,
       unique_due_at = CASE WHEN excluded.unique_due_at > 0
                            THEN excluded.unique_due_at ELSE repository_total.unique_due_at END
 WHERE repository_total.counts = $7
"""
_DUE = """
SELECT repository_id, unique_due_at, unique_at FROM repository_total
 WHERE unique_due_at > 0 ORDER BY unique_due_at, repository_id LIMIT $1
"""
_HELD = """
SELECT h.digest, b.size_bytes,
       (SELECT 1 FROM image_layer AS l
         WHERE l.repository_id = h.repository_id AND l.blob_digest = h.digest LIMIT 1) AS used
  FROM held_layer AS h
  JOIN blob AS b ON b.blob_key = h.blob_key
 WHERE h.repository_id = $1 AND h.digest > $2
 ORDER BY h.digest LIMIT $3
"""
_PUT_UNIQUE = """
UPDATE repository_total
   SET unique_bytes = $2, unique_at = $3,
       unique_due_at = CASE WHEN unique_due_at > $4 THEN unique_due_at ELSE 0 END
 WHERE repository_id = $1
"""
_SUMS = """
SELECT t.repository_id, t.account, t.region, t.images, t.tags, t.size_bytes, t.pulls
  FROM repository_total AS t
  JOIN repository AS r ON r.id = t.repository_id
 WHERE t.repository_id > $1 ORDER BY t.repository_id LIMIT $2
"""
# The first and the last image that has a layer are one index entry each, however many there are.
_HOLDERS = """
SELECT h.blob_key, h.repository_id, r.account, r.region, b.size_bytes,
       (SELECT l.digest FROM image_layer AS l
         WHERE l.repository_id = h.repository_id AND l.blob_digest = h.digest
         ORDER BY l.digest LIMIT 1) AS first_user,
       (SELECT l.digest FROM image_layer AS l
         WHERE l.repository_id = h.repository_id AND l.blob_digest = h.digest
         ORDER BY l.digest DESC LIMIT 1) AS last_user
  FROM held_layer AS h
  JOIN blob AS b ON b.blob_key = h.blob_key
  JOIN repository AS r ON r.id = h.repository_id
 WHERE (h.blob_key, h.repository_id) > ($1, $2)
 ORDER BY h.blob_key, h.repository_id LIMIT $3
"""
_PUT_SUM = """
INSERT INTO registry_total (account, region, repositories, images, tags, size_bytes, pulls, added_up_at,
                            stored_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)
ON CONFLICT (account, region) DO UPDATE
   SET repositories = excluded.repositories, images = excluded.images, tags = excluded.tags,
       size_bytes = excluded.size_bytes, pulls = excluded.pulls, added_up_at = excluded.added_up_at
"""
_PUT_STORED = """
UPDATE registry_total SET stored_bytes = $3, shared_bytes = $4, stored_at = $5
 WHERE account = $1 AND region = $2
"""
_PUT_REGISTRY_DAY = """
INSERT INTO registry_day (account, region, day, repositories, images, tags, size_bytes, pulls, stored_bytes)
SELECT t.account, t.region, CAST($3 AS BIGINT), t.repositories, t.images, t.tags, t.size_bytes, t.pulls,
       t.stored_bytes
  FROM registry_total AS t WHERE t.account = $1 AND t.region = $2
ON CONFLICT (account, region, day) DO UPDATE
   SET repositories = excluded.repositories, images = excluded.images, tags = excluded.tags,
       size_bytes = excluded.size_bytes, pulls = excluded.pulls, stored_bytes = excluded.stored_bytes
"""
_REGISTRY = """
SELECT repositories, images, tags, size_bytes, pulls, added_up_at, stored_bytes, shared_bytes, stored_at
  FROM registry_total WHERE account = $1 AND region = $2
"""
_REGISTRIES = """
SELECT account, region FROM registry_total WHERE (account, region) > ($1, $2)
 ORDER BY account, region LIMIT $3
"""
_RANKED = """
SELECT t.repository_id, t.pulls, t.size_bytes, r.name
  FROM repository_total AS t
  JOIN repository AS r ON r.id = t.repository_id
 WHERE t.account = $1 AND t.region = $2
"""
_RANKINGS = {
    Ranking.LARGEST: f"""{_RANKED}
   AND t.size_bytes > 0 AND (t.size_bytes, t.repository_id) < ($3, $4)
 ORDER BY t.size_bytes DESC, t.repository_id DESC LIMIT $5
""",
    Ranking.MOST_PULLED: f"""{_RANKED}
   AND t.pulls > 0 AND (t.pulls, t.size_bytes, t.repository_id) < ($3, $4, $5)
 ORDER BY t.pulls DESC, t.size_bytes DESC, t.repository_id DESC LIMIT $6
""",
    Ranking.NEVER_PULLED: f"""{_RANKED}
   AND t.pulls = 0 AND t.size_bytes > 0 AND (t.size_bytes, t.repository_id) < ($3, $4)
 ORDER BY t.size_bytes DESC, t.repository_id DESC LIMIT $5
""",
}
_LAYERS_OF = """
SELECT l.blob_digest, l.media_type, h.blob_key, b.size_bytes
  FROM image_layer AS l
  LEFT JOIN held_layer AS h ON h.repository_id = l.repository_id AND h.digest = l.blob_digest
  LEFT JOIN blob AS b ON b.blob_key = h.blob_key
 WHERE l.repository_id = $1 AND l.digest = $2 AND l.blob_digest > $3
 ORDER BY l.blob_digest LIMIT $4
"""
_HOLDERS_OF = """
SELECT r.id, r.name
  FROM held_layer AS h
  JOIN repository AS r ON r.id = h.repository_id
 WHERE h.blob_key = $1 AND r.account = $2 AND r.region = $3
 ORDER BY h.repository_id LIMIT $4
"""
_USED_BY_OTHERS = """
WITH w (digest) AS (VALUES …)
SELECT w.digest,
       (SELECT 1 FROM image_layer AS l
         WHERE l.repository_id = $1 AND l.blob_digest = w.digest AND l.digest NOT IN (…)
         LIMIT 1) AS used
  FROM w
"""
_HELD_BY_OTHERS = """
WITH w (blob_key) AS (VALUES …)
SELECT w.blob_key,
       (SELECT 1 FROM held_layer AS h
         WHERE h.blob_key = w.blob_key AND h.repository_id <> $1
           AND EXISTS (SELECT 1 FROM repository AS r
                        WHERE r.id = h.repository_id AND r.account = $2 AND r.region = $3)
         LIMIT 1) AS held
  FROM w
"""
_DAYS = """
SELECT day, images, tags, size_bytes, pulls FROM repository_day
 WHERE repository_id = $1 AND day >= $2 AND day <= $3 ORDER BY day LIMIT $4
"""
_DAY_BEFORE = "SELECT day FROM repository_day WHERE repository_id = $1 AND day < $2 ORDER BY day DESC LIMIT 1"
_REGISTRY_DAYS = """
SELECT day, repositories, images, tags, size_bytes, pulls, stored_bytes FROM registry_day
 WHERE account = $1 AND region = $2 AND day >= $3 AND day <= $4 ORDER BY day LIMIT $5
"""
_REGISTRY_DAY_BEFORE = """
SELECT day FROM registry_day WHERE account = $1 AND region = $2 AND day < $3 ORDER BY day DESC LIMIT 1
"""
_OLD_DAYS = """
SELECT day, repository_id FROM repository_day
 WHERE (day, repository_id) > ($1, $2) AND day < $3 ORDER BY day, repository_id LIMIT $4
"""
_FORGET_DAY = """
DELETE FROM repository_day
 WHERE repository_id = $1 AND day = $2
   AND EXISTS (SELECT 1 FROM repository_day AS n
                WHERE n.repository_id = $1 AND n.day > $2 AND n.day <= $3)
"""
_FORGET_REGISTRY_DAYS = "DELETE FROM registry_day WHERE account = $1 AND region = $2 AND day < $3"
_PAGE = 1000


class SqlStatistics(Subject):
    """The tables `repository_change`, `repository_total`, `registry_total` and those of days."""

    __slots__ = ()

    async def totals(self, repository_ids: Sequence[str]) -> dict[str, RepositoryTotal]:
        found: dict[str, RepositoryTotal] = {}
        for batch in batches(repository_ids):
            rows = await self._connection.rows(_TOTALS.replace("…", placeholders(1, len(batch))), *batch)
            found |= {row["repository_id"]: _to_total(row) for row in rows}
            for change in await self._waiting(batch):
                total = found.get(change["repository_id"], RepositoryTotal())
                found[change["repository_id"]] = _with_change(total, change)
        return found

    async def _waiting(self, repository_ids: Sequence[str]) -> Sequence[Row]:
        """Changes of these repositories that were not added yet."""
        statement = _WAITING.replace("…", placeholders(2, len(repository_ids)))
        rows = await self._connection.rows(statement, _PAGE, *repository_ids)
        if len(rows) < _PAGE:
            return rows
        waiting: list[Row] = []
        for repository_id in dict.fromkeys(repository_ids):
            after = ""
            while rows := await self._connection.rows(_WAITING_OF, repository_id, after, _PAGE):
                waiting += rows
                after = rows[-1]["id"]
        return waiting

    async def pulls(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, ImagePulls]:
        found: dict[Digest, ImagePulls] = {}
        for batch in batches(digests):
            statement = _PULLS.replace("…", placeholders(2, len(batch)))
            for row in await self._connection.rows(statement, repository_id, *batch):
                last = to_optional_time(row["last_pulled_at"])
                found[row["digest"]] = ImagePulls(row["pulls"] or 0, last)
        return found

    async def changes(self, *, after: ChangeKey, limit: int) -> list[ChangeKey]:
        rows = await self._connection.rows(_CHANGES, *after, limit)
        return [(row["repository_id"], row["id"]) for row in rows]

    async def fold(self, repository_id: str, ids: Sequence[str], *, now: datetime) -> int:
        taken: list[Row] = []
        for batch in batches(ids):
            statement = _TAKE.replace("…", placeholders(2, len(batch)))
            taken += await self._connection.rows(statement, repository_id, *batch)
        if taken:
            await self._add(repository_id, taken, now)
        return len(taken)

    async def _add(self, repository_id: str, changes: Sequence[Row], now: datetime) -> None:
        has_other_layers = any(change["images"] for change in changes)
        values = (
            repository_id,
            _sum(changes, "images"),
            _sum(changes, "tags"),
            _sum(changes, "size_bytes"),
            _sum(changes, "pulls"),
            max(change["pushed_at"] for change in changes),
            max(change["pulled_at"] for change in changes),
            to_column(now) if has_other_layers else 0,
        )
        if not await self._connection.run(_ADD, *values):
            await self._connection.run(_ADD_FIRST, *values)
        await self._connection.run(_PUT_DAY, repository_id, day_of(now))

    async def turns(self, *, after: str, limit: int) -> list[CountTurn]:
        return [
            CountTurn(row["id"], row["counts"] or 0, _to_known_time(row["counted_at"]))
            for row in await self._connection.rows(_TURNS, after, limit)
        ]

    async def count_images(self, repository_id: str, *, after: str, limit: int) -> Tally:
        rows = await self._connection.rows(_IMAGES, repository_id, after, limit)
        latest = max((row["pushed_at"] for row in rows), default=0)
        return Tally(
            Holding(images=len(rows), size_bytes=_sum(rows, "size_bytes")),
            rows[-1]["digest"] if len(rows) == limit else None,
            _to_known_time(latest),
        )

    async def count_tags(self, repository_id: str, *, after: str, limit: int) -> Tally:
        rows = await self._connection.rows(_TAGS, repository_id, after, limit)
        latest = max((row["pointed_at"] for row in rows), default=0)
        return Tally(
            Holding(tags=len(rows)),
            rows[-1]["tag"] if len(rows) == limit else None,
            _to_known_time(latest),
        )

    async def correct(
        self,
        repository_id: str,
        difference: Holding,
        *,
        counts: int,
        pushed_at: datetime | None,
        now: datetime,
    ) -> bool:
        is_news = not counts or difference != Holding()
        corrected = await self._connection.run(
            _CORRECT,
            repository_id,
            difference.images,
            difference.tags,
            difference.size_bytes,
            to_column(pushed_at) if pushed_at else 0,
            to_column(now),
            counts,
            to_column(now) if is_news else 0,
        )
        if corrected and is_news:
            await self._connection.run(_PUT_DAY, repository_id, day_of(now))
        return corrected > 0

    async def due_for_unique(self, *, idle_since: datetime, limit: int) -> list[tuple[str, datetime]]:
        rows = await self._connection.rows(_DUE, limit)
        latest = to_column(idle_since)
        return [
            (row["repository_id"], to_time(row["unique_due_at"]))
            for row in rows
            if row["unique_at"] <= latest
        ]

    async def held(self, repository_id: str, *, after: str, limit: int) -> list[tuple[Digest, int]]:
        rows = await self._connection.rows(_HELD, repository_id, after, limit)
        return [(row["digest"], row["size_bytes"] if row["used"] else 0) for row in rows]

    async def put_unique(self, repository_id: str, unique: UniqueBytes, *, seen: datetime) -> None:
        computed_at = to_column(unique.computed_at)
        await self._connection.run(
            _PUT_UNIQUE, repository_id, unique.size_bytes, computed_at, to_column(seen)
        )

    async def sums(self, *, after: str, limit: int) -> list[SumRow]:
        return [
            SumRow(
                row["repository_id"], Registry(row["account"], row["region"]), _to_holding(row), row["pulls"]
            )
            for row in await self._connection.rows(_SUMS, after, limit)
        ]

    async def holders(self, *, after: tuple[str, str], limit: int) -> list[HeldRow]:
        return [
            HeldRow(
                row["blob_key"],
                row["repository_id"],
                Registry(row["account"], row["region"]),
                row["size_bytes"],
                _users(row),
            )
            for row in await self._connection.rows(_HOLDERS, *after, limit)
        ]

    async def put_sum(self, registry: Registry, added_up: RegistrySum, *, now: datetime) -> None:
        place, holding = (registry.account, registry.region), added_up.holding
        await self._connection.run(
            _PUT_SUM,
            *place,
            added_up.repositories,
            holding.images,
            holding.tags,
            holding.size_bytes,
            added_up.pulls,
            to_column(now),
        )
        await self._connection.run(_PUT_REGISTRY_DAY, *place, day_of(now))

    async def put_stored(self, registry: Registry, stored: StoredBytes) -> None:
        place, at = (registry.account, registry.region), stored.computed_at
        await self._connection.run(_PUT_STORED, *place, stored.size_bytes, stored.shared_bytes, to_column(at))
        await self._connection.run(_PUT_REGISTRY_DAY, *place, day_of(at))

    async def registry(self, registry: Registry) -> RegistryTotal | None:
        row = await self._connection.row(_REGISTRY, registry.account, registry.region)
        if row is None:
            return None
        stored = None
        if row["stored_bytes"] is not None:
            stored = StoredBytes(row["stored_bytes"], row["shared_bytes"], to_time(row["stored_at"]))
        added_up = RegistrySum(row["repositories"], _to_holding(row), row["pulls"])
        return RegistryTotal(added_up, to_time(row["added_up_at"]), stored)

    async def registries(self, *, after: tuple[str, str], limit: int) -> list[Registry]:
        rows = await self._connection.rows(_REGISTRIES, *after, limit)
        return [Registry(row["account"], row["region"]) for row in rows]

    async def ranked(
        self, registry: Registry, ranking: Ranking, *, after: Rank | None, limit: int
    ) -> list[Ranked]:
        place = after or _HIGHEST
        known = place if ranking is Ranking.MOST_PULLED else place[1:]
        rows = await self._connection.rows(
            _RANKINGS[ranking], registry.account, registry.region, *known, limit
        )
        return [
            Ranked(
                row["repository_id"],
                RepositoryName(row["name"]),
                (row["pulls"], row["size_bytes"], row["repository_id"]),
            )
            for row in rows
        ]

    async def layers_of(
        self, repository_id: str, image: Digest, *, after: str, limit: int
    ) -> list[UsedLayer]:
        return [
            UsedLayer(row["blob_digest"], row["media_type"], row["blob_key"], row["size_bytes"])
            for row in await self._connection.rows(_LAYERS_OF, repository_id, image, after, limit)
        ]

    async def holders_of(self, registry: Registry, blob_key: str, *, limit: int) -> list[Holder]:
        rows = await self._connection.rows(_HOLDERS_OF, blob_key, registry.account, registry.region, limit)
        return [Holder(row["id"], RepositoryName(row["name"])) for row in rows]

    async def used_by_others(
        self, repository_id: str, layers: Sequence[Digest], images: Sequence[Digest]
    ) -> set[Digest]:
        used: set[Digest] = set()
        if not images:
            return used
        (these,) = batches(images)
        for batch in batches(layers):
            statement = _USED_BY_OTHERS.replace("(…)", f"({placeholders(2, len(these))})").replace(
                "…", text_rows(2 + len(these), len(batch))
            )
            rows = await self._connection.rows(statement, repository_id, *these, *batch)
            used |= {row["digest"] for row in rows if row["used"]}
        return used

    async def held_by_others(self, repository: Repository, blob_keys: Sequence[str]) -> set[str]:
        place = repository.id, repository.registry.account, repository.registry.region
        held: set[str] = set()
        for batch in batches(blob_keys):
            statement = _HELD_BY_OTHERS.replace("…", text_rows(4, len(batch)))
            rows = await self._connection.rows(statement, *place, *batch)
            held |= {row["blob_key"] for row in rows if row["held"]}
        return held

    async def days(self, repository_id: str, *, first: int, last: int) -> list[DayPoint]:
        before = await self._connection.row(_DAY_BEFORE, repository_id, first)
        since = first if before is None else before["day"]
        rows = await self._connection.rows(_DAYS, repository_id, since, last, last - first + 2)
        return [DayPoint(row["day"], _to_holding(row), row["pulls"]) for row in rows]

    async def registry_days(self, registry: Registry, *, first: int, last: int) -> list[DayPoint]:
        place = registry.account, registry.region
        before = await self._connection.row(_REGISTRY_DAY_BEFORE, *place, first)
        since = first if before is None else before["day"]
        return [
            DayPoint(row["day"], _to_holding(row), row["pulls"], row["repositories"], row["stored_bytes"])
            for row in await self._connection.rows(_REGISTRY_DAYS, *place, since, last, last - first + 2)
        ]

    async def old_days(self, *, before: int, after: tuple[int, str], limit: int) -> list[tuple[int, str]]:
        rows = await self._connection.rows(_OLD_DAYS, *after, before, limit)
        return [(row["day"], row["repository_id"]) for row in rows]

    async def forget_days(self, points: Sequence[tuple[int, str]], *, before: int) -> int:
        return sum(
            [
                await self._connection.run(_FORGET_DAY, repository_id, day, before)
                for day, repository_id in points
            ]
        )

    async def forget_registry_days(self, registry: Registry, *, before: int) -> int:
        return await self._connection.run(_FORGET_REGISTRY_DAYS, registry.account, registry.region, before)


def _to_total(row: Row) -> RepositoryTotal:
    unique = None
    if row["unique_bytes"] is not None:
        unique = UniqueBytes(row["unique_bytes"], to_time(row["unique_at"]))
    return RepositoryTotal(
        holding=_to_holding(row),
        pulls=row["pulls"],
        pushed_at=_to_known_time(row["pushed_at"]),
        pulled_at=_to_known_time(row["pulled_at"]),
        counts=row["counts"],
        counted_at=_to_known_time(row["counted_at"]),
        unique=unique,
    )


def _with_change(total: RepositoryTotal, change: Row) -> RepositoryTotal:
    return replace(
        total,
        holding=total.holding + _to_holding(change),
        pulls=total.pulls + change["pulls"],
        pushed_at=_later(total.pushed_at, _to_known_time(change["pushed_at"])),
        pulled_at=_later(total.pulled_at, _to_known_time(change["pulled_at"])),
    )


def _to_holding(row: Row) -> Holding:
    return Holding(row["images"], row["tags"], row["size_bytes"])


def _to_known_time(column: int | None) -> datetime | None:
    """No time for NULL and 0, which is never."""
    return to_optional_time(column or None)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)


def _users(row: Row) -> int:
    if row["first_user"] is None:
        return 0
    return 1 if row["first_user"] == row["last_user"] else 2


def _sum(rows: Sequence[Row], column: str) -> int:
    return sum(row[column] for row in rows)
