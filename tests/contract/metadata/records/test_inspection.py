"""What an inspection reads, on every database."""

import pytest

from entrepot.domain.names import Tag
from entrepot.domain.recycling import Deletion, bin_of
from entrepot.ports.records import Flaw, Job, Records, SealedManifest
from entrepot.storage.metadata.connection import Connection, Database
from tests.contract.metadata.records.samples import (
    ACCOUNT,
    blob,
    digest,
    image,
    minute,
    repository,
    upload,
)

HERE = repository().id
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


async def flawed(records: Records, flaw: Flaw, *, limit: int = 2) -> list[tuple[str, ...]]:
    """Keys of all rows with the flaw, read in pages."""
    found: list[tuple[str, ...]] = []
    after: tuple[str, ...] = ()
    while rows := await records.inspection.page(flaw, now=minute(5), after=after, limit=limit):
        found += [row.key for row in rows if row.is_flawed]
        after = rows[-1].key
    return found


async def in_bin(records: Records) -> None:
    """A deleted image and a deleted repository beside it; nothing is wrong with them either."""
    await records.images.add(HERE, image("gone"))
    await records.manifests.put(HERE, digest("gone"), SealedManifest(b"key", b"sealed"))
    await records.references.add(
        HERE, digest("gone"), layers={digest("one"): "type"}, children=[digest("erased")]
    )
    deletion = Deletion(minute(0), minute(9))
    await records.deleted_images.put(repository(), digest("gone"), [Tag("gone")], deletion)
    other = repository("other/app")
    await records.repositories.add(other)
    await records.layers.hold(other.id, digest("one"), "key one", minute(0))
    await records.images.add(other.id, image("image"))
    await records.manifests.put(other.id, digest("image"), SealedManifest(b"key", b"sealed"))
    await records.resource_tags.put(other.id, {"team": "a"})
    await records.deleted_repositories.put(other, deletion)


async def whole(records: Records) -> None:
    """A repository in which nothing is wrong: an index of an image with two layers."""
    await records.accounts.add(ACCOUNT, minute(0))
    await records.repositories.add(repository())
    await records.resource_tags.put(HERE, {"team": "a"})
    for name in ("one", "two"):
        await records.blobs.add(blob(f"key {name}", name))
        await records.layers.hold(HERE, digest(name), f"key {name}", minute(0))
    for name in ("image", "index"):
        await records.images.add(HERE, image(name))
        await records.manifests.put(HERE, digest(name), SealedManifest(b"key", b"sealed"))
        await records.tags.point(HERE, Tag(name), digest(name), minute(0))
    layers = {digest("one"): "type", digest("two"): "type", digest("vendor's"): FOREIGN}
    await records.references.add(HERE, digest("image"), layers=layers, children=[])
    await records.references.add(HERE, digest("index"), layers={}, children=[digest("image")])
    await records.uploads.add(upload(repository_id=HERE))
    await records.jobs.enqueue(job())


def job(kind: str = "collect", unique_key: str = "") -> Job:
    return Job(f"job {kind} {unique_key}", kind, unique_key, "{}", minute(0), attempts=0)


@pytest.mark.parametrize("flaw", Flaw)
async def test_a_whole_registry_has_no(flaw: Flaw, records: Records) -> None:
    await whole(records)
    assert await flawed(records, flaw) == []


@pytest.mark.parametrize("flaw", Flaw)
async def test_a_registry_with_things_in_its_bin_has_no(flaw: Flaw, records: Records) -> None:
    await whole(records)
    await in_bin(records)
    assert await flawed(records, flaw) == []


async def test_what_is_in_the_bin_needs_its_image_and_its_layers(records: Records) -> None:
    await whole(records)
    await in_bin(records)
    place, other = bin_of(HERE), repository("other/app").id
    await records.layers.release(place, digest("one"))
    assert await flawed(records, Flaw.IMAGE_WITHOUT_LAYER) == [(place, digest("gone"), digest("one"))]
    await records.images.add(place, image("stray"))
    assert await flawed(records, Flaw.IMAGE_WITHOUT_DELETION) == [(place, digest("stray"))]
    await records.images.remove(place, digest("gone"))
    assert await flawed(records, Flaw.DELETED_IMAGE_WITHOUT_IMAGE) == [(place, digest("gone"))]
    await records.jobs.enqueue(job("forget-repository", other))
    assert await flawed(records, Flaw.JOB_FORGETS_REPOSITORY) == [(f"job forget-repository {other}",)]
    await records.repositories.add(repository("other/app"))
    assert await flawed(records, Flaw.DELETED_REPOSITORY_STANDS) == [(other,)]


async def test_a_layer_needs_a_blob_of_its_digest(records: Records) -> None:
    await whole(records)
    await records.layers.hold(HERE, digest("none"), "key none", minute(0))
    await records.layers.hold(HERE, digest("other"), "key one", minute(0))
    assert await flawed(records, Flaw.LAYER_WITHOUT_BLOB) == sorted(
        [(HERE, digest("none")), (HERE, digest("other"))]
    )


async def test_an_image_needs_its_manifest_and_a_manifest_its_image(records: Records) -> None:
    await whole(records)
    await records.images.add(HERE, image("bare"))
    await records.manifests.put(HERE, digest("left"), SealedManifest(b"key", b"sealed"))
    assert await flawed(records, Flaw.IMAGE_WITHOUT_MANIFEST) == [(HERE, digest("bare"))]
    assert await flawed(records, Flaw.MANIFEST_WITHOUT_IMAGE) == [(HERE, digest("left"))]


