"""The tables hold for 100,000 repositories, and for a repository of 100,000 images."""

from playwright.sync_api import expect

from tests.console.many import fill
from tests.console.registry import Registry
from tests.engines.browser import Visitor

COUNT = 100_000
_LOADING_MS = 120_000


def test_one_of_very_many_is_found_by_typing(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("very/many")
    registry.push_image(name, "first")
    fill(registry, name, COUNT)
    page = visitor.page

    visitor.open("repositories")
    expect(page.get_by_role("heading", name="Repositories (100,001)")).to_be_visible(timeout=_LOADING_MS)
    page.get_by_placeholder("Find repositories").fill("app-09999")
    expect(page.get_by_text("10 matches").first).to_be_visible()
    expect(page.get_by_role("link", name="team-099/app-099999")).to_be_visible()

    visitor.open(f"repository/{name}")
    expect(page.get_by_role("heading", name="Images (100,001)")).to_be_visible(timeout=_LOADING_MS)
    page.get_by_placeholder("Find images").fill("v077777")
    expect(page.get_by_role("link", name="v077777")).to_be_visible()
