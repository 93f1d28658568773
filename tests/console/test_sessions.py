"""Sessions of the console as people see and end them."""

import json

from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.console.visits import sign_in
from tests.engines.browser import Visitor


def own_session(visitor: Visitor) -> str:
    """The access key of the tab's session."""
    session = json.loads(visitor.page.evaluate("sessionStorage['entrepot.session']"))
    return str(session["accessKeyId"])


def test_attack_47_signing_out_ends_the_session_for_whoever_has_its_keys(
    stranger: Visitor, registry: Registry
) -> None:
    sign_in(stranger, registry)
    kept = stranger.page.evaluate("sessionStorage['entrepot.session']")
    stranger.page.get_by_role("button", name=f"Account {registry.server.account}").click()
    stranger.page.get_by_role("menuitem", name="Sign out").click()
    expect(stranger.page.get_by_role("heading", name="Sign in")).to_be_visible()

    stranger.page.evaluate("(kept) => sessionStorage.setItem('entrepot.session', kept)", kept)
    stranger.page.reload()

    expect(stranger.page.get_by_text("Your session has ended")).to_be_visible()


def test_attack_47_each_sign_in_begins_another_session(stranger: Visitor, registry: Registry) -> None:
    sign_in(stranger, registry)
    first = own_session(stranger)
    stranger.page.evaluate("sessionStorage.clear()")
    sign_in(stranger, registry)
    assert own_session(stranger) != first


def test_sessions_are_listed_and_ended(stranger: Visitor, registry: Registry) -> None:
    sign_in(stranger, registry)
    other = own_session(stranger)
    stranger.page.evaluate("sessionStorage.clear()")
    sign_in(stranger, registry, "sessions")
    page = stranger.page
    expect(page.get_by_role("row", name=f"{own_session(stranger)} (this one)")).to_be_visible()
    stranger.assert_accessible("sessions")

    page.get_by_role("checkbox", name=f"Select {other}").click()
    page.get_by_role("button", name="End sessions").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("end")
    page.get_by_role("dialog").get_by_role("button", name="End sessions").click()
    expect(page.get_by_text("The sessions were ended.")).to_be_visible()
    expect(page.get_by_role("row", name=other)).to_have_count(0)


def test_who_ends_the_own_session_is_asked_to_sign_in(stranger: Visitor, registry: Registry) -> None:
    sign_in(stranger, registry, "sessions")
    page = stranger.page
    page.get_by_role("checkbox", name=f"Select {own_session(stranger)}").click()
    page.get_by_role("button", name="End sessions").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("end")
    page.get_by_role("dialog").get_by_role("button", name="End sessions").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_looking_at_an_image_is_no_pull(visitor: Visitor, registry: Registry) -> None:
    name = registry.create("team/app")
    digest = registry.push_image(name, "1.0")
    visitor.open(f"image/{name}?digest={digest}")
    expect(visitor.page.get_by_role("heading", name="How a container is started")).to_be_visible()
    registry.server.restart()  # pulls are written down when a server ends, and once a minute

    [detail] = registry.ecr().describe_images(repositoryName=name)["imageDetails"]
    assert "lastRecordedPullTime" not in detail
