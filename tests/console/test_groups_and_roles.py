"""Groups, roles and managed policies, from the account's own point of view."""

import json

import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor

READ_ONLY = "AmazonEC2ContainerRegistryReadOnly"
SCRIPT = "<img src=x onerror='window.broken = 1'>"


def confirm(visitor: Visitor, phrase: str, button: str = "Delete") -> None:
    """Type what the dialog asks for, and go on."""
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill(phrase)
    dialog.get_by_role("button", name=button).click()


def trust(arn: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_group_is_made_has_members_and_policies_and_is_deleted(visitor: Visitor, registry: Registry) -> None:
    iam = registry.server.iam()
    iam.create_user(UserName="emil")
    visitor.open("groups")
    page = visitor.page
    page.get_by_role("button", name="Create group").click()
    page.get_by_role("dialog").get_by_label("Group name").fill("builders")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="builders")).to_be_visible()

    page.get_by_role("button", name="Add user").click()
    page.get_by_role("dialog").get_by_role("button", name="User").click()
    page.get_by_role("option", name="emil").click()
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    expect(page.get_by_role("table", name="Members").get_by_role("link", name="emil")).to_be_visible()
    page.get_by_role("button", name="Attach policy").click()
    page.get_by_role("dialog").get_by_role("button", name="Policy").click()
    page.get_by_role("option", name=READ_ONLY).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Attach").click()
    expect(page.get_by_role("table", name="Managed policies").get_by_text(READ_ONLY).first).to_be_visible()
    visitor.assert_accessible("group")
    [member] = iam.get_group(GroupName="builders")["Users"]
    assert member["UserName"] == "emil"

    page.get_by_role("table", name="Members").get_by_role("link", name="emil").click()
    page.get_by_role("button", name="Remove emil from builders").click()
    expect(page.get_by_text("No groups")).to_be_visible()
    assert iam.get_group(GroupName="builders")["Users"] == []

    visitor.open("group/builders")
    page.get_by_role("button", name="Delete group").click()
    confirm(visitor, "builders")
    expect(page.get_by_text("Group builders was deleted.")).to_be_visible()
    visitor.assert_accessible("groups")
    iam.delete_user(UserName="emil")


def test_role_is_made_trusts_and_its_sessions_are_revoked(visitor: Visitor, registry: Registry) -> None:
    iam = registry.server.iam()
    user = iam.create_user(UserName="fay")["User"]["Arn"]
    key = iam.create_access_key(UserName="fay")["AccessKey"]
    visitor.open("create-role")
    page = visitor.page
    page.get_by_label("Role name").fill("deployer")
    page.get_by_label("Description").fill(SCRIPT)
    page.get_by_label("Longest session").fill("2")
    page.get_by_role("textbox", name="Trust policy").fill(trust(user))
    visitor.assert_accessible("create-role")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="deployer")).to_be_visible()
    expect(page.get_by_text(SCRIPT)).to_be_visible()
    expect(page.get_by_text("No sessions")).to_be_visible()
    role = iam.get_role(RoleName="deployer")["Role"]
    assert role["MaxSessionDuration"] == 7200

    sts = registry.server.sts(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    assumed = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="job")["Credentials"]
    page.reload()
    sessions = page.get_by_role("table", name="Sessions")
    expect(sessions.get_by_text("assumed-role/deployer/job")).to_be_visible()
    visitor.assert_accessible("role")
    page.get_by_role("button", name="Revoke sessions").click()
    confirm(visitor, "revoke", "Revoke sessions")
    expect(page.get_by_text("A session was ended.")).to_be_visible()
    ended = registry.server.ecr(
        registry.region,
        access_key_id=assumed["AccessKeyId"],
        secret_access_key=assumed["SecretAccessKey"],
        session_token=assumed["SessionToken"],
    )
    with pytest.raises(ClientError, match="security token"):
        ended.describe_repositories()

    page.get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Description").fill("deploys")
    dialog.get_by_label("Longest session").fill("1.5")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("deploys")).to_be_visible()
    assert iam.get_role(RoleName="deployer")["Role"]["MaxSessionDuration"] == 5400

    page.get_by_role("button", name="Edit policy").first.click()
    page.get_by_role("textbox", name="Policy document").fill(
        trust(f"arn:aws:iam::{registry.server.account}:root")
    )
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The trust policy was saved.")).to_be_visible()
    page.get_by_role("button", name="Delete role").click()
    confirm(visitor, "deployer")
    expect(page.get_by_text("Role deployer was deleted.")).to_be_visible()
    visitor.assert_accessible("roles")
    assert [one["RoleName"] for one in iam.list_roles()["Roles"]] == []
    iam.delete_access_key(UserName="fay", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="fay")


