"""One request's hold on an upload among all nodes: taken, renewed while it lasts, let go.

A node that dies lets go after `HOLD_SECONDS`. A node that merely could not renew in time is a zombie: it
stops at its next step, and what it sent before that is never taken for what another acknowledged,
because parts are named by their ETags and tails by names of their own.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from entrepot.ports.blobs import UploadBusy
from entrepot.ports.holds import UploadHolds
from entrepot.ports.outages import Outage, Unsettled

logger = logging.getLogger(__name__)

HOLD_SECONDS = 30.0
_RENEW_SHARE = 1 / 3  # of its time, between two renewals
_SURE_SHARE = 1 / 2  # of its time, that must be left before a step that cannot be undone
_LOOK_AGAIN_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0


class HoldLost(Outage):
    """The hold on an upload ended before its work did; nothing was changed, and another may go on."""


class Lease:
    """A hold that was taken; `expect_sure` before a step that only the holder may do."""

    def __init__(self, key: str, seconds: float) -> None:
        self.holder = secrets.token_hex(8)
        self.key = key
        self.seconds = seconds
        self._until = 0.0

    def extend(self, asked_at: float) -> None:
        """Count from the moment before it was asked for."""
        self._until = asked_at + self.seconds

    def lasts(self, seconds: float) -> bool:
        """Whether it is still held so much later, if nobody lets go."""
        return time.monotonic() + seconds < self._until

    def end(self) -> None:
        """Another may have it."""
        self._until = 0.0

    def expect_sure(self) -> None:
        """Raise HoldLost unless the hold lasts long enough for one request more."""
        if not self.lasts(self.seconds * _SURE_SHARE):
            raise HoldLost(self.key)


@asynccontextmanager
async def leased(
    holds: UploadHolds, key: str, *, patience_seconds: float, seconds: float = HOLD_SECONDS
) -> AsyncIterator[Lease]:
    """The hold on an upload, renewed until the end; raises UploadBusy where another keeps it.

    A holder that is just ending is waited for, for as long as the patience lasts.
    """
    lease = Lease(key, seconds)
    last = time.monotonic() + patience_seconds
    while not await _take(holds, lease):
        if time.monotonic() >= last:
            raise UploadBusy(key)
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    renewing = asyncio.create_task(_renew(holds, lease))
    try:
        yield lease
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)  # else it could take again what is let go
        await _let_go(holds, lease)


async def _take(holds: UploadHolds, lease: Lease) -> bool:
    asked_at = time.monotonic()
    try:
        is_taken = await _ask_for(holds, lease)
    except asyncio.CancelledError:
        await _let_go(holds, lease)  # it may have been taken
        raise
    if is_taken:
        lease.extend(asked_at)
    return is_taken


async def _ask_for(holds: UploadHolds, lease: Lease) -> bool:
    """Once more where no answer came, for that settles it: a holder may take what it has."""
    with suppress(Unsettled):
        return await holds.take(lease.key, lease.holder, seconds=lease.seconds)
    return await holds.take(lease.key, lease.holder, seconds=lease.seconds)


async def _renew(holds: UploadHolds, lease: Lease) -> None:
    """Now and then, until cancelled; an outage of the rows is borne as long as the hold lasts."""
    while True:
        await asyncio.sleep(lease.seconds * _RENEW_SHARE)
        try:
            is_ours = await _take(holds, lease)
        except Exception:  # the rows' own failures are many; the hold says when it is too late
            logger.warning("the hold on upload %s could not be renewed", lease.key, exc_info=True)
            continue
        if not is_ours:
            logger.warning("the hold on upload %s is another's", lease.key)
            lease.end()
            return


async def _let_go(holds: UploadHolds, lease: Lease) -> None:
    """Whatever else happens; where it cannot be done the hold ends by itself."""
    letting_go = asyncio.ensure_future(_release(holds, lease))
    try:
        await asyncio.shield(letting_go)
    except asyncio.CancelledError:
        await asyncio.wait((letting_go,))
        raise
    except Exception:
        logger.warning("the hold on upload %s is left to end", lease.key, exc_info=True)


async def _release(holds: UploadHolds, lease: Lease) -> None:
    """Again and again until it is done or the hold has ended by itself.

    A client that was told how far its upload has come goes on at once: rows that could not be reached for a
    moment must not leave the upload held against it.
    """
    pause = _LOOK_AGAIN_SECONDS
    while True:
        try:
            await holds.release(lease.key, lease.holder)
            return
        except (Outage, Unsettled):
            if not lease.lasts(pause):
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
