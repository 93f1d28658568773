"""Reports of what clusters run."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

import pytest

from entrepot.domain.digests import Digest
from entrepot.domain.errors import (
    DigestUnsupported,
    ImageNotFound,
    InvalidParameter,
    Refusal,
    ReportNotFound,
    RepositoryNotFound,
    TooMany,
)
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.repositories import Repository
from entrepot.domain.usage import Cluster
from entrepot.ports.keeping import UsedImage
from entrepot.ports.records import Records
from entrepot.registry import usage
from entrepot.registry.usage import NamedImage
from tests.unit.builders import ACCOUNT, REGISTRY, ROOT, World

BLUE = Cluster(REGISTRY, "blue")


def named(digest: str, name: str = "team/app", *, registry: Registry = REGISTRY) -> NamedImage:
    return NamedImage(registry, RepositoryName(name), digest)


async def everything(_repository: Repository) -> bool:
    return True


async def report(
    world: World,
    *images: NamedImage,
    cluster: Cluster = BLUE,
    hours: float | None = None,
    may_pull: Callable[[Repository], Awaitable[bool]] = everything,
) -> list[type[Refusal]]:
    life = None if hours is None else timedelta(hours=hours)
    _, failures = await world.usage.report(cluster, images, by=ROOT.arn, life=life, may_pull=may_pull)
    return [type(each.refusal) for each in failures]


async def used(world: World, cluster: Cluster = BLUE) -> list[str]:
    page = await world.usage.page_of_cluster(cluster, token=None, limit=100, may_pull=everything)
    return [each.digest for each in page.entries]


async def images(world: World, repository: Repository, count: int) -> list[str]:
    return sorted([(await world.image(repository, str(number))).digest for number in range(count)])


async def test_a_report_takes_the_place_of_the_cluster_s_last_one(world: World) -> None:
    one, two, three = await images(world, await world.repository(), 3)
    assert await report(world, named(one), named(two), named(two)) == []
    assert await used(world) == [one, two]
    assert await report(world, named(two), named(three)) == []
    assert await used(world) == [two, three]
    assert await report(world) == []
    assert await used(world) == []


async def test_clusters_do_not_see_to_each_other(world: World) -> None:
    one, two = await images(world, await world.repository(), 2)
    green = Cluster(Registry("999999999999", REGISTRY.region), "blue")
    await report(world, named(one))
    await report(world, named(two), cluster=green)
    await report(world, named(two), cluster=Cluster(REGISTRY, "red"))
    assert (await used(world), await used(world, green)) == ([one], [two])
    page = await world.usage.page_of_repository(REGISTRY, RepositoryName("team/app"), token=None, limit=9)
    assert sorted((each.digest, each.use.cluster.name) for each in page.entries) == sorted(
        [(one, "blue"), (two, "blue"), (two, "red")]
    )


async def test_a_report_is_forgotten_after_its_time(world: World) -> None:
    [one] = await images(world, await world.repository(), 1)
    await report(world, named(one))
    await report(world, named(one), cluster=Cluster(REGISTRY, "red"), hours=48)
    [blue, _] = (await world.usage.page_of_reports(REGISTRY, token=None, limit=9)).entries
    assert blue.expires_at - blue.reported_at == timedelta(hours=24)
    world.clock.advance(timedelta(hours=25))
    with pytest.raises(ReportNotFound):
        await world.usage.reports_of([BLUE])
    [red] = (await world.usage.page_of_reports(REGISTRY, token=None, limit=9)).entries
    assert (red.cluster.name, red.images, red.reported_by) == ("red", 1, ROOT.arn)
    page = await world.usage.page_of_repository(REGISTRY, RepositoryName("team/app"), token=None, limit=9)
    assert [each.use.cluster.name for each in page.entries] == ["red"]
    assert await world.usage.clear_ended() == 1
    assert await world.usage.clear_ended() == 0

    async def left(records: Records) -> int:
        return len(await records.usage.images(blue.id, after=("", ""), limit=9))

    assert await world.store.read(left) == 0


async def test_attack_27_a_report_counts_only_for_what_its_reporter_may_pull(world: World) -> None:
    mine, theirs = await world.repository(), await world.repository("their/app")
    [one] = await images(world, mine, 1)
    [two] = await images(world, theirs, 1)

    async def only_mine(repository: Repository) -> bool:
        return repository.id == mine.id

    failures = await report(world, named(one), named(two, "their/app"), may_pull=only_mine)
    assert failures == [RepositoryNotFound]
    assert await used(world) == [one]


async def test_attack_30_what_may_not_be_pulled_is_told_as_what_is_not_there(world: World) -> None:
    theirs = await world.repository("their/app")
    [two] = await images(world, theirs, 1)

    async def nothing(_repository: Repository) -> bool:
        return False

    gone = [named(two, "gone/app")]
    _, [hidden] = await world.usage.report(
        BLUE, [named(two, "their/app")], by=ROOT.arn, life=None, may_pull=nothing
    )
    _, [absent] = await world.usage.report(BLUE, gone, by=ROOT.arn, life=None, may_pull=everything)
    assert type(hidden.refusal) is type(absent.refusal) is RepositoryNotFound


async def test_what_is_no_image_here_is_told_and_not_counted(world: World) -> None:
    [one] = await images(world, await world.repository(), 1)
    absent = "sha256:" + "0" * 64
    assert await report(world, named("latest"), named(absent), named(one)) == [
        DigestUnsupported,
        ImageNotFound,
    ]
    assert await used(world) == [one]
    stranger = Registry("000000000000", REGISTRY.region)
    assert await report(world, named(one, registry=stranger)) == [RepositoryNotFound]


async def test_a_later_report_wins_over_one_that_is_still_being_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "_STEP", 1)
    one, two, three = await images(world, await world.repository(), 3)
    begun, _ = await world.usage.report(BLUE, [named(one)], by=ROOT.arn, life=None, may_pull=everything)
    await report(world, named(two))
    assert not await world.store.write(
        lambda records: usage._add(begun, [UsedImage("any", Digest(three))], records)
    )
    assert not await world.store.write(
        lambda records: usage._take_away(begun, [UsedImage("any", Digest(two))], records)
    )
    assert await used(world) == [two]


async def test_a_report_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "MOST_REPOSITORIES", 2)
    monkeypatch.setattr(usage, "MOST_CLUSTERS", 1)
    digest = "sha256:" + "0" * 64
    three = [named(digest, f"team/{number}") for number in range(3)]
    with pytest.raises(InvalidParameter, match="images"):
        await report(world, *three)
    await report(world, *three[:2])
    await report(world, *three[:1])
    with pytest.raises(TooMany):
        await report(world, cluster=Cluster(REGISTRY, "red"))


async def test_what_is_used_is_listed_in_pages(world: World) -> None:
    found = await images(world, await world.repository(), 5)
    await report(world, *map(named, found))

    async def listed(page: Callable[..., Awaitable[object]], *of: object) -> Sequence[str]:
        digests: list[str] = []
        token: str | None = None
        while True:
            some: object = await page(*of, token=token, limit=2)
            digests += [each.digest for each in some.entries]  # type: ignore[attr-defined]
            token = some.next_token  # type: ignore[attr-defined]
            if token is None:
                return digests

    assert await listed(partial(world.usage.page_of_cluster, may_pull=everything), BLUE) == found
    assert await listed(world.usage.page_of_repository, REGISTRY, RepositoryName("team/app")) == found
    assert (await world.usage.reports_of([BLUE]))[0].images == 5
    assert ACCOUNT in BLUE.arn
