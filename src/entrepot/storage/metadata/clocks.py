"""What time it is where the database runs."""

from datetime import UTC, datetime

from entrepot.storage.metadata.subject import Subject

# as text, for that is what both databases can say: 2026-11-25 19:05:00 in UTC, or with +00 behind it
_NOW = "SELECT CAST(CURRENT_TIMESTAMP AS TEXT) AS now"


class SqlClock(Subject):
    """No table."""

    __slots__ = ()

    async def now(self) -> datetime:
        [row] = await self._connection.rows(_NOW)
        said = datetime.fromisoformat(row["now"])
        return said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)
