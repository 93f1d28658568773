"""Each way in which rows and bytes can be damaged: found, mended where it can be, else told who is hurt.

Afterwards nothing is found any more, or only what was said to be left; and a push mends that.
"""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from entrepot.domain.digests import Digest, digest_of
from entrepot.domain.errors import ImageNotFound, LayerNotFound
from entrepot.domain.names import Registry, Tag
from entrepot.domain.repositories import Repository
from entrepot.keys.data_keys import DataKeys
from entrepot.ports.records import Flaw
from entrepot.registry.inspection import Depth, Finding, Inspector, Trouble
from entrepot.registry.pull_times import PullTimes
from entrepot.registry.repair import Repairer
from entrepot.registry.repaired import Hurt, Repaired
from entrepot.registry.repository_totals import RepositoryTotals
from entrepot.storage.blobs.memory import MemoryBlobs
from entrepot.storage.metadata.connection import Connection, Database, SqlValue
from entrepot.storage.metadata.store import SqlStore
from tests.unit.builders import (
    ACCOUNT,
    REGISTRY,
    ROOT,
    SettableClock,
    World,
    chunks,
    image_manifest,
    key_ring,
    new_id,
)

NAME = f"{ACCOUNT}/{REGISTRY.region}/team/app"
LAYER, CONFIG = b"layer of image", b"config of image"
DIGEST = digest_of(LAYER)
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def world(database: Database) -> World:
    store, clock = SqlStore(database), SettableClock()
    await store.write(lambda records: records.accounts.add(ACCOUNT, clock.at))
    return World(store, MemoryBlobs(), key_ring(1), clock, PullTimes(store, clock))


async def change(database: Database, sql: str, *values: SqlValue) -> None:
    """A row as a bug or a bad disk would leave it."""

    async def body(connection: Connection) -> None:
        await connection.run(sql, *values)

    await database.write(body)


async def found(world: World) -> list[Finding]:
    findings: list[Finding] = []
    depth = Depth(is_deep=True, grace=timedelta(0))
    inspector = Inspector(world.store, world.blobs, DataKeys(world.ring), world.clock, depth)
    await inspector.inspect(findings.append)
    return findings


async def repaired(world: World) -> list[Repaired]:
    repairer = Repairer(world.store, world.blobs, DataKeys(world.ring), world.collector, world.clock)
    return [await repairer.repair(finding) for finding in await found(world)]


def told(outcomes: Sequence[Repaired]) -> list[tuple[str, bool]]:
    return [(str(each.finding.what), each.is_mended) for each in outcomes]


async def key_of(world: World, repository: Repository, digest: Digest = DIGEST) -> str:
    return (await world.layers.get(repository, digest)).blob_key


async def is_pulled(world: World, repository: Repository, image: Digest) -> bool:
    """Whether the image and both of its blobs come back."""
    await world.pulls.get(repository, image)
    for content in (LAYER, CONFIG):
        opened = await world.layers.open(await world.layers.get(repository, digest_of(content)))
        buffer = memoryview(bytearray(opened.size_bytes))
        if not (opened.read_into(0, buffer) == len(content) and bytes(buffer) == content):
            return False
    return True


# Layers.


@pytest.mark.parametrize("left", [None, b"LAYER OF IMAGE", b"layer of"], ids=["gone", "other", "short"])
async def test_a_lost_layer_is_told_with_whom_it_hurts_and_the_next_push_mends_it_for_all(
    world: World, left: bytes | None
) -> None:
    one, two = await world.repository(), await world.repository("team/two")
    image = await world.image(one, tags=["v1", "latest"])
    await world.image(two)
    await world.collector.collect()  # the second copy of the layer, which came with it
    damage(world, await key_of(world, one), left)

    (outcome,) = await repaired(world)

    assert not outcome.is_mended
    assert set(outcome.hurt) == {
        Hurt(NAME, image.digest, (Tag("latest"), Tag("v1"))),
        Hurt(NAME.replace("app", "two"), image.digest),
    }
    for repository in (one, two):
        with pytest.raises(LayerNotFound):  # so that a client sends it, and does not take it for there
            await world.layers.get(repository, DIGEST)
    assert [finding.what for finding in await found(world)] == [Trouble.BLOB_QUARANTINED]
    await world.layer(one, LAYER)
    await world.collector.collect()
    assert await found(world) == []
    for repository in (one, two):
        assert await is_pulled(world, repository, image.digest)


