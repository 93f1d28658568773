"""The keys that sign tokens, on every database."""

from entrepot.ports.records import Records, SigningKey
from tests.contract.metadata.records.samples import minute


async def test_keys_come_newest_first(records: Records) -> None:
    keys = [SigningKey(f"kid-{n}", b"\x00\xff" * n, minute(n)) for n in range(3)]
    for key in (keys[1], keys[0], keys[2]):
        await records.signing_keys.add(key)
    assert await records.signing_keys.all() == keys[::-1]


async def test_there_are_none_at_first(records: Records) -> None:
    assert await records.signing_keys.all() == []
