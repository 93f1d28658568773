"""Use cases' view of the database: what belongs to one transaction, and what may only read."""

import asyncio
import sqlite3
from dataclasses import dataclass

import asyncpg
import pytest

from entrepot.ports.records import Records, Store
from tests.contract.metadata.records.samples import (
    KINDS,
    REGISTRY,
    blob,
    digest,
    job,
    minute,
    repository,
    upload,
)


@dataclass(eq=False)
class Refused(Exception):
    """What a use case raises in the middle of its writes."""


async def test_a_write_is_seen_by_reads_and_scans_after_it(store: Store) -> None:
    await store.write(lambda records: records.repositories.add(repository()))
    name = repository().name
    assert await store.read(lambda records: records.repositories.find(REGISTRY, name)) == repository()
    found = await store.scan(lambda records: records.repositories.page(REGISTRY, after="", limit=9))
    assert found == [repository()]


async def test_a_body_sees_what_it_wrote_itself(store: Store) -> None:
    async def body(records: Records) -> bool:
        await records.uploads.add(upload())
        return await records.uploads.find("upload") == upload()

    assert await store.write(body)


async def test_a_refusal_undoes_every_subject_of_its_body(store: Store) -> None:
    async def body(records: Records) -> None:
        await records.repositories.add(repository())
        await records.jobs.enqueue(job())
        raise Refused

    with pytest.raises(Refused):
        await store.write(body)
    assert await store.read(lambda records: records.repositories.page(REGISTRY, after="", limit=9)) == []
    assert await store.read(lambda records: records.jobs.due(minute(9), 9, kinds=KINDS)) == []


async def test_reads_and_scans_refuse_to_write(store: Store) -> None:
    async def body(records: Records) -> None:
        await records.accounts.add("123456789012", minute(0))

    for run in (store.read, store.scan):
        with pytest.raises((sqlite3.OperationalError, asyncpg.ReadOnlySQLTransactionError)):
            await run(body)
    assert not await store.read(lambda records: records.accounts.exists("123456789012"))


async def test_of_many_claims_at_once_one_wins(store: Store) -> None:
    await store.write(lambda records: records.jobs.enqueue(job()))
    (seen,) = await store.read(lambda records: records.jobs.due(minute(9), 9, kinds=KINDS))

    async def claim(lease: str) -> bool:
        return await store.write(lambda records: records.jobs.claim(seen, lease=lease, until=minute(9)))

    assert sum(await asyncio.gather(*(claim(str(n)) for n in range(8)))) == 1


async def test_of_many_advances_at_once_one_wins(store: Store) -> None:
    await store.write(lambda records: records.uploads.add(upload()))

    async def advance(offset: int) -> bool:
        row = upload(offset_bytes=offset)
        return await store.write(lambda records: records.uploads.advance(row, from_offset=0))

    assert sum(await asyncio.gather(*(advance(n) for n in range(1, 9)))) == 1


async def test_a_blob_is_either_removed_or_held_however_the_two_race(store: Store) -> None:
    row = blob("key")

    async def condemn(records: Records) -> None:
        await records.blobs.add(row)
        await records.garbage.mark([row.blob_key], minute(1))

    async def hold(records: Records) -> bool:
        found = await records.blobs.find(row.digest, row.encryption_key)
        if found is not None:
            await records.layers.hold("repository", row.digest, found.blob_key, minute(2))
        return found is not None

    await store.write(condemn)
    held, removed = await asyncio.gather(
        store.write(hold), store.write(lambda records: records.garbage.remove_blobs(["key"], minute(9)))
    )
    assert held != bool(removed)
    layer = await store.read(lambda records: records.layers.find("repository", digest("layer")))
    assert (layer is not None) == held


async def test_many_repositories_may_hold_one_base_layer_at_once(store: Store) -> None:
    await store.write(lambda records: records.blobs.add(blob("key")))

    async def hold(repository_id: str) -> None:
        await store.write(
            lambda records: records.layers.hold(repository_id, digest("layer"), "key", minute(0))
        )

    await asyncio.gather(*(hold(f"r{n}") for n in range(8)))

    async def holders(records: Records) -> list[bool]:
        return [await records.layers.find(f"r{n}", digest("layer")) is not None for n in range(8)]

    assert await store.read(holders) == [True] * 8
