"""What comes back, with what, and what stays where it is."""

from datetime import timedelta

import pytest

from entrepot.domain.errors import (
    DeletedImageNotFound,
    DeletedRepositoryNotFound,
    ImageNotFound,
    ImageReferenced,
    NothingToRestore,
    PartsMissing,
    RepositoryExists,
    RepositoryNotFound,
    TagImmutable,
    TooMany,
)
from entrepot.domain.images import Image, ImageId
from entrepot.domain.manifests import Descriptor
from entrepot.domain.mutability import parse_mutability
from entrepot.domain.names import RepositoryName, Tag
from entrepot.domain.repositories import Repository
from entrepot.registry import restorations
from entrepot.registry.restorations import Kept, KeptTag, Restored
from tests.unit.builders import REGISTRY, World, absent
from tests.unit.registry.lifecycles import keep_newest, policy

NAME = RepositoryName("team/app")
MOMENT = timedelta(microseconds=1)


async def delete(world: World, repository: Repository, *images: Image) -> None:
    world.clock.advance(MOMENT)
    ids = [ImageId(digest=image.digest) for image in images]
    _, failures = await world.deletions.delete_batch(repository, ids)
    assert failures == []


async def restore(world: World, repository: Repository, image: Image, *, move: bool = False) -> Restored:
    world.clock.advance(MOMENT)
    return await world.restorations.image(repository, image.digest, tags=None, move=move)


async def tags(world: World, repository: Repository) -> dict[str, str]:
    page = await world.listings.image_ids(repository, token=None, limit=100, tagged=True)
    return {row.tag: row.digest for row in page.entries if row.tag is not None}


async def signed(world: World, repository: Repository, image: Image) -> Image:
    subject = Descriptor(image.media_type, image.digest, image.manifest_bytes)
    return await world.image(repository, f"signature of {image.digest}", subject=subject)


async def test_a_restored_image_is_what_it_was_byte_for_byte_with_its_tags(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1", "v2"])
    content = (await world.pulls.get(repository, image.digest)).content
    await delete(world, repository, image)

    restored = await restore(world, repository, image)

    assert [(each.digest, each.tags) for each in restored.images] == [(image.digest, ("v1", "v2"))]
    pulled = await world.pulls.get(repository, Tag("v1"))
    assert (pulled.image, pulled.content) == (image, content)
    assert await tags(world, repository) == {"v1": image.digest, "v2": image.digest}
    with pytest.raises(DeletedImageNotFound):
        await restore(world, repository, image)


async def test_attack_40_one_restoration_brings_so_many_tags_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restorations, "_TAGS_AT_ONCE", 1)
    repository = await world.repository()
    image = await world.image(repository, tags=["v1", "v2"])
    await delete(world, repository, image)
    with pytest.raises(TooMany, match="tags restored at once"):
        await restore(world, repository, image)
    chosen = await world.restorations.image(repository, image.digest, tags=[Tag("v2")], move=False)
    assert [each.tags for each in chosen.images] == [("v2",)]


async def test_a_tag_that_points_elsewhere_stays_and_is_told_unless_it_is_asked_for(world: World) -> None:
    repository = await world.repository()
    old = await world.image(repository, "old", tags=["latest", "v1"])
    await delete(world, repository, old)
    new = await world.image(repository, "new", tags=["latest"])

    restored = await restore(world, repository, old)

    assert restored.kept == [KeptTag(Tag("latest"), new.digest, Kept.TAKEN)]
    assert await tags(world, repository) == {"latest": new.digest, "v1": old.digest}
    await delete(world, repository, old)
    await world.push(repository, (await world.pulls.get(repository, new.digest)).content, tags=["v1"])
    assert (await restore(world, repository, old, move=True)).kept == []
    assert await tags(world, repository) == {"latest": new.digest, "v1": old.digest}


async def test_attack_22_an_immutable_tag_that_points_elsewhere_stays_also_where_it_is_asked_for(
    world: World,
) -> None:
    repository = await world.repository(mutability=parse_mutability("IMMUTABLE", None))
    old = await world.image(repository, "old", tags=["v1", "v2"])
    await delete(world, repository, old)
    new = await world.image(repository, "new", tags=["v1"])

    restored = await restore(world, repository, old, move=True)

    assert restored.kept == [KeptTag(Tag("v1"), new.digest, Kept.IMMUTABLE)]
    assert await tags(world, repository) == {"v1": new.digest, "v2": old.digest}
    with pytest.raises(TagImmutable):
        await world.restorations.tag(repository, Tag("v1"), old.digest)


