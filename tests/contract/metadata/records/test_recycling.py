"""The rows of the recycle bin, of tag history and of protection, on every database."""

import re

import pytest

from entrepot.domain.digests import Digest
from entrepot.domain.names import Registry, RepositoryName, Tag
from entrepot.domain.recycling import (
    BinEntry,
    DeletedImage,
    DeletedRepository,
    Deletion,
    Protection,
    TagChange,
    TagEvent,
    bin_of,
)
from entrepot.ports.records import Records, SealedManifest
from entrepot.storage.copying.schema import tables_of
from entrepot.storage.metadata.migrate import packaged
from tests.contract.metadata.records.samples import ACCOUNT, REGISTRY, digest, image, minute, repository

HERE = repository().id
PLACE = bin_of(HERE)


def deletion(at: int = 5, until: int = 9, *, rule: int | None = None) -> Deletion:
    return Deletion(minute(at), minute(until), "arn" if rule is None else None, rule)


async def add(records: Records, content: str, *, layers: tuple[str, ...] = ("config", "layer")) -> Digest:
    """A whole image, and what it needs."""
    name = digest(content)
    await records.images.add(HERE, image(content))
    await records.manifests.put(HERE, name, SealedManifest(b"key", b"sealed"))
    await records.references.add(
        HERE, name, layers={digest(layer): "type" for layer in layers}, children=[digest("child")]
    )
    for layer in layers:
        await records.layers.hold(HERE, digest(layer), f"key {layer}", minute(0))
    await records.tags.point(HERE, Tag(content), name, minute(0))
    return name


async def held(records: Records, place: str) -> set[Digest]:
    wanted = [digest(name) for name in ("config", "layer", "other")]
    unused = await records.garbage.unused_layers(held_before=minute(99), after=("", ""), limit=99)
    released = {(place, name) for name in wanted if await records.layers.release(place, name)}
    return {name for _, name in released} | {name for at, name in unused if at == place}


async def test_an_image_moves_into_the_bin_whole_and_back(records: Records) -> None:
    name = await add(records, "image")
    await records.deleted_images.put(repository(), name, [Tag("image")], deletion(rule=3))

    assert await records.images.find(HERE, name) is None
    assert await records.manifests.find(HERE, name) is None
    assert await records.tags.find(HERE, Tag("image")) is None
    assert await records.references.users(HERE, digest("layer"), 9) == []
    found = await records.deleted_images.find(HERE, name)
    assert found == DeletedImage(image("image"), (Tag("image"),), deletion(rule=3))
    assert await records.deleted_images.children(HERE, name) == [digest("child")]
    assert await records.references.users(PLACE, digest("layer"), 9) == [name]

    await records.deleted_images.take_back(HERE, name, minute(6))

    assert await records.images.find(HERE, name) == image("image")
    assert await records.manifests.find(HERE, name) is not None
    assert await records.references.users(HERE, digest("layer"), 9) == [name]
    assert await records.deleted_images.find(HERE, name) is None
    assert await held(records, PLACE) == set()
    assert await held(records, HERE) == {digest("config"), digest("layer")}


async def test_the_bin_holds_layers_on_its_own(records: Records) -> None:
    name = await add(records, "image")
    await records.deleted_images.put(repository(), name, [], deletion())
    unused = await records.garbage.unused_layers(held_before=minute(99), after=("", ""), limit=99)
    assert {place for place, _ in unused} == {HERE}
    assert not await records.garbage.release_unused(PLACE, [digest("layer")], minute(99))
    assert await records.garbage.release_unused(HERE, [digest("layer")], minute(99))

    await records.deleted_images.take_back(HERE, name, minute(6))

    assert await held(records, HERE) == {digest("config"), digest("layer")}


