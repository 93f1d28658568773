"""STS AssumeRole and GetFederationToken: who may, for how long, and what the sessions may do."""

import json
from asyncio import to_thread
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.wire.aws.images import create
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, refusal
from tests.wire.aws.test_iam import PULL_ONLY, arn, policy, session_keys, trust, user

from entrepot.identity.credentials import IssuedKey

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

RUNNER = f"arn:aws:iam::{ACCOUNT}:user/runner"
BUILD = f"arn:aws:iam::{ACCOUNT}:role/build"


@pytest.fixture(name="iam")
async def _iam(served: Served) -> "IAMClient":
    return served.iam()


async def role(iam: "IAMClient", name: str, trust_policy: str, *documents: str, **more: Any) -> str:
    made = await to_thread(iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust_policy, **more)
    for number, document in enumerate(documents):
        asked = {"RoleName": name, "PolicyName": f"p{number}", "PolicyDocument": document}
        await to_thread(iam.put_role_policy, **asked)
    return made["Role"]["Arn"]


async def assume(
    served: Served, keys: IssuedKey, role_arn: str = BUILD, name: str = "job", **more: Any
) -> IssuedKey:
    asked = {"RoleArn": role_arn, "RoleSessionName": name, **more}
    return session_keys((await to_thread(served.sts(keys=keys).assume_role, **asked))["Credentials"])


async def refused_role(served: Served, keys: IssuedKey, role_arn: str = BUILD, **more: Any) -> Any:
    asked = {"RoleArn": role_arn, "RoleSessionName": "job", **more}
    return await refusal(served.sts(keys=keys).assume_role, **asked)


async def test_a_role_is_assumed_by_whom_it_trusts_and_does_what_its_policies_say(
    served: Served, iam: "IAMClient"
) -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER), policy("ecr:CreateRepository", resource=arn("team/*")))
    found = (await to_thread(iam.get_role, RoleName="build"))["Role"]
    assert found["AssumeRolePolicyDocument"] == json.loads(trust(RUNNER))

    session = await assume(served, runner)

    identity = await to_thread(served.sts(keys=session).get_caller_identity)
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/build/job"
    assert identity["UserId"] == f"{found['RoleId']}:job"
    await create(served.ecr(keys=session), "team/app")
    refused = await refusal(served.ecr(keys=session).create_repository, repositoryName="other/app")
    assert refused.message.startswith(
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/build/job is not authorized"
    )


async def test_attack_30_an_unknown_role_is_refused_like_one_that_trusts_others(
    served: Served, iam: "IAMClient"
) -> None:
    runner = await user(iam, "runner", policy("sts:AssumeRole"))
    await user(iam, "other")
    there = await role(iam, "build", trust(f"arn:aws:iam::{ACCOUNT}:user/other"))
    known = await refused_role(served, runner, there)
    unknown = await refused_role(served, runner, f"arn:aws:iam::{ACCOUNT}:role/gone")
    assert known.code == unknown.code == "AccessDenied"
    assert (
        known.message == f"User: {RUNNER} is not authorized to perform: sts:AssumeRole on resource: {BUILD}"
    )
    assert unknown.message == known.message.replace("role/build", "role/gone")


async def test_the_root_assumes_no_role(served: Served, iam: "IAMClient") -> None:
    await role(iam, "build", trust(ACCOUNT))
    refused = await refused_role(served, served.roots[ACCOUNT])
    assert (refused.code, refused.message) == ("AccessDenied", "Roles may not be assumed by root accounts.")


async def test_a_role_of_another_account_needs_a_permission_on_both_sides(
    served: Served, iam: "IAMClient"
) -> None:
    other = served.iam(OTHER_ACCOUNT)
    runner = await user(other, "runner")
    shared = await role(iam, "build", trust(OTHER_ACCOUNT), policy("ecr:*"))
    assert (await refused_role(served, runner, shared)).code == "AccessDenied"
    asked = {"UserName": "runner", "PolicyName": "p", "PolicyDocument": policy("sts:AssumeRole")}
    await to_thread(other.put_user_policy, **asked)
    session = await assume(served, runner, shared)
    identity = await to_thread(served.sts(keys=session).get_caller_identity)
    assert identity["Account"] == ACCOUNT


