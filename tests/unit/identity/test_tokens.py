"""Registry tokens and download URLs: for whom, where, and until when."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest

from entrepot.domain.digests import Digest, digest_of
from entrepot.domain.errors import TokenExpired, TokenRejected
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.principals import Principal
from entrepot.identity.credentials import Credentials, new_key, root_principal
from entrepot.identity.revocation import Revocations
from entrepot.identity.signing import Signer
from entrepot.identity.tokens import Tokens
from entrepot.ports.records import OneKey, Records
from entrepot.storage.metadata.store import SqlStore
from tests.unit.builders import ACCOUNT, REGISTRY, World

T = TypeVar("T")

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
NAME = RepositoryName("team/app")
DIGEST = digest_of(b"layer")


def tokens(world: World) -> Tokens:
    return Tokens(Signer(world.store, world.ring, world.clock), world.credentials, world.clock)


async def root(world: World) -> Principal:
    key = new_key()
    await world.credentials.set_root_key(ACCOUNT, key)
    return root_principal(ACCOUNT, key.access_key_id)


async def session(world: World, caller: Principal, life: timedelta) -> Principal:
    issued = await world.credentials.issue_session(caller, life)
    found = await world.credentials.principal(issued.access_key_id)
    assert found is not None
    return found


async def test_a_token_is_good_for_its_holder_and_registry(world: World) -> None:
    caller = await root(world)

    issued = await tokens(world).issue(caller, REGISTRY)

    assert await tokens(world).read(issued.token) == (caller, REGISTRY)
    assert issued.expires_at == (world.clock.at + 12 * HOUR).replace(microsecond=0)


@pytest.mark.parametrize("region", ["eu-west-1", "r" * 32])
async def test_a_token_has_no_colon_and_stays_under_two_kibibytes(world: World, region: str) -> None:
    issued = await tokens(world).issue(await root(world), Registry(ACCOUNT, region))

    assert ":" not in issued.token
    assert len(issued.token) < 2048


async def test_attack_19_a_token_of_one_region_names_that_region(world: World) -> None:
    elsewhere = Registry(ACCOUNT, "us-east-1")
    issued = await tokens(world).issue(await root(world), elsewhere)

    assert (await tokens(world).read(issued.token))[1] == elsewhere != REGISTRY


async def test_attack_19_a_token_ends_after_twelve_hours(world: World) -> None:
    issued = await tokens(world).issue(await root(world), REGISTRY)
    world.clock.at = issued.expires_at - SECOND
    await tokens(world).read(issued.token)

    world.clock.at = issued.expires_at

    with pytest.raises(TokenExpired):
        await tokens(world).read(issued.token)


async def test_attack_19_a_token_ends_with_the_session_it_was_made_in(world: World) -> None:
    caller = await session(world, await root(world), HOUR)
    issued = await tokens(world).issue(caller, REGISTRY)

    assert issued.expires_at == (world.clock.at + HOUR).replace(microsecond=0)
    world.clock.advance(HOUR)
    with pytest.raises(TokenExpired):
        await tokens(world).read(issued.token)


async def test_attack_19_a_token_ends_with_its_key(world: World) -> None:
    issued = await tokens(world).issue(await root(world), REGISTRY)

    await root(world)

    with pytest.raises(TokenRejected):
        await tokens(world).read(issued.token)


async def test_attack_19_a_token_of_a_session_ends_with_the_key_behind_the_session(world: World) -> None:
    issued = await tokens(world).issue(await session(world, await root(world), HOUR), REGISTRY)

    await root(world)

    with pytest.raises(TokenRejected):
        await tokens(world).read(issued.token)


async def test_attack_19_a_token_of_an_inactive_key_is_rejected(world: World) -> None:
    caller = await root(world)
    issued = await tokens(world).issue(caller, REGISTRY)
    key = await world.store.read(lambda records: records.access_keys.find(caller.access_key_id))
    assert key is not None
    inactive = replace(key, is_active=False)
    await world.store.write(lambda records: records.access_keys.remove(caller.access_key_id))
    await world.store.write(lambda records: records.access_keys.add(inactive))

    with pytest.raises(TokenRejected):
        await tokens(world).read(issued.token)


async def test_a_token_lives_shorter_where_the_operator_says_so(world: World) -> None:
    signer = Signer(world.store, world.ring, world.clock)
    short = Tokens(signer, world.credentials, world.clock, life=HOUR)
    caller = await root(world)

    for holder in (caller, await session(world, caller, 2 * HOUR)):
        issued = await short.issue(holder, REGISTRY)
        assert issued.expires_at == (world.clock.at + HOUR).replace(microsecond=0)


async def revoke(world: World, caller: Principal) -> None:
    await Revocations(world.store, world.clock).revoke(ACCOUNT, OneKey(caller.access_key_id))


async def test_attack_19_a_revoked_token_is_rejected_and_the_next_one_is_good(world: World) -> None:
    caller = await root(world)
    first = await tokens(world).issue(caller, REGISTRY)
    await revoke(world, caller)
    second = await tokens(world).issue(caller, REGISTRY)

    assert await tokens(world).read(second.token) == (caller, REGISTRY)
    with pytest.raises(TokenRejected):
        await tokens(world).read(first.token)
    await revoke(world, caller)
    for old in (first, second):
        with pytest.raises(TokenRejected):
            await tokens(world).read(old.token)


async def test_a_revoked_token_of_the_same_moment_is_rejected_whatever_the_clocks_say(world: World) -> None:
    caller = await root(world)
    world.clock.advance(HOUR)  # of the node that makes the token, which is ahead
    issued = await tokens(world).issue(caller, REGISTRY)
    world.clock.advance(-HOUR)

    await revoke(world, caller)

    with pytest.raises(TokenRejected):
        await tokens(world).read(issued.token)


async def test_a_token_made_after_a_revocation_is_good_where_the_key_is_remembered(world: World) -> None:
    caller = await root(world)
    late = Tokens(
        Signer(world.store, world.ring, world.clock),
        Credentials(RememberingStore(world.store), world.ring, world.clock),
        world.clock,
    )
    old = await tokens(world).issue(caller, REGISTRY)
    assert await late.read(old.token) == (caller, REGISTRY)

    await revoke(world, caller)

    assert await late.read(old.token) == (caller, REGISTRY)  # for less than a second, on another node
    new = await late.issue(caller, REGISTRY)
    assert await late.read(new.token) == (caller, REGISTRY)
    with pytest.raises(TokenRejected):
        await late.read(old.token)


class RememberingStore(SqlStore):
    """A node's that has not heard of any change yet."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def version(self) -> int:
        return 1

    def commits(self) -> None:
        return None

    async def read(self, body: Callable[[Records], Awaitable[T]]) -> T:
        return await self._store.read(body)


