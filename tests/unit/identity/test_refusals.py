"""Refusals and failed signatures in memory: bounded, written in batches, kept through an outage."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from entrepot.domain.audit import AuditEvent, Deed, actor_of
from entrepot.identity.refusals import Refusals
from entrepot.ports.outages import Outage
from entrepot.ports.reports import NoReports
from tests.unit.builders import ACCOUNT, ROOT, USER, World, open_world

DEED = Deed(actor_of(USER), "ecr", "PutImage", "eu-west-1", "192.0.2.1", "", "request")
ADDRESS = "192.0.2.7"


class Reports(NoReports):
    """Counts what is dropped."""

    def __init__(self) -> None:
        self.dropped: dict[str, int] = {}

    def audit_dropped(self, what: str, count: int) -> None:
        self.dropped[what] = self.dropped.get(what, 0) + count


@pytest.fixture(name="world")
async def _world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


async def events(world: World, account: str = ACCOUNT) -> list[AuditEvent]:
    return await world.store.scan(
        lambda records: records.audit_events.after(account, after="", before="g", limit=5000)
    )


async def test_a_refusal_is_written_by_the_next_flush(world: World) -> None:
    refusals = Refusals(world.store, world.clock)
    refusals.refused(DEED, "AccessDenied", "no")
    assert await events(world) == []
    await refusals.flush()
    await refusals.flush()
    [event] = await events(world)
    assert json.loads(event.document)["errorMessage"] == "no"


async def test_attack_49_refusals_over_the_bound_are_counted_and_not_kept(world: World) -> None:
    reports = Reports()
    refusals = Refusals(world.store, world.clock, reports)
    for _ in range(700):
        refusals.refused(DEED, "AccessDenied", "no")
    await refusals.flush()
    assert len(await events(world)) == 500
    assert reports.dropped == {"refusal": 200}


async def test_failed_signatures_of_a_minute_are_one_event_written_once_it_is_over(world: World) -> None:
    refusals = Refusals(world.store, world.clock)
    for _ in range(5):
        refusals.unproven(ADDRESS, ROOT.access_key_id, ACCOUNT)
    refusals.unproven("192.0.2.8", ROOT.access_key_id, ACCOUNT)
    await refusals.flush()
    assert await events(world) == []
    world.clock.advance(timedelta(minutes=1))
    refusals.unproven(ADDRESS, ROOT.access_key_id, ACCOUNT)
    await refusals.flush()
    found = [json.loads(event.document) for event in await events(world)]
    counts = sorted((each["sourceIPAddress"], each["serviceEventDetails"]["count"]) for each in found)
    assert counts == [(ADDRESS, 5), ("192.0.2.8", 1)]
    await refusals.flush(is_last=True)
    assert len(await events(world)) == 3


async def test_made_up_keys_are_one_an_address_and_not_repeated(world: World) -> None:
    refusals = Refusals(world.store, world.clock)
    for number in range(2000):
        refusals.unproven(ADDRESS, f"AKIAMADEUP{number}", "")
    await refusals.flush(is_last=True)
    [event] = await events(world, "")
    assert json.loads(event.document)["serviceEventDetails"]["count"] == 2000
    assert "MADEUP" not in event.document


async def test_failed_signatures_from_many_addresses_are_bounded(world: World) -> None:
    reports = Reports()
    refusals = Refusals(world.store, world.clock, reports)
    for number in range(1500):
        refusals.unproven(f"2001:db8::{number:x}", "AKIA", "")
    await refusals.flush(is_last=True)
    assert len(await events(world, "")) == 1000
    assert reports.dropped == {"signature": 500}


class Broken:
    """A store that fails a number of times, and then works."""

    def __init__(self, world: World, failures: int, error: Exception) -> None:
        self._world, self._failures, self._error = world, failures, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.store, name)

    async def write(self, body: Callable[[Any], Awaitable[Any]]) -> Any:
        if self._failures:
            self._failures -= 1
            raise self._error
        return await self._world.store.write(body)


async def test_attack_45_an_outage_keeps_them_for_the_next_time(world: World) -> None:
    refusals = Refusals(Broken(world, 2, Outage()), world.clock)
    refusals.refused(DEED, "AccessDenied", "no")
    await refusals.flush()
    refusals.refused(DEED, "AccessDenied", "no")
    await refusals.flush()
    assert await events(world) == []
    await refusals.flush()
    assert len(await events(world)) == 2


async def test_a_bug_ends_neither_the_flushing_nor_the_process(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    reports, stop = Reports(), asyncio.Event()
    refusals = Refusals(Broken(world, 1, TypeError("a bug")), world.clock, reports)
    refusals.refused(DEED, "AccessDenied", "no")
    await refusals.flush()
    assert reports.dropped == {"refusal": 1}
    assert "not written down" in caplog.text
    flushing = asyncio.create_task(refusals.flush_until(stop))
    for _ in range(200):
        refusals.refused(DEED, "AccessDenied", "no")
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            while len(await events(world)) < 200:
                await asyncio.wait({flushing}, timeout=0.01)
    refusals.refused(DEED, "AccessDenied", "no")
    stop.set()
    await flushing
    assert len(await events(world)) == 201
