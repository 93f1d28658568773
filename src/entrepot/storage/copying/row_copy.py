"""Copying every row of one database to another, whichever kind each of them is.

The target begins empty and is noted as the copy of one source. Table by table, in pages by key, rows that
the source has not are deleted and rows that the target lacks are added, so a copy that was stopped goes
on where it was. It is finished when all tables of both have one fingerprint, each database seen in
one snapshot; as long as the source is written to, that takes another round. Sealed values are
copied as they are: the root key stays what it was.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from entrepot.ports.clock import Clock
from entrepot.storage.copying.schema import Table, tables_of
from entrepot.storage.copying.table_rows import (
    State,
    delete,
    find_filled,
    insert,
    keys_of,
    pages,
    rows_at,
    state_of,
)
from entrepot.storage.metadata.columns import to_column
from entrepot.storage.metadata.connection import Connection, Database, Row
from entrepot.storage.metadata.drivers import NO_SUCH_TABLE
from entrepot.storage.metadata.migrate import migrate, packaged

_OWN = ("row_copy", "blob_copy")  # about moves to and from one database, of no use in another
_ROUNDS = 5

_SOURCE = "SELECT value FROM root_key_check ORDER BY version LIMIT 1"
_APPLIED = "SELECT number, sha256 FROM migration WHERE number > 0 ORDER BY number"
_NOTE = "SELECT source, finished_at, fingerprint FROM row_copy WHERE id = 1"
_BEGIN = """
INSERT INTO row_copy (id, source, begun_at) VALUES (1, $1, $2)
ON CONFLICT (id) DO UPDATE SET finished_at = NULL, fingerprint = NULL
"""
_FINISH = "UPDATE row_copy SET finished_at = $1, fingerprint = $2 WHERE id = 1"


class CannotCopy(Exception):
    """The rows must not, or cannot, be copied; the text says why."""


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """Where a copy is: the round, the table, and how many of its rows were compared."""

    round: int
    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class Copied:
    """A finished copy: the state that both databases were found in, and what this run changed."""

    state: State
    added: int
    removed: int


class RowCopy:
    """A copy of all rows from a source to a target; one at a time to a target."""

    def __init__(
        self,
        source: Database,
        target: Database,
        clock: Clock,
        report: Callable[[CopyProgress], None],
        *,
        rounds: int = _ROUNDS,
    ) -> None:
        """`report` is told of every page."""
        self._source = source
        self._target = target
        self._clock = clock
        self._report = report
        self._rounds = rounds
        self._tables = [table for table in tables_of(packaged()) if table.name not in _OWN]
        self._added = self._removed = 0

    async def run(self) -> Copied:
        """Copy until both databases hold the same; raises CannotCopy, and Outage where one is lost."""
        source = await self._identify_source()
        await self._claim_target(source)
        for number in range(1, self._rounds + 1):
            for table in self._tables:
                await self._sync(table, number)
            state = await self._state(self._source)
            if state == await self._state(self._target):
                finished = self._clock()
                await self._target.write(partial(_finish, finished, _fingerprint(state)))
                return Copied(state, self._added, self._removed)
        raise CannotCopy(
            "the rows of FROM went on changing: run every server on it with --read-only, then this once more"
        )

    async def _identify_source(self) -> str:
        """What tells this registry from any other; raises CannotCopy where none can be copied."""
        try:
            applied = await self._source.read(_applied)
        except NO_SUCH_TABLE as cause:
            raise CannotCopy("FROM was never served: there is nothing to move") from cause
        if applied != [(migration.number, migration.sha256) for migration in packaged()]:
            raise CannotCopy(
                "the tables of FROM are not those of this release: serve it once with this release first"
            )
        value = await self._source.read(_check_value)
        if value is None:
            raise CannotCopy("FROM was never served: there is nothing to move")
        return hashlib.sha256(value).hexdigest()

    async def _claim_target(self, source: str) -> None:
        """Note the target as a copy of this source, or raise CannotCopy."""
        await migrate(self._target, packaged(), now=self._clock())
        note = await self._target.read(_find_note)
        if note is None:
            filled = await self._target.scan(partial(find_filled, self._tables))
            if filled is not None:
                raise CannotCopy(f"TO is not empty: its table {filled} has rows that are not of a copy")
        elif note["source"] != source:
            raise CannotCopy("TO is a copy of another registry")
        elif (
            note["finished_at"] is not None
            and _fingerprint(await self._state(self._target)) != note["fingerprint"]
        ):
            raise CannotCopy("TO was served since the copy was finished: its rows would be lost")
        await self._target.write(partial(_begin, source, self._clock()))

    async def _sync(self, table: Table, number: int) -> None:
        """Make the target's table the source's, as long as nobody writes to that one."""
        async for page in pages(self._target, table):
            same = await self._source.scan(partial(rows_at, table, keys_of(table, page)))
            extra = [row for row in page if row not in same]
            if extra:
                self._removed += await self._target.write(partial(delete, table, keys_of(table, extra)))
        done = 0
        async for page in pages(self._source, table):
            there = await self._target.scan(partial(rows_at, table, keys_of(table, page)))
            missing = [row for row in page if row not in there]
            if missing:
                self._added += await self._target.write(partial(insert, table, missing))
            done += len(page)
            self._report(CopyProgress(number, table.name, done))

    async def _state(self, database: Database) -> State:
        return await database.scan(partial(state_of, self._tables))


def _fingerprint(state: State) -> str:
    text = "\n".join(f"{name} {table.rows} {table.sha256}" for name, table in sorted(state.items()))
    return hashlib.sha256(text.encode()).hexdigest()


async def _applied(connection: Connection) -> list[tuple[int, str]]:
    return [(row["number"], row["sha256"]) for row in await connection.rows(_APPLIED)]


async def _check_value(connection: Connection) -> bytes | None:
    row = await connection.row(_SOURCE)
    return None if row is None else row["value"]


async def _find_note(connection: Connection) -> Row | None:
    return await connection.row(_NOTE)


async def _begin(source: str, at: datetime, connection: Connection) -> None:
    await connection.run(_BEGIN, source, to_column(at))


async def _finish(at: datetime, fingerprint: str, connection: Connection) -> None:
    await connection.run(_FINISH, to_column(at), fingerprint)
