"""Decisions on principals whose policies are rows: the root, users, and those who have gone."""

import json
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest

from entrepot.domain.errors import AccessDenied, TokenRejected
from entrepot.domain.identities import Identity, IdentityKind
from entrepot.domain.names import Registry, RepositoryName, repository_arn
from entrepot.domain.policy.requests import Context
from entrepot.domain.principals import Principal
from entrepot.domain.repositories import Repository
from entrepot.identity.decisions import Decisions
from entrepot.identity.directory import NewIdentity
from entrepot.identity.policies import IdentityPolicies, PolicyLibrary
from entrepot.identity.user_keys import UserKeys
from tests.unit.builders import ACCOUNT, REGISTRY, World, add_root

USER = IdentityKind.USER
OTHER = "210987654321"
ARN = repository_arn(REGISTRY, "team/app")
PULL_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"


def allow(*actions: str, resource: str = "*", effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def user(world: World, name: str = "eve") -> tuple[Identity, Principal]:
    made = await world.directory.create(NewIdentity(ACCOUNT, USER, name))
    _, key = await UserKeys(world.store, world.credentials).create(made)
    return made, key.principal


def grant(principal: str, *actions: str, effect: str = "Allow", **more: object) -> str:
    statement = {"Effect": effect, "Principal": {"AWS": principal}, "Action": list(actions), **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def write(world: World, repository: Repository, document: str) -> None:
    await world.store.write(lambda records: records.repository_policies.put(repository.id, document))


async def may(
    world: World,
    principal: Principal,
    action: str,
    resource: str = ARN,
    *,
    decisions: Decisions | None = None,
) -> bool:
    """By what is read anew, unless `decisions` have been kept."""
    asked = decisions or world.decisions
    return await asked.allows(principal, action, account=ACCOUNT, resource=resource)


async def test_what_was_decided_without_policies_is_decided_anew_when_one_comes(world: World) -> None:
    root, repository = await add_root(world), await world.repository("team/app")
    kept = world.decisions
    for _ in range(2):
        assert await may(world, root, "ecr:PutImage", decisions=kept)

    await write(world, repository, grant("*", "ecr:PutImage", effect="Deny"))

    assert not await may(world, root, "ecr:PutImage", decisions=kept)
    assert await may(world, root, "ecr:BatchGetImage", decisions=kept)


async def test_the_root_may_do_everything_in_its_account(world: World) -> None:
    root = await add_root(world)
    for action in ("ecr:PutImage", "ecr:GetAuthorizationToken", "iam:CreateUser"):
        await world.decisions.require(root, action, account=ACCOUNT, resource=ARN)


async def test_nobody_reaches_into_another_account(world: World) -> None:
    root = await add_root(world)
    arn = repository_arn(Registry(OTHER, "eu-west-1"), "team/app")

    with pytest.raises(AccessDenied) as refused:
        await world.decisions.require(root, "ecr:PutImage", account=OTHER, resource=arn)

    assert (refused.value.principal_arn, refused.value.action, refused.value.resource) == (
        root.arn,
        "ecr:PutImage",
        arn,
    )
    assert refused.value.because == "no resource-based policy allows the ecr:PutImage action"


async def test_a_user_without_policies_may_do_nothing(world: World) -> None:
    _, eve = await user(world)

    with pytest.raises(AccessDenied) as refused:
        await world.decisions.require(eve, "ecr:PutImage", account=ACCOUNT, resource=ARN)

    assert refused.value.because == "no identity-based policy allows the ecr:PutImage action"


async def test_inline_attached_and_group_policies_count_together(world: World) -> None:
    _, eve = await user(world)
    policies = IdentityPolicies(world.store)
    await world.directory.create(NewIdentity(ACCOUNT, IdentityKind.GROUP, "team"))
    await world.directory.join(ACCOUNT, "eve", "team")
    await policies.put(ACCOUNT, USER, "eve", "own", allow("ecr:PutImage"))
    await policies.attach(ACCOUNT, USER, "eve", PULL_ONLY)
    await policies.put(ACCOUNT, IdentityKind.GROUP, "team", "groups", allow("ecr:ListImages"))

    for action in ("ecr:PutImage", "ecr:BatchGetImage", "ecr:ListImages"):
        assert await may(world, eve, action)
    assert not await may(world, eve, "ecr:DeleteRepository")


async def test_attack_26_a_user_taken_out_of_a_group_loses_its_policies_at_once(world: World) -> None:
    _, eve = await user(world)
    await world.directory.create(NewIdentity(ACCOUNT, IdentityKind.GROUP, "team"))
    await world.directory.join(ACCOUNT, "eve", "team")
    await IdentityPolicies(world.store).put(
        ACCOUNT, IdentityKind.GROUP, "team", "groups", allow("ecr:ListImages")
    )
    decisions = world.decisions
    assert await decisions.allows(eve, "ecr:ListImages", account=ACCOUNT, resource=ARN)

    await world.directory.leave(ACCOUNT, "eve", "team")

    assert not await decisions.allows(eve, "ecr:ListImages", account=ACCOUNT, resource=ARN)


async def test_a_boundary_limits_what_policies_allow(world: World) -> None:
    library = PolicyLibrary(world.store, world.clock, lambda prefix: f"{prefix}1")
    boundary = await library.create(ACCOUNT, "limit", allow("ecr:*"))
    _, eve = await user(world)
    await world.directory.set_boundary(ACCOUNT, USER, "eve", boundary.arn)
    await IdentityPolicies(world.store).put(
        ACCOUNT, USER, "eve", "all", allow("ecr:PutImage", "iam:CreateUser")
    )

    assert await may(world, eve, "ecr:PutImage")
    assert not await may(world, eve, "iam:CreateUser", "*")


async def test_a_deleted_user_is_rejected_and_one_of_the_same_name_is_another(world: World) -> None:
    made, eve = await user(world)
    await IdentityPolicies(world.store).put(ACCOUNT, USER, "eve", "own", allow("ecr:PutImage"))
    await UserKeys(world.store, world.credentials).delete(made, eve.access_key_id)
    await IdentityPolicies(world.store).delete(ACCOUNT, USER, "eve", "own")
    await world.directory.delete(ACCOUNT, USER, "eve")
    await user(world)

    with pytest.raises(TokenRejected):
        await world.decisions.decide(eve, "ecr:PutImage", account=ACCOUNT, resource=ARN)
    assert not await may(world, eve, "ecr:PutImage")


async def test_a_principal_that_only_says_it_is_a_user_is_rejected(world: World) -> None:
    _, eve = await user(world)

    stranger = replace(eve, access_key_id="AKIAELSEWHERE")
    with pytest.raises(TokenRejected):
        await world.decisions.decide(stranger, "ecr:PutImage", account=ACCOUNT, resource=ARN)


async def test_attack_26_what_a_repository_says_counts_at_once_and_no_longer(world: World) -> None:
    (made, eve), kept = await user(world), world.decisions
    repository = await world.repository("team/app")
    assert not await may(world, eve, "ecr:PutImage", decisions=kept)

    await write(world, repository, grant(made.arn, "ecr:PutImage"))
    assert await may(world, eve, "ecr:PutImage", decisions=kept)
    assert not await may(world, eve, "ecr:PutImage", repository_arn(REGISTRY, "team/other"), decisions=kept)

    await write(world, repository, grant(made.arn, "ecr:PutImage", effect="Deny"))
    await IdentityPolicies(world.store).put(ACCOUNT, USER, "eve", "own", allow("ecr:*"))
    assert not await may(world, eve, "ecr:PutImage", decisions=kept)

    await world.store.write(lambda records: records.repository_policies.remove(repository.id))
    assert await may(world, eve, "ecr:PutImage", decisions=kept)


async def test_attack_26_a_policy_ends_with_its_repository(world: World) -> None:
    (made, eve), kept = await user(world), world.decisions
    await write(world, await world.repository("team/app"), grant(made.arn, "ecr:PutImage"))
    assert await may(world, eve, "ecr:PutImage", decisions=kept)

    await world.catalog.delete(REGISTRY, RepositoryName("team/app"), force=True)
    await world.repository("team/app")

    assert not await may(world, eve, "ecr:PutImage", decisions=kept)


async def test_a_registry_speaks_for_its_own_region_alone(world: World) -> None:
    made, eve = await user(world)
    await world.store.write(lambda records: records.registry_policies.put(REGISTRY, grant(made.arn, "ecr:*")))

    assert await may(world, eve, "ecr:PutImage")
    for region, is_allowed in ((REGISTRY.region, True), ("us-east-1", False)):
        elsewhere = repository_arn(Registry(ACCOUNT, region), "team/app")
        assert await may(world, eve, "ecr:PutImage", elsewhere) is is_allowed
        context = Context(region=region)
        assert (
            await world.decisions.allows(
                eve, "ecr:DescribeRegistry", account=ACCOUNT, resource="*", context=context
            )
            is is_allowed
        )


async def test_policies_of_repositories_say_nothing_of_other_services(world: World) -> None:
    made, eve = await user(world)
    await world.store.write(lambda records: records.registry_policies.put(REGISTRY, grant(made.arn, "iam:*")))

    context = Context(region=REGISTRY.region)
    assert not await world.decisions.allows(
        eve, "iam:CreateUser", account=ACCOUNT, resource="*", context=context
    )


async def test_attack_27_what_a_repository_grants_to_a_service_is_no_callers(world: World) -> None:
    _, eve = await user(world)
    root, repository = await add_root(world, OTHER), await world.repository("team/app")
    document = grant("*", "ecr:*").replace('{"AWS": "*"}', '{"Service": "replication.ecr.amazonaws.com"}')
    assert "Service" in document
    await write(world, repository, document)

    assert not await may(world, eve, "ecr:PutImage")
    assert not await may(world, root, "ecr:PutImage")


def when(*actions: str, **condition: object) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*", "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def asked(world: World, principal: Principal, decisions: Decisions, **context: Any) -> bool:
    return await decisions.allows(
        principal, "ecr:PutImage", account=ACCOUNT, resource=ARN, context=Context(**context)
    )


@pytest.mark.parametrize(
    ("condition", "held", "other"),
    [
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"source_ip": "10.1.2.3"}, {"source_ip": "11.1.2.3"}),
        ({"StringLike": {"aws:UserAgent": "docker/*"}}, {"user_agent": "docker/1"}, {"user_agent": "curl/1"}),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"is_secure": True}, {"is_secure": False}),
        ({"StringEquals": {"ecr:ImageTag": "a"}}, {"image_tag": "a"}, {"image_tag": "b"}),
        ({"StringEquals": {"aws:RequestTag/t": "a"}}, {"request_tags": {"t": "a"}}, {"request_tags": {}}),
        ({"StringEquals": {"x:y": "a"}}, {"others": {"x:y": "a"}}, {"others": {"x:y": "b"}}),
    ],
)
async def test_what_was_decided_of_one_request_is_not_said_of_another(
    world: World, condition: dict[str, object], held: dict[str, Any], other: dict[str, Any]
) -> None:
    (_, eve), kept = await user(world), world.decisions
    await IdentityPolicies(world.store).put(ACCOUNT, USER, "eve", "own", when("ecr:PutImage", **condition))
    for context in (held, other):
        if "source_ip" in context:
            context["source_ip"] = ip_address(context["source_ip"])

    for _ in range(2):
        assert await asked(world, eve, kept, **held)
        assert not await asked(world, eve, kept, **other)


