"""The audit, as people look things up in it."""

import re

from botocore.awsrequest import AWSPreparedRequest
from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor

SCRIPT = "<img src=x onerror='window.broken = 1'>"


def call_oneself(request: AWSPreparedRequest, **_: object) -> None:
    """Name the client by a script; the name is not signed."""
    request.headers["User-Agent"] = SCRIPT


def test_events_are_listed_looked_up_and_shown_whole(visitor: Visitor, registry: Registry) -> None:
    registry.create(*(f"team/app-{number}" for number in range(3)))
    registry.ecr().put_image_tag_mutability(repositoryName="team/app-1", imageTagMutability="IMMUTABLE")
    visitor.open("events")
    page = visitor.page
    table = page.get_by_role("table", name="Audit events")
    expect(table.get_by_role("button", name="PutImageTagMutability").first).to_be_visible()
    visitor.assert_accessible("events")

    page.get_by_role("button", name="Events of").click()
    page.get_by_role("option", name="Resource name").click()
    page.get_by_label("Value").fill("team/app-1")
    page.get_by_role("button", name="Search").click()
    expect(table.get_by_role("button", name="CreateRepository")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"attribute=ResourceName&value=team%2Fapp-1"))

    page.reload()
    table.get_by_role("button", name="PutImageTagMutability").click()
    record = page.get_by_role("region", name="Event record")
    expect(record).to_contain_text('"imageTagMutability": "IMMUTABLE"')
    visitor.assert_accessible("event")


def test_further_pages_come_as_they_are_turned(visitor: Visitor, registry: Registry) -> None:
    registry.create(*(f"app-{number:02}" for number in range(60)))
    visitor.open("events?attribute=EventName&value=CreateRepository")
    page = visitor.page
    rows = page.get_by_role("table", name="Audit events").locator("tbody tr")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("app-59")
    page.get_by_role("button", name="Next page").click()
    expect(rows).to_have_count(10)
    expect(rows.last).to_contain_text("app-00")


def test_attack_46_and_49_what_callers_wrote_is_text(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    [described] = registry.ecr().describe_repositories()["repositories"]
    client = registry.ecr()
    client.meta.events.register("before-send.ecr.*", call_oneself)
    client.tag_resource(
        resourceArn=described["repositoryArn"], tags=[{"Key": "note", "Value": "javascript:x @ =1+1"}]
    )
    visitor.open(f"events?attribute=ResourceName&value={name}")
    page = visitor.page
    page.get_by_role("button", name="TagResource").click()
    record = page.get_by_role("region", name="Event record")
    expect(record).to_contain_text("javascript:x @ =1+1")
    expect(record).to_contain_text(SCRIPT)
    assert page.evaluate("window.broken") is None


def test_attack_46_a_question_in_an_address_is_text(visitor: Visitor) -> None:
    visitor.open(
        "events?attribute=Username&value=%3Cimg%20src%3Dx%20onerror%3D'window.broken%3D1'%3E&since=x"
    )
    expect(visitor.page.get_by_text("No events")).to_be_visible()
    assert visitor.page.evaluate("window.broken") is None
