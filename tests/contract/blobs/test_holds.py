"""What every book of holds on uploads promises."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from tests.unit.builders import START, SettableClock, open_world

from entrepot.ports.blobs import UploadBusy
from entrepot.ports.holds import UploadHolds
from entrepot.ports.outages import Outage, Unsettled
from entrepot.registry.upload_holds import RowHolds
from entrepot.storage.blobs.leases import HoldLost, leased
from entrepot.storage.blobs.memory_holds import MemoryHolds

KEY = secrets.token_hex(16)


@pytest.fixture(params=["memory", "rows"])
async def holds(request: pytest.FixtureRequest) -> AsyncIterator[UploadHolds]:
    if request.param == "memory":
        yield MemoryHolds()
        return
    async with open_world() as world:
        loop = asyncio.get_running_loop()
        yield RowHolds(world.store, lambda: START + timedelta(seconds=loop.time()))


async def test_a_hold_excludes_every_other_holder(holds: UploadHolds) -> None:
    assert await holds.take(KEY, "one", seconds=60)
    assert not await holds.take(KEY, "two", seconds=60)
    assert await holds.take("another key", "two", seconds=60)


async def test_a_holder_may_take_its_hold_again(holds: UploadHolds) -> None:
    assert await holds.take(KEY, "one", seconds=60)
    assert await holds.take(KEY, "one", seconds=60)


async def test_a_hold_that_was_let_go_is_anybodys(holds: UploadHolds) -> None:
    await holds.take(KEY, "one", seconds=60)
    await holds.release(KEY, "one")
    assert await holds.take(KEY, "two", seconds=60)


async def test_nobody_lets_go_of_what_another_holds(holds: UploadHolds) -> None:
    await holds.take(KEY, "one", seconds=60)
    await holds.release(KEY, "two")
    assert not await holds.take(KEY, "two", seconds=60)


async def test_the_hold_of_a_dead_holder_ends_by_itself(holds: UploadHolds) -> None:
    await holds.take(KEY, "dead", seconds=0.01)
    async with leased(holds, KEY, patience_seconds=30):
        assert not await holds.take(KEY, "dead", seconds=60)


async def test_a_hold_lasts_as_long_as_its_work(holds: UploadHolds) -> None:
    async with leased(holds, KEY, patience_seconds=0, seconds=0.3) as lease:
        with pytest.raises(UploadBusy):
            async with leased(holds, KEY, patience_seconds=1):
                pass
        lease.expect_sure()


async def test_a_holder_that_is_just_ending_is_waited_for(holds: UploadHolds) -> None:
    is_held = asyncio.Event()

    async def hold_briefly() -> None:
        async with leased(holds, KEY, patience_seconds=0):
            is_held.set()
            await asyncio.sleep(0)

    running = asyncio.create_task(hold_briefly())
    await is_held.wait()
    async with leased(holds, KEY, patience_seconds=30):
        pass
    await running


async def test_a_zombie_takes_no_step_that_only_the_holder_may(holds: UploadHolds) -> None:
    async with leased(holds, KEY, patience_seconds=0, seconds=0.3) as zombie:
        await holds.release(KEY, zombie.holder)  # as a node does that was told it is another's turn
        async with leased(holds, KEY, patience_seconds=0):
            while True:
                try:
                    zombie.expect_sure()
                except HoldLost:
                    break
                await asyncio.sleep(0)


@dataclass(slots=True)
class Unsteady:
    """Holds whose rows cannot be reached, or do not say what became of a change, as often as is told."""

    inner: UploadHolds
    failures: list[Exception]

    async def take(self, key: str, holder: str, *, seconds: float) -> bool:
        taken = await self.inner.take(key, holder, seconds=seconds)
        self._fail()
        return taken

    async def release(self, key: str, holder: str) -> None:
        self._fail()
        await self.inner.release(key, holder)

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop()


async def test_attack_45_rows_lost_for_a_moment_leave_nothing_held(holds: UploadHolds) -> None:
    unsteady = Unsteady(holds, [])
    async with leased(unsteady, KEY, patience_seconds=0):
        unsteady.failures = [Outage(), Unsettled(), Outage()]
    assert not unsteady.failures
    assert await holds.take(KEY, "two", seconds=60)


async def test_attack_45_a_hold_whose_taking_was_not_answered_is_taken(holds: UploadHolds) -> None:
    async with leased(Unsteady(holds, [Unsettled()]), KEY, patience_seconds=0):
        assert not await holds.take(KEY, "two", seconds=60)
    assert await holds.take(KEY, "two", seconds=60)


async def test_a_hold_that_nobody_ended_is_forgotten_in_time() -> None:
    async with open_world() as world:
        clock = SettableClock()
        holds = RowHolds(world.store, clock)
        await holds.take(KEY, "dead", seconds=30)
        ended = clock() + timedelta(seconds=31)
        assert await world.store.write(lambda records: records.upload_holds.remove_ended(ended)) == 1
