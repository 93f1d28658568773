"""Whether this process should be sent requests: what it depends on answers, and it is not about to end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from entrepot.telemetry import families
from entrepot.telemetry.meters import Meters

logger = logging.getLogger(__name__)

_DATABASE_SECONDS = 5.0
_MOST_LEAD = timedelta(minutes=10)  # at 15 signed requests are refused, and by an object storage ours
_BLOBS_FRESH_SECONDS = 5.0  # for so long what the blob store last said holds
_BLOBS_SECONDS = 10.0  # a busy store may take so long to say it again


class Readiness:
    """What /readyz answers."""

    def __init__(
        self,
        clock_lead: Callable[[], Awaitable[timedelta]],
        blobs: Callable[[], Awaitable[None]],
        meters: Meters,
    ) -> None:
        """`clock_lead` is how far our clock is before the database's.

        It raises where the database does not answer, and `blobs` where the store cannot be used.
        """
        self._clock_lead = clock_lead
        self._store = _Store(blobs)
        self._meters = meters
        self._is_ending = False

    def end(self) -> None:
        """Not ready from now on: the process has been told to stop."""
        self._is_ending = True

    async def ask(self) -> bool:
        """Whether the process is ready, said within a few seconds whatever hangs."""
        is_ready = not self._is_ending and await self._database_answers() and await self._store.answers()
        self._meters.counters(families.READY).of().put(float(is_ready))
        return is_ready

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(_DATABASE_SECONDS):
                lead = await self._clock_lead()
        except TimeoutError:
            logger.warning("the database does not answer in time")
            return False
        except Exception:
            logger.exception("the database does not answer")
            return False
        return self._is_in_time(lead)

    def _is_in_time(self, lead: timedelta) -> bool:
        """Whether our clock and the database's are so near that signatures made by either hold."""
        seconds = lead.total_seconds()
        self._meters.counters(families.CLOCK_LEAD).of().put(seconds)
        if abs(lead) <= _MOST_LEAD:
            return True
        logger.warning("this clock and the database's are too far apart", extra={"lead_seconds": seconds})
        return False


class _Store:
    """The blob store, asked again only when its last answer is old, and never twice at once."""

    def __init__(self, check: Callable[[], Awaitable[None]]) -> None:
        self._check = check
        self._said = False
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def answers(self) -> bool:
        """What it said last; the first answer, and one after a refusal, is waited for."""
        loop = asyncio.get_running_loop()
        if self._asking is None and loop.time() - self._asked_at > _BLOBS_FRESH_SECONDS:
            self._asked_at = loop.time()
            self._asking = loop.create_task(self._ask())
        if self._asking is not None:
            left = self._asked_at + _BLOBS_SECONDS - loop.time()
            if left <= 0:
                return False  # it hangs
            if not self._said:
                await asyncio.wait({self._asking}, timeout=left)
        return self._said

    async def _ask(self) -> None:
        try:
            await self._check()
            self._said = True
        except Exception:
            logger.exception("the blob store cannot be used")
            self._said = False
        finally:
            self._asking = None
