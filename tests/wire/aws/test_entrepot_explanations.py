"""ExplainAccess says what the doors would do, and why, from everything that they would look at."""

import json
from asyncio import to_thread
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.wire.aws.images import create
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, refusal
from tests.wire.aws.test_entrepot_sessions import console
from tests.wire.aws.test_iam import PULL_ONLY, arn, policy, trust, user
from tests.wire.aws.test_sts_roles import BUILD, RUNNER, assume, role

from entrepot.identity.credentials import IssuedKey

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

MAYA = f"arn:aws:iam::{ACCOUNT}:user/maya"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
APP = arn("team/app")


@pytest.fixture(name="iam")
async def _iam(served: Served) -> "IAMClient":
    await create(served.ecr(), "team/app")
    return served.iam()


async def explain(
    served: Served,
    principal: str,
    action: str,
    resource: str = APP,
    *,
    keys: IssuedKey | None = None,
    **context: str | list[str],
) -> dict[str, Any]:
    """`context` has keys with `__` for the colon."""
    entries = [
        {"key": key.replace("__", ":"), "values": value if isinstance(value, list) else [value]}
        for key, value in context.items()
    ]
    asked = {"principal": principal, "action": action, "resource": resource, "context": entries}
    answer: dict[str, Any] = await to_thread(served.own(keys=keys).explain_access, **asked)
    return answer


