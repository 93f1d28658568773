"""The two scopes of registry policies: what may be written in each, and what counts at both doors."""

from asyncio import to_thread
from typing import TYPE_CHECKING

import pytest
from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, bare, refusal
from tests.wire.aws.test_ecr_policies import OTHER_ROOT, grant
from tests.wire.aws.test_iam import arn, policy, user
from tests.wire.aws.test_image_tags import LOGIN, NAME, door
from tests.wire.aws.test_resource_policies import HOST, READ, is_open, pulls

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

SCOPE = "REGISTRY_POLICY_SCOPE"


async def choose(ecr: "ECRClient", scope: str) -> None:
    """Set the registry's scope."""
    answer = await to_thread(ecr.put_account_setting, name=SCOPE, value=scope)
    assert bare(answer) == {"name": SCOPE, "value": scope}


@pytest.fixture(name="ecr")
async def _ecr(served: Served) -> "ECRClient":
    ecr = served.ecr()
    await push_image(ecr, await create(ecr, NAME), "v1")
    return ecr


async def test_a_scope_is_chosen_for_one_registry(served: Served, ecr: "ECRClient") -> None:
    await choose(ecr, "V1")
    assert (await to_thread(ecr.get_account_setting, name=SCOPE))["value"] == "V1"
    for elsewhere in (served.ecr(OTHER_ACCOUNT), served.ecr(region="us-east-1")):
        assert (await to_thread(elsewhere.get_account_setting, name=SCOPE))["value"] == "V2"


async def test_choosing_a_scope_is_a_permission_of_its_own(served: Served, ecr: "ECRClient") -> None:
    named = {"StringEquals": {"ecr:AccountSetting": "BLOB_MOUNTING"}}
    keys = await user(served.iam(), "ops", policy("ecr:*AccountSetting", Condition=named))
    ops = served.ecr(keys=keys)
    await to_thread(ops.put_account_setting, name="BLOB_MOUNTING", value="DISABLED")
    for refused in (
        await refusal(ops.put_account_setting, name=SCOPE, value="V1"),
        await refusal(ops.get_account_setting, name=SCOPE),
    ):
        assert refused.code == "AccessDeniedException"
    assert (await to_thread(ecr.get_account_setting, name=SCOPE))["value"] == "V2"


async def test_in_v1_only_three_actions_may_be_written(ecr: "ECRClient") -> None:
    await choose(ecr, "V1")
    refused = await refusal(ecr.put_registry_policy, policyText=grant(OTHER_ROOT, "ecr:BatchGetImage"))
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)
    assert refused.message == (
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy provided'"
    )
    for actions in (("ecr:ReplicateImage", "ecr:CreateRepository"), ("ecr:*",)):
        await to_thread(ecr.put_registry_policy, policyText=grant(OTHER_ROOT, *actions))
    await choose(ecr, "V2")
    await to_thread(ecr.put_registry_policy, policyText=grant(OTHER_ROOT, "ecr:BatchGetImage"))


async def test_v1_opens_no_repository_that_v2_opens(served: Served, ecr: "ECRClient") -> None:
    keys = await user(served.iam(OTHER_ACCOUNT), "robot", LOGIN, policy("ecr:*"))
    robot, v2 = served.ecr(keys=keys), await door(served, keys, HOST)
    await to_thread(ecr.put_registry_policy, policyText=grant(OTHER_ROOT, "ecr:*", Resource=arn("*")))
    assert await pulls(robot, v2) == {True}
    await choose(ecr, "V1")
    assert await pulls(robot, v2) == {False}
    assert await is_open(robot.create_repository, registryId=ACCOUNT, repositoryName="theirs/app")
    await choose(ecr, "V2")
    assert await pulls(robot, v2) == {True}


async def test_v1_refuses_nothing_that_v2_refuses_but_repositories_made(
    served: Served, ecr: "ECRClient"
) -> None:
    keys = await user(served.iam(), "eve", LOGIN, policy("ecr:*"))
    eve, v2 = served.ecr(keys=keys), await door(served, keys)
    denial = grant("*", *READ, "ecr:CreateRepository", effect="Deny")
    await to_thread(ecr.put_registry_policy, policyText=denial)
    assert await pulls(eve, v2) == {False}
    await choose(ecr, "V1")
    assert await pulls(eve, v2) == {True}
    refused = await refusal(eve.create_repository, repositoryName="team/other")
    assert refused.code == "AccessDeniedException"
    assert refused.message.endswith("with an explicit deny in a resource-based policy")


async def test_a_repositorys_own_policy_counts_in_both(served: Served, ecr: "ECRClient") -> None:
    keys = await user(served.iam(), "eve", LOGIN)
    eve, v2 = served.ecr(keys=keys), await door(served, keys)
    named = grant({"AWS": f"arn:aws:iam::{ACCOUNT}:user/eve"}, *READ)
    await to_thread(ecr.set_repository_policy, repositoryName=NAME, policyText=named)
    for scope in ("V1", "V2"):
        await choose(ecr, scope)
        assert await pulls(eve, v2) == {True}
