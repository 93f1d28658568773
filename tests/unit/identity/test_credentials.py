"""Access keys: made once, sealed at rest, gone with what they came from."""

import asyncio
import hashlib
from datetime import timedelta
from functools import partial

import pytest

from entrepot.domain.errors import TokenRejected
from entrepot.domain.principals import Principal, root_arn
from entrepot.identity.credentials import IssuedKey, new_key, root_principal
from entrepot.ports.records import AccessKey, Records
from tests.unit.builders import ACCOUNT, USER, World

HOUR, MOMENT = timedelta(hours=1), timedelta(microseconds=1)
OTHER = "210987654321"


async def root(world: World) -> tuple[Principal, IssuedKey]:
    key = new_key()
    await world.credentials.set_root_key(ACCOUNT, key)
    return root_principal(ACCOUNT, key.access_key_id), key


async def _find(access_key_id: str, records: Records) -> AccessKey | None:
    return await records.access_keys.find(access_key_id)


async def test_a_key_is_found_with_its_secret_and_owner(world: World) -> None:
    principal, key = await root(world)

    found = await world.credentials.find(key.access_key_id)

    assert found is not None
    assert (found.principal, found.secret, found.session_token_sha256) == (principal, key.secret, None)
    assert await world.credentials.find("AKIAUNKNOWN234567ABC") is None
    assert await world.credentials.has_account(ACCOUNT)
    assert not await world.credentials.has_account(OTHER)


async def test_keys_have_the_form_of_aws_and_are_never_the_same() -> None:
    keys = [new_key() for _ in range(100)]

    assert len({key.access_key_id for key in keys} | {key.secret for key in keys}) == 200
    assert all(len(key.access_key_id) == 20 and len(key.secret) == 40 for key in keys)


async def test_attack_49_no_secret_lies_in_a_row(world: World) -> None:
    principal, key = await root(world)
    session = await world.credentials.issue_session(principal, HOUR)

    for issued in (key, session):
        row = await world.store.read(partial(_find, issued.access_key_id))
        assert row is not None
        assert issued.secret.encode() not in row.sealed_secret
        assert (issued.session_token or issued.secret) not in repr(row)


async def test_a_session_is_its_caller_until_it_ends(world: World) -> None:
    principal, _ = await root(world)
    issued = await world.credentials.issue_session(principal, HOUR)
    assert issued.session_token is not None

    found = await world.credentials.find(issued.access_key_id)
    assert found is not None
    assert found.session_token_sha256 == hashlib.sha256(issued.session_token.encode()).digest()
    holder = await world.credentials.principal(issued.access_key_id)
    assert holder is not None
    assert (holder.arn, holder.user_id, holder.expires_at) == (
        root_arn(ACCOUNT),
        ACCOUNT,
        world.clock.at + HOUR,
    )

    world.clock.advance(HOUR)
    assert await world.credentials.principal(issued.access_key_id) is None


async def test_a_session_made_with_a_session_ends_no_later(world: World) -> None:
    principal, _ = await root(world)
    first = await world.credentials.issue_session(principal, HOUR)
    holder = await world.credentials.principal(first.access_key_id)
    assert holder is not None

    second = await world.credentials.issue_session(holder, 36 * HOUR)

    assert second.expires_at == first.expires_at


async def test_a_key_that_went_meanwhile_makes_no_session(world: World) -> None:
    principal, _ = await root(world)
    await root(world)

    with pytest.raises(TokenRejected):
        await world.credentials.issue_session(principal, HOUR)


async def test_a_new_root_key_ends_the_old_one_and_all_its_sessions(world: World) -> None:
    principal, old = await root(world)
    first = await world.credentials.issue_session(principal, HOUR)
    holder = await world.credentials.principal(first.access_key_id)
    assert holder is not None
    second = await world.credentials.issue_session(holder, HOUR)

    _, new = await root(world)

    for gone in (old, first, second):
        assert await world.credentials.find(gone.access_key_id) is None
        assert await world.credentials.principal(gone.access_key_id) is None
    assert await world.credentials.find(new.access_key_id) is not None


async def test_the_same_key_id_may_get_another_secret(world: World) -> None:
    _, key = await root(world)

    await world.credentials.set_root_key(ACCOUNT, IssuedKey(key.access_key_id, "n" * 40, None, None))

    found = await world.credentials.find(key.access_key_id)
    assert found is not None
    assert found.secret == "n" * 40


async def test_of_two_first_keys_at_once_one_counts(world: World) -> None:
    keys = [new_key(), new_key()]

    made = await asyncio.gather(*(world.credentials.add_first_root_key(ACCOUNT, key) for key in keys))

    assert sorted(made) == [False, True]
    found = [await world.credentials.find(key.access_key_id) for key in keys]
    assert [key is not None for key in found] == list(made)


async def test_a_key_id_of_another_account_makes_no_account(world: World) -> None:
    _, key = await root(world)

    assert not await world.credentials.add_first_root_key(OTHER, key)

    assert not await world.credentials.has_account(OTHER)


async def test_ended_sessions_are_swept_and_long_lived_keys_stay(world: World) -> None:
    principal, key = await root(world)
    for _ in range(3):
        await world.credentials.issue_session(principal, HOUR)
    late = await world.credentials.issue_session(principal, 2 * HOUR)
    world.clock.advance(HOUR + MOMENT)

    assert await world.credentials.remove_expired() == 3
    assert await world.credentials.remove_expired() == 0
    assert await world.credentials.principal(late.access_key_id) is not None
    assert await world.credentials.principal(key.access_key_id) is not None


def test_only_the_whole_arn_is_the_root() -> None:
    assert root_principal(ACCOUNT, "AKIA").is_root
    assert not USER.is_root
    assert not Principal(ACCOUNT, root_arn(OTHER), ACCOUNT, "AKIA").is_root
    assert not Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/x:root", ACCOUNT, "AKIA").is_root