def resource_policy(principal: str, *actions: str, effect: str = "Allow", sid: str = "S") -> str:
    statement = {"Sid": sid, "Effect": effect, "Principal": {"AWS": principal}, "Action": list(actions)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def test_a_users_policies_are_told_one_by_one_with_the_statement_that_decided(
    served: Served, iam: "IAMClient"
) -> None:
    await user(iam, "maya", policy("ecr:ListImages"), policy("ecr:PutImage", resource=arn("team/*")))
    await to_thread(iam.attach_user_policy, UserName="maya", PolicyArn=PULL_ONLY)

    found = await explain(served, MAYA, "ecr:PutImage")

    assert (found["principalArn"], found["decision"]) == (MAYA, "allowed")
    assert found["because"] == "a statement of the identity-based policy p1 allows it"
    assert found["decidedBy"] == {
        "policyName": "p1",
        "policyType": "identity-based policy",
        "index": 1,
        "effect": "Allow",
    }
    assert [each["name"] for each in found["policies"]] == ["p0", "p1", PULL_ONLY]
    fits = {each["name"]: each["statements"][0] for each in found["policies"]}
    assert fits["p0"] == {
        "index": 1,
        "effect": "Allow",
        "fits": False,
        "because": "its Action is about another",
    }
    assert fits["p1"]["fits"]


async def test_what_is_refused_is_refused_in_the_words_of_the_door(served: Served, iam: "IAMClient") -> None:
    keys = await user(iam, "maya", policy("ecr:*", resource=arn("other/*")))
    found = await explain(served, MAYA, "ecr:DeleteRepository")
    refused = await refusal(served.ecr(keys=keys).delete_repository, repositoryName="team/app")

    assert found["decision"] == "implicitDeny"
    assert found["because"] == "no identity-based policy allows the ecr:DeleteRepository action"
    assert refused.message.endswith(found["because"])
    assert "decidedBy" not in found
    assert found["policies"][0]["statements"][0]["because"] == "its Resource is about another"


async def test_policies_of_the_repository_and_the_registry_have_their_say(
    served: Served, iam: "IAMClient"
) -> None:
    await user(iam, "maya")
    ecr = served.ecr()
    text = resource_policy(MAYA, "ecr:ListImages", sid="Lists")
    await to_thread(ecr.set_repository_policy, repositoryName="team/app", policyText=text)

    found = await explain(served, MAYA, "ecr:ListImages")
    assert found["decision"] == "allowed"
    assert (found["decidedBy"]["policyType"], found["decidedBy"]["sid"]) == ("repository policy", "Lists")

    denial = {
        "Sid": "NoLists",
        "Effect": "Deny",
        "Principal": {"AWS": MAYA},
        "Action": "ecr:ListImages",
        "Resource": "*",
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    await to_thread(ecr.put_registry_policy, policyText=text)
    found = await explain(served, MAYA, "ecr:ListImages")
    assert found["decision"] == "explicitDeny"
    assert found["because"] == "with an explicit deny in a resource-based policy"
    assert (found["decidedBy"]["policyType"], found["decidedBy"]["sid"]) == ("registry policy", "NoLists")
    assert [each["type"] for each in found["policies"]] == ["repository policy", "registry policy"]


async def test_a_boundary_and_the_groups_of_a_user_are_looked_at(served: Served, iam: "IAMClient") -> None:
    made = await to_thread(iam.create_policy, PolicyName="fence", PolicyDocument=policy("ecr:List*"))
    await user(iam, "maya", PermissionsBoundary=made["Policy"]["Arn"])
    await to_thread(iam.create_group, GroupName="team")
    await to_thread(iam.put_group_policy, GroupName="team", PolicyName="all", PolicyDocument=policy("ecr:*"))
    await to_thread(iam.add_user_to_group, GroupName="team", UserName="maya")

    assert (await explain(served, MAYA, "ecr:ListImages"))["decision"] == "allowed"
    found = await explain(served, MAYA, "ecr:PutImage")
    assert found["because"] == "no permissions boundary allows the ecr:PutImage action"
    assert [(each["type"], each["name"]) for each in found["policies"]] == [
        ("identity-based policy", "all of group team"),
        ("permissions boundary", made["Policy"]["Arn"]),
    ]


async def test_a_role_is_explained_by_a_session_that_begins_now_and_a_session_as_it_is(
    served: Served, iam: "IAMClient"
) -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER), policy("ecr:*"))
    session = await assume(served, runner, Policy=policy("ecr:ListImages"))
    assert (await explain(served, BUILD, "ecr:PutImage"))["decision"] == "allowed"
    for named in (session.access_key_id, f"arn:aws:sts::{ACCOUNT}:assumed-role/build/job"):
        found = await explain(served, named, "ecr:PutImage")
        assert found["principalArn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/build/job"
        assert found["because"] == "no session policy allows the ecr:PutImage action"
    unborn = await explain(served, f"arn:aws:sts::{ACCOUNT}:assumed-role/build/other", "ecr:PutImage")
    assert unborn["decision"] == "allowed"
    older = {"DateLessThan": {"aws:TokenIssueTime": datetime.now(UTC).isoformat()}}
    document = policy("*", effect="Deny", Condition=older)
    await to_thread(iam.put_role_policy, RoleName="build", PolicyName="revoked", PolicyDocument=document)
    assert (await explain(served, session.access_key_id, "ecr:ListImages"))["decision"] == "explicitDeny"


async def test_the_root_needs_nothing_and_says_so(served: Served, iam: "IAMClient") -> None:
    for named in (ROOT, served.roots[ACCOUNT].access_key_id):
        found = await explain(served, named, "ecr:DeleteRepository")
        assert (found["decision"], found["policies"]) == ("allowed", [])
        assert found["because"] == "the account's root needs no policy that allows it"
    denial = resource_policy(ROOT, "ecr:*", effect="Deny")
    await to_thread(
        served.ecr().set_repository_policy, repositoryName="team/app", policyText=denial, force=True
    )
    assert (await explain(served, ROOT, "ecr:DeleteRepository"))["decision"] == "explicitDeny"
    assert (await explain(served, ROOT, "ecr:DeleteRepositoryPolicy"))["decision"] == "allowed"


async def test_condition_keys_are_given_by_the_caller_and_tags_come_from_the_repository(
    served: Served, iam: "IAMClient"
) -> None:
    await to_thread(served.ecr().tag_resource, resourceArn=APP, tags=[{"Key": "team", "Value": "blue"}])
    dev = policy("ecr:PutImage", Condition={"StringLike": {"ecr:ImageTag": "dev-*"}})
    near = policy(
        "ecr:ListImages",
        Condition={
            "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
            "DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"},
            "StringEquals": {"aws:ResourceTag/team": "blue", "aws:RequestedRegion": "eu-west-1"},
        },
    )
    await user(iam, "maya", dev, near)

    assert (await explain(served, MAYA, "ecr:PutImage", ecr__ImageTag="dev-1"))["decision"] == "allowed"
    found = await explain(served, MAYA, "ecr:PutImage", ecr__ImageTag="prod-1")
    because = found["policies"][0]["statements"][0]["because"]
    assert because == "StringLike ecr:ImageTag dev-* does not hold for 'prod-1'"
    inside: dict[str, Any] = {"aws__SourceIp": "10.1.2.3"}
    assert (await explain(served, MAYA, "ecr:ListImages", **inside))["decision"] == "allowed"
    assert (await explain(served, MAYA, "ecr:ListImages"))["decision"] == "implicitDeny"
    late = inside | {"aws__CurrentTime": "2031-01-01T00:00:00Z"}
    assert (await explain(served, MAYA, "ecr:ListImages", **late))["decision"] == "implicitDeny"


