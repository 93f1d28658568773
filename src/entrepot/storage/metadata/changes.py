"""What a transaction changes in repositories' totals: one row for each of them, written with the commit.

Nobody reads the rows of others here and each row is new, so that pushes to one repository stay out of each
other's way; and it costs PostgreSQL no round trip.
"""

import secrets
from dataclasses import dataclass

from entrepot.storage.metadata.batches import value_rows
from entrepot.storage.metadata.connection import Connection, SqlValue
from entrepot.storage.metadata.subject import Subject

_ADD = """
INSERT INTO repository_change (repository_id, id, images, tags, size_bytes, pulls, pushed_at, pulled_at)
VALUES …
"""
_COLUMNS = 8
_ID_BYTES = 12
_A_STATEMENT = 100  # rows: a flush of pulls has as many repositories as it likes


@dataclass(slots=True)
class _Change:
    """What one transaction does to one repository; times are columns, 0 for never."""

    images: int = 0
    tags: int = 0
    size_bytes: int = 0
    pulls: int = 0
    pushed_at: int = 0
    pulled_at: int = 0


class SqlChanges(Subject):
    """The changes of one transaction, gathered as its subjects make them."""

    __slots__ = ("_changes",)

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._changes: dict[str, _Change] = {}

    def note(
        self,
        repository_id: str,
        *,
        images: int = 0,
        tags: int = 0,
        size_bytes: int = 0,
        pulls: int = 0,
        pushed_at: int = 0,
        pulled_at: int = 0,
    ) -> None:
        """So much more, or less; times are columns."""
        change = self._changes.setdefault(repository_id, _Change())
        change.images += images
        change.tags += tags
        change.size_bytes += size_bytes
        change.pulls += pulls
        change.pushed_at = max(change.pushed_at, pushed_at)
        change.pulled_at = max(change.pulled_at, pulled_at)

    async def write_last(self) -> None:
        """Write down what was noted, as the last thing that the transaction does."""
        rows = [_row(repository_id, change) for repository_id, change in self._changes.items()]
        for start in range(0, len(rows), _A_STATEMENT):
            some = rows[start : start + _A_STATEMENT]
            statement = _ADD.replace("…", value_rows(len(some), shared=0, own=_COLUMNS))
            await self._connection.run_with_commit(statement, *(value for row in some for value in row))


def _row(repository_id: str, change: _Change) -> tuple[SqlValue, ...]:
    return (
        repository_id,
        secrets.token_hex(_ID_BYTES),
        change.images,
        change.tags,
        change.size_bytes,
        change.pulls,
        change.pushed_at,
        change.pulled_at,
    )


class CountedSubject(Subject):
    """Rows that repositories' totals count: whoever adds or deletes one notes it."""

    __slots__ = ("_changes",)

    def __init__(self, connection: Connection, changes: SqlChanges) -> None:
        super().__init__(connection)
        self._changes = changes
