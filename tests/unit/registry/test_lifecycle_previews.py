"""Previews of lifecycle policies: asked for, made, read, and gone after a day."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import timedelta
from typing import ParamSpec, TypeVar

import pytest

from entrepot.domain.errors import (
    ImageIdEmpty,
    InvalidParameter,
    LifecyclePolicyNotFound,
    LifecyclePreviewNotFound,
    LifecyclePreviewUnderWay,
    RepositoryNotFound,
)
from entrepot.domain.images import Image, ImageId
from entrepot.domain.lifecycle.policies import Action, StorageClass
from entrepot.domain.names import RepositoryName
from entrepot.domain.repositories import Repository
from entrepot.ports.lifecycle import PreviewStatus
from entrepot.registry import lifecycle_previews
from entrepot.registry.lifecycle_previews import PREVIEW_LIFECYCLE, LifecyclePreviews, PreviewPage
from tests.unit.builders import REGISTRY, AtOnce, World, new_id
from tests.unit.registry.lifecycles import UNTAGGED, keep_days, keep_newest, left, policy, set_policy, waiting

P = ParamSpec("P")
T = TypeVar("T")

HOUR = timedelta(hours=1)


async def images_of(world: World, repository: Repository, count: int) -> list[Image]:
    """Images an hour apart, oldest first, every other one untagged."""
    images = []
    for number in range(count):
        tags = [f"v{number}", f"w{number}"] if number % 2 else []
        images.append(await world.image(repository, f"image {number}", tags=tags))
        world.clock.advance(HOUR)
    return images


async def made(world: World, repository: Repository, text: str | None) -> None:
    await world.lifecycle_previews.start(REGISTRY, repository.name, text)
    await world.lifecycle_previews.make(repository.id)


async def read(
    world: World,
    repository: Repository,
    *,
    token: str | None = None,
    limit: int = 100,
    tagged: bool | None = None,
) -> PreviewPage:
    return await world.lifecycle_previews.page(
        REGISTRY, repository.name, token=token, limit=limit, tagged=tagged
    )


async def test_a_preview_tells_what_would_go_and_changes_nothing(world: World) -> None:
    repository = await world.repository()
    images = await images_of(world, repository, 4)
    text = policy(keep_newest(1))
    started = await world.lifecycle_previews.start(REGISTRY, repository.name, text)
    assert (started.status, started.document) == (PreviewStatus.IN_PROGRESS, text)
    assert (await read(world, repository)).results == []
    (job,) = await waiting(world, PREVIEW_LIFECYCLE)
    await world.lifecycle_previews.make(job.unique_key)
    page = await read(world, repository)
    assert (page.preview.status, page.preview.document) == (PreviewStatus.COMPLETE, text)
    assert (page.preview.expiring, page.preview.transitioning) == (3, 0)
    assert [result.digest for result in page.results] == [image.digest for image in images[:3]]
    first, second, _ = page.results
    assert (first.tags, second.tags) == ((), ("v1", "w1"))
    assert (second.action, second.priority) == (Action.EXPIRE, 1)
    assert (second.storage_class, second.pushed_at) == (StorageClass.STANDARD, images[1].pushed_at)
    assert len(await left(world, repository)) == 4


async def test_a_preview_and_a_run_decide_the_same(world: World) -> None:
    repository = await world.repository()
    await images_of(world, repository, 9)
    await set_policy(world, repository, keep_newest(2, "v"), UNTAGGED, keep_newest(3))
    await made(world, repository, None)
    previewed = {result.digest for result in (await read(world, repository)).results}
    before = await left(world, repository)
    await world.lifecycle_runs().run(repository.id)
    assert before - await left(world, repository) == previewed != set()


async def test_without_a_text_the_repositorys_own_policy_is_previewed(world: World) -> None:
    repository = await world.repository()
    with pytest.raises(LifecyclePolicyNotFound):
        await world.lifecycle_previews.start(REGISTRY, repository.name, None)
    text = await set_policy(world, repository, UNTAGGED)
    assert (await world.lifecycle_previews.start(REGISTRY, repository.name, None)).document == text


async def test_a_second_preview_waits_for_the_first(world: World) -> None:
    repository = await world.repository()
    await world.lifecycle_previews.start(REGISTRY, repository.name, policy(UNTAGGED))
    with pytest.raises(LifecyclePreviewUnderWay):
        await world.lifecycle_previews.start(REGISTRY, repository.name, policy(keep_newest(1)))
    await world.lifecycle_previews.make(repository.id)
    await made(world, repository, policy(keep_newest(1)))
    assert json.loads((await read(world, repository)).preview.document) == json.loads(policy(keep_newest(1)))


async def test_the_next_preview_clears_what_the_one_before_found(world: World) -> None:
    repository = await world.repository()
    images = await images_of(world, repository, 4)
    await made(world, repository, policy(keep_newest(1)))
    await made(world, repository, policy(keep_newest(3)))
    page = await read(world, repository)
    assert [result.digest for result in page.results] == [images[0].digest]
    assert page.preview.expiring == 1


async def test_making_a_preview_again_changes_nothing(world: World) -> None:
    repository = await world.repository()
    await images_of(world, repository, 3)
    await made(world, repository, policy(keep_newest(1)))
    before = await read(world, repository)
    await world.lifecycle_previews.make(repository.id)
    assert await read(world, repository) == before


async def test_results_come_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle_previews, "_STEP", 2)
    repository = await world.repository()
    images = await images_of(world, repository, 8)
    await made(world, repository, policy(keep_newest(1)))
    found, token = [], None
    while True:
        page = await read(world, repository, token=token, limit=3)
        found += [result.digest for result in page.results]
        token = page.next_token
        if token is None:
            break
    assert found == [image.digest for image in images[:7]]


@pytest.mark.parametrize(("tagged", "places"), [(True, [1, 3]), (False, [0, 2]), (None, [0, 1, 2, 3])])
async def test_results_are_filtered_by_tags(world: World, tagged: bool | None, places: list[int]) -> None:
    repository = await world.repository()
    images = await images_of(world, repository, 5)
    await made(world, repository, policy(keep_newest(1)))
    page = await read(world, repository, tagged=tagged)
    assert [result.digest for result in page.results] == [images[place].digest for place in places]
    assert page.preview.expiring == 4


async def test_images_can_be_asked_for_by_name(world: World) -> None:
    repository = await world.repository()
    images = await images_of(world, repository, 4)
    await made(world, repository, policy(keep_newest(1)))
    ids = [
        ImageId(tag="v1"),
        ImageId(digest=images[0].digest),
        ImageId(images[2].digest, "v1"),  # names two images, so none
        ImageId(tag="absent"),
        ImageId(tag="v3"),  # stays
    ]

    async def asked(tagged: bool | None) -> list[str]:
        page = await world.lifecycle_previews.of_images(REGISTRY, repository.name, ids, tagged=tagged)
        return [result.digest for result in page.results]

    assert await asked(None) == [images[0].digest, images[1].digest]
    assert await asked(True) == [images[1].digest]
    with pytest.raises(ImageIdEmpty):
        await world.lifecycle_previews.of_images(REGISTRY, repository.name, [ImageId()], tagged=None)


async def test_a_preview_expires_after_a_day_and_is_cleared_after_two(world: World) -> None:
    repository = await world.repository()
    await images_of(world, repository, 3)
    await made(world, repository, policy(keep_newest(1)))
    world.clock.advance(25 * HOUR)
    page = await read(world, repository)
    assert (page.preview.status, page.results) == (PreviewStatus.EXPIRED, [])
    assert await world.lifecycle_previews.clear_expired() == 0
    world.clock.advance(24 * HOUR)
    assert await world.lifecycle_previews.clear_expired() == 1
    with pytest.raises(LifecyclePreviewNotFound):
        await read(world, repository)


async def test_one_that_was_never_made_does_not_keep_the_next_from_starting(world: World) -> None:
    repository = await world.repository()
    await world.lifecycle_previews.start(REGISTRY, repository.name, policy(UNTAGGED))
    world.clock.advance(25 * HOUR)
    await made(world, repository, policy(keep_days(1)))
    assert (await read(world, repository)).preview.status is PreviewStatus.COMPLETE


class Failing(Executor):
    def submit(self, *_args: object, **_kwargs: object) -> object:  # type: ignore[override]
        raise RuntimeError("no threads")


async def test_a_preview_that_cannot_be_made_has_failed(world: World) -> None:
    repository = await world.repository()
    previews = LifecyclePreviews(world.store, world.clock, new_id, Failing())
    await previews.start(REGISTRY, repository.name, policy(UNTAGGED))
    await previews.make(repository.id)
    assert (await read(world, repository)).preview.status is PreviewStatus.FAILED
    await made(world, repository, policy(UNTAGGED))
    assert (await read(world, repository)).preview.status is PreviewStatus.COMPLETE


class Meddling(AtOnce):
    """Does something before it does what it is given."""

    def __init__(self, meddle: Callable[[], None]) -> None:
        self._meddle = meddle

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        self._meddle()
        return super().submit(work, *args, **kwargs)


async def test_a_preview_of_a_repository_that_was_removed_meanwhile_leaves_nothing(world: World) -> None:
    repository = await world.repository()
    await images_of(world, repository, 3)
    removal: list[asyncio.Task[object]] = []

    def remove() -> None:
        removal.append(asyncio.ensure_future(world.catalog.delete(REGISTRY, repository.name, force=True)))

    previews = LifecyclePreviews(world.store, world.clock, new_id, Meddling(remove))
    await previews.start(REGISTRY, repository.name, policy(keep_newest(1)))
    await previews.make(repository.id)
    await asyncio.gather(*removal)
    await world.collector.forget_repository(repository.id)
    assert await world.store.write(lambda records: records.repositories.clear(repository.id, 99)) == 0


async def test_a_preview_shows_what_would_go_to_the_archive(world: World) -> None:
    repository = await world.repository()
    await images_of(world, repository, 3)
    archive = {"type": "transition", "targetStorageClass": "archive"}
    await made(world, repository, policy(keep_newest(1), action=archive))
    page = await read(world, repository)
    assert (page.preview.expiring, page.preview.transitioning) == (0, 2)
    assert {result.action for result in page.results} == {Action.TRANSITION}


@pytest.mark.parametrize("token", ["", "x", "bGlmZWN5Y2xl", "🚢"])
async def test_attack_40_a_token_that_is_none(world: World, token: str) -> None:
    repository = await world.repository()
    await made(world, repository, policy(UNTAGGED))
    with pytest.raises(InvalidParameter):
        await read(world, repository, token=token)


async def test_attack_40_a_token_of_an_older_preview_is_none(world: World) -> None:
    repository = await world.repository()
    await images_of(world, repository, 4)
    await made(world, repository, policy(keep_newest(1)))
    token = (await read(world, repository, limit=1)).next_token
    assert token is not None
    await made(world, repository, policy(keep_newest(1)))
    with pytest.raises(InvalidParameter):
        await read(world, repository, token=token)


async def test_attack_40_a_token_of_a_listing_is_none_here(world: World) -> None:
    repository = await world.repository()
    await images_of(world, repository, 3)
    await made(world, repository, policy(keep_newest(1)))
    token = (await world.listings.images(repository, token=None, limit=1, tagged=None)).next_token
    with pytest.raises(InvalidParameter):
        await read(world, repository, token=token)


async def test_an_absent_repository_has_no_preview(world: World) -> None:
    absent = RepositoryName("absent")
    with pytest.raises(RepositoryNotFound):
        await world.lifecycle_previews.start(REGISTRY, absent, policy(UNTAGGED))
    with pytest.raises(RepositoryNotFound):
        await world.lifecycle_previews.page(REGISTRY, absent, token=None, limit=1, tagged=None)
