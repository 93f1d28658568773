"""Readiness: what hangs or fails makes the answer no, and never makes it late."""

import asyncio
import logging
from datetime import timedelta

import pytest

from entrepot.serving import readiness
from entrepot.serving.readiness import Readiness
from entrepot.telemetry.exposition import Exposition
from entrepot.telemetry.meters import Meters
from entrepot.telemetry.sheets import Ledger


class Blobs:
    """A blob store that works, fails or hangs as it is told."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_broken = False
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def check(self) -> None:
        self.asked += 1
        await self.goes_on.wait()
        if self.is_broken:
            raise OSError("gone")


async def database() -> timedelta:
    return timedelta(seconds=0.3)


async def hangs() -> timedelta:
    await asyncio.Event().wait()
    return timedelta(0)


async def is_out() -> timedelta:
    raise OSError("gone")


@pytest.fixture
async def blobs() -> Blobs:
    return Blobs()


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger(readiness.__name__).setLevel(logging.CRITICAL)


async def test_a_server_whose_parts_answer_is_ready(blobs: Blobs) -> None:
    assert await Readiness(database, blobs.check, Meters.alone()).ask()


async def test_a_server_without_its_database_is_not(blobs: Blobs) -> None:
    assert not await Readiness(is_out, blobs.check, Meters.alone()).ask()


async def test_a_database_that_hangs_is_not_waited_for(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_DATABASE_SECONDS", 0.01)
    assert not await Readiness(hangs, blobs.check, Meters.alone()).ask()


@pytest.mark.parametrize(("minutes", "is_ready"), [(9, True), (11, False), (-9, True), (-11, False)])
async def test_attack_45_a_clock_that_is_minutes_off_is_told_and_makes_the_server_not_ready(
    blobs: Blobs, *, minutes: int, is_ready: bool
) -> None:
    async def lead() -> timedelta:
        return timedelta(minutes=minutes)

    ledger = Ledger(["one"])
    assert await Readiness(lead, blobs.check, Meters(ledger.sheet("one"))).ask() is is_ready
    page, _ = Exposition(ledger).write("")
    assert f'entrepot_clock_lead_seconds{{process="one"}} {minutes * 60}' in page.decode()


async def test_a_server_without_its_blobs_is_not_ready(blobs: Blobs) -> None:
    blobs.is_broken = True
    assert not await Readiness(database, blobs.check, Meters.alone()).ask()


async def test_the_blob_store_is_not_asked_each_time(blobs: Blobs) -> None:
    ready = Readiness(database, blobs.check, Meters.alone())
    assert [await ready.ask() for _ in range(20)] == [True] * 20
    assert blobs.asked == 1


async def test_an_old_answer_of_the_blob_store_is_renewed(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_BLOBS_FRESH_SECONDS", 0)
    ready = Readiness(database, blobs.check, Meters.alone())
    assert await ready.ask()
    blobs.is_broken = True
    assert await _comes_to(ready, is_ready=False)
    blobs.is_broken = False
    assert await _comes_to(ready, is_ready=True)


async def test_a_blob_store_that_hangs_is_asked_once_and_makes_the_server_not_ready(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_BLOBS_SECONDS", 0.01)
    monkeypatch.setattr(readiness, "_BLOBS_FRESH_SECONDS", 0)
    blobs.goes_on.clear()
    ready = Readiness(database, blobs.check, Meters.alone())
    assert [await ready.ask() for _ in range(3)] == [False] * 3
    assert blobs.asked == 1
    blobs.goes_on.set()
    assert await _comes_to(ready, is_ready=True)


async def test_a_server_that_was_told_to_stop_is_not_ready(blobs: Blobs) -> None:
    ready = Readiness(database, blobs.check, Meters.alone())
    assert await ready.ask()
    ready.end()
    assert not await ready.ask()


async def _comes_to(ready: Readiness, *, is_ready: bool) -> bool:
    """Whether it says so, now or after its store was asked again."""
    for _ in range(100):
        if await ready.ask() is is_ready:
            return True
        await asyncio.sleep(0)
    return False
