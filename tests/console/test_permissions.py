"""Policies and tags of a repository, and the registry as a whole."""

import json

import pytest
from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor

SCRIPT = "<img src=x onerror='window.broken = 1'>"


def policy(**members: object) -> str:
    statement = {
        "Sid": "Pull",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        **members,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_policy_is_written_read_and_deleted(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    visitor.open(f"repository/{name}?tab=permissions")
    page = visitor.page
    expect(page.get_by_text("No policy")).to_be_visible()

    page.get_by_role("button", name="Edit policy").click()
    editor = page.get_by_role("textbox", name="Policy document")
    expect(editor).to_have_value(json.dumps(json.loads(editor.input_value()), indent=2))
    visitor.assert_accessible("policy-editor")
    editor.fill(policy())
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The policy was saved.")).to_be_visible()

    table = page.get_by_role("table", name="Who can do what")
    expect(table.get_by_text("AWS arn:aws:iam::123456789012:root")).to_be_visible()
    expect(table.get_by_text("ecr:GetDownloadUrlForLayer")).to_be_visible()
    visitor.assert_accessible("permissions")
    stored = registry.ecr().get_repository_policy(repositoryName=name)["policyText"]
    assert json.loads(stored) == json.loads(policy())

    page.get_by_role("button", name="Delete policy").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The policy was deleted.")).to_be_visible()
    expect(page.get_by_text("No policy")).to_be_visible()


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("{", "Expected property name"),
        ("[]", "A policy is a JSON object"),
        ("{}", "The policy has no Statement"),
        ('{"Statement": [1]}', "Statement 1 is no JSON object"),
        (policy(Effect="Maybe"), "Effect must be Allow or Deny"),
        ('{"Statement": {"Effect": "Allow", "Action": "ecr:*"}}', "Statement 1 has no Principal"),
    ],
)
def test_policy_is_checked_while_it_is_typed(
    visitor: Visitor, registry: Registry, document: str, complaint: str
) -> None:
    name = registry.create("team/app")
    visitor.open(f"repository/{name}?tab=permissions")
    page = visitor.page
    page.get_by_role("button", name="Edit policy").click()
    page.get_by_role("textbox", name="Policy document").fill(document)
    expect(page.get_by_text(complaint).first).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()


def test_what_the_api_refuses_in_a_policy_is_told(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    visitor.open(f"repository/{name}?tab=permissions")
    page = visitor.page
    page.get_by_role("button", name="Edit policy").click()
    page.get_by_role("textbox", name="Policy document").fill(policy(Principal={"AWS": "nobody"}))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("InvalidParameterException")).to_be_visible()
    expect(page.get_by_text("Request ID:")).to_be_visible()


def test_attack_46_policies_and_tags_are_text(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    registry.ecr().set_repository_policy(
        repositoryName=name, policyText=policy(Condition={"StringEquals": {"aws:UserAgent": SCRIPT}})
    )
    [described] = registry.ecr().describe_repositories()["repositories"]
    registry.ecr().tag_resource(
        resourceArn=described["repositoryArn"], tags=[{"Key": "team", "Value": "=1+1 @ javascript:x"}]
    )
    page = visitor.page
    visitor.open(f"repository/{name}?tab=permissions")
    expect(page.get_by_role("table", name="Who can do what").get_by_text(SCRIPT)).to_be_visible()
    visitor.open(f"repository/{name}?tab=tags")
    expect(page.get_by_role("textbox", name="Value")).to_have_value("=1+1 @ javascript:x")
    assert page.evaluate("window.broken") is None


def test_tags_are_changed_added_and_removed(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    [described] = registry.ecr().describe_repositories()["repositories"]
    arn = described["repositoryArn"]
    registry.ecr().tag_resource(
        resourceArn=arn, tags=[{"Key": "gone", "Value": "1"}, {"Key": "kept", "Value": "1"}]
    )
    visitor.open(f"repository/{name}?tab=tags")
    page = visitor.page
    page.get_by_role("button", name="Remove the tag gone").click()
    page.get_by_role("textbox", name="Value").fill("2")
    page.get_by_role("button", name="Add tag").click()
    page.get_by_role("textbox", name="Key").last.fill("new")
    visitor.assert_accessible("tags")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("The tags were saved.")).to_be_visible()
    tags = registry.ecr().list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == [{"Key": "kept", "Value": "2"}, {"Key": "new", "Value": ""}]


def test_registry_page_shows_and_changes_settings_and_policy(visitor: Visitor, registry: Registry) -> None:
    visitor.open("registry")
    page = visitor.page
    expect(page.get_by_text(registry.server.registry, exact=True)).to_be_visible()
    toggle = page.get_by_role("checkbox", name="Blob mounting")
    expect(toggle).to_be_checked()
    visitor.assert_accessible("registry")

    toggle.click()
    expect(page.get_by_text("The setting was saved.")).to_be_visible()
    assert registry.ecr().get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"

    for scope, value in (("Three actions (V1)", "V1"), ("All actions (V2)", "V2")):
        page.get_by_role("radio", name=scope).click()
        expect(page.get_by_role("radio", name=scope)).to_be_checked()
        assert registry.ecr().get_account_setting(name="REGISTRY_POLICY_SCOPE")["value"] == value

    page.get_by_role("button", name="Edit policy").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The registry's policy was saved.")).to_be_visible()
    stored = json.loads(registry.ecr().get_registry_policy()["policyText"])
    assert stored["Statement"][0]["Sid"] == "AllowPull"


def test_users_and_roles_are_listed_whose_pulls_do_not_count(visitor: Visitor, registry: Registry) -> None:
    arn = f"arn:aws:iam::{registry.server.account}:role/scanner"
    visitor.open("registry")
    page = visitor.page
    expect(page.get_by_text("All pulls count")).to_be_visible()
    page.get_by_role("button", name="Add user or role").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("scanner")
    expect(dialog.get_by_text("Use the ARN of a user or a role")).to_be_visible()
    expect(dialog.get_by_role("button", name="Add")).to_be_disabled()
    dialog.get_by_role("textbox").fill(arn)
    dialog.get_by_role("button", name="Add").click()

    expect(page.get_by_role("table", name="Pulls that do not count").get_by_text(arn)).to_be_visible()
    assert registry.ecr().list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == [arn]
    page.get_by_role("button", name=f"Remove {arn}").click()
    expect(page.get_by_text("All pulls count")).to_be_visible()
