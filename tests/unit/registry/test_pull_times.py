"""When images were last pulled."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import pytest

from entrepot.domain.digests import Digest
from entrepot.domain.errors import TooMany
from entrepot.domain.images import ImageId
from entrepot.domain.names import Registry
from entrepot.identity.gathering import Gathering
from entrepot.ports.outages import Outage, Unsettled
from entrepot.ports.records import Records, Store
from entrepot.registry.pull_exclusions import MOST_EXCLUSIONS
from entrepot.registry.pull_times import PullTimes
from tests.unit.builders import ACCOUNT, REGISTRY, ROOT, USER, World

T = TypeVar("T")


async def test_a_pull_is_written_down_with_the_next_flush(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["1"])
    await world.pulls.get(repository, image.digest)
    pulled_at = world.clock.at
    world.clock.at += timedelta(hours=1)

    await world.pull_times.flush()

    (described,) = await world.listings.describe(repository, [ImageId(digest=image.digest)])
    assert described.image.last_pulled_at == pulled_at


async def test_finding_an_image_is_no_pull(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["1"])
    await world.pulls.find(repository, image.digest)
    await world.pull_times.flush()

    (described,) = await world.listings.describe(repository, [ImageId(digest=image.digest)])
    assert described.image.last_pulled_at is None


class OutOfReach:
    """A store whose writes fail until it is reached."""

    def __init__(self, store: Store, failure: type[Exception]) -> None:
        self.read, self.scan, self.write_apart = store.read, store.scan, store.write_apart
        self.version, self.commits = store.version, store.commits
        self._failure = failure
        self._write = store.write
        self.is_reached = False

    async def write(self, body: Callable[[Records], Awaitable[T]]) -> T:
        if not self.is_reached:
            raise self._failure
        return await self._write(body)


@pytest.mark.parametrize("failure", [Outage, Unsettled])
async def test_an_outage_keeps_what_was_gathered(world: World, failure: type[Exception]) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    store = OutOfReach(world.store, failure)
    times = PullTimes(store, world.clock)
    times.note(repository, image.digest)

    await times.flush()
    store.is_reached = True
    await times.flush()

    (described,) = await world.listings.describe(repository, [ImageId(digest=image.digest)])
    assert described.image.last_pulled_at == world.clock.at


@pytest.mark.parametrize(
    ("failure", "counted"),
    [
        (Outage, 5),  # nothing of it was written
        (Unsettled, 2),  # nobody knows whether it was: not twice, then
    ],
)
async def test_a_pull_is_counted_once_or_not_at_all(
    world: World, failure: type[Exception], counted: int
) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    store = OutOfReach(world.store, failure)
    times = PullTimes(store, world.clock)
    for _ in range(3):
        times.note(repository, image.digest)
    await times.flush()
    for puller in (ROOT.arn, ROOT.arn):
        times.note(repository, image.digest, puller)
    store.is_reached = True
    for _ in range(2):
        await times.flush()

    pulls = await world.store.read(lambda records: records.statistics.pulls(repository.id, [image.digest]))
    assert pulls[image.digest].pulls == counted


async def test_pulls_of_one_image_are_one_statement_whoever_pulled_it(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    for puller in (ROOT.arn, USER.arn, ""):
        world.pull_times.note(repository, image.digest, puller)
    await world.pull_times.flush()
    changes = await world.store.scan(lambda records: records.statistics.changes(after=("", ""), limit=9))
    assert len(changes) == 1 + 1  # of the push and of the pulls


async def test_attack_40_what_is_pulled_in_a_minute_takes_bounded_memory(world: World) -> None:
    repository = await world.repository()
    images = [await world.image(repository, f"{number}") for number in range(3)]
    gathering = Gathering[Digest, int](
        world.store, _write_nothing, merge=lambda former, latter: former + latter, most=2
    )
    for image in [*images, *images]:
        gathering.put(image.digest, 1)
    assert gathering._gathered == {image.digest: 2 for image in images[:2]}


async def _write_nothing(_gathered: list[tuple[Digest, int]], _records: Records) -> None:
    pass


async def test_what_was_gathered_is_flushed_at_the_end(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["1"])
    world.pull_times.note(repository, image.digest)
    stop = asyncio.Event()
    stop.set()

    await world.pull_times.flush_until(stop, timedelta(hours=1))

    (described,) = await world.listings.describe(repository, [ImageId(digest=image.digest)])
    assert described.image.last_pulled_at == world.clock.at


_ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/Scanner"


@pytest.mark.parametrize(
    ("puller", "counts"),
    [
        (USER.arn, False),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/Scanner/session", False),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/ScannerToo/session", True),
        ("arn:aws:sts::210987654321:assumed-role/Scanner/session", True),
        (ROOT.arn, True),
        ("", True),
        (None, False),  # somebody only looks
    ],
)
async def test_pulls_of_who_is_excluded_do_not_count(world: World, puller: str | None, counts: bool) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["1"])
    for arn in (USER.arn, _ROLE):
        await world.pull_exclusions.register(REGISTRY, arn)
    await world.pulls.get(repository, image.digest, puller=puller)
    await world.pulls.get_batch(repository, [ImageId(tag="1")], puller=puller)
    await world.pull_times.flush()
    (described,) = await world.listings.describe(repository, [ImageId(digest=image.digest)])
    assert (described.image.last_pulled_at is not None) is counts


async def test_exclusions_of_another_registry_do_not_matter(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    await world.pull_exclusions.register(Registry(ACCOUNT, "us-east-1"), USER.arn)
    await world.pulls.get(repository, image.digest, puller=USER.arn)
    await world.pull_times.flush()
    (described,) = await world.listings.describe(repository, [ImageId(digest=image.digest)])
    assert described.image.last_pulled_at == world.clock.at


async def test_a_pull_that_counts_is_noted_beside_one_that_does_not(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    await world.pull_exclusions.register(REGISTRY, USER.arn)
    for puller in (ROOT.arn, USER.arn):
        await world.pulls.get(repository, image.digest, puller=puller)
    await world.pull_times.flush()
    (described,) = await world.listings.describe(repository, [ImageId(digest=image.digest)])
    assert described.image.last_pulled_at == world.clock.at


async def test_a_list_of_exclusions_holds_a_hundred(world: World) -> None:
    arns = [f"arn:aws:iam::{ACCOUNT}:user/{n:03}" for n in range(MOST_EXCLUSIONS)]
    for arn in arns:
        await world.pull_exclusions.register(REGISTRY, arn)
    with pytest.raises(TooMany):
        await world.pull_exclusions.register(REGISTRY, f"arn:aws:iam::{ACCOUNT}:user/more")
    assert (await world.pull_exclusions.page(REGISTRY, token=None, limit=1000)).entries == arns
