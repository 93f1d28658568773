"""Pins, and what is in use: what lifecycle policies do not touch."""

import json

from playwright.sync_api import Route, expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor

SCRIPT = "<img src=x onerror='window.broken = 1'>"
ALL_BUT_ONE = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
            "action": {"type": "expire"},
        }
    ]
}


def test_images_are_pinned_from_the_table_and_unpinned_on_their_page(
    visitor: Visitor, registry: Registry
) -> None:
    name = registry.create("team/app")
    for number in range(2):
        registry.push_image(name, f"v{number}", layers=[f"layer {number}".encode()])
    visitor.open(f"repository/{name}")
    page = visitor.page
    page.get_by_role("checkbox", name="Select v0").click()
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Pin", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Reason").fill(SCRIPT)
    visitor.assert_accessible("pin")
    dialog.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_text("The image was pinned.")).to_be_visible()
    expect(page.get_by_role("row", name="v0").get_by_text(f"pinned: {SCRIPT}")).to_be_visible()
    [pin] = registry.server.own(registry.region).list_pins()["pins"]
    assert (pin["imageTags"], pin["reason"]) == (["v0"], SCRIPT)

    visitor.open(f"repository/{name}?tab=pins")
    expect(page.get_by_role("table", name="Pinned images").get_by_role("row", name="v0")).to_be_visible()
    page.get_by_role("link", name="v0").click()
    expect(page.get_by_text(f"pinned: {SCRIPT}")).to_be_visible()
    page.get_by_role("button", name="Unpin").click()
    page.get_by_role("dialog").get_by_role("button", name="Unpin").click()
    expect(page.get_by_text("The image was unpinned.")).to_be_visible()
    expect(page.get_by_role("button", name="Pin", exact=True)).to_be_visible()
    expect(page.get_by_text(f"pinned: {SCRIPT}")).to_have_count(0)
    assert registry.server.own(registry.region).list_pins()["pins"] == []
    assert page.evaluate("window.broken") is None


def test_pinning_many_tells_how_many_are_pinned(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    for number in range(3):
        registry.push_image(name, f"v{number}", layers=[f"layer {number}".encode()])
    visitor.open(f"repository/{name}")
    page = visitor.page
    pins: list[Route] = []

    def hold_the_second(route: Route) -> None:
        if route.request.headers.get("x-amz-target", "").endswith(".PinImage"):
            pins.append(route)
            if len(pins) == 2:
                return
        route.continue_()

    page.route("**/*", hold_the_second)
    for number in range(3):
        page.get_by_role("checkbox", name=f"Select v{number}").click()
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Pin", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("1 of 3").first).to_be_visible()
    pins[1].continue_()
    expect(page.get_by_text("3 images were pinned.")).to_be_visible()


def test_images_are_pinned_by_patterns_of_their_tags(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    registry.push_image(name, "prod-1")
    visitor.open(f"repository/{name}?tab=pins")
    page = visitor.page
    page.get_by_role("textbox", name="Patterns of tags").fill("prod-* stable?")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.get_by_role("textbox", name="Patterns of tags").fill("prod-* stable")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The patterns were saved.")).to_be_visible()
    visitor.assert_accessible("pattern-pins")
    page.get_by_role("tab", name="Images").click()
    expect(page.get_by_role("row", name="prod-1").get_by_text("pinned by the tag prod-1")).to_be_visible()


def test_what_is_pinned_and_what_is_in_use_is_listed_and_kept_by_policies(
    visitor: Visitor, registry: Registry
) -> None:
    name = registry.create("team/app")
    digests = [
        registry.push_image(name, f"v{number}", layers=[f"layer {number}".encode()]) for number in range(4)
    ]
    own = registry.server.own(registry.region)
    own.pin_image(repositoryName=name, imageId={"imageTag": "v0"}, reason="the first one")
    own.report_usage(
        clusterName="blue", images=[{"repositoryName": name, "imageDigest": digests[1]}], ttlSeconds=3600
    )
    visitor.open("pins")
    page = visitor.page
    expect(page.get_by_role("table", name="Pinned images").get_by_text("the first one")).to_be_visible()
    expect(page.get_by_role("table", name="Clusters").get_by_text("blue")).to_be_visible()
    page.get_by_role("radio", name="Select blue").click()
    in_use = page.get_by_role("table", name="Images in use")
    expect(in_use.get_by_role("link", name=digests[1][:19])).to_be_visible()
    visitor.assert_accessible("pins")

    registry.ecr().put_lifecycle_policy(
        repositoryName="team/app", lifecyclePolicyText=json.dumps(ALL_BUT_ONE)
    )
    visitor.open(f"repository/{name}?tab=lifecycle")
    page.get_by_role("button", name="Test rules").click()
    results = page.get_by_role("table", name="What the rules would do now")
    expect(results.get_by_role("row", name="v0")).to_contain_text("pinned")
    expect(results.get_by_role("row", name="v1")).to_contain_text("blue")
    expect(results.get_by_role("row", name="v0").get_by_text("kept", exact=True)).to_be_visible()
    own.report_usage(clusterName="blue", images=[])


def test_who_may_not_ask_for_pins_sees_the_images_all_the_same(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    registry.push_image(name, "v0")
    visitor.page.route(
        "**/",
        lambda route: (
            route.abort() if "Pins" in route.request.headers.get("x-amz-target", "") else route.continue_()
        ),
    )
    visitor.open(f"repository/{name}")
    expect(visitor.page.get_by_role("row", name="v0")).to_be_visible()
    visitor.problems.clear()