def test_managed_policy_is_made_gets_versions_and_is_deleted(visitor: Visitor, registry: Registry) -> None:
    iam = registry.server.iam()
    visitor.open("create-policy")
    page = visitor.page
    page.get_by_label("Policy name").fill("look")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="look", exact=True)).to_be_visible()
    statement = {"Effect": "Allow", "Action": "ecr:Describe*", "Resource": "*"}
    page.get_by_role("button", name="Edit policy").click()
    page.get_by_role("textbox", name="Policy document").fill(
        json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The version was added")).to_be_visible()
    expect(page.get_by_role("heading", name="Versions (2/5)")).to_be_visible()
    page.get_by_role("button", name="v1, show it").click()
    expect(page.get_by_role("region", name="Document of version v1")).to_contain_text('"ecr:*"')
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    visitor.assert_accessible("managed-policy")
    page.get_by_role("button", name="Make it count: v1").click()
    expect(page.get_by_role("button", name="Delete: v2")).to_be_visible()
    arn = f"arn:aws:iam::{registry.server.account}:policy/look"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"

    iam.create_user(UserName="gil", PermissionsBoundary=arn)
    page.reload()
    holders = page.get_by_role("table", name="Users, groups and roles that have it")
    expect(holders.get_by_role("row", name="gil")).to_contain_text("Permissions boundary")
    iam.delete_user(UserName="gil")
    page.get_by_role("button", name="Delete policy").first.click()
    confirm(visitor, "look")
    expect(page.get_by_text("Policy look was deleted.")).to_be_visible()
    page.get_by_placeholder("Find policies").fill(READ_ONLY)
    page.get_by_role("link", name=READ_ONLY).first.click()
    expect(
        page.get_by_role("table", name="Who can do what").get_by_text("ecr:DescribeImages", exact=True)
    ).to_be_visible()
    expect(page.get_by_role("button", name="Edit policy")).to_have_count(0)


def test_provider_is_made_opens_a_role_and_is_deleted(visitor: Visitor, registry: Registry) -> None:
    iam = registry.server.iam()
    issuer = "token.actions.githubusercontent.com"
    arn = f"arn:aws:iam::{registry.server.account}:oidc-provider/{issuer}"
    fingerprint = ":".join(["A1"] * 20)  # as openssl tells it
    visitor.open("identity-providers")
    page = visitor.page
    page.get_by_role("button", name="Create provider").click()
    page.get_by_label("URL").fill("http://no")
    expect(page.get_by_text("Use an https:// address")).to_be_visible()
    page.get_by_label("URL").fill(f"https://{issuer}")
    page.get_by_role("button", name="Add thumbprint").click()
    page.get_by_role("textbox", name="Thumbprint").fill(fingerprint)
    visitor.assert_accessible("create-identity-provider")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name=issuer)).to_be_visible()
    made = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (made["ClientIDList"], made["ThumbprintList"]) == (["sts.amazonaws.com"], ["A1" * 20])

    page.get_by_role("button", name="Create role for its tokens").click()
    page.get_by_label("Role name").fill("github")
    document = page.get_by_role("textbox", name="Trust policy")
    document.fill(document.input_value().replace("<OWNER>/<REPOSITORY>", "acme/app"))
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="github")).to_be_visible()
    visitor.open(f"identity-provider/{arn}")
    trusting = page.get_by_role("table", name="Roles that trust it")
    expect(trusting.get_by_role("row", name="github")).to_contain_text(
        f"StringEquals {issuer}:sub repo:acme/app:ref:refs/heads/main"
    )

    page.get_by_role("button", name="Add audience").click()
    page.get_by_role("dialog").get_by_label("Audience").fill(SCRIPT)
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    expect(page.get_by_role("table", name="Audiences").get_by_text(SCRIPT)).to_be_visible()
    page.get_by_role("button", name="Remove sts.amazonaws.com").click()
    page.get_by_role("button", name=f"Remove {'A1' * 20}").click()
    expect(page.get_by_text("No thumbprints")).to_be_visible()
    visitor.assert_accessible("identity-provider")
    changed = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (changed["ClientIDList"], changed["ThumbprintList"]) == ([SCRIPT], [])

    page.get_by_role("button", name="Delete provider").click()
    confirm(visitor, issuer)
    expect(page.get_by_text(f"Provider {issuer} was deleted.")).to_be_visible()
    expect(page.get_by_text("No identity providers")).to_be_visible()
    visitor.assert_accessible("identity-providers")
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    iam.delete_role(RoleName="github")


@pytest.mark.parametrize(
    "path",
    [
        "group/%3Cscript%3Ewindow.broken%3D1%3C%2Fscript%3E",
        "role/..%2F..%2Fusers",
        "policy/arn:aws:iam::aws:policy/%3Cimg%20src%3Dx%20onerror%3D'window.broken%3D1'%3E",
        "identity-provider/arn:aws:iam::1:oidc-provider/%3Cimg%20src%3Dx%20onerror%3D'window.broken%3D1'%3E",
    ],
)
def test_attack_46_a_name_in_an_address_is_text(visitor: Visitor, path: str) -> None:
    visitor.open(path)
    expect(visitor.page.get_by_text("Request ID:").first).to_be_visible()
    assert visitor.page.evaluate("window.broken") is None
