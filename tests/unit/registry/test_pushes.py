"""PutImage and pushes of manifests: what is kept, what is refused, and that a refusal leaves nothing."""

import json

import pytest

from entrepot.domain.digests import Digest, digest_of
from entrepot.domain.errors import (
    DigestMismatch,
    ImageExists,
    ImageNotFound,
    LayersNotFound,
    ManifestInvalid,
    ReferencedImagesNotFound,
    Refusal,
    RepositoryNotFound,
    TagImmutable,
    TooMany,
)
from entrepot.domain.manifests import Descriptor
from entrepot.domain.media_types import OCI_MANIFEST
from entrepot.domain.mutability import TagMutability, parse_mutability
from entrepot.domain.names import Tag
from entrepot.domain.repositories import Repository
from entrepot.registry.pushes import TAGS_AN_IMAGE
from tests.unit.builders import (
    World,
    absent,
    describe,
    descriptor_json,
    image_document,
    image_manifest,
    index_manifest,
)

FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
IMMUTABLE = parse_mutability("IMMUTABLE", None)
MISMATCHED = Digest("sha256:" + "0" * 64)


async def manifest(world: World, repository: Repository, content: str = "image") -> bytes:
    """A manifest whose blobs the repository holds."""
    config = await world.layer(repository, f"config of {content}".encode())
    return image_manifest([await world.layer(repository, content.encode())], config=config)


async def put_image(
    world: World, repository: Repository, content: bytes, tag: str | None = None, digest: Digest | None = None
) -> Digest:
    """By the rules of the ECR API."""
    pushed = await world.pushes.put(
        repository,
        content,
        media_type=None,
        tags=[Tag(tag)] if tag else [],
        digest=digest,
        refuse_repeat=True,
    )
    return pushed.image.digest


async def is_empty(world: World, repository: Repository) -> bool:
    return not await world.store.read(lambda records: records.images.has_any(repository.id))


async def test_a_new_manifest_is_kept_byte_for_byte(world: World) -> None:
    repository = await world.repository()
    content = b" " + await manifest(world, repository) + b"\n"

    digest = await put_image(world, repository, content, "v1")

    assert digest == digest_of(content)
    pulled = await world.pulls.get(repository, Tag("v1"))
    assert (pulled.content, pulled.image.digest) == (content, digest)
    assert pulled.image.pushed_at == world.clock.at
    assert pulled.image.size_bytes == len(b"config of image") + len(b"image")


async def test_the_same_digest_takes_another_tag(world: World) -> None:
    repository = await world.repository()
    content = await manifest(world, repository)
    digest = await put_image(world, repository, content, "v1")

    await put_image(world, repository, content, "v2")

    (described,) = (await world.listings.images(repository, token=None, limit=10, tagged=None)).entries
    assert (described.image.digest, list(described.tags)) == (digest, ["v1", "v2"])


@pytest.mark.parametrize("tag", ["v1", None])
async def test_put_image_refuses_what_changes_nothing(world: World, tag: str | None) -> None:
    repository = await world.repository()
    content = await manifest(world, repository)
    digest = await put_image(world, repository, content, tag)

    with pytest.raises(ImageExists) as refused:
        await put_image(world, repository, content, tag)

    assert (refused.value.digest, refused.value.tag) == (digest, tag)


async def test_a_push_over_v2_may_be_repeated(world: World) -> None:
    repository = await world.repository(mutability=IMMUTABLE)
    content = await manifest(world, repository)

    first = await world.push(repository, content, tags=["v1"])

    assert await world.push(repository, content, tags=["v1"]) == first


async def test_a_mutable_tag_moves_and_the_old_image_stays_untagged(world: World) -> None:
    repository = await world.repository()
    old = await world.image(repository, "old", tags=["latest"])
    new = await world.image(repository, "new", tags=["latest"])

    assert (await world.pulls.find(repository, Tag("latest"))).digest == new.digest
    assert (await world.pulls.find(repository, old.digest)) == old