async def test_attack_27_an_external_id_that_is_asked_for_has_to_be_given(
    served: Served, iam: "IAMClient"
) -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER, StringEquals={"sts:ExternalId": "secret-1"}))
    assert (await refused_role(served, runner)).code == "AccessDenied"
    assert (await refused_role(served, runner, ExternalId="secret-2")).code == "AccessDenied"
    await assume(served, runner, ExternalId="secret-1")


@pytest.mark.parametrize(
    "document", ["{}", policy("sts:AssumeRole"), trust("arn:aws:iam::123456789012:user/no")]
)
async def test_a_trust_policy_names_principals_that_exist(iam: "IAMClient", document: str) -> None:
    asked = {"RoleName": "build", "AssumeRolePolicyDocument": document}
    refused = await refusal(iam.create_role, **cast("Any", asked))
    assert refused.code == "MalformedPolicyDocument"


async def test_a_session_lasts_as_long_as_the_role_allows_and_a_chained_one_an_hour(
    served: Served, iam: "IAMClient"
) -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER), policy("sts:AssumeRole"), MaxSessionDuration=7200)
    await role(iam, "next", trust(BUILD), MaxSessionDuration=7200)
    assert (await refused_role(served, runner, DurationSeconds=7201)).code == "ValidationError"
    session = await assume(served, runner, DurationSeconds=7200)
    following = f"arn:aws:iam::{ACCOUNT}:role/next"
    assert (await refused_role(served, session, following, DurationSeconds=7200)).code == "ValidationError"
    chained = await assume(served, session, following, DurationSeconds=3600)
    identity = await to_thread(served.sts(keys=chained).get_caller_identity)
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/next/job"


async def test_a_session_policy_only_narrows(served: Served, iam: "IAMClient") -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER), policy("ecr:CreateRepository", "ecr:DescribeRepositories"))
    narrow = policy("ecr:CreateRepository", "ecr:DeleteRepository")
    ecr = served.ecr(keys=await assume(served, runner, Policy=narrow))
    await create(ecr, "team/app")
    refused = await refusal(ecr.describe_repositories)
    assert refused.message.endswith("because no session policy allows the ecr:DescribeRepositories action")
    refused = await refusal(ecr.delete_repository, repositoryName="team/app")
    assert refused.code == "AccessDeniedException"
    by_arn = served.ecr(keys=await assume(served, runner, PolicyArns=[{"arn": PULL_ONLY}]))
    assert (await refusal(by_arn.describe_repositories)).code == "AccessDeniedException"


async def test_session_policies_have_a_size_and_a_form(served: Served, iam: "IAMClient") -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER))
    large = policy("ecr:*", resource=arn("x" * 2100))
    assert (await refused_role(served, runner, Policy=large)).code == "PackedPolicyTooLarge"
    assert (await refused_role(served, runner, Policy="{}")).code == "MalformedPolicyDocument"
    asked: Any = {"RoleArn": BUILD, "RoleSessionName": "job", "Policy": policy("ecr:*")}
    answer = await to_thread(served.sts(keys=runner).assume_role, **asked)
    assert 0 < answer["PackedPolicySize"] < 100


async def test_session_tags_count_as_the_principals_and_transitive_ones_stay(
    served: Served, iam: "IAMClient"
) -> None:
    runner = await user(iam, "runner")
    owned = policy("ecr:CreateRepository", resource=arn("${aws:PrincipalTag/team}/*"))
    await role(iam, "build", trust(RUNNER), policy("sts:*"), owned)
    await role(iam, "next", trust(BUILD), owned)
    blue = [{"Key": "team", "Value": "blue"}]
    session = await assume(served, runner, Tags=blue, TransitiveTagKeys=["team"])
    await create(served.ecr(keys=session), "blue/app")
    following = f"arn:aws:iam::{ACCOUNT}:role/next"
    chained = await assume(served, session, following)
    await create(served.ecr(keys=chained), "blue/next")
    red = [{"Key": "team", "Value": "red"}]
    assert (await refused_role(served, session, following, Tags=red)).code == "ValidationError"