@pytest.mark.parametrize("key", ["aws:CurrentTime", "aws:currentTime", "aws:C\\u0075rrentTime"])
async def test_what_depends_on_the_time_is_decided_each_time(world: World, key: str) -> None:
    (_, eve), kept = await user(world), world.decisions
    text = when("ecr:PutImage", DateLessThan={"KEY": "2026-11-02T04:00:00Z"}).replace("KEY", key)
    await IdentityPolicies(world.store).put(ACCOUNT, USER, "eve", "own", text)
    assert await asked(world, eve, kept)

    world.clock.advance(timedelta(hours=2))

    assert not await asked(world, eve, kept)


@pytest.mark.parametrize(
    "key", ["aws:ResourceTag/stage", "ecr:resourcetag/Stage", "aws:\\u0052esourceTag/stage"]
)
async def test_what_depends_on_a_repositorys_tags_is_decided_each_time(world: World, key: str) -> None:
    (_, eve), kept = await user(world), world.decisions
    await world.repository("team/app", tags={"stage": "test"})
    text = when("ecr:PutImage", StringEquals={"KEY": "test"}).replace("KEY", key)
    await IdentityPolicies(world.store).put(ACCOUNT, USER, "eve", "own", text)
    assert await asked(world, eve, kept)

    await world.catalog.tag(REGISTRY, RepositoryName("team/app"), {"stage": "production"})

    assert not await asked(world, eve, kept)


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        (("ecr:GetDownloadUrlForLayer",), ()),
        (("ecr:BatchCheckLayerAvailability",), ()),
        (("ecr:GetDownloadUrlForLayer",), ("ecr:BatchCheckLayerAvailability",)),
        (("ecr:BatchCheckLayerAvailability",), ("ecr:GetDownloadUrlForLayer",)),
    ],
)
async def test_another_permission_may_do_as_well(
    world: World, allowed: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    _, eve = await user(world)
    await IdentityPolicies(world.store).put(ACCOUNT, USER, "eve", "own", allow(*allowed))
    for action in refused:
        denial = allow(action, effect="Deny")
        await IdentityPolicies(world.store).put(ACCOUNT, USER, "eve", "denial", denial)

    await world.decisions.require(
        eve,
        "ecr:BatchCheckLayerAvailability",
        account=ACCOUNT,
        resource=ARN,
        as_good="ecr:GetDownloadUrlForLayer",
    )


async def test_of_two_permissions_that_are_missing_the_first_is_named(world: World) -> None:
    _, eve = await user(world)

    with pytest.raises(AccessDenied) as denied:
        await world.decisions.require(
            eve, "ecr:PutImage", account=ACCOUNT, resource=ARN, as_good="ecr:BatchGetImage"
        )

    assert denied.value.action == "ecr:PutImage"
    assert denied.value.because == "no identity-based policy allows the ecr:PutImage action"


async def test_in_the_first_scope_a_registry_has_a_say_in_three_actions(world: World) -> None:
    (made, eve), kept = await user(world), world.decisions
    granting = grant(made.arn, "ecr:*")
    await world.store.write(lambda records: records.registry_policies.put(REGISTRY, granting))
    assert await may(world, eve, "ecr:PutImage", decisions=kept)

    for scope, is_allowed in (("V1", False), ("V2", True)):
        await world.settings.put(REGISTRY, "REGISTRY_POLICY_SCOPE", scope)
        assert await may(world, eve, "ecr:PutImage", decisions=kept) is is_allowed
        assert await may(world, eve, "ecr:CreateRepository", decisions=kept)
        assert await may(world, eve, "ecr:ReplicateImage", decisions=kept)


@pytest.mark.parametrize("verb", ["GetRepository", "SetRepository", "DeleteRepository"])
async def test_no_repository_shuts_the_root_of_its_account_out(world: World, verb: str) -> None:
    root, stranger = await add_root(world), await add_root(world, OTHER)
    repository = await world.repository("team/app")
    await write(world, repository, grant("*", "ecr:*", effect="Deny"))

    assert await may(world, root, f"ecr:{verb}Policy")
    assert not await may(world, root, "ecr:PutImage")
    await write(world, repository, grant("*", "ecr:*"))
    assert await may(world, stranger, f"ecr:{verb}Policy")
    await write(world, repository, grant("*", "ecr:*", effect="Deny"))
    assert not await may(world, stranger, f"ecr:{verb}Policy")