async def test_only_chosen_tags_come_back(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1", "v2"])
    await delete(world, repository, image)

    await world.restorations.image(repository, image.digest, tags={Tag("v2"), Tag("other")}, move=True)

    assert await tags(world, repository) == {"v2": image.digest}


async def test_an_image_that_was_pushed_again_keeps_its_push_and_gets_its_tags_back(world: World) -> None:
    repository = await world.repository()
    await delete(world, repository, await world.image(repository, tags=["v1"]))
    again = await world.image(repository, tags=["v2"])

    await restore(world, repository, again)

    assert await tags(world, repository) == {"v1": again.digest, "v2": again.digest}
    assert (await world.pulls.find(repository, Tag("v1"))).pushed_at == again.pushed_at


async def test_an_index_brings_its_children_back(world: World) -> None:
    repository = await world.repository()
    children = [await world.image(repository, name, tags=[name]) for name in ("amd64", "arm64")]
    index = await world.index(repository, children, tags=["all"])
    await delete(world, repository, index, *children)

    restored = await restore(world, repository, index)

    assert {each.digest for each in restored.images} == {index.digest, *(each.digest for each in children)}
    assert await tags(world, repository) == {
        "all": index.digest,
        "amd64": children[0].digest,
        "arm64": children[1].digest,
    }
    with pytest.raises(ImageReferenced):
        await world.deletions.delete_image(repository, children[0].digest)


async def test_an_index_whose_child_was_erased_is_refused_by_its_name_and_nothing_changes(
    world: World,
) -> None:
    repository = await world.repository()
    children = [await world.image(repository, name) for name in ("amd64", "arm64")]
    index = await world.index(repository, children, tags=["all"])
    await delete(world, repository, index, *children)
    await world.recycle_bin.purge_images(repository, [children[0].digest])

    with pytest.raises(PartsMissing) as refused:
        await restore(world, repository, index)

    assert refused.value.missing == (children[0].digest,)
    assert await tags(world, repository) == {}
    page = await world.recycle_bin.images(repository, token=None, limit=9)
    assert {each.image.digest for each in page.entries} == {index.digest, children[1].digest}


async def test_what_refers_to_an_image_comes_back_with_it_unless_it_was_deleted_before(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    revoked, signature = await signed(world, repository, image), await world.image(repository, "other")
    signature = await world.image(
        repository, "second", subject=Descriptor(image.media_type, image.digest, image.manifest_bytes)
    )
    await delete(world, repository, revoked)
    await delete(world, repository, image, signature)

    restored = await restore(world, repository, image)

    assert {each.digest for each in restored.images} == {image.digest, signature.digest}


async def test_a_referrer_brings_its_subject_back(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    signature = await signed(world, repository, image)
    await delete(world, repository, image, signature)

    restored = await restore(world, repository, signature)

    assert {each.digest for each in restored.images} == {image.digest, signature.digest}
    assert await tags(world, repository) == {"v1": image.digest}


async def test_an_unknown_image_and_one_of_another_repository_are_refused(world: World) -> None:
    one, two = await world.repository("one/app"), await world.repository("two/app")
    image = await world.image(two)
    await delete(world, two, image)
    for digest in (absent(), image.digest):
        with pytest.raises(DeletedImageNotFound):
            await world.restorations.image(one, digest, tags=None, move=False)


async def test_a_moved_tag_goes_back_to_where_it_pointed(world: World) -> None:
    repository = await world.repository()
    old = await world.image(repository, "old", tags=["latest"])
    world.clock.advance(MOMENT)
    new = await world.image(repository, "new", tags=["latest"])
    world.clock.advance(MOMENT)

    restored = await world.restorations.tag(repository, Tag("latest"), None)

    assert (restored.digest, restored.previous) == (old.digest, new.digest)
    assert await tags(world, repository) == {"latest": old.digest}
    world.clock.advance(MOMENT)
    again = await world.restorations.tag(repository, Tag("latest"), None)
    assert again.digest == new.digest


async def test_a_deleted_tag_comes_back_also_where_its_image_went_with_it(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1", "v2"])
    world.clock.advance(MOMENT)
    await world.deletions.delete_tag(repository, Tag("v1"))
    assert (await world.restorations.tag(repository, Tag("v1"), None)).images == []
    await delete(world, repository, image)

    restored = await world.restorations.tag(repository, Tag("v2"), None)

    assert [each.digest for each in restored.images] == [image.digest]
    assert await tags(world, repository) == {"v2": image.digest}


async def test_a_tag_that_had_nothing_before_or_names_nothing_is_refused(world: World) -> None:
    repository = await world.repository()
    await world.image(repository, tags=["new"])
    for tag in ("new", "unknown"):
        with pytest.raises(NothingToRestore):
            await world.restorations.tag(repository, Tag(tag), None)
    with pytest.raises(ImageNotFound):
        await world.restorations.tag(repository, Tag("new"), absent())


async def test_a_repository_comes_back_with_all_that_it_had(world: World) -> None:
    mutability = parse_mutability("IMMUTABLE", None)
    repository = await world.repository(mutability=mutability, tags={"team": "a"})
    image = await world.image(repository, tags=["v1"])
    gone = await world.image(repository, "gone", tags=["v0"])
    await delete(world, repository, gone)
    text = await world.lifecycle_policies.put(REGISTRY, NAME, policy(keep_newest(9)))
    await world.catalog.delete(REGISTRY, NAME, force=True)
    with pytest.raises(RepositoryNotFound):
        await world.deletions.delete_image(repository, image.digest)

    restored = await world.restorations.repository(REGISTRY, NAME, new_name=NAME, deletion_id=None)

    assert restored == repository == await world.catalog.get(REGISTRY, NAME)
    assert await world.catalog.tags(REGISTRY, NAME) == {"team": "a"}
    assert (await world.lifecycle_policies.get(REGISTRY, NAME)).text == text
    assert (await world.pulls.get(restored, Tag("v1"))).image == image
    await restore(world, restored, gone)
    with pytest.raises(DeletedRepositoryNotFound):
        await world.restorations.repository(REGISTRY, NAME, new_name=NAME, deletion_id=None)


async def test_where_the_name_is_taken_it_comes_back_under_another(world: World) -> None:
    old = await world.repository()
    image = await world.image(old, tags=["v1"])
    await world.catalog.delete(REGISTRY, NAME, force=True)
    await world.repository()
    with pytest.raises(RepositoryExists):
        await world.restorations.repository(REGISTRY, NAME, new_name=NAME, deletion_id=None)

    other = RepositoryName("team/old")
    restored = await world.restorations.repository(REGISTRY, NAME, new_name=other, deletion_id=None)

    assert (restored.id, restored.name) == (old.id, other)
    assert (await world.pulls.get(restored, Tag("v1"))).image == image


async def test_of_several_of_one_name_the_last_one_comes_back_or_the_one_that_is_named(world: World) -> None:
    made = []
    for _ in range(3):
        made.append(await world.repository())
        world.clock.advance(MOMENT)
        await world.catalog.delete(REGISTRY, NAME, force=True)

    async def back(deletion_id: str | None, name: str) -> str:
        restored = await world.restorations.repository(
            REGISTRY, NAME, new_name=RepositoryName(name), deletion_id=deletion_id
        )
        return restored.id

    assert await back(None, "team/a") == made[2].id
    assert await back(made[0].id, "team/b") == made[0].id
    assert await back(None, "team/c") == made[1].id
    for deletion_id in (made[0].id, "none", None):
        with pytest.raises(DeletedRepositoryNotFound):
            await back(deletion_id, "team/d")


async def test_attack_30_an_id_names_no_repository_of_another_name_or_registry(world: World) -> None:
    other = await world.repository("secret/app")
    await world.catalog.delete(REGISTRY, RepositoryName("secret/app"), force=True)
    with pytest.raises(DeletedRepositoryNotFound):
        await world.restorations.repository(REGISTRY, NAME, new_name=NAME, deletion_id=other.id)
