"""What was deleted or moved comes back, or goes for good, from the console."""

from playwright.sync_api import Page, expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor


def in_dialog(page: Page, phrase: str | None, button: str) -> None:
    """Type the phrase that a dialog asks for, where it does, and press its button."""
    dialog = page.get_by_role("dialog")
    if phrase is not None:
        expect(dialog.get_by_role("button", name=button)).to_be_disabled()
        dialog.get_by_role("textbox").fill(phrase)
    dialog.get_by_role("button", name=button, exact=True).click()


def tags_of(registry: Registry, name: str) -> dict[str, str]:
    listed = registry.ecr().list_images(repositoryName=name)["imageIds"]
    return {one["imageTag"]: one["imageDigest"] for one in listed if "imageTag" in one}


def test_a_deleted_image_comes_back(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    digest = registry.push_image(name, "1.0", "latest")
    registry.ecr().batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": digest}])
    visitor.open(f"repository/{name}?tab=history")
    page = visitor.page
    expect(page.get_by_role("table", name="Tag history").get_by_text("Deleted").first).to_be_visible()
    page.get_by_role("checkbox", name="Select 1.0, latest").click()
    visitor.assert_accessible("history")
    page.get_by_role("button", name="Restore").click()

    expect(page.get_by_text("An image was restored.")).to_be_visible()
    expect(page.get_by_text("No deleted images")).to_be_visible()
    assert tags_of(registry, name) == {"1.0": digest, "latest": digest}


def test_a_tag_that_points_elsewhere_stays_and_is_told(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    old = registry.push_image(name, "latest", layers=[b"old"])
    registry.ecr().batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": old}])
    new = registry.push_image(name, "latest", layers=[b"new"])
    visitor.open(f"repository/{name}?tab=history")
    page = visitor.page
    page.get_by_role("checkbox", name="Select latest").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("latest: it points at another image")).to_be_visible()
    assert tags_of(registry, name) == {"latest": new}


def test_a_moved_tag_points_again_where_it_did(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    old = registry.push_image(name, "latest", layers=[b"old"])
    new = registry.push_image(name, "latest", layers=[b"new"])
    visitor.open(f"repository/{name}?tab=history")
    page = visitor.page
    history = page.get_by_role("table", name="Tag history")
    row = history.get_by_role("row", name="latest").filter(has_text="Moved")
    expect(row.get_by_role("link", name=new[:19])).to_be_visible()
    row.get_by_role("button", name="Undo: point latest at").click()
    visitor.assert_accessible("history-undo")
    in_dialog(page, None, "Undo")

    expect(page.get_by_text(f"latest points at {old[:19]} again.")).to_be_visible()
    assert tags_of(registry, name) == {"latest": old}


def test_attack_23_images_are_erased_only_when_it_was_confirmed(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    digest = registry.push_image(name, "1.0")
    registry.ecr().batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": digest}])
    visitor.open(f"repository/{name}?tab=history")
    page = visitor.page
    page.get_by_role("checkbox", name="Select 1.0").click()
    page.get_by_role("button", name="Erase").click()
    in_dialog(page, "erase", "Erase")
    expect(page.get_by_text("It was erased.")).to_be_visible()
    own = registry.server.own(registry.region)
    assert own.list_deleted_images(repositoryName=name)["deletedImages"] == []


def test_a_deleted_repository_comes_back_under_another_name(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    digest = registry.push_image(name, "1.0")
    registry.ecr().delete_repository(repositoryName=name, force=True)
    registry.create(name)
    visitor.open("recycle-bin")
    page = visitor.page
    row = page.get_by_role("row", name=name)
    expect(row.get_by_role("cell", name="1", exact=True)).to_be_visible()
    page.get_by_role("radio", name=f"Select {name}").click()
    visitor.assert_accessible("recycle-bin")
    page.get_by_role("button", name="Restore").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Restore").click()
    expect(dialog.get_by_text("RepositoryAlreadyExistsException")).to_be_visible()
    dialog.get_by_label("Repository name").fill("team/app-again")
    visitor.assert_accessible("restore-repository")
    dialog.get_by_role("button", name="Restore").click()

    expect(page.get_by_text("Repository team/app-again was restored.")).to_be_visible()
    expect(page.get_by_role("heading", name="team/app-again")).to_be_visible()
    assert tags_of(registry, "team/app-again") == {"1.0": digest}


def test_attack_23_the_bin_is_emptied_only_when_confirmed(visitor: Visitor, registry: Registry) -> None:
    name, gone = registry.create("team/app"), registry.create("team/gone")
    digest = registry.push_image(name, "1.0")
    registry.ecr().batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": digest}])
    registry.push_image(gone, "1.0")
    registry.ecr().delete_repository(repositoryName=gone, force=True)
    visitor.open("recycle-bin")
    page = visitor.page
    expect(page.get_by_role("row", name=gone)).to_be_visible()
    page.get_by_role("button", name="Empty the bin").click()
    visitor.assert_accessible("empty-bin")
    in_dialog(page, "empty", "Erase")

    expect(page.get_by_text("It was erased.")).to_be_visible()
    expect(page.get_by_text("No deleted repositories")).to_be_visible()
    held = registry.server.own(registry.region).describe_recycle_bin()
    assert (held["imageCount"], held["repositoryCount"]) == (0, 0)


def test_how_long_things_stay_is_set(visitor: Visitor, registry: Registry) -> None:
    visitor.open("recycle-bin")
    page = visitor.page
    days = page.get_by_label("Days in the bin")
    expect(days).to_have_value("7")
    days.fill("366")
    expect(page.get_by_text("Use 0 to 365 days")).to_be_visible()
    days.fill("30")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The setting was saved.")).to_be_visible()
    assert registry.server.own(registry.region).describe_recycle_bin()["retentionDays"] == 30


def test_a_protected_repository_is_not_deleted_until_it_is_not(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    visitor.open(f"edit-repository/{name}")
    page = visitor.page
    page.get_by_role("checkbox", name="Deletion protection").click()
    visitor.assert_accessible("edit-protection")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"Repository {name} was changed.")).to_be_visible()
    assert registry.server.own(registry.region).get_deletion_protection(repositoryName=name)["enabled"]

    page.get_by_role("button", name="Delete").first.click()
    in_dialog(page, name, "Delete")
    expect(page.get_by_role("dialog").get_by_text("Request ID:")).to_be_visible()
    assert registry.ecr().describe_repositories(repositoryNames=[name])["repositories"]
