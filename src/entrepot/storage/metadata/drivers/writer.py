"""The one thread of a process that writes to SQLite: several bodies a commit, one process at a time."""

import asyncio
import contextvars
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Generic

from entrepot.storage.metadata.connection import (
    Body,
    Closed,
    OutcomeUnknown,
    Overloaded,
    T,
    Unreachable,
)
from entrepot.storage.metadata.drivers.statements import is_of_the_disk, run_body

_MOST_WAITING = 4096
_MOST_BODIES = 64  # in one commit
_BATCH_SECONDS = 0.005  # a body that comes later than this waits for the next commit
_BUSY_PAUSES = (0.05, 0.2, 1.0)  # seconds between tries, each of which waits out the busy_timeout

Settle = Callable[[], None]


class Turn:
    """The turn to write, which the processes of one database take in the order they ask.

    The kernel hands it on when its holder dies.
    """

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._file)


class _Job(Generic[T]):
    """A body on its way through the writer, and the future of the coroutine that waits for it."""

    __slots__ = ("_body", "_context", "abandoned", "future")

    def __init__(self, body: Body[T], future: asyncio.Future[T]) -> None:
        self._body = body
        self._context = contextvars.copy_context()
        self.future = future
        self.abandoned = False

    def run(self, connection: sqlite3.Connection) -> Settle:
        """Run the body; what is returned tells its caller the result, once that is durable."""
        result = self._context.run(run_body, self._body, connection)
        return lambda: None if self.future.done() else self.future.set_result(result)

    def failed(self, error: BaseException) -> Settle:
        return lambda: None if self.future.done() else self.future.set_exception(error)


class Writer:
    """A queue of bodies and the thread that commits them."""

    def __init__(self, connection: sqlite3.Connection, turn: Turn) -> None:
        """Both are the thread's from now on; it closes them when it ends."""
        self._connection = connection
        self._turn = turn
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._ended: asyncio.Future[None] | None = None
        # daemon: a process that ends without close() must not wait for it for ever
        threading.Thread(target=self._work, name="sqlite-writer", daemon=True).start()

    async def write(self, body: Body[T]) -> T:
        """The body's result once committed; a body whose caller left before it began is not run."""
        if self._ended is not None:
            raise Closed
        if self._jobs.qsize() >= _MOST_WAITING:
            raise Overloaded("writes")
        job: _Job[T] = _Job(body, self._loop.create_future())
        self._jobs.put(job)
        try:
            return await job.future
        finally:
            job.abandoned = True

    async def close(self) -> None:
        """Commit what waits, then end."""
        if self._ended is None:
            self._ended = self._loop.create_future()
            self._jobs.put(None)
        await asyncio.shield(self._ended)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._tell(self._commit_batch(job))
        self._leave()
        self._tell([self._say_ended])

    def _tell(self, settles: list[Settle]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(_settle, settles)

    def _say_ended(self) -> None:
        if self._ended is not None:
            self._ended.set_result(None)

    def _commit_batch(self, first: _Job[Any]) -> list[Settle]:
        """Run the first body, and others that wait, as one transaction; what to tell their callers.

        If it fails, all fail: a refusal may rest on what a neighbour wrote.
        """
        jobs: list[_Job[Any]] = [first]
        settles: list[Settle] = []
        try:
            with self._turn, self._transaction():
                settles.extend(self._run(job) for job in self._batch(jobs))
        except _CommitFailed as failure:
            return [job.failed(_caused(OutcomeUnknown(), failure.__cause__)) for job in jobs]
        except (OSError, sqlite3.Error, _TransactionLost) as failure:
            return [job.failed(_caused(Unreachable(), failure)) for job in jobs]
        return settles

    def _batch(self, jobs: list[_Job[Any]]) -> Iterator[_Job[Any]]:
        """The jobs whose callers still wait; grows the list by what comes in time."""
        latest = time.monotonic() + _BATCH_SECONDS
        for job in jobs:
            if not job.abandoned:
                yield job
            if len(jobs) < _MOST_BODIES and time.monotonic() < latest:
                jobs.extend(self._waiting())

    def _waiting(self) -> list[_Job[Any]]:
        """The next job, or none."""
        try:
            job = self._jobs.get_nowait()
        except queue.Empty:
            return []
        if job is None:
            self._jobs.put(None)  # close() comes last: leave it for _work
            return []
        return [job]

    def _run(self, job: _Job[Any]) -> Settle:
        """Run one body under a savepoint, so that its refusal does not undo its neighbours."""
        execute = self._connection.execute
        execute("SAVEPOINT body")
        try:
            settle = job.run(self._connection)
        except BaseException as refusal:  # whatever a body raises is its caller's, and no end of the thread
            if not self._connection.in_transaction:
                raise _TransactionLost from refusal
            execute("ROLLBACK TO body")
            settle = job.failed(_as_outage(refusal))
        execute("RELEASE body")
        return settle

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._begin()
        try:
            yield
            self._commit()
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _begin(self) -> None:
        """Begin; a program that is not ours, such as a shell or a backup, may hold the database."""
        for pause in _BUSY_PAUSES:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                time.sleep(pause)
            else:
                return
        self._connection.execute("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            # after a failed sync the pages may yet turn up when the log is read again
            raise _CommitFailed from error

    def _leave(self) -> None:
        """Tidy up for the next start, as far as other processes let us."""
        with suppress(sqlite3.Error, OSError), self._turn:
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA optimize")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()
        self._turn.close()


class _CommitFailed(Exception):
    """COMMIT raised its cause."""


class _TransactionLost(Exception):
    """SQLite rolled the whole transaction back: the disk is full, or could not be read or written."""


def _as_outage(failure: BaseException) -> BaseException:
    """The failure, or Unreachable where it is the disk's: the transaction may outlive it."""
    if isinstance(failure, sqlite3.OperationalError) and is_of_the_disk(failure):
        return _caused(Unreachable(), failure)
    return failure


def _caused(error: Exception, cause: BaseException | None) -> Exception:
    error.__cause__ = cause
    return error


def _settle(settles: list[Settle]) -> None:
    for settle in settles:
        settle()
