"""Archiving images and bringing them back: who goes, who follows, and who may be pulled meanwhile."""

import json
from typing import Any

import pytest

from entrepot.domain.audit import IMAGE_ACTIVATION
from entrepot.domain.digests import digest_of
from entrepot.domain.errors import (
    ImageArchived,
    ImageExists,
    ImageNotFound,
    LayerArchived,
    ReferencedImagesNotFound,
    StorageClassFixed,
    TagImmutable,
)
from entrepot.domain.images import Image, ImageId, ImageStatus
from entrepot.domain.lifecycle.policies import StorageClass
from entrepot.domain.manifests import Descriptor
from entrepot.domain.mutability import parse_mutability
from entrepot.domain.names import Tag
from entrepot.domain.pins import PIN_TAG
from entrepot.registry.archiving import FOLLOW_STORAGE_CLASS
from entrepot.registry.restoring import ArchiveUnnamed, StorageClassRuns
from entrepot.services.ecr.archive_events import activation_events
from entrepot.services.ecr.policy_events import milliseconds
from tests.unit.builders import ACCOUNT, World, absent, image_manifest
from tests.unit.registry.archives import Archive
from tests.unit.registry.lifecycles import left, waiting

ARCHIVE, STANDARD = StorageClass.ARCHIVE, StorageClass.STANDARD


def descriptor(image: Image) -> Descriptor:
    return Descriptor(image.media_type, image.digest, image.manifest_bytes)


@pytest.fixture(name="archive")
def _archive(world: World) -> Archive:
    return Archive(world)


