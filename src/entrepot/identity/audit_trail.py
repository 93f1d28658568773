"""Reading the audit: looked up, written out as a whole, and forgotten in time."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial

from entrepot.domain.audit import AuditEvent, Lookup, first_id, operator, own_deed
from entrepot.identity.auditing import doing, turn_to, undone
from entrepot.ports.records import Records, Store

_STEP = 500  # events that are read or removed at once
_MOST_STEPS = 10  # of one look: who asks for what is seldom goes on from there
NOBODY = ""  # the account of what strangers did who named no account


class AuditTrail:
    """The events of every account."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def look_up(
        self, account: str, lookup: Lookup, *, before: str | None, limit: int
    ) -> tuple[list[AuditEvent], str | None]:
        """Up to `limit` events, newest first, and the id before which to go on, None at the end.

        There may be fewer, and even none, before the end: a look reads a bounded number of events.
        """
        found: list[AuditEvent] = []
        end, step = min(before or lookup.beyond, lookup.beyond), limit + 1
        for _ in range(_MOST_STEPS):
            events = await self._newest(account, lookup.first, end, step)
            for event in events:
                if lookup.matches(event):
                    found.append(event)
                    if len(found) == limit:
                        return found, event.id
            if len(events) < step:
                return found, None
            end, step = events[-1].id, _STEP
        return found, end

    async def _newest(self, account: str, since: str, before: str, limit: int) -> list[AuditEvent]:
        async def body(records: Records) -> list[AuditEvent]:
            return await records.audit_events.before(account, since=since, before=before, limit=limit)

        return await self._store.scan(body)

    async def accounts(self) -> list[str]:
        """Every account that may have events."""
        found = [NOBODY]
        while page := await self._store.read(partial(_accounts, found[-1])):
            found += page
        return found

    async def events(
        self, account: str, since: datetime | None, until: datetime | None
    ) -> AsyncIterator[AuditEvent]:
        """All events of an account and time, oldest first; `until` itself is left out."""
        after = first_id(since) if since is not None else ""
        before = first_id(until) if until is not None else "g"
        while events := await self._oldest(account, after, before):
            for event in events:
                yield event
            after = events[-1].id

    async def _oldest(self, account: str, after: str, before: str) -> Sequence[AuditEvent]:
        async def body(records: Records) -> Sequence[AuditEvent]:
            return await records.audit_events.after(account, after=after, before=before, limit=_STEP)

        return await self._store.scan(body)

    async def forget(self, before: datetime) -> int:
        """Remove what is older; how many events there were. That they were is an event itself."""
        removed = 0
        for account in await self.accounts():
            actor = operator(account, "entrepot worker")
            with doing(partial(own_deed, actor, "ForgetEvents")):
                while step := await self._forget_some(account, before):
                    removed += step
        return removed

    async def _forget_some(self, account: str, before: datetime) -> int:
        async def body(records: Records) -> int:
            removed = await records.audit_events.remove(account, before=first_id(before), limit=_STEP)
            if removed:
                turn_to("ForgetEvents", events=removed, before=before)
            else:
                undone()
            return removed

        return await self._store.write(body)


async def _accounts(after: str, records: Records) -> list[str]:
    return [account.id for account in await records.accounts.page(after=after, limit=_STEP)]
