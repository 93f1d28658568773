"""Who may do what with a repository, and why."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor

PULL_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
SCRIPT = "<img src=x onerror='window.broken = 1'>"


@pytest.fixture
def puller(registry: Registry) -> Iterator[str]:
    """The ARN of a user who may pull."""
    iam = registry.server.iam()
    arn = iam.create_user(UserName="puller")["User"]["Arn"]
    iam.attach_user_policy(UserName="puller", PolicyArn=PULL_ONLY)
    yield arn
    iam.detach_user_policy(UserName="puller", PolicyArn=PULL_ONLY)
    iam.delete_user(UserName="puller")


def test_table_tells_who_may_pull_push_and_delete_and_why(
    visitor: Visitor, registry: Registry, puller: str
) -> None:
    name = registry.create("team/app")
    visitor.open(f"repository/{name}?tab=permissions")
    page = visitor.page
    page.get_by_placeholder("Find users and roles").fill("user/puller")
    row = page.get_by_role("table", name="What users and roles may do").get_by_role("row", name=puller)
    expect(row.get_by_text("Yes", exact=True)).to_have_count(1)
    expect(row.get_by_text("No", exact=True)).to_have_count(3)

    row.get_by_role("button", name="Why: Push").click()
    expect(page.get_by_text("no identity-based policy allows the ecr:BatchCheckLayer")).to_be_visible()
    expect(page.get_by_text("Refused", exact=True)).to_be_visible()
    looked_at = page.get_by_role("table", name="Policies that were looked at")
    expect(looked_at.get_by_text(PULL_ONLY).first).to_be_visible()
    visitor.assert_accessible("access")


def test_policy_of_the_repository_has_its_say(visitor: Visitor, registry: Registry, puller: str) -> None:
    name = registry.create("team/app")
    statement = {
        "Sid": "NotHim",
        "Effect": "Deny",
        "Principal": {"AWS": puller},
        "Action": "ecr:BatchGetImage",
    }
    registry.ecr().set_repository_policy(
        repositoryName=name, policyText=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    visitor.open(f"repository/{name}?tab=permissions")
    page = visitor.page
    page.get_by_role("combobox", name="Principal").fill(puller)
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Action").fill("ecr:BatchGetImage")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add condition key").click()
    page.get_by_role("textbox", name="Condition key").fill("aws:UserAgent")
    page.get_by_role("textbox", name="Value").fill(SCRIPT)
    page.get_by_role("button", name="Explain").click()
    looked_at = page.get_by_role("table", name="Policies that were looked at")
    expect(looked_at.get_by_role("row", name="1 (NotHim)").get_by_text("fits, and decided")).to_be_visible()
    assert page.evaluate("window.broken") is None


@pytest.mark.parametrize("principal", ["nobody-there-at-all", "arn:aws:iam::210987654321:user/other"])
def test_attack_03_a_principal_that_is_none_shows_the_refusal(
    visitor: Visitor, registry: Registry, principal: str
) -> None:
    name = registry.create("team/app")
    visitor.open(f"repository/{name}?tab=permissions")
    page = visitor.page
    page.get_by_role("combobox", name="Principal").fill(principal)
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Action").fill("ecr:PutImage")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("Request ID:").first).to_be_visible()