async def test_what_is_erased_leaves_what_another_deleted_image_needs(records: Records) -> None:
    one = await add(records, "one")
    two = await add(records, "two", layers=("config", "other"))
    for name in (one, two):
        await records.deleted_images.put(repository(), name, [], deletion())

    assert await records.deleted_images.erase(PLACE, one)
    assert not await records.deleted_images.erase(PLACE, one)

    assert await records.images.find(PLACE, one) is None
    assert await records.manifests.find(PLACE, one) is None
    assert await held(records, PLACE) == {digest("config"), digest("other")}


async def test_the_same_image_is_in_the_bin_once(records: Records) -> None:
    name = await add(records, "image")
    await records.deleted_images.put(repository(), name, [Tag("a")], deletion(1))
    await add(records, "image")
    await records.deleted_images.put(repository(), name, [Tag("b")], deletion(2))
    (found,) = await records.deleted_images.page(HERE, before=None, limit=9)
    assert (found.tags, found.deletion.at) == ((Tag("b"),), minute(2))
    assert await records.references.users(PLACE, digest("layer"), 9) == [name]


async def test_an_image_that_is_there_again_stays_as_it_is(records: Records) -> None:
    name = await add(records, "image")
    await records.deleted_images.put(repository(), name, [], deletion(1))
    await add(records, "image")
    await records.deleted_images.take_back(HERE, name, minute(6))
    assert await records.images.find(HERE, name) == image("image")
    assert await records.deleted_images.find(HERE, name) is None


