"""What an inspection finds between rows and bytes, and what it lets pass."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.domain.digests import Digest
from entrepot.keys.data_keys import DataKeys
from entrepot.keys.ring import KeyRing
from entrepot.ports.blobs import BytesAtRest, Stage
from entrepot.ports.records import Flaw, Records, SealedManifest
from entrepot.registry import inspection
from entrepot.registry.inspection import Depth, Finding, Inspector, Seen, Trouble
from entrepot.storage.blobs.memory import MemoryBlobs
from tests.unit.builders import (
    ACCOUNT,
    REGISTRY,
    ROOT,
    World,
    chunks,
    image_manifest,
    key_ring,
    open_world,
)

DEEP, SHALLOW = Depth(is_deep=True), Depth()
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A registry whose account has its row, as on a server."""
    async with open_world() as opened:
        await opened.store.write(lambda records: records.accounts.add(ACCOUNT, opened.clock.at))
        yield opened


async def found(world: World, depth: Depth = DEEP, *, ring: KeyRing | None = None) -> list[Finding]:
    findings: list[Finding] = []
    await inspector(world, depth, ring=ring).inspect(findings.append)
    return findings


def inspector(world: World, depth: Depth, *, ring: KeyRing | None = None) -> Inspector:
    return Inspector(world.store, world.blobs, DataKeys(ring or world.ring), world.clock, depth)


async def told(world: World, depth: Depth = DEEP) -> list[Flaw | Trouble]:
    return [finding.what for finding in await found(world, depth)]


async def busy(world: World) -> None:
    """A registry with images, an index, an upload, thrown bytes and a removed repository."""
    repository = await world.repository()
    first, second = await world.image(repository, "one"), await world.image(repository, "two", tags=["v2"])
    await world.index(repository, [first, second], tags=["all"])
    upload = await world.uploads.begin(repository, ROOT)
    await world.uploads.append(repository, ROOT, upload.id, chunks(b"half a layer"))
    await world.uploads.begin(repository, ROOT)
    thrown = await world.uploads.begin(repository, ROOT)
    await world.uploads.append(repository, ROOT, thrown.id, chunks(b"dropped"))
    await world.uploads.cancel(repository, ROOT, thrown.id)
    other = await world.repository("team/gone")
    await world.image(other, "three")
    await world.catalog.delete(REGISTRY, other.name, force=True)


async def test_nothing_is_found_in_a_busy_registry_that_is_whole(world: World) -> None:
    await busy(world)
    findings: list[Finding] = []

    seen = await inspector(world, DEEP).inspect(findings.append)

    assert findings == []
    assert (seen.blobs, seen.uploads, seen.manifests) == (6, 2, 4)


@pytest.mark.parametrize("step", [1, 2, 3, 7])
async def test_the_length_of_a_page_changes_nothing(
    world: World, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "_STEP", step)
    await busy(world)
    missing = sorted(world.blobs._blobs)[::2]
    for key in missing:
        del world.blobs._blobs[key]
    for n in range(10):
        world.blobs._blobs[f"{n:032x}"] = b"orphan"

    findings = await found(world, SHALLOW)

    assert [finding.key[0] for finding in findings if finding.what is Trouble.BYTES_MISSING] == missing
    assert sum(finding.what is Trouble.ORPHAN_BLOB for finding in findings) == 10


async def test_missing_bytes_are_found_with_key_and_digest(world: World) -> None:
    layer = await world.layer(await world.repository())
    del world.blobs._blobs[layer.blob_key]

    assert await found(world) == [Finding(Trouble.BYTES_MISSING, (layer.blob_key, layer.digest))]


async def test_a_wrong_length_is_found_without_opening_anything(world: World) -> None:
    layer = await world.layer(await world.repository())
    world.blobs._blobs[layer.blob_key] += b"!"

    assert await told(world, SHALLOW) == [Trouble.LENGTH_WRONG]


async def test_other_bytes_of_the_same_length_are_found_by_a_deep_look_alone(world: World) -> None:
    layer = await world.layer(await world.repository(), b"layer")
    world.blobs._blobs[layer.blob_key] = b"reyal"

    assert await told(world, SHALLOW) == []
    assert await told(world, DEEP) == [Trouble.BLOB_DIGEST_WRONG]


async def test_a_key_that_does_not_open_is_found(world: World) -> None:
    image = await world.image(await world.repository())

    findings = await found(world, ring=key_ring(2))

    assert {finding.what for finding in findings} == {Trouble.BLOB_UNREADABLE, Trouble.MANIFEST_UNREADABLE}
    assert image.digest in [finding.key[1] for finding in findings]


