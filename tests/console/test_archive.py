"""Archiving images and bringing them back."""

from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor


def test_image_is_archived_found_by_its_status_and_restored(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    for number in range(2):
        registry.push_image(name, f"v{number}", layers=[f"layer {number}".encode()])
    visitor.open(f"repository/{name}")
    page = visitor.page
    page.get_by_role("checkbox", name="Select v0").click()
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Archive").click()
    visitor.assert_accessible("archive-image")
    page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    expect(page.get_by_text("The image was archived.")).to_be_visible()
    expect(page.get_by_role("row", name="v0").get_by_text("Archived")).to_be_visible()
    archived = registry.ecr().list_images(repositoryName=name, filter={"imageStatus": "ARCHIVED"})
    assert [one["imageTag"] for one in archived["imageIds"]] == ["v0"]

    page.get_by_role("button", name="Show images with this status").click()
    page.get_by_role("option", name="Archived").click()
    expect(page.get_by_role("row", name="v1")).to_have_count(0)
    page.get_by_role("link", name="v0").click()
    expect(page.get_by_text("This image is archived")).to_be_visible()
    visitor.assert_accessible("archived-image")
    page.get_by_role("button", name="Restore").click()
    page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The image is being restored.")).to_be_visible()
    expect(page.get_by_role("heading", name="How a container is started")).to_be_visible()
    expect(page.get_by_text("Active", exact=True)).to_be_visible()
