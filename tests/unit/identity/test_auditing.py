"""The store that writes events: with a deed under way, in the same transaction, and no more than that."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from entrepot.domain.audit import AuditEvent, Deed, Lookup, actor_of, operator, own_deed
from entrepot.identity.audit_trail import AuditTrail
from entrepot.identity.auditing import AuditedStore, concern, doing, tell, turn_to, under_way, undone
from entrepot.ports.records import Records
from tests.unit.builders import ACCOUNT, REGISTRY, START, USER, World, open_world

OTHER_ACCOUNT = "210987654321"


def deed(name: str = "PutAccountSetting") -> Deed:
    return Deed(actor_of(USER), "ecr", name, "eu-west-1", "192.0.2.1", "agent", "request")


async def change(records: Records) -> None:
    await records.settings.put(REGISTRY, "name", "value")


@pytest.fixture(name="world")
async def _world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


@pytest.fixture(name="audited")
def _audited(world: World) -> AuditedStore:
    return AuditedStore(world.store, world.clock)


async def events(world: World, account: str = ACCOUNT) -> list[AuditEvent]:
    return await world.store.scan(
        lambda records: records.audit_events.after(account, after="", before="g", limit=5000)
    )


async def test_without_a_deed_nothing_is_told(world: World, audited: AuditedStore) -> None:
    await audited.write(change)
    assert await events(world) == []
    assert under_way() is None


async def test_each_transaction_of_a_deed_has_its_event(world: World, audited: AuditedStore) -> None:
    with doing(deed):
        tell(accessKeyId="AKIA1", secretAccessKey="hush")
        await audited.write(change)
        world.clock.advance(timedelta(microseconds=1))
        turn_to("UploadLayerPart", uploadId="1")
        await audited.write(change)
    first, second = [json.loads(event.document) for event in await events(world)]
    assert first["responseElements"]["accessKeyId"] == "AKIA1"
    assert "hush" not in str(first)
    assert (second["eventName"], second["requestParameters"]) == ("UploadLayerPart", {"uploadId": "1"})
    assert second["responseElements"] is None


async def test_a_body_that_is_refused_has_none(world: World, audited: AuditedStore) -> None:
    async def refused(records: Records) -> None:
        await change(records)
        raise LookupError

    with doing(deed), pytest.raises(LookupError):
        await audited.write(refused)
    assert await events(world) == []
    assert await world.store.read(lambda records: records.settings.find(REGISTRY, "name")) is None


async def test_a_body_of_which_nothing_came_has_none_and_the_next_has(
    world: World, audited: AuditedStore
) -> None:
    async def nothing(_records: Records) -> None:
        undone()

    with doing(deed):
        await audited.write(nothing)
        assert await events(world) == []
        await audited.write(change)
    assert len(await events(world)) == 1


async def test_reads_tell_nothing(world: World, audited: AuditedStore) -> None:
    with doing(deed):
        await audited.read(lambda records: records.settings.find(REGISTRY, "name"))
        await audited.scan(lambda records: records.settings.find(REGISTRY, "name"))
    assert await events(world) == []


async def test_whoever_owns_what_it_is_done_to_is_told_too(world: World, audited: AuditedStore) -> None:
    arn = f"arn:aws:ecr:eu-west-1:{OTHER_ACCOUNT}:repository/team/app"
    with doing(deed):
        concern(OTHER_ACCOUNT, arn)
        concern(OTHER_ACCOUNT, arn)
        concern(ACCOUNT, "*")
        await audited.write(change)
    [theirs] = await events(world, OTHER_ACCOUNT)
    assert theirs.resources == (arn,)
    assert len(await events(world)) == 1


async def test_old_events_are_forgotten_and_that_is_an_event(world: World, audited: AuditedStore) -> None:
    await world.store.write(lambda records: records.accounts.add(ACCOUNT, START))
    trail = AuditTrail(audited)
    with doing(deed):
        for _ in range(3):
            await audited.write(change)
        world.clock.advance(timedelta(days=91))
        await audited.write(change)
    world.clock.advance(timedelta(seconds=1))
    assert await trail.forget(world.clock.at - timedelta(days=90)) == 3
    kept, forgot = [json.loads(event.document) for event in await events(world)]
    assert kept["eventName"] == "PutAccountSetting"
    assert forgot["eventName"] == "ForgetEvents"
    assert forgot["serviceEventDetails"]["events"] == 3
    assert await trail.forget(world.clock.at - timedelta(days=90)) == 0


async def test_a_look_reads_a_bounded_number_of_events_and_goes_on_from_there(
    world: World, audited: AuditedStore
) -> None:
    actor = operator(ACCOUNT, "test")
    wanted = own_deed(actor, "Wanted").done(START, [1])
    others = [event for n in range(7000) for event in own_deed(actor, "Other").done(START, [n + 2])]
    await world.store.write(lambda records: records.audit_events.add([*wanted, *others]))
    trail, lookup = AuditTrail(audited), Lookup("eu-west-1", attribute=("EventName", "Wanted"))

    found, before = await trail.look_up(ACCOUNT, lookup, before=None, limit=50)
    assert (found, before is None) == ([], False)
    found, before = await trail.look_up(ACCOUNT, lookup, before=before, limit=50)
    assert [event.id for event in found] == [wanted[0].id]
    assert before is None


async def test_collection_is_told_with_its_counts(world: World, audited: AuditedStore) -> None:
    repository = await world.repository()
    await world.uploads.begin(repository, USER)
    world.clock.advance(timedelta(days=2))
    collector = type(world.collector)(audited, world.blobs, world.clock, world.collector._grace)
    with doing(lambda: own_deed(operator(ACCOUNT, "entrepot worker"), "CollectGarbage")):
        await collector.collect()
    [event] = await events(world)
    assert json.loads(event.document)["serviceEventDetails"] == {"uploads": 1}