async def test_a_manifest_in_the_place_of_another_is_found(world: World) -> None:
    repository = await world.repository()
    one, two = await world.image(repository, "one"), await world.image(repository, "two")

    async def swap(records: Records) -> None:
        sealed = await records.manifests.find(repository.id, one.digest)
        assert sealed is not None
        await _replace_manifest(records, repository.id, two.digest, sealed)

    await world.store.write(swap)

    assert await found(world) == [
        Finding(
            Trouble.MANIFEST_UNREADABLE,
            (repository.id, two.digest),
            "altered, or sealed for another purpose or by another ring",
        )
    ]


async def _replace_manifest(
    records: Records, repository_id: str, digest: Digest, sealed: SealedManifest
) -> None:
    image = await records.images.find(repository_id, digest)
    parts = await records.inspection.parts(repository_id, digest)
    assert image is not None
    await records.images.remove(repository_id, digest)
    await records.images.add(repository_id, image)
    await records.manifests.put(repository_id, digest, sealed)
    layers = dict.fromkeys(parts.layers, "type")
    await records.references.add(repository_id, digest, layers=layers, children=[])


async def test_references_that_are_not_the_manifests_are_found(world: World) -> None:
    repository = await world.repository()
    image, other = await world.image(repository), await world.layer(repository, b"another layer")

    await world.store.write(
        lambda records: records.references.add(
            repository.id, image.digest, layers={other.digest: "type"}, children=[]
        )
    )

    assert await told(world) == [Trouble.REFERENCES_WRONG]


async def test_parts_that_are_not_there_are_found_unless_sparse_images_are_allowed(world: World) -> None:
    repository = await world.repository()
    config = await world.layer(repository, b"config")
    layer = await world.layer(repository, b"layer")
    await world.pushes_that(allow_sparse=True).put(
        repository, image_manifest([layer], config=config), media_type=None
    )
    await world.store.write(lambda records: records.layers.release(repository.id, layer.digest))

    assert await told(world) == [Flaw.IMAGE_WITHOUT_LAYER]
    assert await told(world, Depth(allow_sparse=True)) == []


async def test_bytes_without_a_row_are_orphans_once_they_are_old(world: World) -> None:
    world.blobs._blobs[KEY] = b"blob"
    world.blobs._uploads[KEY] = b"upload"

    assert await told(world) == [Trouble.ORPHAN_BLOB, Trouble.ORPHAN_UPLOAD]
    age = world.clock.at - datetime(1970, 1, 1, tzinfo=UTC)
    assert await told(world, Depth(grace=age + timedelta(seconds=1))) == []


async def test_an_upload_without_its_bytes_is_found(world: World) -> None:
    repository = await world.repository()
    row = await world.uploads.begin(repository, ROOT)
    assert await told(world) == []

    row = await world.uploads.append(repository, ROOT, row.id, chunks(b"content"))
    assert await told(world) == []
    del world.blobs._uploads[row.upload.key]

    assert await found(world) == [
        Finding(Trouble.UPLOAD_BYTES_MISSING, (row.upload.key,), "7 were acknowledged")
    ]


async def test_an_upload_that_became_a_blob_before_its_row_did_is_no_finding(world: World) -> None:
    repository = await world.repository()
    row = await world.uploads.begin(repository, ROOT)
    row = await world.uploads.append(repository, ROOT, row.id, chunks(b"content"))
    await world.blobs.finish(row.upload)

    assert await found(world) == []


class Meanwhile(MemoryBlobs):
    """A store that changes while it is listed: what is listed is gone when it is looked at again."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._blobs, self._uploads = world.blobs._blobs, world.blobs._uploads

    async def page(self, stage: Stage, *, after: str, limit: int) -> list[BytesAtRest]:
        found = await super().page(stage, after=after, limit=limit)
        for at_rest in found:
            await self.delete(at_rest.key)
        return found


async def test_what_the_collector_takes_meanwhile_is_no_finding(world: World) -> None:
    world.blobs._blobs[KEY] = b"taken while we looked"

    findings: list[Finding] = []
    seen = await Inspector(world.store, Meanwhile(world), DataKeys(world.ring), world.clock, SHALLOW).inspect(
        findings.append
    )

    assert findings == []
    assert isinstance(seen, Seen)
