"""The lifecycle policy of a repository: written, tried, saved and deleted."""

import json

import pytest
from playwright.sync_api import Locator, expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor

SCRIPT = "<img src=x onerror='window.broken = 1'>"
NEWEST_ONLY = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "the newest release",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["v*"],
                "countType": "imageCountMoreThan",
                "countNumber": 1,
            },
            "action": {"type": "expire"},
        }
    ]
}


def choose(field: Locator, option: str) -> None:
    """Choose in a list that opens."""
    field.click()
    field.page.get_by_role("option", name=option).first.click()


def rule(visitor: Visitor, number: int) -> Locator:
    """The fields of a rule, counted from 1."""
    return visitor.page.get_by_role("region", name=f"Rule {number}", exact=True)


def put(registry: Registry, name: str, policy: object = NEWEST_ONLY) -> None:
    registry.ecr().put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=json.dumps(policy))


def test_rules_are_written_in_a_form_tried_and_saved(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    for number in range(3):
        registry.push_image(name, f"v{number}", layers=[f"layer {number}".encode()])
    visitor.open(f"repository/{name}?tab=lifecycle")
    page = visitor.page
    expect(page.get_by_text("No policy")).to_be_visible()
    page.get_by_role("button", name="Write a policy").click()

    first = rule(visitor, 1)
    first.get_by_role("textbox", name="Description").fill("the newest release")
    choose(first.get_by_role("button", name="Tags"), "Certain tags")
    first.get_by_role("textbox", name="Patterns").fill("v*")
    choose(first.get_by_role("button", name="Which of them"), "All but the newest")
    first.get_by_role("spinbutton", name="Images").fill("1")
    page.get_by_role("button", name="Add rule").click()
    rule(visitor, 2).get_by_role("spinbutton", name="Days").fill("7")
    visitor.assert_accessible("lifecycle-form")

    page.get_by_role("button", name="Test rules").click()
    results = page.get_by_role("table", name="What the rules would do now")
    expect(results.get_by_role("link", name="v0")).to_be_visible()
    expect(results.get_by_role("row", name="v1").get_by_text("deleted")).to_be_visible()
    expect(results.get_by_role("row", name="v2").get_by_text("kept", exact=True)).to_be_visible()
    expect(page.get_by_text("Freed on disk")).to_be_visible()
    visitor.assert_accessible("lifecycle-preview")
    page.get_by_role("checkbox", name="Only what does not stay").click()
    expect(results.get_by_role("row", name="v2")).to_have_count(0)
    page.get_by_placeholder("Find images by tag").fill("v0")
    expect(page.get_by_text("1 match").first).to_be_visible()
    assert len(registry.ecr().list_images(repositoryName=name)["imageIds"]) == 3

    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The lifecycle policy was saved.")).to_be_visible()
    rules = page.get_by_role("table", name="Rules")
    expect(rules.get_by_text("with tags like v*")).to_be_visible()
    expect(rules.get_by_text("pushed more than 7 days ago")).to_be_visible()
    visitor.assert_accessible("lifecycle")
    stored = json.loads(registry.ecr().get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])
    assert stored["rules"][0] == NEWEST_ONLY["rules"][0]
    assert [one["rulePriority"] for one in stored["rules"]] == [1, 2]


def test_rules_are_moved_copied_and_deleted(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    put(registry, name)
    visitor.open(f"repository/{name}?tab=lifecycle")
    page = visitor.page
    page.get_by_role("button", name="Edit policy").click()
    page.get_by_role("button", name="Duplicate rule 1").click()
    rule(visitor, 2).get_by_role("textbox", name="Description").fill("a copy")
    page.get_by_role("button", name="Move rule 2 up").click()
    expect(rule(visitor, 1).get_by_role("textbox", name="Description")).to_have_value("a copy")
    rule(visitor, 2).get_by_role("spinbutton", name="Priority").fill("1")
    expect(page.get_by_text("Another rule has this priority").first).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.get_by_role("button", name="Delete rule 2").click()
    rule(visitor, 1).get_by_role("textbox", name="Patterns").fill("w*")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("The lifecycle policy was saved.")).to_be_visible()
    [stored] = json.loads(registry.ecr().get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])[
        "rules"
    ]
    assert (stored["description"], stored["selection"]["tagPatternList"]) == ("a copy", ["w*"])

    page.get_by_role("button", name="Delete policy").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The lifecycle policy was deleted.")).to_be_visible()
    expect(page.get_by_text("No policy")).to_be_visible()


def test_what_the_api_refuses_in_a_document_is_told(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    put(registry, name)
    visitor.open(f"repository/{name}?tab=lifecycle")
    page = visitor.page
    page.get_by_role("button", name="Edit policy").click()
    page.get_by_role("button", name="JSON").click()
    editor = page.get_by_role("textbox", name="Policy document")
    expect(editor).to_have_value(json.dumps(NEWEST_ONLY, indent=2))
    editor.fill("{")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()

    editor.fill(json.dumps({"rules": [{**NEWEST_ONLY["rules"][0], "colour": "blue"}]}))
    expect(page.get_by_role("button", name="Form")).to_be_disabled()
    visitor.assert_accessible("lifecycle-json")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text('properties which are not allowed by the schema: (["colour"])')).to_be_visible()
    expect(page.get_by_text("Request ID:")).to_be_visible()


@pytest.mark.parametrize("view", ["Form", "JSON"])
def test_attack_46_descriptions_and_patterns_are_text(
    visitor: Visitor, registry: Registry, view: str
) -> None:
    name = registry.create("team/app")
    put(registry, name, {"rules": [{**NEWEST_ONLY["rules"][0], "description": SCRIPT}]})
    visitor.open(f"repository/{name}?tab=lifecycle")
    page = visitor.page
    expect(page.get_by_role("table", name="Rules").get_by_text(SCRIPT)).to_be_visible()
    page.get_by_role("button", name="Edit policy").click()
    page.get_by_role("button", name=view).click()
    expect(page.get_by_role("button", name="Save")).to_be_enabled()
    assert page.evaluate("window.broken") is None
