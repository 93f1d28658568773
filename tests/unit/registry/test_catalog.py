"""Repositories: all or nothing when made, nothing of the old one when made again."""

from dataclasses import replace

import pytest

from entrepot.domain.errors import (
    ImageNotFound,
    InvalidTag,
    KeyUnusable,
    RepositoryExists,
    RepositoryNotEmpty,
    RepositoryNotFound,
    TooManyTags,
)
from entrepot.domain.mutability import TagMutability, parse_mutability
from entrepot.domain.names import Registry, RepositoryName, Tag
from entrepot.domain.repositories import Encryption
from entrepot.registry.catalog import FORGET_REPOSITORY
from tests.unit.builders import ACCOUNT, REGISTRY, ROOT, World

NAME = RepositoryName("team/app")
FIFTY = {f"key{n}": "value" for n in range(50)}


async def test_a_repository_is_made_with_its_tags(world: World) -> None:
    made = await world.repository(tags=FIFTY)

    assert await world.catalog.get(REGISTRY, NAME) == made
    assert await world.catalog.tags(REGISTRY, NAME) == FIFTY
    assert made.created_at == world.clock.at


@pytest.mark.parametrize(
    ("tags", "refusal"),
    [({"aws:x": "y"}, InvalidTag), ({"a\0": ""}, InvalidTag), (FIFTY | {"one": "more"}, TooManyTags)],
)
async def test_bad_tags_make_no_repository(
    world: World, tags: dict[str, str], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await world.repository(tags=tags)
    with pytest.raises(RepositoryNotFound):
        await world.catalog.get(REGISTRY, NAME)


async def test_a_name_is_taken_once_a_registry_and_keeps_its_tags(world: World) -> None:
    made = await world.repository(tags={"a": "1"})
    await world.repository(registry=Registry(ACCOUNT, "us-east-1"))
    await world.repository(registry=Registry("210987654321", "eu-west-1"))

    with pytest.raises(RepositoryExists):
        await world.repository(tags={"a": "2"})

    assert await world.catalog.get(REGISTRY, NAME) == made
    assert await world.catalog.tags(REGISTRY, NAME) == {"a": "1"}


@pytest.mark.parametrize("kind", ["KMS", "KMS_DSSE"])
async def test_encryption_that_is_not_done_is_never_recorded(world: World, kind: str) -> None:
    with pytest.raises(KeyUnusable):
        await world.catalog.create(
            REGISTRY,
            NAME,
            mutability=TagMutability(),
            scan_on_push=False,
            encryption=Encryption(kind),
            tags={},
        )
    with pytest.raises(RepositoryNotFound):
        await world.catalog.get(REGISTRY, NAME)


async def test_deleting_needs_force_while_there_are_images(world: World) -> None:
    repository = await world.repository()
    await world.image(repository)

    with pytest.raises(RepositoryNotEmpty):
        await world.catalog.delete(REGISTRY, NAME, force=False)

    assert await world.catalog.delete(REGISTRY, NAME, force=True) == repository
    with pytest.raises(RepositoryNotFound):
        await world.catalog.delete(REGISTRY, NAME, force=True)


async def test_layers_and_uploads_alone_do_not_need_force(world: World) -> None:
    repository = await world.repository()
    await world.layer(repository)
    await world.uploads.begin(repository, ROOT)

    await world.catalog.delete(REGISTRY, NAME, force=False)


async def test_a_repository_made_again_is_empty_before_the_old_one_is_cleared(world: World) -> None:
    old = await world.repository(tags={"a": "1"})
    image = await world.image(old, tags=["v1"])
    await world.catalog.delete(REGISTRY, NAME, force=True)

    new = await world.repository()

    assert (await world.listings.images(new, token=None, limit=9, tagged=None)).entries == []
    assert await world.listings.tags(new, after="", limit=9) == []
    assert await world.catalog.tags(REGISTRY, NAME) == {}
    assert (await world.layers.find_many(new, [image.digest]))[0] == {}
    with pytest.raises(ImageNotFound):
        await world.pulls.find(new, Tag("v1"))


async def test_deleting_for_good_asks_a_job_to_clear_what_was_held(world: World) -> None:
    await world.recycle_bin.keep_for(REGISTRY, 0)
    repository = await world.repository()
    await world.catalog.delete(REGISTRY, NAME, force=True)

    (job,) = await world.store.read(
        lambda records: records.jobs.due(world.clock.at, 9, kinds=["forget-repository"])
    )

    assert (job.kind, job.unique_key) == (FORGET_REPOSITORY, repository.id)


async def test_get_all_fails_whole_and_answers_each_name_once(world: World) -> None:
    one, two = await world.repository("one"), await world.repository("two")

    assert await world.catalog.get_all(REGISTRY, [two.name, one.name, two.name]) == [two, one]
    with pytest.raises(RepositoryNotFound) as refused:
        await world.catalog.get_all(REGISTRY, [one.name, NAME])
    assert refused.value.name == NAME


async def test_settings_change_one_at_a_time(world: World) -> None:
    made = await world.repository()
    mutability = parse_mutability("IMMUTABLE_WITH_EXCLUSION", ("dev-*",))

    await world.catalog.set_mutability(REGISTRY, NAME, mutability)
    changed = await world.catalog.set_scan_on_push(REGISTRY, NAME, scan_on_push=True)

    assert changed == replace(made, mutability=mutability, scan_on_push=True)
    assert await world.catalog.get(REGISTRY, NAME) == changed


async def test_tagging_overwrites_one_key_and_leaves_the_others(world: World) -> None:
    await world.repository(tags={"a": "1", "b": "2"})

    await world.catalog.tag(REGISTRY, NAME, {"b": "3", "B": "4"})

    assert await world.catalog.tags(REGISTRY, NAME) == {"a": "1", "b": "3", "B": "4"}


async def test_the_fifty_first_tag_is_refused_whole(world: World) -> None:
    await world.repository(tags=FIFTY)

    await world.catalog.tag(REGISTRY, NAME, {"key0": "new"})
    with pytest.raises(TooManyTags):
        await world.catalog.tag(REGISTRY, NAME, {"key1": "new", "another": "value"})

    assert await world.catalog.tags(REGISTRY, NAME) == FIFTY | {"key0": "new"}


async def test_untagging_what_is_not_there_is_fine(world: World) -> None:
    await world.repository(tags={"a": "1", "b": "2"})

    await world.catalog.untag(REGISTRY, NAME, ["unknown", "a"])

    assert await world.catalog.tags(REGISTRY, NAME) == {"b": "2"}


@pytest.mark.parametrize("key", ["a\0", "\ud800", "", "k" * 100_000])
async def test_untagging_what_can_be_no_key_is_refused(world: World, key: str) -> None:
    await world.repository(tags={"a": "1"})

    with pytest.raises(InvalidTag):
        await world.catalog.untag(REGISTRY, NAME, ["a", key])

    assert await world.catalog.tags(REGISTRY, NAME) == {"a": "1"}
