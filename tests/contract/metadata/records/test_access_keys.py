"""Access keys by id, on every database."""

from dataclasses import replace

import pytest

from entrepot.domain.principals import SessionKind, root_arn
from entrepot.ports.records import KeyScope, KeysOf, KeysOfAccount, OneKey, Records, Revoked
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


ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/build/"


@pytest.mark.parametrize("is_of_token", [False, True])
async def test_keys_of_console_sessions_are_known_as_such(records: Records, *, is_of_token: bool) -> None:
    session = access_key("ASIA1", expires_at=minute(60))
    principal = replace(session.principal, is_console=True, is_of_token=is_of_token)
    session = replace(session, principal=principal)
    await records.access_keys.add(session)
    found = await records.access_keys.find("ASIA1")
    assert found == session
    assert found.principal.session_kind is SessionKind.CONSOLE


async def test_sessions_are_paged_by_account_and_by_principal_and_ended_ones_left_out(
    records: Records,
) -> None:
    held = [
        access_key("ASIA4", arn=f"{ROLE}a", expires_at=minute(60)),
        access_key("ASIA3", arn=f"{ROLE}b", expires_at=minute(60)),
        access_key("ASIA2", arn=f"{ROLE}b", expires_at=minute(60)),
        access_key("ASIA1", arn=USER, expires_at=minute(60)),
    ]
    left_out = [
        access_key("ASIA0", arn=f"{ROLE}a", expires_at=minute(5)),
        access_key("ASIA9", arn=f"{ROLE[:-1]}-2/a", expires_at=minute(60)),
        access_key("AKIA1", arn=USER),
    ]
    for key in (*held, *left_out):
        await records.access_keys.add(key)

    async def ids(scope: KeysOf | KeysOfAccount, after: tuple[str, str] = ("", ""), limit: int = 9) -> str:
        found = await records.access_keys.sessions(scope, now=minute(5), after=after, limit=limit)
        return " ".join(key.principal.access_key_id for key in found)

    assert await ids(KeysOf(ROLE)) == "ASIA4 ASIA2 ASIA3"
    assert await ids(KeysOf(ROLE), (f"{ROLE}a", "ASIA4"), 1) == "ASIA2"
    assert await ids(KeysOf(ROLE), (f"{ROLE}b", "ASIA2")) == "ASIA3"
    assert await ids(KeysOf(f"{ROLE}b")) == "ASIA2 ASIA3"
    assert await ids(KeysOf(USER)) == "ASIA1"
    assert await ids(KeysOfAccount(ACCOUNT)) == "ASIA1 ASIA2 ASIA3 ASIA4 ASIA9"
    assert await ids(KeysOfAccount(ACCOUNT), (USER, "ASIA3"), 1) == "ASIA4"
    assert await ids(KeysOfAccount("000000000000")) == ""


@pytest.mark.parametrize(
    ("scope", "gone", "renumbered"),
    [
        (OneKey("AKIA1"), "ASIA1 ASIA2", "AKIA1"),
        (OneKey("ASIA1"), "ASIA1 ASIA2", ""),
        (OneKey("AKIA0"), "", ""),
        (KeysOf(USER), "ASIA1 ASIA2", "AKIA1"),
        (KeysOf(ROLE), "ASIA2", ""),
        (KeysOfAccount(ACCOUNT), "ASIA1 ASIA2 ASIA9", "AKIA1 AKIA9"),
        (KeysOfAccount("000000000000"), "", ""),
    ],
)
async def test_revoking_removes_sessions_and_gives_long_lived_keys_another_number(
    records: Records, scope: KeyScope, gone: str, renumbered: str
) -> None:
    held = [
        access_key("AKIA1", arn=USER),
        access_key("ASIA1", arn=USER, expires_at=minute(60), issued_by="AKIA1"),
        access_key("ASIA2", arn=f"{ROLE}a", expires_at=minute(60), issued_by="ASIA1"),
        access_key("AKIA9"),
        access_key("ASIA9", expires_at=minute(60), issued_by="AKIA9"),
    ]
    for key in held:
        await records.access_keys.add(key)

    revoked = await records.access_keys.revoke(scope, 2**62)

    assert revoked == Revoked(len(renumbered.split()), len(gone.split()))
    for key in held:
        key_id = key.principal.access_key_id
        expected = replace(key, token_number=2**62) if key_id in renumbered.split() else key
        assert await records.access_keys.find(key_id) == (None if key_id in gone.split() else expected)
