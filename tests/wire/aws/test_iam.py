"""IAM over a real client: users, keys, policies, groups, roles, and what they then may do at ECR's doors."""

import json
from asyncio import to_thread
from base64 import b64decode
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.wire.aws.images import create
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, REGION, Served, refusal

from entrepot.domain.errors import TokenRejected
from entrepot.identity.credentials import IssuedKey

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient
    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import AccessKeyTypeDef

PULL_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"


def arn(name: str) -> str:
    return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}"


def policy(*actions: str, resource: str = "*", effect: str = "Allow", **more: object) -> str:
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: str, **condition: object) -> str:
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"AWS": principal},
    }
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def keys(given: "AccessKeyTypeDef") -> IssuedKey:
    return IssuedKey(given["AccessKeyId"], given["SecretAccessKey"], None, None)


@pytest.fixture(name="iam")
async def _iam(served: Served) -> "IAMClient":
    return served.iam()


async def user(iam: "IAMClient", name: str = "ci", *documents: str, **more: Any) -> IssuedKey:
    """A user with these inline policies and a key."""
    await to_thread(iam.create_user, UserName=name, **more)
    for number, document in enumerate(documents):
        await to_thread(iam.put_user_policy, UserName=name, PolicyName=f"p{number}", PolicyDocument=document)
    return keys((await to_thread(iam.create_access_key, UserName=name))["AccessKey"])


async def password(ecr: "ECRClient") -> str:
    answer = await to_thread(ecr.get_authorization_token)
    return b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()


