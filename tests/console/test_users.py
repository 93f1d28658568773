"""Users, their keys and their policies, from the account's own point of view."""

import json
import re

from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.console.visits import fill_keys
from tests.engines.browser import Visitor

READ_ONLY = "AmazonEC2ContainerRegistryReadOnly"


def test_user_is_made_with_a_key_that_works_and_is_deleted_with_everything(
    visitor: Visitor, registry: Registry
) -> None:
    visitor.open("users")
    page = visitor.page
    page.get_by_role("button", name="Create user").click()
    page.get_by_role("dialog").get_by_label("User name").fill("anna")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="anna")).to_be_visible()

    page.get_by_role("button", name="Create access key").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("never again")).to_be_visible()
    dialog.get_by_role("button", name="Show").click()
    visitor.assert_accessible("new-access-key")
    key = dialog.get_by_text(re.compile(r"^AKIA[A-Z0-9]{16}$")).first.inner_text()
    secret = dialog.get_by_text(re.compile(r"^[\w-]{40}$")).first.inner_text()
    dialog.get_by_role("button", name="Close").last.click()
    caller = registry.server.sts(access_key_id=key, secret_access_key=secret).get_caller_identity()
    assert caller["Arn"].endswith(":user/anna")
    assert secret not in page.content()

    page.get_by_role("button", name="Attach policy").click()
    page.get_by_role("dialog").get_by_role("button", name="Policy").click()
    page.get_by_role("option", name=READ_ONLY).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Attach").click()
    expect(page.get_by_role("table", name="Managed policies").get_by_text(READ_ONLY).first).to_be_visible()

    page.get_by_role("button", name="Add inline policy").click()
    page.get_by_label("Policy name").fill("everything")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="everything")).to_be_visible()
    visitor.assert_accessible("user")
    registry.server.ecr(registry.region, access_key_id=key, secret_access_key=secret).create_repository(
        repositoryName="by-anna"
    )

    page.get_by_role("button", name="Delete user").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("anna")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("User anna was deleted.")).to_be_visible()
    assert registry.server.iam().list_users()["Users"] == []


def test_keys_are_switched_off_and_deleted(visitor: Visitor, registry: Registry) -> None:
    iam = registry.server.iam()
    iam.create_user(UserName="bert")
    key = iam.create_access_key(UserName="bert")["AccessKey"]["AccessKeyId"]
    visitor.open("users")
    page = visitor.page
    visitor.assert_accessible("users")
    page.get_by_role("link", name="bert").click()

    page.get_by_role("button", name=f"Deactivate {key}").click()
    expect(page.get_by_role("button", name=f"Activate {key}", exact=True)).to_be_visible()
    [listed] = iam.list_access_keys(UserName="bert")["AccessKeyMetadata"]
    assert listed["Status"] == "Inactive"

    page.get_by_role("button", name=f"Delete {key}").click()
    page.get_by_role("dialog").get_by_role("textbox").fill(key)
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No access keys")).to_be_visible()
    iam.delete_user(UserName="bert")


def test_inline_policy_is_read_changed_and_deleted(visitor: Visitor, registry: Registry) -> None:
    iam = registry.server.iam()
    iam.create_user(UserName="cleo")
    statement = {"Effect": "Allow", "Action": "ecr:Describe*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_user_policy(UserName="cleo", PolicyName="look", PolicyDocument=json.dumps(document))
    visitor.open("user/cleo")
    page = visitor.page
    page.get_by_role("button", name="look").click()
    expect(page.get_by_role("table", name="Who can do what").get_by_text("ecr:Describe*")).to_be_visible()
    page.get_by_role("button", name="Edit policy").click()
    page.get_by_role("textbox", name="Policy document").fill(
        json.dumps({**document, "Statement": [{**statement, "Action": "ecr:List*"}]})
    )
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("table", name="Who can do what").get_by_text("ecr:List*")).to_be_visible()

    page.get_by_role("button", name="Delete policy").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No inline policies")).to_be_visible()
    iam.delete_user(UserName="cleo")


def test_boundary_and_tags_are_set_and_removed_and_a_user_is_renamed(
    visitor: Visitor, registry: Registry
) -> None:
    iam = registry.server.iam()
    visitor.open("users")
    page = visitor.page
    page.get_by_role("button", name="Create user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User name").fill("emma")
    dialog.get_by_role("button", name="Permissions boundary").click()
    page.get_by_role("option", name="AmazonEC2ContainerRegistryFullAccess").first.click()
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("link", name="AmazonEC2ContainerRegistryFullAccess")).to_be_visible()

    page.get_by_role("button", name="Set the permissions boundary").click()
    dialog.get_by_role("button", name="Policy").click()
    page.get_by_role("option", name=READ_ONLY).first.click()
    dialog.get_by_role("button", name="Set").click()
    expect(page.get_by_role("link", name=READ_ONLY)).to_be_visible()
    boundary = iam.get_user(UserName="emma")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    assert boundary.endswith(READ_ONLY)
    page.get_by_role("button", name="Add tag").click()
    page.get_by_role("textbox", name="Key").fill("team")
    page.get_by_role("textbox", name="Value").fill("blue")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The tags were saved.")).to_be_visible()
    visitor.assert_accessible("bounded-user")

    page.get_by_role("button", name="Remove the permissions boundary").click()
    dialog.get_by_role("textbox").fill("emma")
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("link", name=READ_ONLY)).to_have_count(0)
    page.get_by_role("button", name="Rename").click()
    dialog.get_by_label("New name").fill("emily")
    dialog.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="emily")).to_be_visible()
    user = iam.get_user(UserName="emily")["User"]
    assert (user.get("PermissionsBoundary"), user["Tags"]) == (None, [{"Key": "team", "Value": "blue"}])
    iam.delete_user(UserName="emily")


def test_attack_21_who_may_only_look_is_told_so_by_the_api(stranger: Visitor, registry: Registry) -> None:
    iam = registry.server.iam()
    iam.create_user(UserName="dora")
    arn = f"arn:aws:iam::aws:policy/{READ_ONLY}"
    iam.attach_user_policy(UserName="dora", PolicyArn=arn)
    key = iam.create_access_key(UserName="dora")["AccessKey"]
    registry.create("team/app")
    stranger.open("repositories")
    fill_keys(stranger, registry, key["AccessKeyId"], key["SecretAccessKey"])
    page = stranger.page
    page.get_by_role("radio", name="Select team/app").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("team/app")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page.get_by_text("AccessDeniedException")).to_be_visible()
    expect(page.get_by_text("is not authorized to perform: ecr:DeleteRepository")).to_be_visible()
    assert len(registry.ecr().describe_repositories()["repositories"]) == 1
    iam.delete_access_key(UserName="dora", AccessKeyId=key["AccessKeyId"])
    iam.detach_user_policy(UserName="dora", PolicyArn=arn)
    iam.delete_user(UserName="dora")