@pytest.mark.parametrize(
    ("mutability", "tag"),
    [
        (IMMUTABLE, "latest"),
        (parse_mutability("IMMUTABLE_WITH_EXCLUSION", ("dev-*",)), "latest"),
        (parse_mutability("MUTABLE_WITH_EXCLUSION", ("v*",)), "v1"),
    ],
)
@pytest.mark.parametrize("refuse_repeat", [True, False])
async def test_attack_22_an_immutable_tag_is_not_moved_by_any_push(
    world: World, mutability: TagMutability, tag: str, *, refuse_repeat: bool
) -> None:
    repository = await world.repository(mutability=mutability)
    old = await world.image(repository, "old", tags=[tag])
    content = await manifest(world, repository, "new")

    with pytest.raises(TagImmutable):
        await world.pushes.put(
            repository, content, media_type=None, tags=[Tag(tag)], refuse_repeat=refuse_repeat
        )

    assert (await world.pulls.find(repository, Tag(tag))).digest == old.digest
    with pytest.raises(ImageNotFound):
        await world.pulls.find(repository, digest_of(content))


async def test_attack_22_one_immutable_tag_of_several_keeps_all_from_moving(world: World) -> None:
    repository = await world.repository(mutability=IMMUTABLE)
    await world.image(repository, "old", tags=["v1"])

    with pytest.raises(TagImmutable):
        await world.image(repository, "new", tags=["v0", "v1"])

    with pytest.raises(ImageNotFound):
        await world.pulls.find(repository, Tag("v0"))


async def test_attack_22_a_repository_made_immutable_meanwhile_holds_its_tags(world: World) -> None:
    read_before = await world.repository()
    await world.image(read_before, "old", tags=["v1"])
    content = await manifest(world, read_before, "new")
    await world.catalog.set_mutability(read_before.registry, read_before.name, IMMUTABLE)

    with pytest.raises(TagImmutable):
        await world.push(read_before, content, tags=["v1"])


async def test_an_announced_digest_is_that_of_the_bytes(world: World) -> None:
    repository = await world.repository()
    content = await manifest(world, repository)

    with pytest.raises(DigestMismatch):
        await put_image(world, repository, content, digest=MISMATCHED)
    assert await is_empty(world, repository)

    announced = digest_of(content, "sha512")
    assert await put_image(world, repository, content, digest=announced) == announced


async def test_missing_blobs_are_named_and_nothing_is_kept(world: World) -> None:
    repository = await world.repository()
    config = await world.layer(repository, b"config")
    content = image_manifest([describe(b"gone"), describe(b"gone"), describe(b"lost")], config=config)

    with pytest.raises(LayersNotFound) as refused:
        await world.push(repository, content, tags=["v1"])

    assert refused.value.digests == (absent("gone"), absent("lost"))
    assert await is_empty(world, repository)


async def test_attack_24_a_blob_of_another_repository_does_not_count(world: World) -> None:
    source, target = await world.repository("source"), await world.repository("target")
    content = await manifest(world, source)

    with pytest.raises(LayersNotFound):
        await world.push(target, content)


async def test_missing_children_are_named_and_nothing_is_kept(world: World) -> None:
    repository, other = await world.repository(), await world.repository("other")
    here, elsewhere = await world.image(repository, "here"), await world.image(other, "elsewhere")

    with pytest.raises(ReferencedImagesNotFound) as refused:
        await world.index(repository, [here, elsewhere], tags=["v1"])

    assert refused.value.digests == (elsewhere.digest,)
    with pytest.raises(ImageNotFound):
        await world.pulls.find(repository, Tag("v1"))


async def test_attack_15_sparse_indexes_and_images_are_taken_with_the_setting(world: World) -> None:
    repository = await world.repository()
    pushes = world.pushes_that(allow_sparse=True)

    index = index_manifest([describe(b"child", OCI_MANIFEST)])
    assert (await pushes.put(repository, index, media_type=None)).image.size_bytes == 0
    assert (await pushes.put(repository, image_manifest(), media_type=None)).image.size_bytes == 0


