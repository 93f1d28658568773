"""Carrying out lifecycle policies: what goes, what stays, and when."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pytest

from entrepot.domain.images import Image, ImageStatus
from entrepot.domain.lifecycle.decisions import Decision
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import StorageClass
from entrepot.domain.manifests import Descriptor
from entrepot.domain.mutability import Mutability, TagMutability
from entrepot.domain.names import Tag
from entrepot.domain.repositories import Repository
from entrepot.keys.data_keys import DataKeys
from entrepot.ports.records import Records
from entrepot.registry import lifecycle_runs
from entrepot.registry.deletions import Deletions, PolicyExecution, ServiceEvent
from entrepot.registry.lifecycle_policies import EVALUATE_LIFECYCLE, NEVER, TURN
from entrepot.registry.lifecycle_runs import PushedRepositories
from entrepot.registry.pushes import Pushes
from entrepot.workers.lifecycle import lifecycle_jobs
from entrepot.workers.runner import Runner
from tests.unit.builders import REGISTRY, World, image_manifest, new_id
from tests.unit.registry.archives import Archive
from tests.unit.registry.lifecycles import UNTAGGED, keep_days, keep_newest, left, policy, set_policy, waiting

DAY = timedelta(days=1)


class Events:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.executions: list[PolicyExecution] = []

    async def __call__(self, _records: Records, execution: PolicyExecution) -> None:
        self.executions.append(execution)

    @property
    def expired(self) -> list[str]:
        return [each.image.digest for execution in self.executions for each in execution.expired]


async def several(world: World, repository: Repository, count: int, prefix: str = "v") -> list[Image]:
    """Images an hour apart, oldest first."""
    images = []
    for number in range(count):
        images.append(await world.image(repository, f"{prefix} {number}", tags=[f"{prefix}{number}"]))
        world.clock.advance(timedelta(hours=1))
    return images


async def test_what_a_rule_selects_goes_and_the_rest_stays(world: World) -> None:
    repository, events = await world.repository(), Events()
    images = await several(world, repository, 5)
    await set_policy(world, repository, keep_newest(2))
    assert await world.lifecycle_runs(events).run(repository.id) == 3
    assert await left(world, repository) == {image.digest for image in images[3:]}
    assert events.expired == [image.digest for image in images[:3]]
    assert await world.lifecycle_runs(events).run(repository.id) == 0


async def test_the_event_has_the_rule_and_the_image_as_it_was(world: World) -> None:
    repository, events = await world.repository(), Events()
    (old, _) = await several(world, repository, 2)
    await set_policy(world, repository, keep_newest(1))
    await world.lifecycle_runs(events).run(repository.id)
    (execution,) = events.executions
    (decision,) = execution.expired
    assert (execution.repository, execution.evaluated_at) == (repository, world.clock.at)
    assert decision.rule is not None
    assert (decision.rule.priority, decision.image.tags) == (1, ("v0",))
    assert decision.image.pushed_at == old.pushed_at


async def test_an_event_that_fails_keeps_its_images(world: World) -> None:
    repository = await world.repository()
    images = await several(world, repository, 2)
    await set_policy(world, repository, keep_newest(1))

    async def fail(_records: Records, _execution: PolicyExecution) -> None:
        raise RuntimeError("no audit, no deletion")

    with pytest.raises(RuntimeError):
        await world.lifecycle_runs(fail).run(repository.id)
    assert await left(world, repository) == {image.digest for image in images}


async def test_what_a_run_that_died_has_left_the_next_one_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle_runs, "_STEP", 2)
    repository, events = await world.repository(), Events()
    images = await several(world, repository, 8)
    await set_policy(world, repository, keep_newest(1))

    async def die_later(records: Records, execution: PolicyExecution) -> None:
        if len(events.executions) == 2:
            raise RuntimeError("killed")
        await events(records, execution)

    with pytest.raises(RuntimeError):
        await world.lifecycle_runs(die_later).run(repository.id)
    assert len(await left(world, repository)) == 4
    assert (await world.lifecycle_policies.get(REGISTRY, repository.name)).last_evaluated_at == NEVER
    assert await world.lifecycle_runs(events).run(repository.id) == 3
    assert events.expired == [image.digest for image in images[:7]]


async def test_a_child_goes_after_its_index(world: World) -> None:
    repository, events = await world.repository(), Events()
    child = await world.image(repository, "child")
    await world.index(repository, [child], tags=["v1"])
    world.clock.advance(9 * DAY)
    await set_policy(world, repository, keep_days(7))
    assert await world.lifecycle_runs(events).run(repository.id) == 2
    assert await left(world, repository) == set()
    assert events.expired[-1] == child.digest


async def test_a_child_of_an_index_that_stays_is_kept_and_told_of(world: World) -> None:
    repository, events = await world.repository(), Events()
    child = await world.image(repository, "child")
    index = await world.index(repository, [child], tags=["v1"])
    world.clock.advance(9 * DAY)
    await set_policy(world, repository, UNTAGGED)
    assert await world.lifecycle_runs(events).run(repository.id) == 0
    assert await left(world, repository) == {child.digest, index.digest}
    ((decision, refusal),) = events.executions[0].failures
    assert (decision.image.digest, refusal.by) == (child.digest, (index.digest,))


async def test_signatures_go_with_their_subject_and_stay_with_it(world: World) -> None:
    repository = await world.repository()
    old, new = await several(world, repository, 2)
    await world.image(repository, "signature of old", subject=descriptor(old))
    kept = await world.image(repository, "signature of new", subject=descriptor(new))
    world.clock.advance(9 * DAY)
    await set_policy(world, repository, keep_newest(1, "v"), UNTAGGED)
    assert await world.lifecycle_runs().run(repository.id) == 2
    assert await left(world, repository) == {new.digest, kept.digest}


def descriptor(image: Image) -> Descriptor:
    return Descriptor(image.media_type, image.digest, image.manifest_bytes)


class Meddling(Deletions):
    """Lets something happen between an evaluation and what it decided."""

    def __init__(self, world: World, meddle: Callable[[], Awaitable[object]]) -> None:
        super().__init__(world.store, world.clock)
        self._meddle = meddle
        self.times = 0

    async def expire(
        self,
        execution: PolicyExecution,
        decisions: Sequence[Decision],
        newer: Sequence[LifecycleImage],
        event: ServiceEvent,
    ) -> PolicyExecution:
        if not self.times:
            await self._meddle()
        self.times += 1
        return await super().expire(execution, decisions, newer, event)


async def run_while(world: World, repository: Repository, meddle: Callable[[], Awaitable[object]]) -> int:
    return await world.lifecycle_runs(deletions=Meddling(world, meddle)).run(repository.id)


async def test_an_image_that_was_tagged_meanwhile_stays(world: World) -> None:
    repository = await world.repository()
    (image,) = await several(world, repository, 1, "dev")
    world.clock.advance(9 * DAY)
    await set_policy(world, repository, keep_newest(5, "prod"), keep_days(7))

    async def promote() -> None:
        async def body(records: Records) -> None:
            await records.tags.point(repository.id, Tag("prod-1"), image.digest, world.clock.at)

        await world.store.write(body)

    assert await run_while(world, repository, promote) == 0
    assert await left(world, repository) == {image.digest}


async def test_an_image_stays_when_a_newer_one_that_was_counted_has_gone(world: World) -> None:
    repository = await world.repository()
    old, new = await several(world, repository, 2)
    await set_policy(world, repository, keep_newest(1))

    async def delete() -> None:
        await world.deletions.delete_image(repository, new.digest)

    assert await run_while(world, repository, delete) == 0
    assert await left(world, repository) == {old.digest}


async def test_nothing_goes_by_a_policy_that_was_taken_away(world: World) -> None:
    repository = await world.repository()
    images = await several(world, repository, 2)
    await set_policy(world, repository, keep_newest(1))

    async def give_up() -> None:
        await world.lifecycle_policies.delete(REGISTRY, repository.name)

    assert await run_while(world, repository, give_up) == 0
    assert await left(world, repository) == {image.digest for image in images}


async def test_an_image_that_an_index_took_up_meanwhile_stays(world: World) -> None:
    repository = await world.repository()
    child = await world.image(repository, "child")
    world.clock.advance(9 * DAY)
    await set_policy(world, repository, UNTAGGED)
    assert await run_while(world, repository, lambda: world.index(repository, [child], tags=["v1"])) == 0
    assert child.digest in await left(world, repository)


async def test_an_image_that_was_deleted_and_pushed_anew_stays(world: World) -> None:
    repository = await world.repository()
    (image,) = await several(world, repository, 1)
    world.clock.advance(9 * DAY)
    await set_policy(world, repository, keep_days(7))

    async def push_anew() -> None:
        await world.deletions.delete_image(repository, image.digest)
        await several(world, repository, 1)

    assert await run_while(world, repository, push_anew) == 0
    assert await left(world, repository) == {image.digest}


async def test_a_repository_that_was_removed_meanwhile_is_no_failure(world: World) -> None:
    repository = await world.repository()
    await several(world, repository, 2)
    await set_policy(world, repository, keep_newest(1))
    remove = world.catalog.delete(REGISTRY, repository.name, force=True)
    assert await run_while(world, repository, lambda: remove) == 0
    assert await world.lifecycle_runs().run(repository.id) == 0


async def test_two_runners_at_once_delete_each_image_once(world: World) -> None:
    repository, events = await world.repository(), Events()
    await several(world, repository, 9)
    await set_policy(world, repository, keep_newest(2))
    went = await asyncio.gather(*(world.lifecycle_runs(events).run(repository.id) for _ in range(3)))
    assert sum(went) == 7
    assert len(events.expired) == len(set(events.expired)) == 7


async def test_many_images_go_in_steps_and_evaluations(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle_runs, "_STEP", 2)
    monkeypatch.setattr(lifecycle_runs, "_AN_EVALUATION", 5)
    repository, events = await world.repository(), Events()
    images = await several(world, repository, 13)
    await set_policy(world, repository, keep_newest(1))
    assert await world.lifecycle_runs(events).run(repository.id) == 12
    assert events.expired == [image.digest for image in images[:12]]
    assert max(len(execution.expired) for execution in events.executions) == 2


async def test_attack_22_expiry_moves_no_tag_and_goes_by_no_mutability(world: World) -> None:
    repository = await world.repository(mutability=TagMutability(Mutability.IMMUTABLE))
    old, new = await several(world, repository, 2)
    await set_policy(world, repository, keep_newest(1))
    assert await world.lifecycle_runs().run(repository.id) == 1
    assert await world.listings.tags(repository, after="", limit=9) == ["v1"]
    assert await left(world, repository) == {new.digest} != {old.digest}


async def test_attack_44_layers_of_an_expired_image_stay_for_the_grace_period(world: World) -> None:
    repository = await world.repository()
    await several(world, repository, 2)
    world.clock.advance(30 * DAY)
    await set_policy(world, repository, keep_newest(1))
    await world.lifecycle_runs().run(repository.id)
    await world.collector.collect()
    again = await world.image(repository, "v 0")
    assert again.digest in await left(world, repository)
    world.clock.advance(3 * DAY)
    assert (await world.collector.collect()).layers == 0


async def test_a_repository_has_a_turn_every_day(world: World) -> None:
    repository = await world.repository()
    await set_policy(world, repository, keep_newest(1))
    runs = world.lifecycle_runs()
    assert await runs.enqueue_due() == 0
    world.clock.advance(TURN)
    assert await runs.enqueue_due() == 1
    assert await runs.enqueue_due() == 0
    (job,) = await waiting(world, EVALUATE_LIFECYCLE)
    assert job.unique_key == repository.id


async def test_a_repository_has_a_turn_soon_after_a_push(world: World) -> None:
    repository, bare = await world.repository(), await world.repository("team/bare")
    await set_policy(world, repository, keep_newest(1))
    pushed = PushedRepositories(world.store, world.clock)
    pushes = Pushes(world.store, DataKeys(world.ring), world.clock, allow_sparse=False, on_push=pushed.note)
    for each in (repository, bare):
        layer = await world.layer(each)
        manifest = image_manifest([layer], config=await world.layer(each, b"config"))
        await pushes.put(each, manifest, media_type=None)
    await pushed.flush()
    assert await world.lifecycle_runs().enqueue_due() == 0
    world.clock.advance(timedelta(minutes=1))
    assert await world.lifecycle_runs().enqueue_due() == 1


async def test_more_turns_than_are_looked_at_at_once_all_come(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle_runs, "_TURNS_AT_ONCE", 2)
    for number in range(5):
        await set_policy(world, await world.repository(f"team/{number}"), keep_newest(1))
    world.clock.advance(TURN)
    assert await world.lifecycle_runs().enqueue_due() == 5


async def test_a_worker_carries_out_what_is_due(world: World) -> None:
    repository = await world.repository()
    images = await several(world, repository, 3)
    await set_policy(world, repository, keep_newest(1))
    jobs = lifecycle_jobs(world.lifecycle_runs(), world.lifecycle_previews, world.usage)
    runner = Runner(world.store, jobs, world.clock, new_id, poll=timedelta(0))
    await runner.run_due()
    assert await left(world, repository) == {images[2].digest}
    newest = await several(world, repository, 1, "w")
    world.clock.advance(TURN)
    await world.lifecycle_runs().enqueue_due()
    await runner.run_due()
    assert await left(world, repository) == {newest[0].digest}


async def test_a_repository_without_policy_is_left_alone(world: World) -> None:
    repository = await world.repository()
    (image,) = await several(world, repository, 1)
    assert await world.lifecycle_runs().run(repository.id) == 0
    assert await left(world, repository) == {image.digest}


async def test_attack_23_a_run_reaches_no_other_repository(world: World) -> None:
    repository, other = await world.repository(), await world.repository("team/other")
    for each in (repository, other):
        await several(world, each, 3)
    await set_policy(world, repository, keep_newest(1))
    await world.lifecycle_runs().run(repository.id)
    assert (len(await left(world, repository)), len(await left(world, other))) == (1, 3)


TRANSITION = {"type": "transition", "targetStorageClass": "archive"}
NOT_PULLED = {
    "tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 30,
}  # fmt: skip
LONG_ARCHIVED = {
    "tagStatus": "any", "storageClass": "archive", "countType": "sinceImageTransitioned",
    "countUnit": "days", "countNumber": 90,
}  # fmt: skip


async def set_archiving(world: World, repository: Repository, *selections: object) -> None:
    text = policy(*selections, action=TRANSITION)
    await world.lifecycle_policies.put(REGISTRY, repository.name, text)


async def archived(world: World, repository: Repository) -> set[str]:
    page = await world.listings.images(
        repository, token=None, limit=1000, tagged=None, status=ImageStatus.ARCHIVED
    )
    return {described.image.digest for described in page.entries}


async def test_what_a_rule_archives_leaves_the_ranks_of_its_class(world: World) -> None:
    repository, events = await world.repository(), Events()
    images = await several(world, repository, 5)
    await set_archiving(world, repository, keep_newest(2))
    assert await world.lifecycle_runs(events).run(repository.id) == 3
    assert await left(world, repository) == {image.digest for image in images[3:]}
    assert await archived(world, repository) == {image.digest for image in images[:3]}
    transitioned = [each.image.digest for one in events.executions for each in one.transitioned]
    assert transitioned == [image.digest for image in images[:3]]
    assert await world.lifecycle_runs(events).run(repository.id) == 0


async def test_an_archived_image_expires_after_its_time_in_the_archive(world: World) -> None:
    repository, events = await world.repository(), Events()
    (image,) = await several(world, repository, 1)
    await Archive(world).change(repository, image.digest, StorageClass.ARCHIVE)
    await set_policy(world, repository, LONG_ARCHIVED)
    world.clock.advance(90 * DAY)
    assert await world.lifecycle_runs(events).run(repository.id) == 0
    world.clock.advance(timedelta(seconds=1))
    assert await world.lifecycle_runs(events).run(repository.id) == 1
    assert await archived(world, repository) == set()


async def test_a_restored_image_is_as_old_as_its_restoration(world: World) -> None:
    repository, archive = await world.repository(), Archive(world)
    (image,) = await several(world, repository, 1)
    await archive.archive(repository, image)
    world.clock.advance(20 * DAY)
    await archive.restore(repository, image)
    await set_policy(world, repository, keep_days(7))
    assert await world.lifecycle_runs().run(repository.id) == 0
    world.clock.advance(8 * DAY)
    assert await world.lifecycle_runs().run(repository.id) == 1


async def test_an_image_that_is_being_restored_is_left_alone(world: World) -> None:
    repository, archive = await world.repository(), Archive(world)
    (image,) = await several(world, repository, 1)
    await archive.archive(repository, image)
    world.clock.advance(100 * DAY)
    await archive.change(repository, image.digest, StorageClass.STANDARD)
    await set_policy(world, repository, LONG_ARCHIVED, keep_days(7))
    assert await world.lifecycle_runs().run(repository.id) == 0


async def test_referrers_are_archived_with_their_subject(world: World) -> None:
    repository = await world.repository()
    old, new = await several(world, repository, 2)
    signature = await world.image(repository, "signature", subject=descriptor(old))
    await set_archiving(world, repository, keep_newest(1, "v"))
    assert await world.lifecycle_runs().run(repository.id) == 2
    assert await archived(world, repository) == {old.digest, signature.digest}
    assert await left(world, repository) == {new.digest}


async def test_children_are_archived_after_their_index(world: World) -> None:
    repository = await world.repository()
    child = await world.image(repository, "child")
    index = await world.index(repository, [child], tags=["v1"])
    world.clock.advance(9 * DAY)
    await set_archiving(world, repository, keep_days(7))
    assert await world.lifecycle_runs().run(repository.id) == 2
    assert await archived(world, repository) == {child.digest, index.digest}


async def test_an_image_that_is_pulled_meanwhile_is_not_archived(world: World) -> None:
    repository = await world.repository()
    (image,) = await several(world, repository, 1)
    world.clock.advance(31 * DAY)
    await set_archiving(world, repository, NOT_PULLED)

    async def pull() -> None:
        await world.store.write(
            lambda records: records.images.note_pulls(repository.id, image.digest, world.clock.at, pulls=1)
        )

    assert await run_while(world, repository, pull) == 0
    assert await left(world, repository) == {image.digest}
    world.clock.advance(31 * DAY)
    assert await world.lifecycle_runs().run(repository.id) == 1


async def test_an_image_that_was_archived_meanwhile_is_not_expired_by_a_rule_of_the_other_class(
    world: World,
) -> None:
    repository = await world.repository()
    (image,) = await several(world, repository, 1)
    world.clock.advance(9 * DAY)
    await set_policy(world, repository, keep_days(7))

    async def archive() -> None:
        await Archive(world).change(repository, image.digest, StorageClass.ARCHIVE)

    assert await run_while(world, repository, archive) == 0
    assert await archived(world, repository) == {image.digest}
