"""Mounts, and that a refused one tells nothing."""

from dataclasses import replace

import pytest

from entrepot.domain.digests import Digest, digest_of
from entrepot.domain.errors import LayerNotFound
from entrepot.domain.layers import Layer
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.policy.requests import Context
from entrepot.domain.principals import Principal
from entrepot.domain.repositories import Encryption, Repository
from entrepot.identity.decisions import Decisions
from entrepot.registry.mounts import Mounts
from tests.unit.builders import ACCOUNT, REGISTRY, ROOT, USER, World, absent, new_id

CONTENT = b"the bytes of a layer"
DIGEST = digest_of(CONTENT)


class OnlyReads(Decisions):
    """Allows reading some repositories."""

    def __init__(self, *readable: Repository) -> None:
        self._readable = {repository.arn for repository in readable}

    async def allows(
        self,
        principal: Principal,
        action: str,
        *,
        account: str,
        resource: str,
        context: Context | None = None,
    ) -> bool:
        return action == "ecr:GetDownloadUrlForLayer" and resource in self._readable


async def mount(
    world: World,
    target: Repository,
    source: str | None,
    *,
    digest: Digest = DIGEST,
    principal: Principal = ROOT,
    decisions: Decisions | None = None,
) -> Layer | None:
    mounts = Mounts(world.store, world.settings, decisions or world.decisions, world.clock)
    return await mounts.mount(
        target, principal, digest, RepositoryName(source) if source else None, Context()
    )


async def holds(world: World, repository: Repository) -> bool:
    return DIGEST in (await world.layers.find_many(repository, [DIGEST]))[0]


@pytest.mark.parametrize("source", ["source", None])
async def test_a_mount_holds_the_same_bytes(world: World, source: str | None) -> None:
    layer = await world.layer(await world.repository("source"), CONTENT)
    target = await world.repository("target")

    assert await mount(world, target, source) == layer
    assert await world.layers.get(target, DIGEST) == layer


async def test_a_mounted_layer_outlives_its_source(world: World) -> None:
    source, target = await world.repository("source"), await world.repository("target")
    await world.layer(source, CONTENT)
    await mount(world, target, "source")

    await world.deletions.delete_layer(source, DIGEST)

    assert await holds(world, target)


async def test_attack_12_all_failed_mounts_look_the_same(world: World) -> None:
    source, target = await world.repository("source"), await world.repository("target")
    await world.repository("empty")
    await world.layer(source, CONTENT)
    nobody = OnlyReads()

    answers = [
        await mount(world, target, "source", decisions=nobody),
        await mount(world, target, None, decisions=nobody),
        await mount(world, target, "source", principal=USER),
        await mount(world, target, "missing"),
        await mount(world, target, "empty"),
        await mount(world, target, None, digest=absent()),
        await mount(world, target, "source", digest=absent()),
    ]

    assert answers == [None] * len(answers)
    assert not await holds(world, target)


async def test_attack_24_a_mount_without_source_asks_only_what_the_caller_may_read(world: World) -> None:
    secret, shared = await world.repository("secret"), await world.repository("shared")
    target = await world.repository("target")
    await world.layer(secret, CONTENT)

    assert await mount(world, target, None, decisions=OnlyReads(shared)) is None

    await world.layer(shared, CONTENT)
    assert await mount(world, target, None, decisions=OnlyReads(shared)) is not None


@pytest.mark.parametrize("registry", [Registry(ACCOUNT, "us-east-1"), Registry("210987654321", "eu-west-1")])
@pytest.mark.parametrize("source", ["source", None])
async def test_attack_12_other_registries_are_no_source(
    world: World, registry: Registry, source: str | None
) -> None:
    elsewhere = await world.repository("source", registry=registry)
    await world.layer(elsewhere, CONTENT)
    target = await world.repository("target")

    assert await mount(world, target, source, decisions=OnlyReads(elsewhere)) is None


@pytest.mark.parametrize("source", ["source", None])
async def test_attack_12_a_layer_under_another_key_is_not_mounted(world: World, source: str | None) -> None:
    await world.layer(await world.repository("source"), CONTENT)
    plain = await world.repository("plain")
    target = replace(
        plain, id=new_id(), name=RepositoryName("kms"), encryption=Encryption("KMS", "arn:aws:kms:key/1")
    )
    await world.store.write(lambda records: records.repositories.add(target))

    assert await mount(world, target, source) is None


@pytest.mark.parametrize("source", ["source", None])
async def test_a_disabled_setting_mounts_nothing_and_keeps_what_was_mounted(
    world: World, source: str | None
) -> None:
    await world.layer(await world.repository("source"), CONTENT)
    before, after = await world.repository("before"), await world.repository("after")
    await mount(world, before, source)

    await world.settings.put(REGISTRY, "BLOB_MOUNTING", "DISABLED")

    assert await mount(world, after, source) is None
    assert await holds(world, before)


async def test_a_removed_source_is_none(world: World) -> None:
    source, target = await world.repository("source"), await world.repository("target")
    await world.layer(source, CONTENT)
    await world.catalog.delete(REGISTRY, source.name, force=True)

    assert await mount(world, target, "source") is None
    assert await mount(world, target, None) is None


async def test_attack_25_a_layer_deleted_in_one_repository_stays_gone_there(world: World) -> None:
    one, two = await world.repository("one"), await world.repository("two")
    await world.layer(one, CONTENT)
    await world.layer(two, CONTENT)
    await world.deletions.delete_layer(one, DIGEST)

    await world.layer(two, CONTENT)
    await mount(world, await world.repository("three"), "two")

    with pytest.raises(LayerNotFound):
        await world.layers.get(one, DIGEST)
    assert await mount(world, two, "one") is None