async def test_attack_15_deep_indexes_cost_one_row_each(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    for _ in range(50):
        image = await world.index(repository, [image])

    assert image.size_bytes == len(b"config of image") + len(b"layer of image")


async def test_an_index_is_as_large_as_its_largest_child(world: World) -> None:
    repository = await world.repository()
    children = [await world.image(repository, "small"), await world.image(repository, "much larger")]

    index = await world.index(repository, children)

    assert index.size_bytes == max(child.size_bytes for child in children)


@pytest.mark.parametrize("place", ["config", "layers"])
async def test_a_wrong_size_is_refused(world: World, place: str) -> None:
    repository = await world.repository()
    layer, config = await world.layer(repository, b"layer"), await world.layer(repository, b"config")
    document = image_document([layer], config=config)
    wrong = descriptor_json(describe(b"layer" if place == "layers" else b"config")) | {"size": 1}
    document[place] = [wrong] if place == "layers" else wrong

    with pytest.raises(ManifestInvalid):
        await world.push(repository, json.dumps(document).encode())
    assert await is_empty(world, repository)


async def test_attack_14_foreign_layers_are_neither_held_nor_fetched(world: World) -> None:
    repository = await world.repository()
    config = await world.layer(repository, b"config")
    urls = ["http://169.254.169.254/latest/meta-data"]
    document = image_document(config=config)
    document["layers"] = [descriptor_json(describe(b"windows", FOREIGN), urls=urls)]
    content = json.dumps(document).encode()

    image = await world.push(repository, content)

    assert (await world.pulls.get(repository, image.digest)).content == content


@pytest.mark.parametrize("foreign_first", [True, False])
async def test_attack_14_a_missing_layer_does_not_pass_as_foreign(
    world: World, *, foreign_first: bool
) -> None:
    repository = await world.repository()
    config = await world.layer(repository, b"config")
    both = [describe(b"gone", FOREIGN), describe(b"gone")]

    with pytest.raises(LayersNotFound):
        await world.push(repository, image_manifest(both if foreign_first else both[::-1], config=config))


async def test_attack_16_a_subject_need_not_exist_and_may_be_a_referrer_itself(world: World) -> None:
    repository = await world.repository()
    first = await world.image(repository, "first", subject=describe(b"unknown"))
    subject = Descriptor(first.media_type, first.digest, first.manifest_bytes)

    second = await world.image(repository, "second", subject=subject)

    assert (first.subject_digest, second.subject_digest) == (absent("unknown"), first.digest)


async def test_an_image_has_a_thousand_tags_at_most(world: World) -> None:
    repository = await world.repository()
    tags = [f"v{n}" for n in range(TAGS_AN_IMAGE)]
    await world.image(repository, "image", tags=[*tags, *tags])

    await world.image(repository, "image", tags=["v0"])
    with pytest.raises(TooMany):
        await world.image(repository, "image", tags=["one-more"])


async def test_a_push_into_a_repository_made_anew_meanwhile_is_refused(world: World) -> None:
    old = await world.repository()
    content = await manifest(world, old)
    await world.catalog.delete(old.registry, old.name, force=True)
    await world.repository()

    with pytest.raises(RepositoryNotFound):
        await world.push(old, content)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"schemaVersion": 2}'])
async def test_attack_13_bad_manifests_are_refusals_and_leave_nothing(world: World, content: bytes) -> None:
    repository = await world.repository()

    with pytest.raises(Refusal):
        await world.push(repository, content, tags=["v1"])
    assert await is_empty(world, repository)


async def test_annotations_with_any_characters_are_kept(world: World) -> None:
    repository = await world.repository()
    annotations = {"a\0b": "<script>\r\n\U0001f600", "": ""}

    image = await world.image(repository, annotations=annotations)

    assert (await world.pulls.find(repository, image.digest)).annotations == annotations
