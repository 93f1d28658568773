"""The audit: events by account and id, written once and never changed."""

from collections.abc import Sequence

from entrepot.domain.audit import AuditEvent
from entrepot.storage.metadata.batches import batches, value_rows
from entrepot.storage.metadata.columns import to_json, to_list
from entrepot.storage.metadata.connection import Row, SqlValue
from entrepot.storage.metadata.subject import Subject

_COLUMNS = 10
_ADD = """
INSERT INTO audit_event (account, id, region, source, name, username, access_key_id, is_read_only,
                         resources, document)
VALUES … ON CONFLICT (account, id) DO NOTHING
"""
_AFTER = """
SELECT account, id, region, source, name, username, access_key_id, is_read_only, resources, document
  FROM audit_event WHERE account = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4
"""
_BEFORE = """
SELECT account, id, region, source, name, username, access_key_id, is_read_only, resources, document
  FROM audit_event WHERE account = $1 AND id >= $2 AND id < $3 ORDER BY id DESC LIMIT $4
"""
_OLDEST = "SELECT id FROM audit_event WHERE account = $1 AND id < $2 ORDER BY id LIMIT $3"
_REMOVE = "DELETE FROM audit_event WHERE account = $1 AND id <= $2"


class SqlAuditEvents(Subject):
    """The `audit_event` table."""

    __slots__ = ()

    async def add(self, events: Sequence[AuditEvent]) -> None:
        for batch in batches(events):
            rows = value_rows(len(batch), shared=0, own=_COLUMNS)
            values = [value for event in batch for value in _values(event)]
            await self._connection.run(_ADD.replace("…", rows), *values)

    async def add_last(self, events: Sequence[AuditEvent]) -> None:
        rows = value_rows(len(events), shared=0, own=_COLUMNS)
        values = [value for event in events for value in _values(event)]
        if events:
            await self._connection.run_with_commit(_ADD.replace("…", rows), *values)

    async def after(self, account: str, *, after: str, before: str, limit: int) -> list[AuditEvent]:
        return [_event(row) for row in await self._connection.rows(_AFTER, account, after, before, limit)]

    async def before(self, account: str, *, since: str, before: str, limit: int) -> list[AuditEvent]:
        return [_event(row) for row in await self._connection.rows(_BEFORE, account, since, before, limit)]

    async def remove(self, account: str, *, before: str, limit: int) -> int:
        oldest = await self._connection.rows(_OLDEST, account, before, limit)
        return await self._connection.run(_REMOVE, account, oldest[-1]["id"]) if oldest else 0


def _values(event: AuditEvent) -> tuple[SqlValue, ...]:
    return (
        event.account,
        event.id,
        event.region,
        event.source,
        event.name,
        event.username,
        event.access_key_id,
        int(event.is_read_only),
        to_json(event.resources),
        event.document,
    )


def _event(row: Row) -> AuditEvent:
    return AuditEvent(
        id=row["id"],
        account=row["account"],
        region=row["region"],
        source=row["source"],
        name=row["name"],
        username=row["username"],
        access_key_id=row["access_key_id"],
        is_read_only=bool(row["is_read_only"]),
        resources=tuple(to_list(row["resources"])),
        document=row["document"],
    )
