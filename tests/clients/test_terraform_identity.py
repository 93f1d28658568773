"""Terraform's `aws_iam_*` resources: what is read back makes an empty plan, what is gone leaves it."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.terraform_identity import (
    Policies,
    Policy,
    Provider,
    Providers,
    Role,
    Roles,
    User,
    Users,
    key_status,
)
from tests.engines.entrepot import ACCOUNT, Endpoint

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

PULL_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
TAGS = {"team": "blue", "path": "a/b:c=d+e@f", "empty": ""}
_numbers = count(1)


@pytest.fixture
def iam(entrepot: Endpoint) -> "IAMClient":
    return entrepot.iam()


def name(what: str) -> str:
    return f"terraform-{what}-{next(_numbers)}"


def document(*actions: str, **more: object) -> str:
    """With one text where it is one action, as `jsonencode` has it."""
    action: object = actions[0] if len(actions) == 1 else list(actions)
    statement = {"Effect": "Allow", "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: object, **more: object) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


BLANK = trust({"AWS": ACCOUNT})


def lives(resource: Any, first: Any, *later: Callable[[Any], Any]) -> None:
    """Create, read, change and change, delete, and delete what is gone."""
    state = resource.create(first)
    assert _given(state, first) == first
    for change in later:
        assert resource.read(state) == state  # the next plan is empty
        wanted = change(state)
        state = resource.update(state, wanted)
        assert state == wanted
    assert resource.read(state) == state
    resource.delete(state)
    assert resource.read(state) is None
    resource.delete(state)


def _given(state: Any, block: Any) -> Any:
    """Without what the server adds."""
    computed = "unique_id" if hasattr(block, "unique_id") else "arn"
    return replace(state, **{computed: getattr(block, computed)})


def test_a_user(iam: "IAMClient") -> None:
    lives(
        Users(iam),
        User(name("user"), "/team/", PULL_ONLY, TAGS),
        lambda user: replace(user, name=f"{user.name}-renamed", path="/"),
        lambda user: replace(user, boundary=None, tags={"team": "green", "new": "1"}),
        lambda user: replace(user, boundary=READ_ONLY, tags={}),
    )


def test_a_role(iam: "IAMClient") -> None:
    lives(
        Roles(iam),
        Role(
            name("role"),
            BLANK,
            "/service/",
            "Of the builds (é)",
            7200,
            PULL_ONLY,
            TAGS,
            frozenset({PULL_ONLY, READ_ONLY}),
            {"pull": document("ecr:BatchGetImage"), "push": document("ecr:PutImage", "ecr:Upload*")},
        ),
        lambda role: replace(role, trust=trust({"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]}, Sid="x")),
        lambda role: replace(role, description="", max_session_duration=3600, boundary=None),
        lambda role: replace(role, attached=frozenset({PULL_ONLY}), inline={"pull": document("ecr:*")}),
        lambda role: replace(role, attached=frozenset(), inline={}, tags={"team": "green"}),
    )


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": ACCOUNT},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        {"AWS": "*"},
        {"Service": "ec2.amazonaws.com"},
        {"Service": ["codebuild.amazonaws.com", "ec2.amazonaws.com"]},
        {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"},
    ],
)
def test_a_role_of_any_trust_has_an_empty_plan(iam: "IAMClient", principal: dict[str, object]) -> None:
    condition = {"StringLike": {"token.actions.githubusercontent.com:sub": ["repo:acme/app:*"]}}
    action = "sts:AssumeRoleWithWebIdentity" if "Federated" in principal else "sts:AssumeRole"
    lives(Roles(iam), Role(name("role"), trust(principal, Action=action, Condition=condition)))


def test_a_role_that_trusts_nobody_known_has_the_text_that_the_provider_repeats(iam: "IAMClient") -> None:
    """It asks again for two minutes where it reads this: a user may be new."""
    role = Role(name("role"), trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/never-made"}))
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException, match="Invalid principal in policy"):
        Roles(iam).create(role)


@pytest.mark.parametrize("sets_default_later", [False, True])
def test_a_policy(iam: "IAMClient", *, sets_default_later: bool) -> None:
    def change(number: int) -> Callable[[Policy], Policy]:
        return lambda policy: replace(policy, policy=document(f"ecr:Get{number}*"))

    lives(
        Policies(iam, sets_default_later=sets_default_later),
        Policy(name("policy"), document("ecr:*"), "/team/", "What teams may", TAGS),
        *[change(number) for number in range(7)],  # more than the five versions that there may be
        lambda policy: replace(policy, tags={"team": "green"}),
    )


def test_a_policy_without_a_description_has_an_empty_plan(iam: "IAMClient") -> None:
    lives(Policies(iam), Policy(name("policy"), document("ecr:*")))


def test_a_policy_in_use_is_not_deleted_under_its_users(iam: "IAMClient") -> None:
    policies, users = Policies(iam), Users(iam)
    policy, user = policies.create(Policy(name("policy"), document("ecr:*"))), User(name("user"))
    users.create(user)
    iam.attach_user_policy(UserName=user.name, PolicyArn=policy.arn)
    assert iam.get_policy(PolicyArn=policy.arn)["Policy"]["AttachmentCount"] == 1
    deletes: list[Callable[[], object]] = [lambda: policies.delete(policy), lambda: users.delete(user)]
    for delete in deletes:
        with pytest.raises(iam.exceptions.DeleteConflictException):
            delete()
    iam.detach_user_policy(UserName=user.name, PolicyArn=policy.arn)
    policies.delete(policy)
    users.delete(user)


def test_a_provider(iam: "IAMClient") -> None:
    lives(
        Providers(iam),
        Provider(
            f"https://{name('issuer')}.example.com/a", frozenset({"sts.amazonaws.com"}), ("a" * 40,), {}
        ),
        lambda provider: replace(provider, client_ids=frozenset({"one", "two"})),
        lambda provider: replace(provider, thumbprints=("b" * 40, "c" * 40)),
    )


def test_a_provider_without_thumbprints_has_an_empty_plan(iam: "IAMClient") -> None:
    lives(
        Providers(iam),
        Provider(f"https://{name('issuer')}.example.com", frozenset({"sts.amazonaws.com"}), tags=TAGS),
    )


def test_an_access_key(iam: "IAMClient") -> None:
    user, users = User(name("user")), Users(iam)
    users.create(user)
    made = iam.create_access_key(UserName=user.name)["AccessKey"]
    key = made["AccessKeyId"]
    assert (made["Status"], made["UserName"], bool(made["CreateDate"])) == ("Active", user.name, True)
    assert key_status(iam, user.name, key) == "Active"
    iam.update_access_key(UserName=user.name, AccessKeyId=key, Status="Inactive")
    assert key_status(iam, user.name, key) == "Inactive"
    assert iam.get_access_key_last_used(AccessKeyId=key)["UserName"] == user.name  # as an import finds it
    with pytest.raises(iam.exceptions.DeleteConflictException):
        users.delete(user)
    iam.delete_access_key(UserName=user.name, AccessKeyId=key)
    assert key_status(iam, user.name, key) is None
    users.delete(user)
    assert key_status(iam, user.name, key) is None


def test_a_group_its_policies_and_its_members(iam: "IAMClient") -> None:
    """`aws_iam_group`, `_group_policy`, `_group_policy_attachment`, `_group_membership`."""
    group, user = name("group"), User(name("user"))
    Users(iam).create(user)
    made = iam.create_group(GroupName=group, Path="/team/")["Group"]
    assert iam.get_group(GroupName=group)["Group"] == made
    iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=document("ecr:*"))
    read: Any = iam.get_group_policy(GroupName=group, PolicyName="p")["PolicyDocument"]
    assert read == json.loads(document("ecr:*"))
    iam.attach_group_policy(GroupName=group, PolicyArn=PULL_ONLY)
    attached = iam.list_attached_group_policies(GroupName=group)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [PULL_ONLY]
    iam.add_user_to_group(GroupName=group, UserName=user.name)
    assert [each["UserName"] for each in iam.get_group(GroupName=group)["Users"]] == [user.name]
    assert [each["GroupName"] for each in iam.list_groups_for_user(UserName=user.name)["Groups"]] == [group]
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_group(GroupName=group)
    iam.remove_user_from_group(GroupName=group, UserName=user.name)
    iam.detach_group_policy(GroupName=group, PolicyArn=PULL_ONLY)
    iam.delete_group_policy(GroupName=group, PolicyName="p")
    iam.delete_group(GroupName=group)
    Users(iam).delete(user)
    calls: list[Callable[[], object]] = [
        lambda: iam.get_group(GroupName=group),
        lambda: iam.get_group_policy(GroupName=group, PolicyName="p"),
        lambda: iam.list_attached_group_policies(GroupName=group),
        lambda: iam.detach_group_policy(GroupName=group, PolicyArn=PULL_ONLY),
        lambda: iam.remove_user_from_group(GroupName=group, UserName=user.name),
        lambda: iam.delete_group(GroupName=group),
    ]
    for gone in calls:
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            gone()


def test_policies_and_attachments_of_users_and_roles_leave_the_state_when_they_are_gone(
    iam: "IAMClient",
) -> None:
    """`aws_iam_{user,role}_policy` and `_policy_attachment`."""
    user, role = User(name("user")), Role(name("role"), BLANK)
    Users(iam).create(user)
    Roles(iam).create(role)
    text = document("ecr:BatchGetImage", Condition={"Bool": {"aws:SecureTransport": "true"}})
    iam.put_user_policy(UserName=user.name, PolicyName="p", PolicyDocument=text)
    iam.put_role_policy(RoleName=role.name, PolicyName="p", PolicyDocument=text)
    of_user: Any = iam.get_user_policy(UserName=user.name, PolicyName="p")["PolicyDocument"]
    of_role: Any = iam.get_role_policy(RoleName=role.name, PolicyName="p")["PolicyDocument"]
    assert of_user == of_role == json.loads(text)
    iam.attach_user_policy(UserName=user.name, PolicyArn=PULL_ONLY)
    assert len(iam.list_attached_user_policies(UserName=user.name)["AttachedPolicies"]) == 1
    for _ in range(2):
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.get_user_policy(UserName=user.name, PolicyName="other")
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.detach_role_policy(RoleName=role.name, PolicyArn=PULL_ONLY)
    iam.delete_user_policy(UserName=user.name, PolicyName="p")
    iam.delete_role_policy(RoleName=role.name, PolicyName="p")
    iam.detach_user_policy(UserName=user.name, PolicyArn=PULL_ONLY)
    calls: list[Callable[[], object]] = [
        lambda: iam.delete_user_policy(UserName=user.name, PolicyName="p"),
        lambda: iam.delete_role_policy(RoleName=role.name, PolicyName="p"),
        lambda: iam.detach_user_policy(UserName=user.name, PolicyArn=PULL_ONLY),
    ]
    for gone in calls:
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            gone()
    Users(iam).delete(user)
    Roles(iam).delete(role)