async def test_deletions_are_listed_and_end_by_time(records: Records) -> None:
    names = [await add(records, str(number)) for number in range(4)]
    for number, name in enumerate(names):
        await records.deleted_images.put(repository(), name, [], deletion(number // 2, 9 - number))

    found = await records.deleted_images.page(HERE, before=None, limit=3)
    rest = await records.deleted_images.page(
        HERE, before=(found[-1].deletion.at, found[-1].image.digest), limit=3
    )

    listed = [(each.deletion.at, each.image.digest) for each in [*found, *rest]]
    assert listed == sorted(listed, reverse=True)
    assert len(listed) == 4
    assert await records.deleted_images.ended(minute(7), 9) == [(PLACE, names[3]), (PLACE, names[2])]
    assert await records.deleted_images.ended(minute(7), 1) == [(PLACE, names[3])]
    entries = await records.deleted_images.of_registry(REGISTRY, after=("", ""), limit=9)
    size = image("0").size_bytes
    assert entries == [BinEntry(PLACE, name, size, minute(names.index(name) // 2)) for name in sorted(names)]
    assert await records.deleted_images.of_repository(HERE, after=sorted(names)[1], limit=9) == entries[2:]
    elsewhere = Registry(ACCOUNT, "us-east-1")
    assert await records.deleted_images.of_registry(elsewhere, after=("", ""), limit=9) == []


async def test_referrers_in_the_bin_are_found_by_their_subject(records: Records) -> None:
    await records.images.add(HERE, image("signature", subject=digest("image")))
    await records.deleted_images.put(repository(), digest("signature"), [], deletion())
    (found,) = await records.deleted_images.referrers(HERE, digest("image"), 9)
    assert found.image.digest == digest("signature")
    assert await records.images.referrers(HERE, digest("image"), after="", limit=9) == []


async def test_a_repository_moves_into_the_bin_and_back_under_any_free_name(records: Records) -> None:
    await records.repositories.add(repository())
    await records.deleted_repositories.put(repository(), deletion())

    assert await records.repositories.find_by_id(HERE) is None
    found = await records.deleted_repositories.find(REGISTRY, HERE)
    assert found == DeletedRepository(repository(), deletion())
    assert await records.deleted_repositories.newest(REGISTRY, repository().name) == found
    assert await records.deleted_repositories.find(Registry(ACCOUNT, "us-east-1"), HERE) is None

    await records.repositories.add(repository("taken"))
    assert not await records.deleted_repositories.take_back(HERE, RepositoryName("taken"))
    assert await records.deleted_repositories.find(REGISTRY, HERE) == found
    assert await records.deleted_repositories.take_back(HERE, RepositoryName("free"))
    restored = await records.repositories.find(REGISTRY, RepositoryName("free"))
    assert restored is not None
    assert (restored.id, restored.created_at) == (HERE, repository().created_at)
    assert await records.deleted_repositories.find(REGISTRY, HERE) is None


async def test_deleted_repositories_are_listed_by_time_and_name(records: Records) -> None:
    for number, name in enumerate(("one", "two", "one/b")):
        await records.repositories.add(repository(name))
        await records.deleted_repositories.put(repository(name), deletion(number, 9 - number))

    async def names(name: str | None, limit: int = 9) -> list[str]:
        wanted = RepositoryName(name) if name is not None else None
        found = await records.deleted_repositories.page(REGISTRY, wanted, before=None, limit=limit)
        return [each.repository.name for each in found]

    assert await names(None) == ["one/b", "two", "one"]
    assert await names(None, 1) == ["one/b"]
    assert await names("one") == ["one"]
    rest = await records.deleted_repositories.page(
        REGISTRY, None, before=(minute(1), repository("two").id), limit=9
    )
    assert [each.repository.name for each in rest] == ["one"]
    assert await records.deleted_repositories.ended(minute(8), 9) == [
        repository("one/b").id,
        repository("two").id,
    ]
    assert await records.deleted_repositories.remove(repository("two").id)
    assert not await records.deleted_repositories.remove(repository("two").id)


def test_a_deleted_repository_keeps_every_column_that_a_repository_has() -> None:
    tables = {table.name: table for table in tables_of(packaged())}
    assert set(tables["repository"].columns) <= set(tables["deleted_repository"].columns)


@pytest.mark.parametrize("name", ["image", "manifest", "image_layer", "image_child"])
def test_what_an_image_has_goes_by_its_repository_and_digest(name: str) -> None:
    """So that moving it to a bin takes along every column that is ever added."""
    (table,) = [table for table in tables_of(packaged()) if table.name == name]
    assert re.match("repository_id digest", " ".join(table.key))


async def test_history_is_read_from_its_end_and_forgotten_from_its_beginning(records: Records) -> None:
    events = [
        TagEvent("1", Tag("a"), TagChange.PUSHED, digest("one"), None, "arn"),
        TagEvent("2", Tag("b"), TagChange.PUSHED, digest("one"), None, "arn"),
        TagEvent("3", Tag("a"), TagChange.EXPIRED, None, digest("one"), None, 7),
    ]
    await records.tag_history.add(HERE, events)
    await records.tag_history.add("other", events[:1])
    await records.tag_history.add("other", [])

    assert await records.tag_history.page(HERE, None, before="z", limit=9) == events[::-1]
    assert await records.tag_history.page(HERE, None, before="3", limit=1) == [events[1]]
    assert await records.tag_history.page(HERE, Tag("a"), before="z", limit=9) == [events[2], events[0]]
    assert await records.tag_history.next_place("") == HERE
    assert await records.tag_history.next_place(HERE) == "other"
    assert await records.tag_history.next_place("other") is None
    assert await records.tag_history.forget(HERE, before="3", limit=1) == 1
    assert await records.tag_history.forget(HERE, before="3", limit=9) == 1
    assert await records.tag_history.forget(HERE, before="3", limit=9) == 0
    assert await records.tag_history.page(HERE, None, before="z", limit=9) == [events[2]]


async def test_protection_stays_as_it_was_begun(records: Records) -> None:
    first = Protection(minute(0), "arn")
    await records.deletion_protections.put(HERE, first)
    await records.deletion_protections.put(HERE, Protection(minute(1), None))
    assert await records.deletion_protections.find(HERE) == first
    await records.deletion_protections.remove(HERE)
    assert await records.deletion_protections.find(HERE) is None
