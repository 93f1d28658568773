"""What keeps images while a lifecycle policy is carried out, and what rules over tags do."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from entrepot.domain.images import Image, ImageId
from entrepot.domain.lifecycle.decisions import Decision
from entrepot.domain.lifecycle.holds import MOST_NAMED
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.names import Tag
from entrepot.domain.pins import PIN_TAG
from entrepot.domain.repositories import Repository
from entrepot.domain.usage import Cluster
from entrepot.registry.deletions import Deletions, PolicyExecution, ServiceEvent
from entrepot.registry.lifecycle_holds import load_holds
from entrepot.registry.usage import NamedImage
from tests.unit.builders import REGISTRY, ROOT, World
from tests.unit.registry.lifecycles import keep_days, keep_newest, left, policy
from tests.unit.registry.test_lifecycle_runs import Events, several

UNTAG = {"type": "untag"}


async def put(world: World, repository: Repository, *selections: object, action: object = None) -> None:
    await world.lifecycle_policies.put(REGISTRY, repository.name, policy(*selections, action=action))


async def pin(world: World, repository: Repository, image: Image) -> None:
    await world.pins.pin(
        REGISTRY, repository.name, ImageId(image.digest), by=ROOT.arn, reason=None, until=None
    )


async def run_with(
    world: World, repository: Repository, image: Image, *, hours: float = 24, name: str = "blue"
) -> None:
    async def may_pull(_repository: Repository) -> bool:
        return True

    named = NamedImage(REGISTRY, repository.name, image.digest)
    await world.usage.report(
        Cluster(REGISTRY, name),
        [named],
        by=ROOT.arn,
        life=timedelta(hours=hours),
        may_pull=may_pull,
    )


async def tags(world: World, repository: Repository) -> Sequence[str]:
    return await world.listings.tags(repository, after="", limit=100)


class Meddling(Deletions):
    """Does something else between the decision and the deletion."""

    def __init__(self, world: World, deed: object) -> None:
        super().__init__(world.store, world.clock)
        self._deed = deed

    async def expire(
        self,
        execution: PolicyExecution,
        decisions: Sequence[Decision],
        newer: Sequence[LifecycleImage],
        event: ServiceEvent,
    ) -> PolicyExecution:
        await self._deed()  # type: ignore[operator]
        return await super().expire(execution, decisions, newer, event)


async def test_attack_23_pinned_and_running_images_outlive_a_policy(world: World) -> None:
    repository = await world.repository(tags={PIN_TAG: "v2"})
    images = await several(world, repository, 5)
    await pin(world, repository, images[0])
    await run_with(world, repository, images[1])
    await put(world, repository, keep_newest(1))
    events = Events()
    assert await world.lifecycle_runs(events).run(repository.id) == 1
    assert await left(world, repository) == {images[place].digest for place in (0, 1, 2, 4)}
    assert events.expired == [images[3].digest]


async def test_a_forgotten_report_keeps_nothing(world: World) -> None:
    repository = await world.repository()
    old, new = await several(world, repository, 2)
    await run_with(world, repository, old, hours=1)
    await put(world, repository, keep_newest(1))
    assert await world.lifecycle_runs().run(repository.id) == 0
    world.clock.advance(timedelta(hours=1))
    assert await world.lifecycle_runs().run(repository.id) == 1
    assert await left(world, repository) == {new.digest}


@pytest.mark.parametrize("how", ["pin", "tag", "use"])
async def test_attack_44_what_is_kept_after_the_decision_stays(world: World, how: str) -> None:
    repository = await world.repository()
    old, _ = await several(world, repository, 2)
    await put(world, repository, keep_newest(1))

    async def keep() -> None:
        if how == "pin":
            await pin(world, repository, old)
        elif how == "tag":
            await world.catalog.tag(REGISTRY, repository.name, {PIN_TAG: "v*"})
        else:
            await run_with(world, repository, old)

    runs = world.lifecycle_runs(deletions=Meddling(world, keep))
    assert await runs.run(repository.id) == 0
    assert old.digest in await left(world, repository)


async def test_attack_44_an_index_stays_whose_child_runs_since_the_decision(world: World) -> None:
    repository = await world.repository()
    child = await world.image(repository, "child")
    index = await world.index(repository, [child], tags=["v1"])
    world.clock.advance(timedelta(days=9))
    await put(world, repository, keep_days(7))

    async def use() -> None:
        await run_with(world, repository, child)

    assert await world.lifecycle_runs(deletions=Meddling(world, use)).run(repository.id) == 0
    assert await left(world, repository) == {child.digest, index.digest}


async def test_tags_are_taken_and_images_stay(world: World) -> None:
    repository, events = await world.repository(), Events()
    images = await several(world, repository, 5)
    await put(world, repository, keep_newest(2, "v"), action=UNTAG)
    assert await world.lifecycle_runs(events).run(repository.id) == 0
    assert await tags(world, repository) == ["v3", "v4"]
    assert await left(world, repository) == {image.digest for image in images}
    taken = [tag.tag for execution in events.executions for _, tag in execution.untagged]
    assert taken == ["v0", "v1", "v2"]
    assert await world.lifecycle_runs(events).run(repository.id) == 0
    assert len(events.executions) == 1


async def test_what_lost_its_tags_is_untagged_to_the_rules_over_images(world: World) -> None:
    repository = await world.repository()
    images = await several(world, repository, 3)
    text = policy(
        {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1},
        action={"type": "expire"},
    )
    both = text.replace('"rules": [', f'"rules": [{_rule_over_tags()},')
    await world.lifecycle_policies.put(REGISTRY, repository.name, both)
    assert await world.lifecycle_runs().run(repository.id) == 1
    assert await left(world, repository) == {image.digest for image in images[1:]}


def _rule_over_tags() -> str:
    return (
        '{"rulePriority": 9, "selection": {"tagStatus": "tagged", "tagPrefixList": ["v"], '
        '"countType": "imageCountMoreThan", "countNumber": 1}, "action": {"type": "untag"}}'
    )


async def test_a_tag_that_was_moved_after_the_decision_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = await world.repository()
    images = await several(world, repository, 4)
    await put(world, repository, keep_newest(1, "v"), action=UNTAG)
    original = Deletions.take_tags
    seen: list[list[str]] = []

    async def move_first(self: Deletions, *given: object) -> PolicyExecution:
        if not seen:
            await world.store.write(
                lambda records: records.tags.point(repository.id, Tag("v1"), images[3].digest, world.clock.at)
            )
        done: PolicyExecution = await original(self, *given)  # type: ignore[arg-type]
        seen.append([tag.tag for _, tag in done.untagged])
        return done

    monkeypatch.setattr(Deletions, "take_tags", move_first)
    await world.lifecycle_runs().run(repository.id)
    # What it was moved to makes it the second newest, and the next evaluation sees that.
    assert seen == [["v0", "v2"], ["v3"]]
    assert await tags(world, repository) == ["v1"]


async def test_tags_stay_where_a_newer_one_has_gone_since_the_decision(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = await world.repository()
    await several(world, repository, 2)
    await put(world, repository, keep_newest(1, "v"), action=UNTAG)
    original = Deletions.take_tags

    async def remove_first(self: Deletions, *given: object) -> PolicyExecution:
        await world.deletions.delete_tag(repository, Tag("v1"))
        done: PolicyExecution = await original(self, *given)  # type: ignore[arg-type]
        return done

    monkeypatch.setattr(Deletions, "take_tags", remove_first)
    await world.lifecycle_runs().run(repository.id)
    assert await tags(world, repository) == ["v0"]


async def test_attack_40_of_a_great_many_clusters_those_are_kept_in_mind_that_end_last(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    for number in range(2 * MOST_NAMED + 2):
        await run_with(world, repository, image, hours=50 if number == 7 else 1, name=f"host-{number}")
    holds = await world.store.scan(lambda records: load_holds(records, repository))
    uses = holds.uses[image.digest]
    assert len(uses) <= 2 * MOST_NAMED
    assert "host-7" in {use.cluster.name for use in uses}