async def test_an_archived_image_is_there_and_cannot_be_pulled(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    changed = await archive.change(repository, image.digest, ARCHIVE)
    assert (changed.status, changed.archived_at) == (ImageStatus.ARCHIVED, world.clock.at)
    for reference in (Tag("v1"), image.digest):
        with pytest.raises(ImageArchived):
            await world.pulls.find(repository, reference)
        with pytest.raises(ImageArchived):
            await world.pulls.get(repository, reference)
    with pytest.raises(LayerArchived):
        await world.layers.get(repository, digest_of(b"layer of image"))
    assert await left(world, repository) == set()
    assert await world.listings.tags(repository, after="", limit=9) == []


async def test_restoring_takes_two_steps(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    await archive.archive(repository, image)
    begun = await archive.change(repository, image.digest, STANDARD)
    assert begun.status is ImageStatus.ACTIVATING
    with pytest.raises(ImageArchived) as refused:
        await world.pulls.find(repository, Tag("v1"))
    assert refused.value.status == "ACTIVATING"
    await archive.follow()
    restored = await archive.image(repository, image.digest)
    assert (restored.status, restored.activated_at) == (ImageStatus.ACTIVE, world.clock.at)
    assert (await world.pulls.get(repository, Tag("v1"))).image.digest == image.digest
    assert await archive.read(repository, digest_of(b"layer of image")) == b"layer of image"


async def test_the_audit_tells_once_of_each_image_that_is_back(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1", "v2"])
    signature = await world.image(repository, "signature", subject=descriptor(image))
    await archive.archive(repository, image)
    assert await activations(world) == []
    await archive.restore(repository, image)
    await archive.change(repository, image.digest, STANDARD)
    told = {each["imageDigest"]: each for each in await activations(world)}
    assert told.keys() == {image.digest, signature.digest}
    assert told[image.digest] == {
        "repositoryName": repository.name,
        "imageDigest": image.digest,
        "imageTags": ["v1", "v2"],
        "imageStatus": "ACTIVE",
        "lastActivatedAt": milliseconds(world.clock.at),
    }


async def activations(world: World) -> list[dict[str, Any]]:
    events = await world.store.scan(
        lambda records: records.audit_events.after(ACCOUNT, after="", before="g", limit=1000)
    )
    found = [json.loads(event.document) for event in events if event.name == IMAGE_ACTIVATION]
    assert {(each["eventType"], each["readOnly"]) for each in found} <= {("AwsServiceEvent", False)}
    return [each["serviceEventDetails"] for each in found]


@pytest.mark.parametrize("target", [ARCHIVE, STANDARD])
async def test_what_is_there_already_stays_as_it_is(
    world: World, archive: Archive, target: StorageClass
) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    if target is ARCHIVE:
        await archive.archive(repository, image)
    before = await archive.image(repository, image.digest)
    assert await archive.change(repository, image.digest, target) == before
    assert await waiting(world, FOLLOW_STORAGE_CLASS) == []


async def test_what_is_on_its_way_back_is_not_archived(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    await archive.archive(repository, image)
    await archive.change(repository, image.digest, STANDARD)
    again = await archive.change(repository, image.digest, STANDARD)
    assert again.status is ImageStatus.ACTIVATING
    with pytest.raises(StorageClassFixed):
        await archive.change(repository, image.digest, ARCHIVE)


async def test_an_unknown_image_has_no_class(world: World, archive: Archive) -> None:
    repository = await world.repository()
    with pytest.raises(ImageNotFound):
        await archive.change(repository, absent(), ARCHIVE)


async def test_the_child_of_an_active_index_stays(world: World, archive: Archive) -> None:
    repository = await world.repository()
    child = await world.image(repository)
    index = await world.index(repository, [child], tags=["all"])
    with pytest.raises(StorageClassFixed) as refused:
        await archive.change(repository, child.digest, ARCHIVE)
    assert index.digest in refused.value.because


async def test_children_follow_their_index_but_for_those_with_tags_or_another_index(
    world: World, archive: Archive
) -> None:
    repository = await world.repository()
    bare, tagged, shared = [
        await world.image(repository, name, tags=tags)
        for name, tags in (("bare", []), ("tagged", ["v1"]), ("shared", []))
    ]
    index = await world.index(repository, [bare, tagged, shared], tags=["all"])
    other = await world.index(repository, [shared], tags=["other"])
    await archive.archive(repository, index)
    assert await left(world, repository) == {tagged.digest, shared.digest, other.digest}
    await archive.archive(repository, other)
    assert await left(world, repository) == {tagged.digest}
    await archive.restore(repository, index)
    assert await left(world, repository) == {index.digest, *(each.digest for each in (bare, tagged, shared))}


async def test_referrers_follow_their_subject_both_ways(world: World, archive: Archive) -> None:
    repository = await world.repository()
    subject = await world.image(repository, tags=["v1"])
    signature = await world.image(repository, "signature", tags=["sig"], subject=descriptor(subject))
    await world.image(repository, "of the signature", subject=descriptor(signature))
    await archive.archive(repository, subject)
    assert await left(world, repository) == set()
    page = await world.listings.referrers(repository, subject.digest, token=None, limit=9)
    assert page.entries == []
    every = await world.listings.referrers(repository, subject.digest, token=None, limit=9, status=None)
    assert [image.digest for image in every.entries] == [signature.digest]
    await archive.restore(repository, subject)
    assert len(await left(world, repository)) == 3


async def test_an_index_does_not_take_archived_children(world: World, archive: Archive) -> None:
    repository = await world.repository()
    child = await world.image(repository)
    await archive.archive(repository, child)
    with pytest.raises(ReferencedImagesNotFound):
        await world.index(repository, [child])


async def test_pushing_an_archived_image_again_restores_it_at_once(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    await archive.archive(repository, image)
    # No client sends layers of which it is told that they are there; bytes are read from the archive then.
    manifest = await _manifest(world, repository_content="image")
    pushed = await world.pushes.put(
        repository, manifest, media_type=None, tags=[Tag("v1")], refuse_repeat=True
    )
    assert pushed.image.status is ImageStatus.ACTIVE
    assert pushed.image.activated_at == world.clock.at
    assert await archive.read(repository, digest_of(b"layer of image")) == b"layer of image"
    with pytest.raises(ImageExists):
        await world.pushes.put(repository, manifest, media_type=None, tags=[Tag("v1")], refuse_repeat=True)


async def _manifest(world: World, repository_content: str) -> bytes:
    other = await world.repository("other")
    config = await world.layer(other, f"config of {repository_content}".encode())
    layer = await world.layer(other, f"layer of {repository_content}".encode())
    return image_manifest([layer], config=config)


async def test_a_new_image_of_archived_layers_makes_them_active(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    digest = digest_of(b"layer of image")
    await archive.archive(repository, image)
    layer = await archive.layer(repository, digest)
    assert layer.is_archived
    config = await world.layer(repository, b"another config")
    await world.push(repository, image_manifest([layer], config=config), tags=["v2"])
    assert not (await archive.layer(repository, digest)).is_archived
    assert await archive.read(repository, digest) == b"layer of image"
    await archive.mover.run()
    assert (await archive.blob(digest)).in_archive is None


async def test_a_shared_layer_stays_active_with_any_active_image(world: World, archive: Archive) -> None:
    repository = await world.repository()
    shared = await world.layer(repository, b"shared")
    one, two = [
        await world.push(
            repository, image_manifest([shared], config=await world.layer(repository, name.encode()))
        )
        for name in ("one", "two")
    ]
    await archive.archive(repository, one)
    assert not (await archive.layer(repository, shared.digest)).is_archived
    await world.deletions.delete_image(repository, two.digest)
    assert (await archive.layer(repository, shared.digest)).is_archived


async def test_attack_25_deleting_an_archived_image_leaves_others_theirs(
    world: World, archive: Archive
) -> None:
    here, there = await world.repository("here"), await world.repository("there")
    image = await world.image(here, tags=["v1"])
    await world.image(there, tags=["v1"])
    await archive.archive(here, image)
    deleted, failures = await world.deletions.delete_batch(here, [ImageId(image.digest)])
    assert ([each.digest for each in deleted], failures) == ([image.digest], [])
    assert await archive.read(there, digest_of(b"layer of image")) == b"layer of image"


async def test_attack_22_an_immutable_tag_stays_with_its_archived_image(
    world: World, archive: Archive
) -> None:
    repository = await world.repository(mutability=parse_mutability("IMMUTABLE", None))
    image = await world.image(repository, tags=["v1"])
    await archive.archive(repository, image)
    with pytest.raises(TagImmutable):
        await world.image(repository, "another", tags=["v1"])
    await archive.restore(repository, image)
    assert (await world.pulls.find(repository, Tag("v1"))).digest == image.digest


async def test_an_index_that_is_restored_brings_its_child_out_of_the_archive(
    world: World, archive: Archive
) -> None:
    repository = await world.repository()
    child = await world.image(repository, tags=["child"])
    index = await world.index(repository, [child], tags=["all"])
    await world.deletions.delete_image(repository, index.digest)
    await archive.archive(repository, child)  # nothing but the bin has the index
    await world.restorations.image(repository, index.digest, tags=None, move=False)
    assert (await archive.image(repository, child.digest)).status is ImageStatus.ACTIVATING
    await archive.follow()
    assert (await world.pulls.find(repository, child.digest)).status is ImageStatus.ACTIVE
    assert (await world.pulls.find(repository, Tag("all"))).digest == index.digest


async def test_without_an_archive_tier_layers_stay_where_they_are(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    await archive.change(repository, image.digest, ARCHIVE)
    await archive.change(repository, image.digest, STANDARD)
    bare = StorageClassRuns(world.store, world.clock, None, event=activation_events(world.clock))
    (job,) = await waiting(world, FOLLOW_STORAGE_CLASS)
    await bare.run(job.unique_key)
    assert await left(world, repository) == {image.digest}


async def test_an_image_whose_layers_lie_in_an_unnamed_archive_waits(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    await archive.archive(repository, image)
    await archive.change(repository, image.digest, STANDARD)
    (job,) = await waiting(world, FOLLOW_STORAGE_CLASS)
    unnamed = StorageClassRuns(world.store, world.clock, None, event=activation_events(world.clock))
    with pytest.raises(ArchiveUnnamed):
        await unnamed.run(job.unique_key)
    assert (await archive.image(repository, image.digest)).status is ImageStatus.ACTIVATING
    await archive.runs.run(job.unique_key)
    assert await left(world, repository) == {image.digest}


async def test_a_follow_up_may_come_late_or_twice(world: World, archive: Archive) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    await archive.archive(repository, image)
    await archive.change(repository, image.digest, STANDARD)
    (job,) = await waiting(world, FOLLOW_STORAGE_CLASS)
    await archive.runs.run(job.unique_key)
    await archive.runs.run(job.unique_key)
    await world.deletions.delete_image(repository, image.digest)
    await archive.runs.run(job.unique_key)
    assert await left(world, repository) == set()


async def test_a_pinned_image_is_not_archived_and_does_not_follow(world: World, archive: Archive) -> None:
    repository = await world.repository()
    subject = await world.image(repository, tags=["v1"])
    signature = await world.image(repository, "signature", tags=["sig"], subject=descriptor(subject))
    await world.store.write(lambda records: records.resource_tags.put(repository.id, {PIN_TAG: "sig"}))
    with pytest.raises(StorageClassFixed) as refused:
        await archive.change(repository, signature.digest, ARCHIVE)
    assert "pinned" in refused.value.because
    await archive.archive(repository, subject)
    assert await left(world, repository) == {signature.digest}