async def test_a_user_is_made_found_listed_renamed_and_deleted(iam: "IAMClient") -> None:
    made = (await to_thread(iam.create_user, UserName="Maya", Path="/team/"))["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/Maya"
    assert len(made["UserId"]) == 21
    assert made["UserId"].startswith("AIDA")
    assert (await to_thread(iam.get_user, UserName="Maya"))["User"] == made
    await to_thread(iam.create_user, UserName="zoe")
    listed = await to_thread(iam.list_users, PathPrefix="/team/")
    assert [found["UserName"] for found in listed["Users"]] == ["Maya"]
    await to_thread(iam.update_user, UserName="Maya", NewUserName="maya", NewPath="/")
    assert (await to_thread(iam.get_user, UserName="maya"))["User"]["UserId"] == made["UserId"]
    await to_thread(iam.delete_user, UserName="maya")
    gone = await refusal(iam.get_user, UserName="maya")
    assert (gone.code, gone.status) == ("NoSuchEntity", 404)
    assert gone.message == "The user with name maya cannot be found."


async def test_a_name_is_taken_in_any_case(iam: "IAMClient") -> None:
    await to_thread(iam.create_user, UserName="maya")
    refused = await refusal(iam.create_user, UserName="MAYA")
    assert (refused.code, refused.status) == ("EntityAlreadyExists", 409)


async def test_users_are_paged_by_marker(iam: "IAMClient") -> None:
    names = [f"user-{n}" for n in range(5)]
    for name in names:
        await to_thread(iam.create_user, UserName=name)

    def pages() -> list[str]:
        paginator = iam.get_paginator("list_users")
        pages = paginator.paginate(PaginationConfig={"PageSize": 2})
        return [found["UserName"] for page in pages for found in page["Users"]]

    assert await to_thread(pages) == names
    assert (await refusal(iam.list_users, Marker="%")).code == "ValidationError"


async def test_the_root_and_a_user_are_told_who_they_are(served: Served, iam: "IAMClient") -> None:
    assert (await to_thread(iam.get_user))["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    own = policy("iam:GetUser", resource=f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}")
    maya = served.iam(keys=await user(iam, "maya", own))
    assert (await to_thread(maya.get_user))["User"]["UserName"] == "maya"
    assert (await refusal(maya.get_user, UserName="other")).code == "AccessDenied"


async def test_a_user_without_policies_may_do_nothing_at_any_door(served: Served, iam: "IAMClient") -> None:
    given = await user(iam)
    refused = await refusal(served.iam(keys=given).create_user, UserName="eve")
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert refused.message == (
        f"User: arn:aws:iam::{ACCOUNT}:user/ci is not authorized to perform: iam:CreateUser on resource: "
        f"arn:aws:iam::{ACCOUNT}:user/eve because no identity-based policy allows the iam:CreateUser action"
    )
    refused = await refusal(served.ecr(keys=given).get_authorization_token)
    assert refused.code == "AccessDeniedException"
    assert refused.message.endswith(
        "on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action"
    )


async def test_a_user_has_two_keys_at_most_and_is_deleted_without_them(iam: "IAMClient") -> None:
    given = await user(iam)
    await to_thread(iam.create_access_key, UserName="ci")
    refused = await refusal(iam.create_access_key, UserName="ci")
    assert refused.code == "LimitExceeded"
    assert refused.message == "Cannot exceed quota for AccessKeysPerUser: 2"
    assert (await refusal(iam.delete_user, UserName="ci")).code == "DeleteConflict"
    listed = (await to_thread(iam.list_access_keys, UserName="ci"))["AccessKeyMetadata"]
    assert {key["Status"] for key in listed} == {"Active"}
    assert given.access_key_id in {key["AccessKeyId"] for key in listed}
    for key in listed:
        await to_thread(iam.delete_access_key, UserName="ci", AccessKeyId=key["AccessKeyId"])
    await to_thread(iam.delete_user, UserName="ci")


async def test_attack_19_a_deactivated_key_ends_its_sessions_and_tokens(
    served: Served, iam: "IAMClient"
) -> None:
    given = await user(iam, "ci", policy("ecr:*"))
    ecr, sts = served.ecr(keys=given), served.sts(keys=given)
    session = served.session_ecr((await to_thread(sts.get_session_token))["Credentials"])
    await to_thread(session.describe_repositories)
    token = (await password(ecr)).partition(":")[2]
    assert (await served.tokens.read(token))[0].arn.endswith(":user/ci")

    await to_thread(iam.update_access_key, UserName="ci", AccessKeyId=given.access_key_id, Status="Inactive")

    assert (await refusal(ecr.describe_repositories)).code == "UnrecognizedClientException"
    assert (await refusal(session.describe_repositories)).code == "UnrecognizedClientException"
    with pytest.raises(TokenRejected):
        await served.tokens.read(token)


async def test_when_a_key_was_last_used_is_known(served: Served, iam: "IAMClient") -> None:
    given = await user(iam, "ci", policy("ecr:*"))
    unused = await to_thread(iam.get_access_key_last_used, AccessKeyId=given.access_key_id)
    assert unused["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    await to_thread(served.ecr(keys=given).describe_repositories)
    await served.key_uses.flush()
    used = await to_thread(iam.get_access_key_last_used, AccessKeyId=given.access_key_id)
    assert used["UserName"] == "ci"
    assert used["AccessKeyLastUsed"]["ServiceName"] == "ecr"
    assert used["AccessKeyLastUsed"]["Region"] == REGION


async def test_the_key_of_another_user_or_account_cannot_be_named(served: Served, iam: "IAMClient") -> None:
    given = await user(iam)
    await to_thread(iam.create_user, UserName="other")
    wrong = {"UserName": "other", "AccessKeyId": given.access_key_id}
    assert (await refusal(iam.delete_access_key, **wrong)).code == "NoSuchEntity"
    elsewhere = served.iam(OTHER_ACCOUNT)
    assert (await refusal(elsewhere.get_user, UserName="ci")).code == "NoSuchEntity"
    asked = {"AccessKeyId": given.access_key_id}
    assert (await refusal(elsewhere.get_access_key_last_used, **asked)).code == "NoSuchEntity"


async def test_policies_come_back_as_they_were_put(iam: "IAMClient") -> None:
    document = policy("ecr:Get*", resource=arn("team/*"))
    await user(iam, "ci", document)
    found = await to_thread(iam.get_user_policy, UserName="ci", PolicyName="p0")
    assert found["PolicyDocument"] == json.loads(document)
    assert (await to_thread(iam.list_user_policies, UserName="ci"))["PolicyNames"] == ["p0"]
    assert (await refusal(iam.delete_user, UserName="ci")).code == "DeleteConflict"
    await to_thread(iam.delete_user_policy, UserName="ci", PolicyName="p0")
    assert (await refusal(iam.get_user_policy, UserName="ci", PolicyName="p0")).code == "NoSuchEntity"


@pytest.mark.parametrize(
    "document", ["{}", "x", policy("nonsense"), policy("ecr:*", resource="no-arn"), trust("*")]
)
async def test_a_malformed_policy_is_refused(iam: "IAMClient", document: str) -> None:
    await to_thread(iam.create_user, UserName="ci")
    asked = {"UserName": "ci", "PolicyName": "p", "PolicyDocument": document}
    refused = await refusal(iam.put_user_policy, **asked)
    assert (refused.code, refused.status) == ("MalformedPolicyDocument", 400)


async def test_a_managed_policy_has_five_versions_and_the_default_one_counts(
    served: Served, iam: "IAMClient"
) -> None:
    made = await to_thread(iam.create_policy, PolicyName="team", PolicyDocument=policy("ecr:ListImages"))
    name = made["Policy"]["Arn"]
    ecr = served.ecr(keys=await user(iam))
    await to_thread(iam.attach_user_policy, UserName="ci", PolicyArn=name)
    assert (await refusal(ecr.describe_repositories)).code == "AccessDeniedException"
    for _ in range(4):
        await to_thread(
            iam.create_policy_version,
            PolicyArn=name,
            PolicyDocument=policy("ecr:DescribeRepositories"),
            SetAsDefault=True,
        )
    await to_thread(ecr.describe_repositories)
    asked: dict[str, Any] = {"PolicyArn": name, "PolicyDocument": policy("ecr:*")}
    assert (await refusal(iam.create_policy_version, **asked)).code == "LimitExceeded"
    versions = (await to_thread(iam.list_policy_versions, PolicyArn=name))["Versions"]
    assert [found["VersionId"] for found in versions if found["IsDefaultVersion"]] == ["v5"]
    assert (await refusal(iam.delete_policy, PolicyArn=name)).code == "DeleteConflict"
    await to_thread(iam.set_default_policy_version, PolicyArn=name, VersionId="v1")
    assert (await refusal(ecr.describe_repositories)).code == "AccessDeniedException"
    for version in ("v2", "v3", "v4", "v5"):
        await to_thread(iam.delete_policy_version, PolicyArn=name, VersionId=version)
    assert (await to_thread(iam.get_policy, PolicyArn=name))["Policy"]["AttachmentCount"] == 1
    await to_thread(iam.detach_user_policy, UserName="ci", PolicyArn=name)
    await to_thread(iam.delete_policy, PolicyArn=name)
    assert (await refusal(iam.get_policy, PolicyArn=name)).code == "NoSuchEntity"


async def test_awss_own_policies_are_in_every_account_and_nobody_changes_them(
    served: Served, iam: "IAMClient"
) -> None:
    for client in (iam, served.iam(OTHER_ACCOUNT)):
        assert (await to_thread(client.get_policy, PolicyArn=PULL_ONLY))["Policy"]["IsAttachable"]
    listed = await to_thread(iam.list_policies, Scope="AWS")
    assert PULL_ONLY in {found["Arn"] for found in listed["Policies"]}
    assert len(listed["Policies"]) == 4
    assert (await refusal(iam.delete_policy, PolicyArn=PULL_ONLY)).code == "InvalidInput"


async def test_a_policy_of_another_account_cannot_be_attached(served: Served, iam: "IAMClient") -> None:
    other = served.iam(OTHER_ACCOUNT)
    made = await to_thread(other.create_policy, PolicyName="p", PolicyDocument=policy("ecr:*"))
    await to_thread(iam.create_user, UserName="ci")
    asked = {"UserName": "ci", "PolicyArn": made["Policy"]["Arn"]}
    assert (await refusal(iam.attach_user_policy, **asked)).code == "NoSuchEntity"


async def test_a_team_has_its_repositories_and_no_others(served: Served, iam: "IAMClient") -> None:
    team = served.ecr(keys=await user(iam, "maya", policy("ecr:*", resource=arn("team/*"))))
    await create(served.ecr(), "other/app")
    await create(team, "team/app")
    for name in ("other/app", "other/unknown"):
        refused = await refusal(team.describe_images, repositoryName=name)
        assert refused.code == "AccessDeniedException"
        assert refused.message.endswith(
            "because no identity-based policy allows the ecr:DescribeImages action"
        )


async def test_attack_29_a_list_of_everything_needs_a_permission_for_everything(
    served: Served, iam: "IAMClient"
) -> None:
    team = served.ecr(keys=await user(iam, "maya", policy("ecr:*", resource=arn("team/*"))))
    refused = await refusal(team.describe_repositories)
    assert refused.code == "AccessDeniedException"
    assert f"on resource: {arn('*')}" in refused.message


async def test_attack_30_unknown_and_forbidden_users_look_the_same(served: Served, iam: "IAMClient") -> None:
    await to_thread(iam.create_user, UserName="there")
    eve = served.iam(keys=await user(iam, "eve"))
    there, absent = [await refusal(eve.get_user, UserName=name) for name in ("there", "absent")]
    assert there.message.replace("there", "absent") == absent.message


async def test_whose_boundary_a_policy_is_can_be_asked(iam: "IAMClient") -> None:
    made = await to_thread(iam.create_policy, PolicyName="limit", PolicyDocument=policy("ecr:*"))
    limit = made["Policy"]["Arn"]
    await to_thread(iam.create_user, UserName="ann", PermissionsBoundary=limit)
    await to_thread(iam.create_user, UserName="bob")
    await to_thread(iam.attach_user_policy, UserName="bob", PolicyArn=limit)

    async def users(**asked: Any) -> list[str]:
        found = await to_thread(iam.list_entities_for_policy, PolicyArn=limit, **asked)
        return sorted(each["UserName"] for each in found["PolicyUsers"])

    assert await users() == ["ann", "bob"]
    assert await users(PolicyUsageFilter="PermissionsBoundary") == ["ann"]
    assert await users(PolicyUsageFilter="PermissionsPolicy") == ["bob"]
    first = await to_thread(iam.list_entities_for_policy, PolicyArn=limit, MaxItems=1)
    second = await users(Marker=first["Marker"])
    assert sorted([first["PolicyUsers"][0]["UserName"], *second]) == ["ann", "bob"]
    counted = (await to_thread(iam.get_policy, PolicyArn=limit))["Policy"]
    assert (counted["AttachmentCount"], counted["PermissionsBoundaryUsageCount"]) == (1, 1)
    bounding = await to_thread(iam.list_policies, PolicyUsageFilter="PermissionsBoundary")
    assert [each["PolicyName"] for each in bounding["Policies"]] == ["limit"]
    await to_thread(iam.detach_user_policy, UserName="bob", PolicyArn=limit)
    assert (await refusal(iam.delete_policy, PolicyArn=limit)).code == "DeleteConflict"


async def test_attack_21_nobody_gives_itself_more_than_its_boundary(served: Served, iam: "IAMClient") -> None:
    made = await to_thread(iam.create_policy, PolicyName="limit", PolicyDocument=policy("ecr:*", "iam:*"))
    limit = made["Policy"]["Arn"]
    only_bounded = policy(
        "iam:CreateUser",
        "iam:PutUserPolicy",
        Condition={"StringEquals": {"iam:PermissionsBoundary": limit}},
    )
    lead = served.iam(keys=await user(iam, "lead", only_bounded))
    assert (await refusal(lead.create_user, UserName="eve")).code == "AccessDenied"
    await to_thread(lead.create_user, UserName="eve", PermissionsBoundary=limit)
    asked = {"UserName": "lead", "PolicyName": "more", "PolicyDocument": policy("*")}
    assert (await refusal(lead.put_user_policy, **asked)).code == "AccessDenied"


async def test_attack_21_a_user_is_not_renamed_to_where_the_caller_may_not_write(
    served: Served, iam: "IAMClient"
) -> None:
    own = policy("iam:*", resource=f"arn:aws:iam::{ACCOUNT}:user/team/*")
    lead = served.iam(keys=await user(iam, "lead", own))
    await to_thread(lead.create_user, UserName="maya", Path="/team/")
    refused = await refusal(lead.update_user, UserName="maya", NewPath="/admins/")
    assert refused.code == "AccessDenied"
    await to_thread(lead.update_user, UserName="maya", NewPath="/team/blue/")


async def test_an_explicit_deny_wins_and_is_named(served: Served, iam: "IAMClient") -> None:
    deny = policy("ecr:DeleteRepository", effect="Deny")
    ecr = served.ecr(keys=await user(iam, "ci", policy("ecr:*"), deny))
    await create(ecr, "team/app")
    refused = await refusal(ecr.delete_repository, repositoryName="team/app")
    assert refused.message.endswith("with an explicit deny in an identity-based policy")


async def test_tags_of_a_repository_and_of_the_request_count(served: Served, iam: "IAMClient") -> None:
    owned = policy("ecr:DescribeImages", Condition={"StringEquals": {"aws:ResourceTag/team": "blue"}})
    made = policy(
        "ecr:CreateRepository",
        "ecr:TagResource",
        Condition={"StringEquals": {"aws:RequestTag/team": "blue"}},
    )
    ecr = served.ecr(keys=await user(iam, "ci", owned, made))
    blue, red = (cast("Any", [{"Key": "team", "Value": value}]) for value in ("blue", "red"))
    await to_thread(ecr.create_repository, repositoryName="blue/app", tags=blue)
    asked: dict[str, Any] = {"repositoryName": "red/app", "tags": red}
    assert (await refusal(ecr.create_repository, **asked)).code == "AccessDeniedException"
    await to_thread(served.ecr().create_repository, repositoryName="red/app", tags=red)
    await to_thread(ecr.describe_images, repositoryName="blue/app")
    refused = await refusal(ecr.describe_images, repositoryName="red/app")
    assert refused.code == "AccessDeniedException"


async def test_groups_give_their_policies_to_their_users(served: Served, iam: "IAMClient") -> None:
    group = (await to_thread(iam.create_group, GroupName="team"))["Group"]
    assert group["GroupId"].startswith("AGPA")
    ecr = served.ecr(keys=await user(iam))
    await to_thread(iam.attach_group_policy, GroupName="team", PolicyArn=PULL_ONLY)
    assert (await refusal(ecr.get_authorization_token)).code == "AccessDeniedException"
    await to_thread(iam.add_user_to_group, GroupName="team", UserName="ci")
    await to_thread(ecr.get_authorization_token)
    found = await to_thread(iam.get_group, GroupName="team")
    assert [member["UserName"] for member in found["Users"]] == ["ci"]
    groups = (await to_thread(iam.list_groups_for_user, UserName="ci"))["Groups"]
    assert [member["GroupName"] for member in groups] == ["team"]
    assert (await refusal(iam.delete_group, GroupName="team")).code == "DeleteConflict"


async def test_a_session_of_a_user_may_not_call_iam(served: Served, iam: "IAMClient") -> None:
    given = await user(iam, "ci", policy("iam:*"))
    session = (await to_thread(served.sts(keys=given).get_session_token))["Credentials"]
    refused = await refusal(served.iam(keys=session_keys(session)).list_users)
    assert (refused.code, refused.status) == ("InvalidClientTokenId", 403)


def session_keys(given: Any) -> IssuedKey:
    return IssuedKey(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], given["Expiration"]
    )


async def test_the_simulator_says_what_the_doors_would(served: Served, iam: "IAMClient") -> None:
    await user(iam, "ci", policy("ecr:PutImage", resource=arn("team/*")))
    source = f"arn:aws:iam::{ACCOUNT}:user/ci"
    asked: dict[str, Any] = {
        "PolicySourceArn": source,
        "ActionNames": ["ecr:PutImage", "ecr:DeleteRepository"],
        "ResourceArns": [arn("team/app"), arn("other/app")],
    }
    answer = await to_thread(iam.simulate_principal_policy, **asked)
    said = [each["EvalDecision"] for each in answer["EvaluationResults"]]
    assert said == ["allowed", "implicitDeny", "implicitDeny", "implicitDeny"]
    assert answer["EvaluationResults"][0]["MatchedStatements"][0]["SourcePolicyId"] == "p0"
    further = [policy("ecr:*", effect="Deny")]
    answer = await to_thread(iam.simulate_principal_policy, **asked, PolicyInputList=further)
    assert answer["EvaluationResults"][0]["EvalDecision"] == "explicitDeny"
    asked["PolicySourceArn"] = f"arn:aws:iam::{ACCOUNT}:user/nobody"
    assert (await refusal(iam.simulate_principal_policy, **asked)).code == "NoSuchEntity"


async def test_a_custom_simulation_has_the_conditions_it_is_told(iam: "IAMClient") -> None:
    dev = policy("ecr:PutImage", Condition={"StringLike": {"ecr:ImageTag": "dev-*"}})
    said = []
    for tag in ("dev-1", "prod-1"):
        entry: Any = {
            "ContextKeyName": "ecr:ImageTag",
            "ContextKeyType": "string",
            "ContextKeyValues": [tag],
        }
        answer = await to_thread(
            iam.simulate_custom_policy,
            PolicyInputList=[dev],
            ActionNames=["ecr:PutImage"],
            ContextEntries=[entry],
        )
        said.append(answer["EvaluationResults"][0]["EvalDecision"])
    assert said == ["allowed", "implicitDeny"]
    refused = await refusal(iam.simulate_custom_policy, PolicyInputList=["{}"], ActionNames=["ecr:PutImage"])
    assert refused.code == "InvalidInput"


@pytest.mark.parametrize(
    "url",
    [
        "http://ci.example.com",
        "https://",
        "https:///x",
        "https://ci.example.com/a b",
        "https://ci.example.com/a\n",
        "https://ci.\nexample.com",
        "https://user@ci.example.com",
        "https://ci.example.com?x=y",
        "https://ci.example.com#x",
        "https://[::1]/",
        "https://ci.example.com:x",
    ],
)
async def test_attack_33_a_provider_has_a_plain_https_url(iam: "IAMClient", url: str) -> None:
    assert (await refusal(iam.create_open_id_connect_provider, Url=url)).code == "InvalidInput"


async def test_providers_are_made_changed_listed_and_deleted(served: Served, iam: "IAMClient") -> None:
    made = await to_thread(
        iam.create_open_id_connect_provider, Url="https://ci.example.com/x", ClientIDList=["a"]
    )
    name = made["OpenIDConnectProviderArn"]
    assert name == f"arn:aws:iam::{ACCOUNT}:oidc-provider/ci.example.com/x"
    await to_thread(
        iam.add_client_id_to_open_id_connect_provider, OpenIDConnectProviderArn=name, ClientID="b"
    )
    found = await to_thread(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=name)
    assert (found["Url"], found["ClientIDList"]) == ("ci.example.com/x", ["a", "b"])
    listed = await to_thread(iam.list_open_id_connect_providers)
    assert listed["OpenIDConnectProviderList"] == [{"Arn": name}]
    again: Any = {"Url": "https://ci.example.com/x"}
    assert (await refusal(iam.create_open_id_connect_provider, **again)).code == "EntityAlreadyExists"
    await to_thread(iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=name)
    gone: Any = {"OpenIDConnectProviderArn": name}
    assert (await refusal(iam.get_open_id_connect_provider, **gone)).code == "NoSuchEntity"