async def test_the_trust_of_a_role_and_what_no_policy_decides_are_told(
    served: Served, iam: "IAMClient"
) -> None:
    runner = await user(iam, "runner")
    await user(iam, "maya", policy("sts:AssumeRole", "iam:ListUsers"))
    await role(iam, "build", trust(RUNNER))
    assert (await explain(served, RUNNER, "sts:AssumeRole", BUILD))["decision"] == "allowed"
    refused = await explain(served, MAYA, "sts:AssumeRole", BUILD)
    assert refused["because"] == "no role trust policy allows the sts:AssumeRole action"
    given = (await to_thread(served.sts(keys=runner).get_session_token))["Credentials"]
    found = await explain(served, given["AccessKeyId"], "iam:ListUsers", "*")
    assert found["notes"] == ["whatever the policies say, a session of this kind may not call it"]
    found = await explain(served, RUNNER, "sts:GetCallerIdentity", "*")
    assert found["notes"] == ["whatever the policies say, every caller may do it"]
    found = await explain(served, RUNNER, "entrepot:CreateConsoleSession", RUNNER)
    assert found["notes"] == ["unless a policy denies it, everybody may do this to itself"]


async def test_attack_30_of_another_account_nothing_is_explained(served: Served, iam: "IAMClient") -> None:
    there = served.iam(OTHER_ACCOUNT)
    keys = await user(there, "maya")
    session = await console(served, keys)
    for unknown in (
        f"arn:aws:iam::{OTHER_ACCOUNT}:user/maya",
        f"arn:aws:iam::{OTHER_ACCOUNT}:root",
        f"arn:aws:iam::{ACCOUNT}:user/gone",
        f"arn:aws:iam::{ACCOUNT}:group/gone",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/gone/job",
        f"arn:aws:sts::{ACCOUNT}:federated-user/gone",
        keys.access_key_id,
        session.access_key_id,
        "ASIAGONEGONEGONEGONE",
    ):
        refused = await refusal(
            served.own().explain_access, principal=unknown, action="ecr:PutImage", resource=APP
        )
        assert refused.code == "NoSuchEntityException"
    elsewhere = APP.replace(ACCOUNT, OTHER_ACCOUNT)
    refused = await refusal(
        served.own().explain_access, principal=ROOT, action="ecr:PutImage", resource=elsewhere
    )
    assert refused.code == "InvalidParameterException"


async def test_attack_29_policies_are_told_to_nobody_who_may_not_ask(
    served: Served, iam: "IAMClient"
) -> None:
    keys = await user(iam, "maya", policy("ecr:*"))
    for named in (MAYA, RUNNER, "ASIAGONEGONEGONEGONE"):
        refused = await refusal(
            served.own(keys=keys).explain_access, principal=named, action="ecr:PutImage", resource=APP
        )
        assert refused.code == "AccessDeniedException"
    helper = await user(iam, "helper", policy("entrepot:ExplainAccess", resource=MAYA))
    assert (await explain(served, MAYA, "ecr:PutImage", keys=helper))["decision"] == "allowed"


@pytest.mark.parametrize(
    "asked",
    [
        {"principal": "maya"},
        {"action": "PutImage"},
        {"action": "ecr:*"},
        {"resource": "team/app"},
        {"resource": ""},
        {"context": [{"key": "tag", "values": ["x"]}]},
        {"context": [{"key": "aws:SourceIp", "values": []}]},
        {"context": [{"key": "aws:CurrentTime", "values": ["yesterday"]}]},
        {"context": [{"key": "aws:SourceIp", "values": ["x"]}] * 51},
    ],
)
async def test_a_question_that_is_none_is_refused(
    served: Served, iam: "IAMClient", asked: dict[str, Any]
) -> None:
    whole = {"principal": ROOT, "action": "ecr:PutImage", "resource": APP} | asked
    refused = await refusal(served.own().explain_access, **whole)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)


async def test_attack_42_a_policy_of_many_wildcards_is_explained_in_time(
    served: Served, iam: "IAMClient"
) -> None:
    pattern = "*" + "a*" * 900
    await user(iam, "maya", policy("ecr:PutImage", resource=arn(pattern)[:1900]))
    assert (await explain(served, MAYA, "ecr:PutImage", arn("a" * 200)))["decision"] == "implicitDeny"