async def test_an_image_needs_its_layers_and_children(records: Records) -> None:
    await whole(records)
    await records.references.add(
        HERE, digest("image"), layers={digest("gone"): "type"}, children=[digest("lost")]
    )
    assert await flawed(records, Flaw.IMAGE_WITHOUT_LAYER) == [(HERE, digest("image"), digest("gone"))]
    assert await flawed(records, Flaw.IMAGE_WITHOUT_CHILD) == [(HERE, digest("image"), digest("lost"))]


async def test_tags_and_references_need_their_image(records: Records) -> None:
    await whole(records)
    await records.tags.point(HERE, Tag("lost"), digest("lost"), minute(0))
    await records.references.add(
        HERE, digest("lost"), layers={digest("one"): "type"}, children=[digest("image")]
    )
    assert await flawed(records, Flaw.TAG_WITHOUT_IMAGE) == [(HERE, "lost")]
    assert await flawed(records, Flaw.LAYER_REFERENCE_WITHOUT_IMAGE) == [
        (HERE, digest("lost"), digest("one"))
    ]
    assert await flawed(records, Flaw.CHILD_REFERENCE_WITHOUT_IMAGE) == [
        (HERE, digest("lost"), digest("image"))
    ]


_OF_A_REPOSITORY = [
    Flaw.LAYER_WITHOUT_REPOSITORY,
    Flaw.IMAGE_WITHOUT_REPOSITORY,
    Flaw.UPLOAD_WITHOUT_REPOSITORY,
    Flaw.RESOURCE_TAG_WITHOUT_REPOSITORY,
]


@pytest.mark.parametrize("flaw", _OF_A_REPOSITORY)
async def test_what_a_removed_repository_held_needs_a_job_that_clears_it(
    flaw: Flaw, records: Records
) -> None:
    await whole(records)
    await records.repositories.remove(HERE)
    assert await flawed(records, flaw) != []
    await records.jobs.enqueue(job("forget-repository", HERE))
    for any_flaw in Flaw:
        assert await flawed(records, any_flaw) == []


async def test_a_job_must_not_forget_a_repository_that_stands(records: Records) -> None:
    await whole(records)
    await records.jobs.enqueue(job("forget-repository", HERE))
    assert await flawed(records, Flaw.JOB_FORGETS_REPOSITORY) == [(f"job forget-repository {HERE}",)]


async def test_a_job_whose_lease_ended_is_abandoned(records: Records) -> None:
    await whole(records)
    await records.jobs.claim(job(), lease="lease", until=minute(5))
    assert await flawed(records, Flaw.JOB_ABANDONED) == []
    (claimed,) = await records.jobs.due(minute(6), 1, kinds=["collect"])
    await records.jobs.claim(claimed, lease="lease", until=minute(4))
    assert await flawed(records, Flaw.JOB_ABANDONED) == [("job collect ",)]


async def test_a_repository_needs_its_account(records: Records) -> None:
    await records.repositories.add(repository())
    assert await flawed(records, Flaw.REPOSITORY_WITHOUT_ACCOUNT) == [(HERE,)]


async def test_a_blob_in_the_trash_that_still_counts_is_flawed(records: Records) -> None:
    await whole(records)
    for key in ("key one", "key none"):
        await records.garbage.throw(key, minute(0))
    assert await flawed(records, Flaw.BLOB_THROWN_AWAY) == [("key one",)]


async def test_a_mark_on_a_blob_that_is_held_is_flawed(records: Records, database: Database) -> None:
    await whole(records)
    await records.blobs.add(blob("key free", "free"))
    await records.garbage.mark(["key free"], minute(0))
    assert await flawed(records, Flaw.HELD_BLOB_MARKED) == []

    async def mark_all(connection: Connection) -> None:
        await connection.run("UPDATE blob SET marked_at = 1")

    await database.write(mark_all)
    assert await flawed(records, Flaw.HELD_BLOB_MARKED) == [("key one",), ("key two",)]


async def test_known_are_keys_of_blobs_uploads_and_trash(records: Records) -> None:
    await whole(records)
    await records.garbage.throw("key thrown", minute(0))
    asked = ["key one", "key-of-upload", "key thrown", "key none"]
    assert await records.inspection.known(asked) == set(asked[:3])


async def test_pages_of_blobs_uploads_and_manifests_are_by_key(records: Records) -> None:
    await whole(records)
    assert [row.blob_key for row in await records.inspection.blobs(after="", limit=9)] == [
        "key one",
        "key two",
    ]
    assert [row.blob_key for row in await records.inspection.blobs(after="key one", limit=1)] == ["key two"]
    assert await records.inspection.uploads(after="", limit=9) == [("key-of-upload", 0)]
    assert await records.inspection.offset("key-of-upload") == 0
    assert await records.inspection.offset("another") is None
    manifests = await records.inspection.manifests(after=("", ""), limit=9)
    assert [row.digest for row in manifests] == sorted([digest("image"), digest("index")])
    parts = await records.inspection.parts(HERE, digest("index"))
    assert (parts.layers, parts.children) == (frozenset(), frozenset({digest("image")}))