async def test_attack_19_a_deleted_role_and_a_deleted_key_end_their_sessions(
    served: Served, iam: "IAMClient"
) -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER), policy("ecr:*"))
    session = await assume(served, runner)
    ecr = served.ecr(keys=session)
    await to_thread(ecr.describe_repositories)
    await to_thread(iam.delete_role_policy, RoleName="build", PolicyName="p0")
    await to_thread(iam.delete_role, RoleName="build")
    assert (await refusal(ecr.describe_repositories)).code == "UnrecognizedClientException"
    await role(iam, "build", trust(RUNNER), policy("ecr:*"))
    assert (await refusal(ecr.describe_repositories)).code == "UnrecognizedClientException"
    again = served.ecr(keys=await assume(served, runner))
    await to_thread(again.describe_repositories)
    asked = {"UserName": "runner", "AccessKeyId": runner.access_key_id}
    await to_thread(iam.delete_access_key, **asked)
    assert (await refusal(again.describe_repositories)).code == "UnrecognizedClientException"


async def test_sessions_from_before_a_time_are_revoked_by_a_policy(served: Served, iam: "IAMClient") -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER), policy("ecr:*"))
    ecr = served.ecr(keys=await assume(served, runner))
    await to_thread(ecr.describe_repositories)
    older = policy(
        "*", effect="Deny", Condition={"DateLessThan": {"aws:TokenIssueTime": "2999-01-01T00:00:00Z"}}
    )
    asked = {"RoleName": "build", "PolicyName": "AWSRevokeOlderSessions", "PolicyDocument": older}
    await to_thread(iam.put_role_policy, **asked)
    refused = await refusal(ecr.describe_repositories)
    assert refused.message.endswith("with an explicit deny in an identity-based policy")


async def test_a_federated_user_may_do_what_both_policies_say_and_nothing_of_iam(
    served: Served, iam: "IAMClient"
) -> None:
    maker = await user(iam, "maker", policy("sts:GetFederationToken", "ecr:CreateRepository"))
    sts = served.sts(keys=maker)
    given = await to_thread(sts.get_federation_token, Name="guest", Policy=policy("ecr:*", "iam:*"))
    assert given["FederatedUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:federated-user/guest"
    guest = session_keys(given["Credentials"])
    await create(served.ecr(keys=guest), "team/app")
    refused = await refusal(served.ecr(keys=guest).delete_repository, repositoryName="team/app")
    assert refused.code == "AccessDeniedException"
    assert (await refusal(served.iam(keys=guest).list_users)).code == "InvalidClientTokenId"
    assert (await refused_role(served, guest)).code == "AccessDenied"
    bare = session_keys((await to_thread(sts.get_federation_token, Name="bare"))["Credentials"])
    refused = await refusal(served.ecr(keys=bare).create_repository, repositoryName="team/b")
    assert refused.code == "AccessDeniedException"


async def test_a_federation_token_needs_a_permission_and_long_lived_keys(
    served: Served, iam: "IAMClient"
) -> None:
    eve = await user(iam, "eve")
    assert (await refusal(served.sts(keys=eve).get_federation_token, Name="guest")).code == "AccessDenied"
    session = session_keys((await to_thread(served.sts().get_session_token))["Credentials"])
    refused = await refusal(served.sts(keys=session).get_federation_token, Name="guest")
    assert refused.code == "AccessDenied"


async def test_a_role_has_to_say_which_user_it_means(served: Served, iam: "IAMClient") -> None:
    runner = await user(iam, "runner")
    await role(iam, "build", trust(RUNNER), policy("iam:*"))
    session = served.iam(keys=await assume(served, runner))
    assert (await to_thread(session.get_user, UserName="runner"))["User"]["UserName"] == "runner"
    refused = await refusal(session.get_user)
    assert (refused.code, refused.status) == ("ValidationError", 400)
