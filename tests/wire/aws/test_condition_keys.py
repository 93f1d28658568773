"""Condition keys: what a policy reads of a request is the same at both of ECR's doors."""

from asyncio import to_thread
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import ACCOUNT, REGION, Served, refusal
from tests.wire.aws.test_iam import arn, policy, trust, user
from tests.wire.aws.test_image_tags import LOGIN, NAME, Door, door
from tests.wire.aws.test_resource_policies import is_open
from tests.wire.aws.test_sts_roles import assume, role

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient
    from types_boto3_iam import IAMClient

    from entrepot.identity.credentials import IssuedKey

EVE = f"arn:aws:iam::{ACCOUNT}:user/eve"
BLUE: Any = [{"Key": "team", "Value": "blue"}]

# A key under an operator, a value that the request has, and one that it has not.
KEYS = [
    ("aws:CurrentTime", "DateGreaterThan", "2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"),
    ("aws:EpochTime", "NumericGreaterThan", "1767225600", "32472144000"),
    ("aws:SourceIp", "IpAddress", "127.0.0.0/8", "10.0.0.0/8"),
    ("aws:SecureTransport", "Bool", "false", "true"),
    ("aws:UserAgent", "StringLike", ["Boto3/*", "Python-urllib/*"], "docker/*"),
    ("aws:RequestedRegion", "StringEquals", REGION, "us-east-1"),
    ("aws:PrincipalArn", "ArnEquals", EVE, f"{EVE}l"),
    ("aws:PrincipalAccount", "StringEquals", ACCOUNT, "210987654321"),
    ("aws:PrincipalType", "StringEquals", "User", "AssumedRole"),
    ("aws:PrincipalTag/team", "StringEquals", "blue", "red"),
    ("aws:PrincipalIsAWSService", "Bool", "false", "true"),
    ("aws:username", "StringEquals", "eve", "adam"),
    ("aws:userid", "StringLike", "AIDA*", "AROA*"),
    ("aws:ResourceAccount", "StringEquals", ACCOUNT, "210987654321"),
    ("aws:ResourceTag/stage", "StringEquals", "test", "production"),
    ("ecr:ResourceTag/stage", "StringEquals", "test", "production"),
    ("ecr:ImageTag", "StringEquals", "v1", "v2"),
    ("aws:TokenIssueTime", "Null", "true", "false"),
    ("aws:SourceArn", "Null", "true", "false"),
    ("aws:TagKeys", "Null", "true", "false"),
]


@pytest.fixture(name="iam")
async def _iam(served: Served) -> "IAMClient":
    ecr = served.ecr()
    await push_image(ecr, await create(ecr, NAME), "v1")
    stage: Any = [{"Key": "stage", "Value": "test"}]
    await to_thread(ecr.tag_resource, resourceArn=arn(NAME), tags=stage)
    return served.iam()


def conditioned(condition: Mapping[str, object], *actions: str, effect: str = "Allow") -> str:
    return policy(*actions, effect=effect, Condition=condition)


async def opened(ecr: "ECRClient", v2: Door) -> set[bool]:
    """Whether the image can be had at each door."""
    status, _ = await v2.ask("GET", "manifests/v1")
    assert status in (200, 403)
    asked: dict[str, Any] = {"repositoryName": NAME, "imageIds": [{"imageTag": "v1"}]}
    return {status == 200, await is_open(ecr.batch_get_image, **asked)}


async def allow(iam: "IAMClient", document: str) -> None:
    asked = {"UserName": "eve", "PolicyName": "pull", "PolicyDocument": document}
    await to_thread(iam.put_user_policy, **asked)


@pytest.mark.parametrize("case", KEYS, ids=[key for key, *_ in KEYS])
async def test_a_key_is_read_at_both_doors(
    served: Served, iam: "IAMClient", case: tuple[str, str, object, object]
) -> None:
    key, operator, has, has_not = case
    keys = await user(iam, "eve", LOGIN, Tags=BLUE)
    ecr, v2 = served.ecr(keys=keys), await door(served, keys)
    for value, is_allowed in ((has, True), (has_not, False)):
        await allow(iam, conditioned({operator: {key: value}}, "ecr:BatchGetImage"))
        assert await opened(ecr, v2) == {is_allowed}
    await allow(iam, policy("ecr:BatchGetImage"))
    assert await opened(ecr, v2) == {True}
    asked = {"UserName": "eve", "PolicyName": "deny"}
    denial = conditioned({operator: {key: has}}, "ecr:BatchGetImage", effect="Deny")
    await to_thread(iam.put_user_policy, **asked, PolicyDocument=denial)
    assert await opened(ecr, v2) == {False}


