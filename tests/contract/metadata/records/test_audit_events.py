"""Events of the audit, on every database."""

from dataclasses import replace

from entrepot.domain.audit import AuditEvent, first_id
from entrepot.ports.records import Records
from tests.contract.metadata.records.samples import ACCOUNT, audit_event, minute

OTHER = "210987654321"


async def three(records: Records) -> list[AuditEvent]:
    """One a minute, and one of another account between them."""
    events = [audit_event(minute(n)) for n in range(3)]
    await records.audit_events.add([*events, audit_event(minute(1), account=OTHER)])
    return events


async def test_events_come_back_as_they_were_written(records: Records) -> None:
    events = await three(records)
    found = await records.audit_events.after(ACCOUNT, after="", before="g", limit=10)
    assert found == events
    assert [event.at for event in found] == [minute(0), minute(1), minute(2)]


async def test_newest_first_within_ids(records: Records) -> None:
    one, two, three_ = await three(records)
    newest = records.audit_events.before
    assert await newest(ACCOUNT, since="", before="g", limit=2) == [three_, two]
    assert await newest(ACCOUNT, since="", before=two.id, limit=2) == [one]
    assert await newest(ACCOUNT, since=two.id, before="g", limit=9) == [three_, two]


async def test_oldest_first_between_ids(records: Records) -> None:
    one, two, three_ = await three(records)
    assert await records.audit_events.after(ACCOUNT, after=one.id, before=three_.id, limit=9) == [two]


async def test_an_event_that_is_written_twice_is_there_once(records: Records) -> None:
    events = await three(records)
    await records.audit_events.add(events)
    await records.audit_events.add([])
    assert len(await records.audit_events.after(ACCOUNT, after="", before="g", limit=10)) == 3


async def test_the_oldest_are_removed_first_and_only_of_the_account(records: Records) -> None:
    _, two, three_ = await three(records)
    before = first_id(minute(2))
    assert await records.audit_events.remove(ACCOUNT, before=before, limit=1) == 1
    assert await records.audit_events.after(ACCOUNT, after="", before="g", limit=10) == [two, three_]
    assert await records.audit_events.remove(ACCOUNT, before=before, limit=9) == 1
    assert await records.audit_events.remove(ACCOUNT, before=before, limit=9) == 0
    assert len(await records.audit_events.after(OTHER, after="", before="g", limit=10)) == 1


async def test_events_written_with_the_commit_are_the_same(records: Records) -> None:
    hostile = replace(
        audit_event(minute(0)),
        username="o'brien\\'; DROP TABLE audit_event; -- $1 \u00e9\U0001f433",
        document='{"a":"\\\\$2\\u001b"}',
    )
    await records.audit_events.add_last([hostile, audit_event(minute(1), account=OTHER)])
    await records.audit_events.add_last([])
    assert await records.audit_events.after(ACCOUNT, after="", before="g", limit=9) == [hostile]
    assert len(await records.audit_events.after(OTHER, after="", before="g", limit=9)) == 1


async def test_many_events_at_once(records: Records) -> None:
    events = [audit_event(minute(0), noise) for noise in range(700)]
    await records.audit_events.add(events)
    assert await records.audit_events.after(ACCOUNT, after="", before="g", limit=1000) == events
