"""Signing in and out: what is kept, for how long, and where people are afterwards."""

import json

import pytest
from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.console.visits import fill_keys, sign_in
from tests.engines.browser import Visitor


def kept(visitor: Visitor) -> str:
    """Everything that the browser keeps of the page."""
    return str(
        visitor.page.evaluate(
            "JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie, location.href])"
        )
    )


def test_root_of_the_server_leads_a_browser_to_the_console(stranger: Visitor) -> None:
    stranger.page.goto(stranger.url)
    expect(stranger.page).to_have_url(f"{stranger.url}/console/")
    expect(stranger.page.get_by_role("heading", name="Sign in")).to_be_visible()
    stranger.assert_accessible("sign-in")


def test_keys_are_swapped_for_a_session_that_only_the_tab_keeps(
    stranger: Visitor, registry: Registry
) -> None:
    sign_in(stranger, registry)

    assert registry.server.secret_access_key not in kept(stranger)
    assert registry.server.access_key_id not in kept(stranger)
    session = json.loads(stranger.page.evaluate("sessionStorage.getItem('entrepot.session')"))
    assert session["account"] == registry.server.account
    assert stranger.page.evaluate("localStorage.getItem('entrepot.session')") is None
    assert stranger.context.cookies() == []


def test_reload_keeps_the_session_and_a_new_tab_has_none(visitor: Visitor) -> None:
    visitor.page.reload()
    expect(visitor.page.get_by_role("heading", name="Push a first image")).to_be_visible()

    other = visitor.context.new_page()
    other.goto(f"{visitor.url}/console/")
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize(
    ("key", "secret"),
    [("AKIAENTREPOTTESTROOT", "wrong"), ("AKIAENTREPOTNOBODY00", "wrong"), ("<b>x</b>", "<script>")],
)
def test_attack_50_refusals_show_the_text_of_the_api_and_the_id_of_the_request(
    stranger: Visitor, registry: Registry, key: str, secret: str
) -> None:
    stranger.open()
    fill_keys(stranger, registry, key, secret)
    alert = stranger.page.get_by_text("Request ID:")
    expect(alert).to_be_visible()
    assert stranger.page.evaluate("sessionStorage.getItem('entrepot.session')") is None


def test_sign_out_forgets_everything(stranger: Visitor, registry: Registry) -> None:
    sign_in(stranger, registry)
    stranger.page.get_by_role("button", name=f"Account {registry.server.account}").click()
    stranger.page.get_by_role("menuitem", name="Sign out").click()

    expect(stranger.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert stranger.page.evaluate("sessionStorage.getItem('entrepot.session')") is None


def test_expired_session_asks_to_sign_in_and_goes_on_at_the_same_place(
    visitor: Visitor, registry: Registry
) -> None:
    name = registry.create("team/app")
    visitor.open(f"repository/{name}")
    expect(visitor.page.get_by_role("heading", name=name)).to_be_visible()
    visitor.page.evaluate(
        """() => {
            const session = JSON.parse(sessionStorage.getItem('entrepot.session'));
            session.sessionToken = session.sessionToken.replace(/.$/, 'x');
            session.accessKeyId = 'ASIAGONEGONEGONEGONE';
            sessionStorage.setItem('entrepot.session', JSON.stringify(session));
        }"""
    )
    visitor.page.reload()
    expect(visitor.page.get_by_text("Your session has ended")).to_be_visible()

    fill_keys(visitor, registry, registry.server.access_key_id, registry.server.secret_access_key)

    expect(visitor.page.get_by_role("heading", name=name)).to_be_visible()
    expect(visitor.page).to_have_url(f"{visitor.url}/console/repository/{name}")


@pytest.mark.parametrize("kept_session", ["{", "[]", "null", '{"accessKeyId": 1}', '"<script>"'])
def test_attack_47_a_session_put_there_by_somebody_else_is_none(stranger: Visitor, kept_session: str) -> None:
    stranger.open()
    stranger.page.evaluate("(kept) => sessionStorage.setItem('entrepot.session', kept)", kept_session)
    stranger.page.reload()
    expect(stranger.page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize(
    "path",
    [
        "/evil.example/",
        "\\\\evil.example",
        "?next=//evil.example",
        "javascript:alert(1)",
        "%2F%2Fevil.example",
    ],
)
def test_attack_47_no_address_leads_anywhere_else(stranger: Visitor, registry: Registry, path: str) -> None:
    sign_in(stranger, registry, path)
    assert stranger.page.evaluate("location.origin") == stranger.url


def test_attack_47_the_console_cannot_be_framed(stranger: Visitor) -> None:
    stranger.page.route(
        f"{stranger.url}/frame",
        lambda route: route.fulfill(
            content_type="text/html", body=f"<iframe src='{stranger.url}/console/'></iframe>"
        ),
    )
    stranger.page.goto(f"{stranger.url}/frame")
    stranger.page.wait_for_load_state("networkidle")
    [_, frame] = stranger.page.frames
    assert "Sign in" not in frame.content()
    stranger.problems.clear()  # the refusal is told on the frame's console


def test_region_can_be_changed_and_has_repositories_of_its_own(visitor: Visitor, registry: Registry) -> None:
    other = Registry(registry.server, f"{registry.region}-other")
    other.create("elsewhere")
    page = visitor.page

    page.get_by_role("button", name=f"Region {registry.region}").click()
    page.get_by_role("combobox", name="Region").fill(other.region)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Change region").click()

    expect(page.get_by_role("link", name="elsewhere")).to_be_visible()