def damage(world: World, key: str, left: bytes | None) -> None:
    if left is None:
        del world.blobs._blobs[key]
    else:
        world.blobs._blobs[key] = left


async def test_a_layer_in_quarantine_is_not_mounted(world: World) -> None:
    one = await world.repository()
    await world.image(one)
    damage(world, await key_of(world, one), None)
    await repaired(world)

    holders = await world.store.read(
        lambda records: records.layers.holders(REGISTRY, DIGEST, one.encryption.key_id, 9)
    )

    assert holders == []


async def test_a_layer_that_is_whole_again_leaves_quarantine(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    key = await key_of(world, repository)
    damage(world, key, None)
    await repaired(world)
    world.blobs._blobs[key] = LAYER  # somebody brought the file back from a backup

    assert told(await repaired(world)) == [("blob-quarantined", True)]
    assert await found(world) == []
    assert await is_pulled(world, repository, image.digest)


async def test_a_layer_is_mended_from_its_twin_under_another_encryption_key(
    world: World, database: Database
) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    key = await key_of(world, repository)
    twin = await world.repository("team/twin")
    await change(database, "UPDATE blob SET encryption_key = 'another' WHERE blob_key = $1", key)
    await world.layer(twin, LAYER)  # stored once more
    damage(world, key, b"LAYER OF IMAGE")

    (outcome,) = await repaired(world)

    assert outcome.is_mended, outcome
    await world.collector.collect()
    assert await found(world) == []
    assert await key_of(world, repository) not in (key, await key_of(world, twin))
    assert await is_pulled(world, repository, image.digest)


async def test_a_layer_is_mended_from_plain_bytes_that_no_row_has(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    key = await key_of(world, repository)
    del world.blobs._blobs[key]
    world.blobs._blobs[KEY] = LAYER
    await world.store.write(lambda records: records.garbage.throw(KEY, world.clock.at))

    assert told(await repaired(world)) == [("bytes-missing", True)]
    await world.collector.collect()
    assert await found(world) == []
    assert await is_pulled(world, repository, image.digest)


async def test_bytes_that_lie_where_uploads_do_are_finished_again(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    key = await key_of(world, repository)
    world.blobs._uploads[key] = world.blobs._blobs.pop(key)

    outcomes = await repaired(world)

    assert ("bytes-missing", True) in told(outcomes)
    assert await found(world) == []
    assert await is_pulled(world, repository, image.digest)


async def test_a_blob_that_counts_is_taken_out_of_the_trash(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    key = await key_of(world, repository)
    await world.store.write(lambda records: records.garbage.throw(key, world.clock.at))

    assert told(await repaired(world)) == [("blob-thrown-away", True)]
    await world.collector.collect()
    assert await is_pulled(world, repository, image.digest)


async def test_a_mark_on_a_blob_that_is_held_is_taken_off(world: World, database: Database) -> None:
    await world.image(await world.repository())
    await change(database, "UPDATE blob SET marked_at = 1")

    assert told(await repaired(world)) == [("held-blob-marked", True)] * 2
    assert await found(world) == []


async def test_orphans_are_thrown_away(world: World) -> None:
    world.blobs._blobs[KEY] = b"blob"
    world.blobs._uploads[KEY[::-1]] = b"upload"

    assert told(await repaired(world)) == [("orphan-blob", True), ("orphan-upload", True)]
    assert await found(world) == []
    await world.collector.collect()
    assert not world.blobs._blobs
    assert not world.blobs._uploads


async def test_an_upload_without_its_bytes_is_dropped(world: World) -> None:
    repository = await world.repository()
    row = await world.uploads.begin(repository, ROOT)
    row = await world.uploads.append(repository, ROOT, row.id, chunks(b"content"))
    del world.blobs._uploads[row.upload.key]

    assert told(await repaired(world)) == [("upload-bytes-missing", True)]
    assert await found(world) == []


# Rows that name each other.


async def test_a_held_layer_whose_blob_row_is_gone_is_let_go_of_and_a_push_mends_it(
    world: World, database: Database
) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    await change(database, "DELETE FROM blob WHERE digest = $1", DIGEST)

    outcomes = await repaired(world)

    assert ("layer-without-blob", False) in told(outcomes)
    assert all(
        each.hurt == (Hurt(NAME, image.digest, (Tag("v1"),)),) for each in outcomes if not each.is_mended
    )
    await world.layer(repository, LAYER)
    await world.collector.collect()
    assert await found(world) == []
    assert await is_pulled(world, repository, image.digest)


async def test_a_layer_that_an_image_has_is_held_again(world: World, database: Database) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    await change(database, "DELETE FROM held_layer WHERE digest = $1", DIGEST)

    assert told(await repaired(world)) == [("image-without-layer", True)]
    assert await found(world) == []
    assert await is_pulled(world, repository, image.digest)


async def test_attack_12_a_repair_gives_nobody_a_layer_that_another_registry_holds(world: World) -> None:
    """A server with --allow-sparse takes a manifest that names a layer which its repository never had."""
    owner = await world.repository(registry=Registry("999999999999", REGISTRY.region))
    await world.store.write(lambda records: records.accounts.add("999999999999", world.clock.at))
    secret = await world.layer(owner, b"secret")
    thief = await world.repository()
    config = await world.layer(thief, CONFIG)
    await world.pushes_that(allow_sparse=True).put(
        thief, image_manifest([secret], config=config), media_type=None
    )

    assert told(await repaired(world)) == [("image-without-layer", False)]
    with pytest.raises(LayerNotFound):
        await world.layers.get(thief, secret.digest)


async def test_a_manifest_is_copied_from_another_repository(world: World, database: Database) -> None:
    one, two = await world.repository(), await world.repository("team/two")
    image = await world.image(one)
    await world.image(two)
    await change(database, "DELETE FROM manifest WHERE repository_id = $1", one.id)

    assert told(await repaired(world)) == [("image-without-manifest", True)]
    assert await found(world) == []
    assert await is_pulled(world, one, image.digest)


@pytest.mark.parametrize("sql", ["UPDATE manifest SET sealed = wrapped_key", "DELETE FROM manifest"])
async def test_a_lost_manifest_is_told_and_the_next_push_mends_it(
    world: World, database: Database, sql: str
) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    await change(database, sql)

    (outcome,) = await repaired(world)

    assert not outcome.is_mended
    assert outcome.hurt == (Hurt(NAME, image.digest, (Tag("v1"),)),)
    with pytest.raises(ImageNotFound):
        await world.pulls.get(repository, image.digest)
    again = await world.image(repository, tags=["v1"])
    assert again == image
    assert await found(world) == []
    assert await is_pulled(world, repository, image.digest)


async def test_put_image_takes_a_manifest_that_was_lost_for_new(world: World, database: Database) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    content = (await world.pulls.get(repository, image.digest)).content
    await change(database, "DELETE FROM manifest")

    await world.pushes.put(repository, content, media_type=None, tags=[Tag("v1")], refuse_repeat=True)

    assert await found(world) == []


async def test_an_image_is_made_anew_from_its_manifest(world: World, database: Database) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    await change(database, "DELETE FROM image")

    outcomes = await repaired(world)

    assert all(each.is_mended for each in outcomes)
    assert await found(world) == []
    assert (await world.pulls.get(repository, Tag("v1"))).image == image
    assert await is_pulled(world, repository, image.digest)


async def test_what_names_an_image_that_is_nowhere_is_removed(world: World, database: Database) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    await change(database, "DELETE FROM image")
    await change(database, "DELETE FROM manifest")

    outcomes = await repaired(world)

    assert {what for what, _ in told(outcomes)} == {
        "layer-reference-without-image",
        "tag-without-image",
        "total-wrong",
    }
    (tag,) = [each for each in outcomes if each.finding.what is Flaw.TAG_WITHOUT_IMAGE]
    assert tag.hurt == (Hurt(NAME, image.digest, (Tag("v1"),)),)
    assert await found(world) == []


async def test_references_and_facts_are_written_as_the_manifest_says(
    world: World, database: Database
) -> None:
    repository = await world.repository()
    image = await world.image(repository, annotations={"a": "b"})
    await change(database, "DELETE FROM image_layer WHERE blob_digest = $1", DIGEST)
    assert told(await repaired(world)) == [("references-wrong", True)]
    await change(database, "UPDATE image SET artifact_type = 'another', annotations = '{}'")

    assert told(await repaired(world)) == [("facts-wrong", True)]
    assert await found(world) == []
    assert (await world.pulls.get(repository, image.digest)).image == image


async def test_an_index_whose_child_is_gone_is_told(world: World, database: Database) -> None:
    repository = await world.repository()
    child = await world.image(repository)
    index = await world.index(repository, [child], tags=["all"])
    for table in ("image", "manifest", "image_layer"):
        await change(database, f"DELETE FROM {table} WHERE digest = $1", child.digest)

    (outcome, total) = await repaired(world)

    assert (total.finding.what, total.is_mended) == (Trouble.TOTAL_WRONG, True)
    assert (outcome.finding.what, outcome.is_mended) == (Flaw.IMAGE_WITHOUT_CHILD, False)
    assert outcome.hurt == (Hurt(NAME, index.digest, (Tag("all"),)),)


# Repositories, accounts, jobs.


async def test_what_a_repository_left_that_is_nowhere_is_cleared(world: World, database: Database) -> None:
    repository = await world.repository(tags={"team": "blue"})
    await world.image(repository, tags=["v1"])
    await world.uploads.begin(repository, ROOT)
    await change(database, "DELETE FROM repository")

    outcomes = await repaired(world)

    assert all(each.is_mended for each in outcomes)
    assert {each.finding.what for each in outcomes} >= {
        Flaw.LAYER_WITHOUT_REPOSITORY,
        Flaw.IMAGE_WITHOUT_REPOSITORY,
        Flaw.UPLOAD_WITHOUT_REPOSITORY,
        Flaw.RESOURCE_TAG_WITHOUT_REPOSITORY,
    }
    assert await found(world) == []


async def test_a_repository_gets_its_account_back(world: World, database: Database) -> None:
    await world.repository()
    await change(database, "DELETE FROM account")

    assert told(await repaired(world)) == [("repository-without-account", True)]
    assert await found(world) == []


async def test_jobs_that_would_clear_a_repository_that_stands_go_and_abandoned_ones_are_free(
    world: World, database: Database
) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    for kind, unique_key, until in (("forget-repository", repository.id, None), ("collect", "", 1)):
        await change(
            database,
            "INSERT INTO job (id, kind, unique_key, payload, run_at, attempts, lease, leased_until)"
            " VALUES ($1, $2, $3, '{}', 0, 0, 'lease', $4)",
            new_id(), kind, unique_key, until,
        )  # fmt: skip

    assert told(await repaired(world)) == [("job-forgets-repository", True), ("job-abandoned", True)]
    assert await found(world) == []
    assert await is_pulled(world, repository, image.digest)


async def test_a_layer_of_a_deleted_image_is_told_too_and_comes_back_with_it(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    key = await key_of(world, repository)
    await world.deletions.delete_image(repository, image.digest)
    damage(world, key, None)

    (outcome,) = await repaired(world)

    assert outcome.hurt == (Hurt(f"{NAME} (in the bin)", image.digest),)
    await world.layer(repository, LAYER)
    await world.restorations.image(repository, image.digest, tags=None, move=False)
    await world.collector.collect()
    assert await found(world) == []
    assert await is_pulled(world, repository, image.digest)


async def test_the_rows_of_the_bin_are_mended(world: World, database: Database) -> None:
    repository = await world.repository()
    one, two = await world.image(repository, "one"), await world.image(repository, "two")
    for image in (one, two):
        await world.deletions.delete_image(repository, image.digest)
    await change(database, "DELETE FROM deleted_image WHERE digest = $1", one.digest)
    for table in ("image", "manifest", "image_layer"):
        await change(database, f"DELETE FROM {table} WHERE digest = $1", two.digest)

    outcomes = await repaired(world)

    assert {each.finding.what for each in outcomes} == {
        Flaw.DELETED_IMAGE_WITHOUT_IMAGE,
        Flaw.IMAGE_WITHOUT_DELETION,
    }
    assert await found(world) == []
    await world.restorations.image(repository, one.digest, tags=None, move=False)
    await world.pulls.get(repository, one.digest)


async def test_a_repository_that_stands_is_not_in_the_bin(world: World, database: Database) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    await world.catalog.delete(REGISTRY, repository.name, force=True)
    await change(
        database,
        "INSERT INTO repository (id, account, region, name, created_at, mutability, mutability_filters,"
        " scan_on_push, encryption_type) SELECT id, account, region, name, created_at, mutability,"
        " mutability_filters, scan_on_push, encryption_type FROM deleted_repository",
    )

    assert ("deleted-repository-stands", True) in told(await repaired(world))
    assert await found(world) == []
    assert await is_pulled(world, repository, image.digest)


async def test_a_wrong_total_is_counted_anew(world: World, database: Database) -> None:
    repository = await world.repository()
    await world.image(repository, tags=["v1"])
    totals = RepositoryTotals(world.store, world.clock)
    await totals.fold()
    await totals.count_due()
    await change(database, "UPDATE repository_total SET images = 17")

    assert told(await repaired(world)) == [("total-wrong", True)]
    assert await found(world) == []


async def test_a_repair_of_what_is_whole_by_now_changes_nothing(world: World, database: Database) -> None:
    """Servers go on meanwhile: what was found may be gone, or mended by a push."""
    repository = await world.repository()
    image = await world.image(repository, tags=["v1"])
    key = await key_of(world, repository)
    findings = [
        *(Finding(what, (key, DIGEST)) for what in (Trouble.BYTES_MISSING, Trouble.BLOB_QUARANTINED)),
        Finding(Flaw.HELD_BLOB_MARKED, (key,)),
        Finding(Flaw.BLOB_THROWN_AWAY, (key,)),
        Finding(Trouble.ORPHAN_BLOB, (key,)),
        Finding(Trouble.UPLOAD_BYTES_MISSING, (KEY,)),
        Finding(Flaw.UPLOAD_WITHOUT_REPOSITORY, ("upload",)),
        *(Finding(what, (repository.id, image.digest)) for what in (
            Flaw.IMAGE_WITHOUT_REPOSITORY, Flaw.MANIFEST_WITHOUT_IMAGE, Trouble.REFERENCES_WRONG,
        )),
        Finding(Flaw.LAYER_REFERENCE_WITHOUT_IMAGE, (repository.id, image.digest, DIGEST)),
        Finding(Flaw.LAYER_WITHOUT_BLOB, (repository.id, DIGEST)),
        Finding(Flaw.IMAGE_WITHOUT_LAYER, (repository.id, image.digest, DIGEST)),
        Finding(Flaw.TAG_WITHOUT_IMAGE, (repository.id, "v1")),
        Finding(Flaw.REPOSITORY_WITHOUT_ACCOUNT, (repository.id,)),
        Finding(Flaw.JOB_ABANDONED, ("job",)),
    ]  # fmt: skip
    repairer = Repairer(world.store, world.blobs, DataKeys(world.ring), world.collector, world.clock)

    outcomes = [await repairer.repair(finding) for finding in findings]

    assert all(each.is_mended for each in outcomes), outcomes
    assert await found(world) == []
    assert await is_pulled(world, repository, image.digest)
    assert (await world.pulls.get(repository, Tag("v1"))).image == image
