"""Access keys by id, on every database."""

from dataclasses import replace

from entrepot.domain.principals import root_arn
from entrepot.ports.records import Records
from tests.contract.metadata.records.samples import ACCOUNT, access_key, minute

USER = f"arn:aws:iam::{ACCOUNT}:user/maya"


async def test_a_long_lived_key_is_found_as_it_was_given(records: Records) -> None:
    assert await records.access_keys.add(access_key())
    assert await records.access_keys.find("AKIA1") == access_key()


async def test_a_sessions_key_is_found_as_it_was_given(records: Records) -> None:
    session = access_key("ASIA1", expires_at=minute(60), issued_by="AKIA1", is_active=False)
    await records.access_keys.add(session)
    assert await records.access_keys.find("ASIA1") == session


async def test_an_unknown_id_is_none_and_ids_differ_by_case(records: Records) -> None:
    await records.access_keys.add(access_key("AKIA1"))
    assert await records.access_keys.find("akia1") is None


async def test_a_taken_id_is_refused_and_the_first_stays(records: Records) -> None:
    await records.access_keys.add(access_key())
    assert not await records.access_keys.add(replace(access_key(), sealed_secret=b"other"))
    assert await records.access_keys.find("AKIA1") == access_key()


async def test_keys_of_a_principal_come_oldest_first(records: Records) -> None:
    keys = [access_key(f"AKIA{n}", created_at=minute(9 - n)) for n in range(3)]
    for key in (*keys, access_key("AKIA9", arn=USER)):
        await records.access_keys.add(key)
    assert await records.access_keys.of_principal(root_arn(ACCOUNT)) == keys[::-1]
    assert await records.access_keys.of_principal(f"{USER}2") == []


async def test_removing_a_key_removes_the_sessions_made_with_it_and_with_those(records: Records) -> None:
    chain = [("AKIA1", None), ("ASIA1", "AKIA1"), ("ASIA2", "AKIA1"), ("ASIA3", "ASIA2"), ("ASIA4", "ASIA3")]
    others = [("AKIA9", None), ("ASIA9", "AKIA9")]
    for key_id, issuer in chain + others:
        await records.access_keys.add(access_key(key_id, issued_by=issuer))
    await records.access_keys.remove("AKIA1")
    await records.access_keys.remove("AKIA1")
    left = await records.access_keys.of_principal(root_arn(ACCOUNT))
    assert [key.principal.access_key_id for key in left] == ["AKIA9", "ASIA9"]


async def test_the_sessions_of_a_provider_end_and_no_others(records: Records) -> None:
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/ci.example.com"
    for key_id, issuer in [
        ("ASIA1", provider),
        ("ASIA2", "ASIA1"),
        ("ASIA3", f"{provider}/x"),
        ("AKIA1", None),
    ]:
        await records.access_keys.add(access_key(key_id, issued_by=issuer))
    await records.access_keys.end_sessions(provider)
    await records.access_keys.end_sessions(provider)
    left = await records.access_keys.of_principal(root_arn(ACCOUNT))
    assert {key.principal.access_key_id for key in left} == {"AKIA1", "ASIA3"}


async def test_removing_a_key_with_very_many_sessions(records: Records) -> None:
    for n in range(600):
        await records.access_keys.add(access_key(f"ASIA{n}", issued_by="AKIA1"))
    await records.access_keys.add(access_key("ASIA-last", issued_by="ASIA599"))
    await records.access_keys.remove("AKIA1")
    assert await records.access_keys.of_principal(root_arn(ACCOUNT)) == []


async def test_expired_keys_go_in_bounded_steps_and_long_lived_ones_stay(records: Records) -> None:
    for n in range(4):
        await records.access_keys.add(access_key(f"ASIA{n}", expires_at=minute(n)))
    await records.access_keys.add(access_key("AKIA1"))
    assert await records.access_keys.remove_expired(minute(3), 2) == 2
    assert await records.access_keys.find("ASIA2") is not None  # those that ended first go first
    assert await records.access_keys.remove_expired(minute(3), 2) == 1
    assert await records.access_keys.remove_expired(minute(3), 2) == 0
    left = await records.access_keys.of_principal(root_arn(ACCOUNT))
    assert {key.principal.access_key_id for key in left} == {"AKIA1", "ASIA3"}
