"""After a rotation everything opens, and nothing is left that the old key sealed."""

from dataclasses import replace
from datetime import timedelta
from itertools import chain

from entrepot.domain.digests import digest_of
from entrepot.identity.credentials import IssuedKey, new_key
from entrepot.identity.signing import Signer
from entrepot.keys.data_keys import DataKeys
from entrepot.keys.ring import version_of
from entrepot.ports.records import Records, SealedRow, SealedSubject
from entrepot.registry.pulls import Pulls
from entrepot.registry.rewrapping import Rewrapping
from tests.unit.builders import ACCOUNT, ROOT, World, chunks, key_ring

CONTENT = b"the bytes of a layer"


async def sealed_rows(world: World) -> list[SealedRow]:
    async def body(records: Records) -> list[SealedRow]:
        pages = [await records.sealed_rows.page(s, after=("", ""), limit=999) for s in SealedSubject]
        return list(chain(*pages))

    return await world.store.read(body)


async def test_everything_opens_and_nothing_old_is_left(world: World) -> None:
    repository = await world.repository()
    key = new_key()
    await world.credentials.set_root_key(ACCOUNT, key)
    token = await Signer(world.store, world.ring, world.clock).sign("a", {"b": 1})
    image = await world.image(repository, tags=["v1"])
    upload = await world.uploads.begin(repository, ROOT)
    await world.uploads.append(repository, ROOT, upload.id, chunks(CONTENT[:5]))

    replaced = await Rewrapping(world.store, key_ring(1, 2)).rewrap()

    rows = await sealed_rows(world)
    assert replaced == len(rows) == 6  # key, signing key, upload, config, layer, manifest
    assert {version_of(row.sealed) for row in rows} == {2}
    later = replace(world, ring=key_ring(1, 2))
    assert (await later.pulls.get(repository, image.digest)).image == image
    await later.uploads.finish(repository, ROOT, upload.id, digest_of(CONTENT), chunks(CONTENT[5:]))
    await later.layers.open(await later.layers.get(repository, digest_of(b"layer of image")))
    found = await later.credentials.find(key.access_key_id)
    assert found is not None
    assert found.secret == key.secret
    assert await Signer(world.store, later.ring, world.clock).read("a", token) == {"b": 1}


async def test_a_second_run_finds_nothing_to_do(world: World) -> None:
    await world.image(await world.repository())
    await Rewrapping(world.store, key_ring(1, 2)).rewrap()

    assert await Rewrapping(world.store, key_ring(1, 2)).rewrap() == 0


async def test_more_rows_than_a_step_are_all_rewrapped(world: World) -> None:
    await world.credentials.set_root_key(ACCOUNT, IssuedKey(ROOT.access_key_id, "s" * 40, None, None))
    for _ in range(201):
        await world.credentials.issue_session(ROOT, timedelta(hours=1))

    assert await Rewrapping(world.store, key_ring(1, 2)).rewrap() == 202


async def test_an_upload_rewrapped_while_it_is_finished_leaves_the_new_wrapping(world: World) -> None:
    repository = await world.repository()
    upload = await world.uploads.begin(repository, ROOT)
    row = await world.uploads.append(repository, ROOT, upload.id, chunks(CONTENT))
    stored = await world.blobs.finish(row.upload)
    await Rewrapping(world.store, key_ring(1, 2)).rewrap()

    layer = await world.uploads._hold_layer(repository, row, digest_of(CONTENT), stored)

    assert layer.wrapped_key is not None
    assert version_of(layer.wrapped_key) == 2
    await DataKeys(key_ring(1, 2)).open(layer.wrapped_key, layer.blob_key)


async def test_an_opened_manifest_was_sealed_for_its_place(world: World) -> None:
    repository = await world.repository()
    image = await world.image(repository)
    await Rewrapping(world.store, key_ring(1, 2, 3)).rewrap()

    pulled = await Pulls(world.store, DataKeys(key_ring(1, 2, 3)), world.pull_times).get(
        repository, image.digest
    )

    assert digest_of(pulled.content) == image.digest
