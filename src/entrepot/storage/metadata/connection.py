"""How SQL meets a database: what a driver gives to the subject modules, and how it can fail.

SQL is written once, in PostgreSQL's placeholders (`$1`), and holds no other `$`. Times are integer
microseconds, truths 0 or 1. A body awaits its own statements and nothing else; once a statement
has failed the body is lost, whether it lets the error rise or not, as PostgreSQL has it.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from entrepot.ports.outages import Outage, Unsettled

T = TypeVar("T")

SqlValue = str | int | bytes | None

_INT64_LIMIT = 2**63


class Row(Protocol):
    """One row; columns by name or position, or all in their order."""

    def __getitem__(self, key: str | int, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """The statements of one body; of no use once the body has ended.

    Values that only one of the databases could hold raise ValueUnstorable.
    """

    async def rows(self, sql: str, *values: SqlValue) -> Sequence[Row]: ...

    async def row(self, sql: str, *values: SqlValue) -> Row | None:
        """The first row; None where there is none."""

    async def run(self, sql: str, *values: SqlValue) -> int:
        """Run a statement for its effect; the number of rows it touched, 0 for DDL."""

    async def run_with_commit(self, sql: str, *values: SqlValue) -> None:
        """Run it at the end of a body that writes, with the commit, where that saves a round trip.

        The body does not see what it changes; it fails where COMMIT would. No bytes among the values.
        """


Body = Callable[[Connection], Awaitable[T]]


class Database(Protocol):
    """A database that runs bodies; every method may raise Unreachable or Overloaded."""

    def version(self) -> int | None:
        """A number that every commit changes, None where asking for it costs a round trip."""

    async def read(self, body: Body[T]) -> T:
        """Read a few rows, without a transaction: each statement sees the latest commit.

        May be run again after a lost connection. Statements that write are refused.
        """

    async def scan(self, body: Body[T]) -> T:
        """Read what may be more than 1,000 rows, all from one snapshot."""

    async def write(self, body: Body[T]) -> T:
        """Run the body as one serialisable transaction that is durable when this returns.

        The body may be run again after a conflict, so it has no other effects. What it raises undoes
        all it wrote. OutcomeUnknown, or a cancellation, leaves open whether it was committed.
        """

    async def write_apart(self, body: Body[T]) -> T:
        """As `write`, but READ COMMITTED: each statement sees what others have committed by then.

        For bodies that decide on nothing they read and so conflict with nobody, such as those that add to
        numbers and delete what they have added.
        """

    async def close(self) -> None:
        """Finish what was begun, then let go of the database; may be repeated."""

    async def define(self, ddl: str) -> None:
        """Run one portable `CREATE … IF NOT EXISTS`, which other nodes may be running too."""

    def dialect(self, ddl: str) -> str:
        """A portable DDL statement in the words of this database."""


@dataclass(eq=False)
class Unreachable(Outage):
    """The database cannot be reached or was lost; nothing was written."""


@dataclass(eq=False)
class Overloaded(Outage):
    """Too much is waiting for the database, or conflicts did not end; nothing was written."""

    reason: str


@dataclass(eq=False)
class OutcomeUnknown(Unsettled):
    """COMMIT was sent and its answer never came: the write may or may not be there.

    Whoever catches it must undo nothing that the write would have made visible.
    """


@dataclass(eq=False)
class Closed(Exception):
    """The database was closed, or the body whose connection this is has ended."""


@dataclass(eq=False)
class BodySuspended(Exception):
    """A body awaited something that is not one of its own statements: a bug in the body."""

    awaited: str


@dataclass(eq=False)
class ValueUnstorable(Exception):
    """A value that not every database can hold: NUL or a lone surrogate in text, a number over 64 bits."""

    value: str | int


@dataclass(eq=False)
class DatabaseUnfit(Exception):
    """The database, as it is set up, would break a promise."""

    reason: str


def check_storable(values: Iterable[SqlValue]) -> None:
    """Raise ValueUnstorable, so that every driver refuses what any of them must."""
    for value in values:
        if isinstance(value, str):
            if "\0" in value or not (value.isascii() or _is_encodable(value)):
                raise ValueUnstorable(value[:1000])
        elif isinstance(value, int) and not -_INT64_LIMIT <= value < _INT64_LIMIT:
            raise ValueUnstorable(value)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
