"""Watches the revision for one process, where asking for it each time would cost a round trip."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from entrepot.ports.outages import Outage
from entrepot.storage.metadata.connection import Connection, Database
from entrepot.storage.metadata.node_stamp import NodeStamp
from entrepot.storage.metadata.revisions import SqlRevision

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.5  # with a round trip, within the second that other nodes may take
TRUSTED_SECONDS = 5.0
_ANSWER_SECONDS = 2.0


@dataclass(eq=False)
class Unconfirmed(Outage):
    """For some seconds the database has not said whether what is kept in memory is still true."""

    seconds: float


class RevisionWatch:
    """The revision as this process knows it.

    A change made by a process of this node counts before that process answers its caller, one made
    by another node at the next look. `database` should be the watch's own, so that looks do not
    queue behind requests; `clock` counts seconds from any start.
    """

    def __init__(
        self, database: Database, stamp: NodeStamp, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._stamp = stamp
        self._clock = clock
        self._number = 0
        self._confirmed_at = -TRUSTED_SECONDS

    def version(self) -> int:
        """A number that stands as long as nothing kept became untrue; raises Unconfirmed."""
        age = self._clock() - self._confirmed_at
        if age > TRUSTED_SECONDS:
            raise Unconfirmed(age)
        return self._number + self._stamp.number  # both random: the sum changes when either does

    def note(self) -> None:
        """This process has changed the revision, or may have."""
        self._stamp.change()

    async def look(self) -> None:
        """Ask the database once; raises Outage or TimeoutError."""
        asked_at = self._clock()
        async with asyncio.timeout(_ANSWER_SECONDS):
            self._number = await self._database.read(_number)
        self._confirmed_at = asked_at

    async def look_again_and_again(self) -> None:
        """Look until cancelled; failures are logged, and end what `version` may promise by themselves."""
        is_well = True
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                await self.look()
            except Exception:
                if is_well:
                    logger.warning("the database's revision cannot be confirmed", exc_info=True)
                is_well = False
            else:
                if not is_well:
                    logger.info("the database's revision is confirmed again")
                is_well = True


@asynccontextmanager
async def watching(database: Database, stamp: NodeStamp) -> AsyncIterator[RevisionWatch]:
    """A watch that has looked once and goes on until the end."""
    watch = RevisionWatch(database, stamp)
    await watch.look()
    looking = asyncio.create_task(watch.look_again_and_again())
    try:
        yield watch
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def _number(connection: Connection) -> int:
    return await SqlRevision(connection).number()
