"""What a process may keep in memory: until it, its node or another changes the revision, and not past 5 s."""

import subprocess
import sys
from dataclasses import dataclass

import pytest

from entrepot.domain.names import Registry
from entrepot.ports.outages import Outage
from entrepot.ports.records import Records
from entrepot.storage.metadata.connection import Database, OutcomeUnknown
from entrepot.storage.metadata.migrate import migrate, packaged
from entrepot.storage.metadata.node_stamp import NodeStamp
from entrepot.storage.metadata.revision_watch import TRUSTED_SECONDS, RevisionWatch, Unconfirmed
from entrepot.storage.metadata.store import SqlStore
from tests.contract.metadata.places import Place
from tests.contract.metadata.test_migrate import NOW

REGISTRY = Registry("123456789012", "eu-west-1")
MOMENT = 0.001


class Seconds:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a node: its own connection, watch and store."""

    database: Database
    watch: RevisionWatch
    store: SqlStore
    clock: Seconds

    async def change(self) -> None:
        await self.store.write(lambda records: records.settings.put(REGISTRY, "name", "value"))


async def process(place: Place, stamp: NodeStamp | None = None) -> Process:
    database, clock = await place.open(), Seconds()
    await migrate(database, packaged(), now=NOW)
    watch = RevisionWatch(database, stamp or NodeStamp(), clock)
    await watch.look()
    return Process(database, watch, SqlStore(database, watch), clock)


async def test_a_process_sees_its_own_change_at_once(shared_place: Place) -> None:
    one = await process(shared_place)
    before = one.store.version()
    assert one.store.version() == before
    await one.change()
    assert one.store.version() != before


async def test_every_process_of_a_node_sees_a_change_at_once(shared_place: Place) -> None:
    stamp = NodeStamp()
    one, other = await process(shared_place, stamp), await process(shared_place, stamp)
    before = other.store.version()
    await one.change()
    assert other.store.version() != before


async def test_another_node_sees_a_change_when_it_looks(shared_place: Place) -> None:
    one, other = await process(shared_place), await process(shared_place)
    before = other.store.version()
    await one.change()
    assert other.store.version() == before
    await other.watch.look()
    assert other.store.version() != before


async def test_a_write_that_changes_nothing_kept_leaves_the_version(shared_place: Place) -> None:
    one = await process(shared_place)
    before = one.store.version()
    await one.store.write(lambda records: records.accounts.page(after="", limit=1))
    await one.watch.look()
    assert one.store.version() == before


async def test_a_change_whose_outcome_is_unknown_counts(shared_place: Place) -> None:
    one = await process(shared_place)
    before = one.store.version()

    async def change_and_lose(records: Records) -> None:
        await records.settings.put(REGISTRY, "name", "value")
        raise OutcomeUnknown

    with pytest.raises(OutcomeUnknown):
        await one.store.write(change_and_lose)
    assert one.store.version() != before


async def test_what_was_not_confirmed_for_5_seconds_is_an_outage(shared_place: Place) -> None:
    one = await process(shared_place)
    before = one.store.version()
    one.clock.now += TRUSTED_SECONDS
    assert one.store.version() == before
    one.clock.now += MOMENT
    with pytest.raises(Unconfirmed) as outage:
        one.store.version()
    assert isinstance(outage.value, Outage)
    await one.watch.look()
    assert one.store.version() == before


async def test_the_time_of_the_question_counts_and_not_that_of_the_answer(shared_place: Place) -> None:
    """An answer may lie in a queue for long: what it says was true when it was asked for."""
    one = await process(shared_place)

    class Slow:
        async def read(self, body: object) -> int:
            one.clock.now += TRUSTED_SECONDS + MOMENT
            return 1

    slow = RevisionWatch(Slow(), NodeStamp(), one.clock)  # type: ignore[arg-type]
    await slow.look()
    with pytest.raises(Unconfirmed):
        slow.version()


def test_a_stamp_is_shared_with_the_processes_that_are_forked() -> None:
    program = (
        "import os\n"
        "from entrepot.storage.metadata.node_stamp import NodeStamp\n"
        "stamp = NodeStamp()\n"
        "before = stamp.number\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    stamp.change()\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "raise SystemExit(stamp.number == before)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
