"""What surrounds every page: sections, titles, light and dark."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor

_MOST_TABS = 40


def tab_to(visitor: Visitor, name: str) -> None:
    """Press the tabulator until this is what has the focus."""
    for _ in range(_MOST_TABS):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("document.activeElement.textContent") == name:
            return
    raise AssertionError(f"{name} is not reached with the keyboard")


@pytest.mark.parametrize(
    ("section", "heading"),
    [("Registry", "Registry"), ("Users and keys", "Users"), ("Sessions", "Sessions")],
)
def test_each_section_is_reached_with_the_keyboard_alone(
    visitor: Visitor, registry: Registry, section: str, heading: str
) -> None:
    expect(visitor.page.get_by_role("heading", name="Push a first image")).to_be_visible()
    tab_to(visitor, section)
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("heading", name=re.compile(f"^{heading}"), level=1)).to_be_visible()
    expect(visitor.page).to_have_title(re.compile(f"^{section} . Entrepot$"))


def test_an_address_that_is_none_says_so_and_leads_back(visitor: Visitor) -> None:
    visitor.open("no/such/page")
    expect(visitor.page.get_by_role("heading", name="No such page")).to_be_visible()
    visitor.assert_accessible("not-found")


def test_dark_mode_is_chosen_and_kept(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Dark mode").click()
    expect(visitor.page.locator("body.awsui-dark-mode")).to_be_attached()
    visitor.page.reload()
    expect(visitor.page.locator("body.awsui-dark-mode")).to_be_attached()
    visitor.page.get_by_role("button", name="Light mode").click()
    expect(visitor.page.locator("body.awsui-dark-mode")).not_to_be_attached()
