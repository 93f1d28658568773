"""How often issuers are asked for their keys, and how long an answer counts: attacks 33 and 35."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.domain.errors import IssuerUnreachable
from entrepot.domain.identities import OidcProvider
from entrepot.identity.identity_tokens import KeySet, read_token, verify
from entrepot.identity.issuer_keys import IssuerKeys
from tests.unit.identity.issuers import (
    ISSUER,
    MemoryIssuers,
    claims,
    new_private_key,
    provider,
    public_jwk,
    sign,
)

KEY, NEXT = new_private_key(), new_private_key()


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


class SlowIssuers(MemoryIssuers):
    """Issuers that answer when they are let."""

    def __init__(self) -> None:
        super().__init__()
        self.let, self.was_asked = asyncio.Event(), asyncio.Event()

    async def fetch(self, provider: OidcProvider) -> bytes:
        answer = await super().fetch(provider)
        self.was_asked.set()
        await self.let.wait()
        return answer


async def look_up(keys: IssuerKeys, *, kid: str = "k1", of: OidcProvider | None = None) -> KeySet:
    return await keys.find(of or provider(), read_token(sign(claims(), KEY, kid=kid)))


async def test_keys_are_kept_five_minutes() -> None:
    issuers, clock = MemoryIssuers(), Clock()
    issuers.publish(public_jwk(KEY))
    keys = IssuerKeys(issuers, clock)
    for _ in range(3):
        await look_up(keys)
    assert issuers.asked == [ISSUER]
    clock.pass_(minutes=5)
    await look_up(keys)
    assert len(issuers.asked) == 2


async def test_a_key_that_is_new_at_the_issuer_is_found_and_one_that_is_gone_is_forgotten() -> None:
    issuers, clock = MemoryIssuers(), Clock()
    issuers.publish(public_jwk(KEY))
    keys = IssuerKeys(issuers, clock)
    await look_up(keys)
    issuers.publish(public_jwk(NEXT, "k2"))
    found = await keys.find(provider(), read_token(sign(claims(), NEXT, kid="k2")))
    verify(read_token(sign(claims(), NEXT, kid="k2")), found)
    assert [key.kid for key in (await look_up(keys)).keys] == ["k2"]


async def test_attack_35_tokens_with_unknown_keys_make_the_issuer_be_asked_four_times_a_minute() -> None:
    issuers, clock = MemoryIssuers(), Clock()
    issuers.publish(public_jwk(KEY))
    keys = IssuerKeys(issuers, clock)
    for number in range(50):
        assert (await look_up(keys, kid=f"made-up-{number}")).keys
    assert len(issuers.asked) == 4
    clock.pass_(minutes=1)
    await look_up(keys, kid="made-up")
    assert len(issuers.asked) == 5


async def test_keys_are_used_for_an_hour_while_the_issuer_is_down() -> None:
    issuers, clock = MemoryIssuers(), Clock()
    issuers.publish(public_jwk(KEY))
    keys = IssuerKeys(issuers, clock)
    await look_up(keys)
    issuers.documents.clear()
    clock.pass_(minutes=59)
    assert (await look_up(keys)).keys
    clock.pass_(minutes=1)
    with pytest.raises(IssuerUnreachable):
        await look_up(keys)


@pytest.mark.parametrize("document", [b"", b"<html>", b"{}", b'{"keys": 7}'])
async def test_attack_35_nonsense_does_not_take_the_place_of_keys(document: bytes) -> None:
    issuers, clock = MemoryIssuers(), Clock()
    issuers.publish(public_jwk(KEY))
    keys = IssuerKeys(issuers, clock)
    await look_up(keys)
    issuers.documents[ISSUER] = document
    clock.pass_(minutes=6)
    assert (await look_up(keys)).keys


async def test_attack_35_an_issuer_that_is_down_is_asked_four_times_a_minute() -> None:
    issuers, clock = MemoryIssuers(), Clock()
    keys = IssuerKeys(issuers, clock)
    for _ in range(20):
        with pytest.raises(IssuerUnreachable):
            await look_up(keys)
    assert len(issuers.asked) == 4
    issuers.publish(public_jwk(KEY))
    clock.pass_(minutes=1)
    assert (await look_up(keys)).keys


async def test_attack_35_all_who_wait_for_a_slow_issuer_share_one_question_and_most_are_turned_away() -> None:
    issuers = SlowIssuers()
    issuers.publish(public_jwk(KEY))
    keys = IssuerKeys(issuers, Clock())
    waiting = [asyncio.create_task(look_up(keys)) for _ in range(200)]
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert len(pending) == 128
    assert all(isinstance(task.exception(), IssuerUnreachable) for task in done)
    issuers.let.set()
    assert all(found.keys for found in await asyncio.gather(*pending))
    assert issuers.asked == [ISSUER]


async def test_who_gives_up_waiting_takes_nothing_from_the_others() -> None:
    issuers = SlowIssuers()
    issuers.publish(public_jwk(KEY))
    keys = IssuerKeys(issuers, Clock())
    first, second = asyncio.create_task(look_up(keys)), asyncio.create_task(look_up(keys))
    await issuers.was_asked.wait()
    first.cancel()
    issuers.let.set()
    assert (await second).keys
    assert issuers.asked == [ISSUER]


async def test_attack_19_keys_that_one_account_trusts_by_a_thumbprint_are_not_anothers() -> None:
    issuers = MemoryIssuers()
    issuers.publish(public_jwk(KEY))
    keys = IssuerKeys(issuers, Clock())
    await look_up(keys, of=provider(thumbprints=("a" * 40,)))
    issuers.documents.clear()
    with pytest.raises(IssuerUnreachable):
        await look_up(keys)


async def test_attack_40_no_more_issuers_are_remembered_than_there_is_room_for() -> None:
    issuers = MemoryIssuers()
    keys = IssuerKeys(issuers, Clock())
    for number in range(300):
        with pytest.raises(IssuerUnreachable):
            await look_up(keys, of=provider(url=f"idp-{number}.example"))
    assert len(keys._issuers) == 256
