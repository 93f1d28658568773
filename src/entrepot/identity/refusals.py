"""Refusals and failed signatures: gathered in memory, bounded, and written down in batches.

Whoever is refused changes nothing, so nothing need wait for the event; and whoever asks often, to be
refused each time, must not fill the database. What is over the bounds is counted and not kept.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from entrepot.domain.audit import AuditEvent, Deed, FailedProofs
from entrepot.domain.errors import ReadOnly
from entrepot.identity.auditing import noise, refusal_of
from entrepot.ports.clock import Clock
from entrepot.ports.outages import Outage, Unsettled
from entrepot.ports.records import Records, Store
from entrepot.ports.reports import AuditReports, NoReports

logger = logging.getLogger(__name__)

EVERY = timedelta(seconds=1)
_MOST_REFUSALS = 500  # between two flushes
_ENOUGH = 200  # refusals that are flushed before their time
_MOST_PROOFS = 1000  # different addresses and keys in a minute
_SILENT = NoReports()

_Proof = tuple[str, str, datetime]


class Refusals:
    """The refusals of one process since the last flush, and the failed signatures of this minute."""

    def __init__(self, store: Store, clock: Clock, reports: AuditReports = _SILENT) -> None:
        self._store = store
        self._clock = clock
        self._reports = reports
        self._events: list[AuditEvent] = []
        self._proofs: dict[_Proof, FailedProofs] = {}
        self._enough = asyncio.Event()

    def refused(self, deed: Deed, code: str, message: str) -> None:
        """Somebody who is known was refused; the account that is told is its own."""
        if len(self._events) >= _MOST_REFUSALS:
            self._reports.audit_dropped("refusal", 1)
            return
        self._events.append(refusal_of(deed, self._clock, code, message))
        if len(self._events) >= _ENOUGH:
            self._enough.set()

    def unproven(self, address: str, access_key_id: str, account: str) -> None:
        """A request was not signed as this key would have; `account` is "" where there is no such key."""
        now = self._clock()
        minute = now.replace(second=0, microsecond=0)
        key = address, access_key_id if account else "", minute  # who asks for made-up keys is one
        found = self._proofs.get(key)
        if found is not None:
            self._proofs[key] = replace(found, count=found.count + 1, last_at=now)
        elif len(self._proofs) < _MOST_PROOFS:
            self._proofs[key] = FailedProofs(address, key[1], account, 1, now, now)
        else:
            self._reports.audit_dropped("signature", 1)

    async def flush(self, *, is_last: bool = False) -> None:
        """Write down the refusals, and the signatures of minutes that are over, at the end of all.

        An outage keeps them for the next time.
        """
        self._enough.clear()
        minute = self._clock().replace(second=0, microsecond=0)
        ended = [key for key in self._proofs if is_last or key[2] != minute]
        events = self._events + [self._proofs.pop(key).event(noise()) for key in ended]
        self._events = []
        if not events:
            return
        try:
            await self._store.write(lambda records: _add(events, records))
        except (Outage, Unsettled):
            kept = self._events + events
            self._events = kept[:_MOST_REFUSALS]
            self._reports.audit_dropped("refusal", len(kept) - len(self._events))
        except ReadOnly:
            return  # nobody writes anything down here
        except Exception:  # a bug in one event must not end the writing of all others
            logger.exception("refusals were not written down")
            self._reports.audit_dropped("refusal", len(events))

    async def flush_until(self, stop: asyncio.Event) -> None:
        """Flush each second, or when there is much; and once more when told to stop."""
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(_either(stop, self._enough), EVERY.total_seconds())
            await self.flush()


async def _add(events: list[AuditEvent], records: Records) -> None:
    await records.audit_events.add(events)


async def _either(one: asyncio.Event, other: asyncio.Event) -> None:
    tasks = [asyncio.ensure_future(one.wait()), asyncio.ensure_future(other.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
