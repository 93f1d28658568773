"""The table of repositories, and making, changing and deleting one."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor


def test_empty_registry_shows_the_three_commands_to_push_a_first_image(
    visitor: Visitor, registry: Registry
) -> None:
    commands = visitor.page.locator("ol.commands code")
    expect(commands).to_have_count(3)
    told = commands.all_inner_texts()
    assert told[0].startswith("aws ecr create-repository --repository-name my-app")
    assert f"--region {registry.region} --endpoint-url {registry.server.url}" in told[1]
    assert told[1].endswith(f"--username AWS --password-stdin {registry.server.registry}")
    assert told[2].endswith(f"docker push {registry.server.registry}/my-app:latest")
    visitor.assert_accessible("first-run")


def test_table_shows_what_the_api_says_of_each_repository(visitor: Visitor, registry: Registry) -> None:
    registry.ecr().create_repository(repositoryName="team/app", imageTagMutability="IMMUTABLE")
    registry.create("other")
    visitor.open("repositories")

    row = visitor.page.get_by_role("row", name="team/app")
    expect(row.get_by_role("link", name="team/app")).to_be_visible()
    expect(row.get_by_text(f"{registry.server.registry}/team/app")).to_be_visible()
    expect(row.get_by_text("Immutable")).to_be_visible()
    expect(row.get_by_text("AES256")).to_be_visible()
    expect(visitor.page.get_by_role("heading", name="Repositories (2)")).to_be_visible()
    visitor.assert_accessible("repositories")


def test_filter_and_sort_find_a_repository_among_many(visitor: Visitor, registry: Registry) -> None:
    registry.create(*(f"team/app-{number:02}" for number in range(60)))
    visitor.open("repositories")
    page = visitor.page
    expect(page.get_by_role("heading", name="Repositories (60)")).to_be_visible()
    expect(page.get_by_role("link", name="team/app-50")).to_have_count(0)

    page.get_by_placeholder("Find repositories").fill("App-5")
    expect(page.get_by_text("10 matches").first).to_be_visible()
    expect(page.get_by_role("link", name="team/app-50")).to_be_visible()

    page.get_by_role("button", name="Repository name").first.press("Enter")
    expect(page.locator("tbody tr").first.get_by_role("link")).to_have_text("team/app-59")


def test_uri_is_copied_whole(visitor: Visitor, registry: Registry) -> None:
    registry.create("team/app")
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=visitor.url)
    visitor.open("repositories")
    uri = f"{registry.server.registry}/team/app"
    visitor.page.get_by_role("button", name=f"Copy {uri}").click()
    expect(visitor.page.get_by_text("Copied")).to_be_visible()
    assert visitor.page.evaluate("navigator.clipboard.readText()") == uri


def test_repository_is_created_as_in_the_guide(visitor: Visitor, registry: Registry) -> None:
    page = visitor.page
    page.get_by_role("link", name="Get started").click()
    page.get_by_label("Repository name").fill("team/app")
    expect(page.get_by_text(f"{registry.server.registry}/team/app")).to_be_visible()
    page.get_by_role("radio", name="Immutable").click()
    page.get_by_role("button", name="Add exception").click()
    page.get_by_role("textbox", name="Tag filter").fill("dev-*")
    page.get_by_role("button", name="Add tag").click()
    page.get_by_role("textbox", name="Key").fill("team")
    page.get_by_role("textbox", name="Value").fill("blue")
    visitor.assert_accessible("create-repository")
    page.get_by_role("button", name="Create", exact=True).click()

    expect(page).to_have_url(f"{visitor.url}/console/repository/team/app")
    expect(page.get_by_text("Repository team/app was created.")).to_be_visible()
    [made] = registry.ecr().describe_repositories()["repositories"]
    assert made["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert [one["filter"] for one in made["imageTagMutabilityExclusionFilters"]] == ["dev-*"]
    tags = registry.ecr().list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"]
    assert tags == [{"Key": "team", "Value": "blue"}]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Team/app", "Use lower-case letters"),
        ("team//app", "A slash stands between two parts"),
        ("team/app/", "A slash stands between two parts"),
        ("../app", "begins and ends with a letter or digit"),
        ("a", "Use 2 to 256 characters"),
        ("a b", "Use lower-case letters, digits, hyphens"),
        ("<script>", "Use lower-case letters, digits, hyphens"),
    ],
)
def test_attack_01_wrong_names_are_told_while_they_are_typed(
    visitor: Visitor, name: str, complaint: str
) -> None:
    visitor.open("create-repository")
    visitor.page.get_by_label("Repository name").fill(name)
    expect(visitor.page.get_by_text(complaint).first).to_be_visible()
    expect(visitor.page.get_by_role("button", name="Create", exact=True)).to_be_disabled()


def test_refusal_shows_the_text_of_the_api_and_the_id_of_the_request(
    visitor: Visitor, registry: Registry
) -> None:
    registry.create("team/app")
    visitor.open("create-repository")
    visitor.page.get_by_label("Repository name").fill("team/app")
    visitor.page.get_by_role("button", name="Create", exact=True).click()

    page = visitor.page
    expect(page.get_by_text("RepositoryAlreadyExistsException")).to_be_visible()
    expect(page.get_by_text("The repository with name 'team/app' already exists")).to_be_visible()
    expect(page.get_by_text(re.compile("Request ID: [0-9a-f-]{36}"))).to_be_visible()


def test_mutability_can_be_edited(visitor: Visitor, registry: Registry) -> None:
    registry.create("team/app")
    visitor.open("repositories")
    page = visitor.page
    page.get_by_role("radio", name="Select team/app").click()
    page.get_by_role("button", name="Edit").click()
    page.get_by_role("radio", name="Immutable").click()
    visitor.assert_accessible("edit-repository")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Repository team/app was changed.")).to_be_visible()
    [changed] = registry.ecr().describe_repositories()["repositories"]
    assert changed["imageTagMutability"] == "IMMUTABLE"


def test_attack_23_repository_is_deleted_only_when_its_name_was_typed(
    visitor: Visitor, registry: Registry
) -> None:
    registry.create("team/app", "team/other")
    visitor.open("repositories")
    page = visitor.page
    page.get_by_role("radio", name="Select team/app").click()
    opener = page.get_by_role("button", name="Delete")
    opener.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    opener.click()
    confirm = dialog.get_by_role("button", name="Delete")
    expect(confirm).to_be_disabled()
    dialog.get_by_role("textbox").fill("team/ap")
    expect(confirm).to_be_disabled()
    dialog.get_by_role("textbox").fill("team/app")
    visitor.assert_accessible("delete-repository")
    confirm.click()

    expect(page.get_by_text("Repository team/app was deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="team/app")).to_have_count(0)
    [left] = registry.ecr().describe_repositories()["repositories"]
    assert left["repositoryName"] == "team/other"


def test_a_repository_can_be_made_with_the_keyboard_alone(visitor: Visitor, registry: Registry) -> None:
    visitor.open("create-repository")
    page = visitor.page
    expect(page.get_by_label("Repository name")).to_be_focused()
    page.keyboard.type("by/keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Repository by/keyboard was created.")).to_be_visible()


@pytest.mark.parametrize("system", ["Linux", "macOS", "Windows"])
def test_push_commands_have_the_real_host(visitor: Visitor, registry: Registry, system: str) -> None:
    registry.create("team/app")
    visitor.open("repositories")
    page = visitor.page
    page.get_by_role("radio", name="Select team/app").click()
    page.get_by_role("button", name="View push commands").click()
    page.get_by_role("tab", name=system).click()
    commands = page.get_by_role("tabpanel").locator("code:visible")
    expect(commands).to_have_count(4)
    login, build, tag, push = commands.all_inner_texts()
    uri = f"{registry.server.registry}/team/app:latest"
    assert login.endswith(f"docker login --username AWS --password-stdin {registry.server.registry}")
    assert ("Get-ECRLoginCommand" in login) == (system == "Windows")
    assert (build, tag, push) == (
        "docker build -t app:latest .",
        f"docker tag app:latest {uri}",
        f"docker push {uri}",
    )
    visitor.assert_accessible(f"push-commands-{system.lower()}")
