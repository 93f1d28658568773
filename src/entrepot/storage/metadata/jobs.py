"""The table of background work."""

from collections.abc import Sequence
from datetime import datetime

from entrepot.ports.records import Job
from entrepot.storage.metadata.batches import placeholders
from entrepot.storage.metadata.columns import to_column, to_time
from entrepot.storage.metadata.subject import Subject

# A job that somebody has taken no longer waits: it may have read what the new one is about before
# that changed. The new one takes its row, and the old holder's `finish` finds nothing to finish.
_ENQUEUE = """
INSERT INTO job (id, kind, unique_key, payload, run_at, attempts) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (kind, unique_key) DO UPDATE
   SET id = excluded.id, payload = excluded.payload, run_at = excluded.run_at,
       attempts = excluded.attempts, leased_until = NULL, lease = NULL, last_error = NULL
 WHERE job.lease IS NOT NULL
"""
# Joined with nothing, so that SQLite goes by time and not by kind, which would have to be sorted.
_DUE = """
SELECT id, kind, unique_key, payload, run_at, attempts
  FROM job
 WHERE run_at <= $1 AND (leased_until IS NULL OR leased_until <= $1) AND kind || '' IN (…)
 ORDER BY run_at, id
 LIMIT $2
"""
# Every claim counts an attempt, so unchanged attempts also mean the lease that `due` looked at.
_CLAIM = """
UPDATE job SET attempts = attempts + 1, lease = $3, leased_until = $4 WHERE id = $1 AND attempts = $2
"""
_RENEW = "UPDATE job SET leased_until = $3 WHERE id = $1 AND lease = $2"
_FINISH = "DELETE FROM job WHERE id = $1 AND lease = $2"
_PUT_BACK = """
UPDATE job SET run_at = $3, last_error = $4, lease = NULL, leased_until = NULL WHERE id = $1 AND lease = $2
"""


class SqlJobs(Subject):
    """The `job` table."""

    __slots__ = ()

    async def enqueue(self, job: Job) -> None:
        await self._connection.run(
            _ENQUEUE, job.id, job.kind, job.unique_key, job.payload, to_column(job.run_at), job.attempts
        )

    async def due(self, now: datetime, limit: int, *, kinds: Sequence[str]) -> list[Job]:
        statement = _DUE.replace("…", placeholders(3, len(kinds)))
        rows = await self._connection.rows(statement, to_column(now), limit, *kinds)
        return [
            Job(
                id=row["id"],
                kind=row["kind"],
                unique_key=row["unique_key"],
                payload=row["payload"],
                run_at=to_time(row["run_at"]),
                attempts=row["attempts"],
            )
            for row in rows
        ]

    async def claim(self, job: Job, *, lease: str, until: datetime) -> bool:
        return await self._connection.run(_CLAIM, job.id, job.attempts, lease, to_column(until)) > 0

    async def renew(self, job_id: str, lease: str, *, until: datetime) -> bool:
        return await self._connection.run(_RENEW, job_id, lease, to_column(until)) > 0

    async def finish(self, job_id: str, lease: str) -> None:
        await self._connection.run(_FINISH, job_id, lease)

    async def put_back(self, job_id: str, lease: str, *, run_at: datetime, error: str) -> None:
        await self._connection.run(_PUT_BACK, job_id, lease, to_column(run_at), error)
