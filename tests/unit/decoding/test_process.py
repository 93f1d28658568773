"""The confined process is fed, answers and ends, whatever it is fed with."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import orjson
import pytest

from entrepot.decoding.process import ConfinedReader
from entrepot.ports.blobs import BlobDamaged
from entrepot.ports.decoding import ArchiveUnreadable
from tests.unit.decoding.archives import END, archive, header, member, zstd_of

PACKED = archive(member("etc/hosts", size=70_000), member("etc/passwd"))


async def pieces(*contents: bytes) -> AsyncIterator[bytes]:
    for content in contents:
        yield content


@pytest.mark.parametrize("content", [PACKED, gzip.compress(PACKED), zstd_of(PACKED)])
async def test_entries_come_out_of_the_process(content: bytes) -> None:
    head, *lines = (await ConfinedReader().entries(pieces(content[:100], content[100:]))).splitlines()
    assert orjson.loads(head) == {"entries": 2, "bytes": 70_003, "end": None}
    assert [orjson.loads(line)[0] for line in lines] == ["etc/hosts", "etc/passwd"]


async def test_attack_37_what_goes_beyond_the_limits_is_not_fed_to_its_end() -> None:
    fed = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal fed
        while True:
            fed += 1
            yield header(f"file-{fed}", size=0) * 2000

    head, *_ = (await ConfinedReader().entries(endless())).splitlines()
    assert orjson.loads(head)["end"] == "entries"


async def test_attack_37_a_bomb_ends_with_what_was_found_before_it() -> None:
    bomb = gzip.compress(header("first", size=0) + header("bomb", size=1 << 40) + bytes(64 << 20))
    head, *_ = (await ConfinedReader().entries(pieces(bomb))).splitlines()
    assert orjson.loads(head) == {"entries": 2, "bytes": 1 << 40, "end": "damage"}


async def test_attack_37_who_sends_nothing_is_not_waited_for() -> None:
    async def silent() -> AsyncIterator[bytes]:
        yield PACKED[:100]
        await asyncio.Event().wait()

    with pytest.raises(ArchiveUnreadable):
        await ConfinedReader(wall_seconds=0.5).entries(silent())


async def test_bytes_that_are_damaged_at_rest_are_an_outage() -> None:
    async def damaged() -> AsyncIterator[bytes]:
        yield PACKED[:100]
        raise BlobDamaged("the bytes at rest are not those that were stored")

    with pytest.raises(BlobDamaged):
        await ConfinedReader().entries(damaged())


async def test_who_leaves_takes_the_process_along() -> None:
    begun = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        begun.set()
        yield END[:10]
        await asyncio.Event().wait()

    asking = asyncio.create_task(ConfinedReader().entries(slow()))
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