async def test_a_session_has_the_time_of_its_beginning_the_tags_and_the_role(
    served: Served, iam: "IAMClient"
) -> None:
    conditions = {
        "DateGreaterThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"},
        "ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/build"},
        "StringEquals": {"aws:PrincipalTag/team": "blue", "aws:PrincipalType": "AssumedRole"},
        "StringLike": {"aws:userid": "AROA*:job"},
    }
    keys = await user(iam, "runner")
    allowed = conditioned(conditions, "ecr:BatchGetImage")
    await role(iam, "build", trust(f"arn:aws:iam::{ACCOUNT}:user/runner"), LOGIN, allowed)
    plain = await assume(served, keys)
    assert await opened(served.ecr(keys=plain), await door(served, plain)) == {False}
    tagged = await assume(served, keys, Tags=BLUE)
    assert await opened(served.ecr(keys=tagged), await door(served, tagged)) == {True}


async def test_attack_19_sessions_are_revoked_by_the_time_of_their_beginning(
    served: Served, iam: "IAMClient"
) -> None:
    """The policy that AWS's console attaches to a role to revoke its sessions."""
    keys = await user(iam, "runner")
    await role(iam, "build", trust(f"arn:aws:iam::{ACCOUNT}:user/runner"), LOGIN, policy("ecr:BatchGetImage"))
    session: IssuedKey = await assume(served, keys)
    ecr, v2 = served.ecr(keys=session), await door(served, session)
    assert await opened(ecr, v2) == {True}
    for moment, is_allowed in (("2026-01-01T00:00:00Z", True), ("2999-01-01T00:00:00Z", False)):
        denial = policy("*", effect="Deny", Condition={"DateLessThan": {"aws:TokenIssueTime": moment}})
        asked = {"RoleName": "build", "PolicyName": "AWSRevokeOlderSessions"}
        await to_thread(iam.put_role_policy, **asked, PolicyDocument=denial)
        assert await opened(ecr, v2) == {is_allowed}


async def test_a_repository_is_made_with_the_tags_that_its_maker_may_give(
    served: Served, iam: "IAMClient"
) -> None:
    only_team = {
        "StringEquals": {"aws:RequestTag/team": "blue"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage"]},
    }
    making = conditioned(only_team, "ecr:CreateRepository", "ecr:TagResource")
    ecr = served.ecr(keys=await user(iam, "eve", making))

    def tags(**given: str) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in given.items()]

    for refused in (tags(), tags(team="red"), tags(team="blue", owner="eve"), tags(stage="test")):
        assert not await is_open(ecr.create_repository, repositoryName="team/new", tags=refused)
    assert not await is_open(ecr.create_repository, repositoryName="team/new")
    assert await is_open(
        ecr.create_repository, repositoryName="team/new", tags=tags(team="blue", stage="test")
    )
    made = arn("team/new")
    assert not await is_open(ecr.tag_resource, resourceArn=made, tags=tags(team="blue", owner="eve"))
    assert await is_open(ecr.tag_resource, resourceArn=made, tags=tags(team="blue"))


async def test_making_a_repository_with_tags_needs_the_permission_to_tag(
    served: Served, iam: "IAMClient"
) -> None:
    ecr = served.ecr(keys=await user(iam, "eve", policy("ecr:CreateRepository")))
    refused = await refusal(ecr.create_repository, repositoryName="team/new", tags=BLUE)
    assert refused.code == "AccessDeniedException"
    assert "ecr:TagResource" in refused.message
    await create(ecr, "team/new")


async def test_tags_are_taken_off_by_the_keys_that_a_policy_names(served: Served, iam: "IAMClient") -> None:
    removing = conditioned({"ForAllValues:StringEquals": {"aws:TagKeys": ["stage"]}}, "ecr:UntagResource")
    ecr = served.ecr(keys=await user(iam, "eve", removing))
    assert not await is_open(ecr.untag_resource, resourceArn=arn(NAME), tagKeys=["stage", "team"])
    assert await is_open(ecr.untag_resource, resourceArn=arn(NAME), tagKeys=["stage"])


async def test_a_tag_that_a_request_gives_is_none_that_the_repository_has(
    served: Served, iam: "IAMClient"
) -> None:
    """Nobody gets in by giving a repository the tag that would let him in."""
    tagging = conditioned({"StringEquals": {"aws:ResourceTag/team": "blue"}}, "ecr:TagResource")
    ecr = served.ecr(keys=await user(iam, "eve", tagging))
    assert not await is_open(ecr.tag_resource, resourceArn=arn(NAME), tags=BLUE)
    await to_thread(served.ecr().tag_resource, resourceArn=arn(NAME), tags=BLUE)
    assert await is_open(ecr.tag_resource, resourceArn=arn(NAME), tags=BLUE)
