"""What happened to tags, as it is told."""

from datetime import timedelta

from entrepot.domain.audit import Actor, own_deed
from entrepot.domain.images import ImageId
from entrepot.domain.names import RepositoryName, Tag
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import doing
from tests.unit.builders import REGISTRY, START, World
from tests.unit.registry.lifecycles import keep_newest, policy

MOMENT = timedelta(microseconds=1)
EVE = "arn:aws:iam::123456789012:user/eve"
Told = list[tuple[str, str, str | None, str | None]]


async def told(world: World, repository: Repository, tag: str | None = None) -> Told:
    """Tag, change, digest and the one before; the first event first."""
    page = await world.tag_history.page(
        repository, Tag(tag) if tag is not None else None, token=None, limit=100
    )
    return [(each.tag, each.change.value, each.digest, each.previous) for each in reversed(page.entries)]


async def test_a_tag_is_pushed_moved_deleted_and_restored(world: World) -> None:
    repository = await world.repository()
    one = await world.image(repository, "one", tags=["latest"])
    world.clock.advance(MOMENT)
    two = await world.image(repository, "two", tags=["latest"])
    world.clock.advance(MOMENT)
    await world.deletions.delete_tag(repository, Tag("latest"))
    world.clock.advance(MOMENT)
    await world.restorations.tag(repository, Tag("latest"), one.digest)

    assert await told(world, repository) == [
        ("latest", "PUSHED", one.digest, None),
        ("latest", "MOVED", two.digest, one.digest),
        ("latest", "DELETED", None, two.digest),
        ("latest", "RESTORED", one.digest, None),
    ]


async def test_a_push_that_changes_nothing_is_not_told(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    await world.image(repository, tags=["v1"])
    assert await told(world, repository) == [("v1", "PUSHED", image.digest, None)]


async def test_with_an_image_each_of_its_tags_goes(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1", "v2"])
    world.clock.advance(MOMENT)
    await world.deletions.delete_batch(repository, [ImageId(digest=image.digest)])
    assert (await told(world, repository, "v1"))[-1] == ("v1", "DELETED", None, image.digest)
    assert (await told(world, repository, "v2"))[-1] == ("v2", "DELETED", None, image.digest)
    assert len(await told(world, repository, "v2")) == 2


async def test_what_a_rule_expires_is_told_with_its_rule_and_what_a_caller_does_with_its_name(
    world: World,
) -> None:
    repository = await world.repository()
    eve = Actor("123456789012", "eve", "", {"arn": EVE})
    with doing(lambda: own_deed(eve, "PutImage")):
        await world.image(repository, "old", tags=["v1"])
    world.clock.advance(MOMENT)
    await world.image(repository, "new", tags=["v2"])
    await world.lifecycle_policies.put(REGISTRY, RepositoryName("team/app"), policy(keep_newest(1)))
    world.clock.advance(MOMENT)
    await world.lifecycle_runs().run(repository.id)

    expired, pushed = (await world.tag_history.page(repository, Tag("v1"), token=None, limit=9)).entries

    assert (pushed.by, pushed.rule_priority, pushed.at) == (EVE, None, START)
    assert (expired.change.value, expired.by, expired.rule_priority) == ("EXPIRED", None, 1)


async def test_history_comes_in_pages_and_is_forgotten_in_time(world: World) -> None:
    repository, other = await world.repository(), await world.repository("other/app")
    for number in range(5):
        await world.image(repository, f"image {number}", tags=["latest"])
        world.clock.advance(timedelta(days=1))
    await world.image(other, tags=["v1"])

    first = await world.tag_history.page(repository, Tag("latest"), token=None, limit=3)
    second = await world.tag_history.page(repository, Tag("latest"), token=first.next_token, limit=3)
    assert (len(first.entries), len(second.entries), second.next_token) == (3, 2, None)
    assert sorted({each.id for each in [*first.entries, *second.entries]}, reverse=True) == [
        each.id for each in [*first.entries, *second.entries]
    ]

    assert await world.tag_history.forget(START + timedelta(days=3)) == 3
    assert len(await told(world, repository)) == 2
    assert len(await told(world, other)) == 1
    assert await world.tag_history.forget(START + timedelta(days=3)) == 0
