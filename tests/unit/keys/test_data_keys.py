"""Data keys under the ring."""

from datetime import UTC, datetime

import pytest

from entrepot.keys.data_keys import DataKeys
from entrepot.keys.ring import KeyRing
from entrepot.keys.ring_text import KeyRingError, RootKey


def data_keys(*versions: int) -> DataKeys:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return DataKeys(KeyRing(tuple(RootKey(version, bytes([version]) * 32, now) for version in versions)))


async def test_new_keys_are_aes_256_and_never_the_same() -> None:
    keys = data_keys(1)
    made = {(await keys.new("blob"))[0] for _ in range(100)}
    assert len(made) == 100
    assert {len(key) for key in made} == {32}


async def test_wrapped_key_opens_under_its_name() -> None:
    key, wrapped = await data_keys(1).new("blob")
    assert key not in wrapped
    assert await data_keys(1).open(wrapped, "blob") == key


async def test_wrapped_key_does_not_open_under_another_name() -> None:
    _, wrapped = await data_keys(1).new("blob")
    with pytest.raises(KeyRingError):
        await data_keys(1).open(wrapped, "other")


async def test_rewrapping_keeps_the_key_and_makes_it_current() -> None:
    key, wrapped = await data_keys(1).new("blob")
    rotated = data_keys(1, 2)
    assert not await rotated.is_current(wrapped)
    rewrapped = await rotated.rewrap(wrapped, "blob")
    assert await rotated.is_current(rewrapped)
    assert await rotated.open(rewrapped, "blob") == key
