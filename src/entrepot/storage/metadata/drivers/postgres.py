"""PostgreSQL through asyncpg: serialisable writes that are tried again, plain reads."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import TypeVar

import asyncpg

from entrepot.ports.reports import DatabaseReports, NoReports
from entrepot.storage.metadata.connection import (
    Body,
    Closed,
    Connection,
    DatabaseUnfit,
    OutcomeUnknown,
    Overloaded,
    Row,
    SqlValue,
    T,
    Unreachable,
    check_storable,
)
from entrepot.storage.metadata.drivers.postgres_connections import (
    CONNECT_ERRORS,
    Connections,
    Lent,
    NoRoom,
)
from entrepot.storage.metadata.drivers.postgres_url import Options, one_by_one, split_options

R = TypeVar("R")

_ATTEMPTS = 16
_FIRST_PAUSE_SECONDS = 0.002  # doubled each time, and any part of it waited
_LONGEST_PAUSE_SECONDS = 0.5
_MOST_LOSSES = 3
_LOST_PAUSE_SECONDS = 0.1
_CONNECT_SECONDS = 10.0
_CONNECT_SECONDS_A_HOST = 1.5  # where there are others to ask
_ROLLBACK_SECONDS = 2.0
_MOST_OPERATIONS = 4096  # under way or waiting for a connection

# classes 08 and 57P: the connection failed, the server stops or starts; 25P03: it sat idle too long
_LOST = ("08", "57P", "25P03")
# IF NOT EXISTS does not see what others are just creating, and fails on whichever catalogue it meets first
_DEFINED_BY_ANOTHER = (
    asyncpg.DuplicateObjectError,
    asyncpg.DuplicateTableError,
    asyncpg.UniqueViolationError,
)
_STATEMENT_ERRORS = CONNECT_ERRORS
_TEXT = re.compile(r"\bTEXT\b")
_SILENT = NoReports()
_PLACEHOLDER = re.compile(r"\$([0-9]+)")
_READS = re.compile(r"\s*(?:SELECT|WITH|VALUES)\b", re.IGNORECASE)


async def open_pool(
    url: str,
    *,
    connections: int | None = None,
    statement_seconds: float | None = None,
    reports: DatabaseReports = _SILENT,
) -> "PostgresDatabase":
    """Connect; raises Unreachable, or DatabaseUnfit when the server's settings would break a promise.

    `?pool_size=`, `?statement_cache_size=` and `?command_timeout=` (seconds) are ours, other
    parameters are asyncpg's and the server's. Behind PgBouncer in transaction mode the cache must
    be 0, unless PgBouncer itself keeps prepared statements (1.21, `max_prepared_statements`).
    """
    dsn, options = split_options(url)
    urls = one_by_one(dsn)
    connect = partial(
        _connect,
        options=options,
        connect_seconds=_CONNECT_SECONDS if len(urls) == 1 else _CONNECT_SECONDS_A_HOST,
        statement_seconds=statement_seconds or options.command_timeout,
    )
    pool = Connections(urls, connect, connections or options.pool_size)
    try:
        await pool.open()
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError) as error:
        raise Unreachable from error
    except asyncpg.InternalClientError as error:  # none of the hosts takes writes
        raise Unreachable from error
    database = PostgresDatabase(pool, is_pooled=options.statement_cache_size == 0, reports=reports)
    try:
        await database.read(_check_promises)
    except BaseException:
        await database.close()
        raise
    return database


async def _connect(url: str, *, options: Options, connect_seconds: float, statement_seconds: float) -> Lent:
    return await asyncpg.connect(
        url,
        timeout=connect_seconds,
        statement_cache_size=options.statement_cache_size,
        command_timeout=statement_seconds,
        server_settings={"application_name": "entrepot"},
    )


class Statements:
    """A Connection on a connection of the pool."""

    __slots__ = ("_connection", "_is_read_only", "failure", "last")

    def __init__(self, connection: Lent, *, is_read_only: bool = False) -> None:
        self._connection: Lent | None = connection
        self._is_read_only = is_read_only
        self.failure: Exception | None = None
        self.last: list[str] = []

    async def rows(self, sql: str, *values: SqlValue) -> Sequence[Row]:
        return await self._run(sql, values, self._open().fetch)

    async def row(self, sql: str, *values: SqlValue) -> Row | None:
        return await self._run(sql, values, self._open().fetchrow)

    async def run(self, sql: str, *values: SqlValue) -> int:
        return affected(await self._run(sql, values, self._open().execute))

    async def run_with_commit(self, sql: str, *values: SqlValue) -> None:
        """Keep it, with its values written out, for the message that says COMMIT."""
        self._open()
        self.check()
        try:
            check_storable(values)
            if self._is_read_only:
                _refuse_write(sql)
            self.last.append(_PLACEHOLDER.sub(lambda found: literal(values[int(found[1]) - 1]), sql))
        except Exception as failure:
            self.failure = failure
            raise

    def close(self) -> None:
        self._connection = None

    def check(self) -> None:
        """Raise the failure of a statement, which the body may have swallowed.

        The server has given the transaction up, and would answer COMMIT with a silent ROLLBACK.
        """
        if self.failure is not None:
            raise self.failure

    async def _run(self, sql: str, values: Sequence[SqlValue], how: Callable[..., Awaitable[R]]) -> R:
        self.check()
        try:
            check_storable(values)
            if self._is_read_only:
                _refuse_write(sql)
            return await how(sql, *values)
        except Exception as failure:
            self.failure = failure
            raise

    def _open(self) -> Lent:
        if self._connection is None:
            raise Closed
        return self._connection


def _refuse_write(sql: str) -> None:
    """Raise what a read-only transaction would: a read may be run twice."""
    if not _READS.match(sql):
        raise asyncpg.ReadOnlySQLTransactionError(sql)


class PostgresDatabase:
    """A PostgreSQL database, shared by any number of nodes."""

    def __init__(
        self, connections: Connections, *, is_pooled: bool, reports: DatabaseReports = _SILENT
    ) -> None:
        """`is_pooled`: a pooler lends its connections by transaction, so that every read needs one."""
        self._connections = connections
        self._reports = reports
        self._begin_read = "BEGIN READ ONLY" if is_pooled else None
        self._operations = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._leftovers: set[asyncio.Task[None]] = set()
        self._closed = False

    def version(self) -> int | None:
        return None

    async def read(self, body: Body[T]) -> T:
        return await self._read_twice(body, self._begin_read)

    async def scan(self, body: Body[T]) -> T:
        return await self._read_twice(body, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    async def write(self, body: Body[T]) -> T:
        with self._working():
            return await self._write_until_done(body, "BEGIN ISOLATION LEVEL SERIALIZABLE")

    async def write_apart(self, body: Body[T]) -> T:
        with self._working():
            return await self._write_until_done(body, "BEGIN ISOLATION LEVEL READ COMMITTED")

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._idle.wait()
        await asyncio.gather(*self._leftovers)
        await self._connections.close()

    async def define(self, ddl: str) -> None:
        with self._working():
            for _ in range(_ATTEMPTS):
                with suppress(*_DEFINED_BY_ANOTHER, _Conflict):
                    async with self._lent() as connection, self._body_on(connection):
                        await connection.execute(self.dialect(ddl))
                        return
            raise Overloaded("conflicting definitions")

    def dialect(self, ddl: str) -> str:
        return bytewise(ddl)

    async def _read_twice(self, body: Body[T], begin: str | None) -> T:
        with self._working():
            with suppress(_Lost):
                return await self._read(body, begin)
            self._reports.database_retry("lost")
            try:
                return await self._read(body, begin)
            except _Lost as loss:
                raise Unreachable from loss.__cause__

    async def _write_until_done(self, body: Body[T], begin: str) -> T:
        pause, losses = _FIRST_PAUSE_SECONDS, 0
        for _ in range(_ATTEMPTS):
            try:
                return await self._write(body, begin)
            except _Conflict:
                self._reports.database_retry("conflict")
                await asyncio.sleep(random.uniform(0, pause))  # noqa: S311  spreads retries, guards nothing
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            except _Lost as loss:
                losses += 1
                if losses == _MOST_LOSSES:
                    raise Unreachable from loss.__cause__
                self._reports.database_retry("lost")
                await asyncio.sleep(_LOST_PAUSE_SECONDS)
        raise Overloaded("conflicting writes")

    async def _read(self, body: Body[T], begin: str | None) -> T:
        async with self._lent() as connection, self._body_on(connection, is_read_only=True) as statements:
            if begin is not None:
                await connection.execute(begin)
            result = await body(statements)
            statements.check()
            if begin is not None:
                await connection.execute("COMMIT")
            return result

    async def _write(self, body: Body[T], begin: str) -> T:
        async with self._lent() as connection:
            async with self._body_on(connection) as statements:
                await connection.execute(begin)
                result = await body(statements)
                statements.check()
            await self._commit(connection, statements.last)
            return result

    @contextmanager
    def _working(self) -> Iterator[None]:
        """One operation of those that close() waits for."""
        if self._closed:
            raise Closed
        if self._operations >= _MOST_OPERATIONS:
            raise Overloaded("operations")
        self._operations += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._operations -= 1
            if not self._operations:
                self._idle.set()

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[Lent]:
        """A connection for a while."""
        connection = await self._take()
        try:
            yield connection
        except asyncio.CancelledError:
            # to stop the statement takes a while, and the caller has left
            task = asyncio.create_task(self._take_back(connection))
            self._leftovers.add(task)
            task.add_done_callback(self._leftovers.discard)
            raise
        except BaseException:
            self._give_back(connection)
            raise
        self._give_back(connection)

    async def _take_back(self, connection: Lent) -> None:
        """Stop what an operation that was cancelled left running."""
        await self._roll_back(connection)
        self._give_back(connection)

    async def _take(self) -> Lent:
        try:
            connection = await self._connections.take()
        except NoRoom as error:
            raise Overloaded("connections") from error
        except CONNECT_ERRORS as error:
            raise Unreachable from error
        self._reports.database_lent(1)
        return connection

    def _give_back(self, connection: Lent) -> None:
        self._reports.database_lent(-1)
        self._connections.give_back(connection)

    @asynccontextmanager
    async def _body_on(self, connection: Lent, *, is_read_only: bool = False) -> AsyncIterator[Statements]:
        """Statements for one body; where it fails, the transaction is rolled back and the failure named."""
        statements = Statements(connection, is_read_only=is_read_only)
        try:
            yield statements
        except Exception as error:
            failure = statements.failure or error
            if not is_read_only and isinstance(failure, asyncpg.ReadOnlySQLTransactionError):
                self._lose(connection)  # what was the primary is a standby now
                raise _Lost from failure
            if _is_loss(failure):
                self._lose(connection)
                raise _Lost from failure
            await self._roll_back(connection)
            if _is_conflict(failure):
                raise _Conflict from failure
            if isinstance(failure, TimeoutError):
                raise Overloaded("a statement") from failure
            raise
        finally:
            statements.close()

    async def _commit(self, connection: Lent, last: Sequence[str]) -> None:
        """Commit, after the statements kept for this; COMMIT is not reached where one of them fails."""
        try:
            await connection.execute(";".join([*last, "COMMIT"]))
        except _STATEMENT_ERRORS as error:
            if last and (_is_conflict(error) or _is_refused_commit(error)):
                await self._roll_back(connection)  # which does nothing where it was COMMIT that failed
            if _is_conflict(error):
                raise _Conflict from error
            if _is_refused_commit(error):
                raise
            self._lose(connection)
            raise OutcomeUnknown from error

    async def _roll_back(self, connection: Lent) -> None:
        try:
            await connection.execute("ROLLBACK", timeout=_ROLLBACK_SECONDS)
        except _STATEMENT_ERRORS:
            self._lose(connection)

    def _lose(self, connection: Lent) -> None:
        """Let go of a connection that leads nowhere, and of the idle ones that lead there too."""
        connection.terminate()
        self._connections.drop_idle()


class _Conflict(Exception):
    """The transaction was refused for the sake of others, and may be run again."""


class _Lost(Exception):
    """The connection was lost before COMMIT was sent: nothing was written."""


def _is_conflict(error: Exception) -> bool:
    # the second: a migration changed what a cached statement returns; asyncpg has dropped it by now
    return isinstance(
        error,
        asyncpg.SerializationError | asyncpg.DeadlockDetectedError | asyncpg.InvalidCachedStatementError,
    )


def _is_loss(error: Exception) -> bool:
    """Whether the connection was lost, and not only this statement."""
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_LOST)
    # the third: asyncpg loses its place when the server says good-bye between two of its messages
    return isinstance(error, ConnectionError | asyncpg.InterfaceError | asyncpg.InternalClientError)


def _is_refused_commit(error: Exception) -> bool:
    """Whether the server itself said that nothing was committed."""
    return (
        isinstance(error, asyncpg.PostgresError)
        and not _is_loss(error)
        and not isinstance(error, asyncpg.StatementCompletionUnknownError)
    )


def affected(status: str) -> int:
    """The count in a command's status, such as `INSERT 0 5` or `UPDATE 3`; 0 for one without."""
    count = status.rpartition(" ")[2]
    return int(count) if count.isdecimal() else 0


def literal(value: SqlValue) -> str:
    """A value as it stands in SQL. E'…' means the same whatever the server's settings say of backslashes.

    In UTF-8, which connections speak, no part of a longer character looks like a quote or a backslash.
    """
    match value:
        case None:
            return "NULL"
        case int():
            return str(int(value))
        case str():
            return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
        case _:
            raise TypeError("bytes are sent as values alone")


def bytewise(ddl: str) -> str:
    """The statement with its TEXT columns ordered by their bytes, as SQLite orders them."""
    return _TEXT.sub('TEXT COLLATE "C"', ddl)


async def _check_promises(connection: Connection) -> None:
    row = await connection.row(
        "SELECT current_setting('server_encoding', true) AS encoding, "
        "current_setting('synchronous_commit', true) AS synchronous_commit"
    )
    if row is None or row["encoding"] not in {"UTF8", None}:
        raise DatabaseUnfit("the database's encoding must be UTF8")
    if row["synchronous_commit"] == "off":
        raise DatabaseUnfit("synchronous_commit is off: acknowledged writes could be lost")
