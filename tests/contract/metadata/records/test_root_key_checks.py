"""Check values of the root key, on every database."""

from entrepot.ports.records import Records


async def test_values_are_kept_by_version(records: Records) -> None:
    assert await records.root_key_checks.all() == {}
    assert await records.root_key_checks.add(2, b"\x00two")
    assert await records.root_key_checks.add(1, b"one\xff")
    assert await records.root_key_checks.all() == {1: b"one\xff", 2: b"\x00two"}


async def test_a_version_that_has_a_value_keeps_it(records: Records) -> None:
    await records.root_key_checks.add(1, b"first")
    assert not await records.root_key_checks.add(1, b"second")
    assert await records.root_key_checks.all() == {1: b"first"}