async def test_a_download_opens_one_layer_for_an_hour(world: World) -> None:
    caller = await root(world)
    token = await tokens(world).issue_download(caller, REGISTRY, NAME, DIGEST)

    download = await tokens(world).read_download(token)

    assert (download.registry, download.name, download.digest) == (REGISTRY, NAME, DIGEST)
    assert download.principal == caller
    world.clock.advance(HOUR)
    with pytest.raises(TokenExpired):
        await tokens(world).read_download(token)


async def test_attack_19_neither_kind_of_token_passes_for_the_other(world: World) -> None:
    caller = await root(world)
    issued = await tokens(world).issue(caller, REGISTRY)
    download = await tokens(world).issue_download(caller, REGISTRY, NAME, DIGEST)

    with pytest.raises(TokenRejected):
        await tokens(world).read(download)
    with pytest.raises(TokenRejected):
        await tokens(world).read_download(issued.token)


async def test_attack_19_a_download_ends_with_its_key(world: World) -> None:
    token = await tokens(world).issue_download(await root(world), REGISTRY, NAME, DIGEST)

    await root(world)

    with pytest.raises(TokenRejected):
        await tokens(world).read_download(token)


@pytest.mark.parametrize(
    ("name", "digest"), [("../x", DIGEST), ("team/app", Digest("sha256:x")), ("team/app", Digest(""))]
)
async def test_what_a_download_names_is_checked_again(world: World, name: str, digest: Digest) -> None:
    token = await tokens(world).issue_download(await root(world), REGISTRY, RepositoryName(name), digest)

    with pytest.raises(TokenRejected):
        await tokens(world).read_download(token)
