"""What people do on every visit."""

from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.engines.browser import Visitor


def sign_in(visitor: Visitor, registry: Registry, path: str = "") -> None:
    """Open a page and sign in there with the root credential."""
    visitor.open(path)
    fill_keys(visitor, registry, registry.server.access_key_id, registry.server.secret_access_key)
    expect(visitor.page.get_by_role("button", name=registry.region)).to_be_visible()


def fill_keys(visitor: Visitor, registry: Registry, access_key_id: str, secret_access_key: str) -> None:
    """Fill in the form and send it."""
    page = visitor.page
    page.get_by_label("Access key ID").fill(access_key_id)
    page.get_by_label("Secret access key").fill(secret_access_key)
    page.get_by_role("combobox", name="Region").fill(registry.region)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sign in").click()
