"""Several sessions in one tab: by roles, and by the keys of other accounts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.console.registry import Registry
from tests.console.visits import fill_keys
from tests.engines.browser import Visitor
from tests.engines.entrepot import Entrepot

OTHER = "210987654321"


@dataclass(frozen=True, slots=True)
class Keys:
    """Access keys of somebody."""

    access_key_id: str
    secret_access_key: str


@pytest.fixture(scope="module")
def other_root(entrepot: Entrepot) -> Keys:
    """The root of another account of the server."""
    made = entrepot.own().create_account(accountId=OTHER)["credentials"]
    return Keys(made["accessKeyId"], made["secretAccessKey"])


@pytest.fixture
def maya(registry: Registry, other_root: Keys) -> Iterator[Keys]:
    """A user who may do everything, and whom the role `guest/reader` of the other account trusts."""
    iam = registry.server.iam()
    arn = iam.create_user(UserName="maya")["User"]["Arn"]
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_user_policy(
        UserName="maya",
        PolicyName="all",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )
    key = iam.create_access_key(UserName="maya")["AccessKey"]
    trust = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    there = registry.server.iam(
        access_key_id=other_root.access_key_id, secret_access_key=other_root.secret_access_key
    )
    there.create_role(
        Path="/guest/",
        RoleName="reader",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
    )
    there.put_role_policy(
        RoleName="reader",
        PolicyName="all",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )
    yield Keys(key["AccessKeyId"], key["SecretAccessKey"])
    there.delete_role_policy(RoleName="reader", PolicyName="all")
    there.delete_role(RoleName="reader")
    iam.delete_access_key(UserName="maya", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="maya", PolicyName="all")
    iam.delete_user(UserName="maya")


def open_menu(visitor: Visitor, account: str) -> None:
    visitor.page.get_by_role("button", name=f"Account {account}").click()


def switch_role(visitor: Visitor, account: str, role: str) -> None:
    page = visitor.page
    page.get_by_role("menuitem", name="Switch role").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Account ID").fill(account)
    dialog.get_by_label("Role name").fill(role)
    dialog.get_by_role("button", name="Switch", exact=True).click()


def test_role_of_another_account_is_taken_on_and_left_again(
    stranger: Visitor, registry: Registry, maya: Keys, other_root: Keys
) -> None:
    home = registry.create("at/home")
    registry.server.ecr(
        registry.region,
        access_key_id=other_root.access_key_id,
        secret_access_key=other_root.secret_access_key,
    ).create_repository(repositoryName="over/there")
    page = stranger.page
    stranger.open("repositories")
    fill_keys(stranger, registry, maya.access_key_id, maya.secret_access_key)
    expect(page.get_by_role("link", name=home)).to_be_visible()
    open_menu(stranger, registry.server.account)
    switch_role(stranger, OTHER, "guest/reader")

    expect(page.get_by_role("link", name="over/there")).to_be_visible()
    expect(page.get_by_role("button", name=f"Region {registry.region}")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="over/there")).to_be_visible()
    open_menu(stranger, OTHER)
    stranger.assert_accessible("account-menu")
    page.get_by_role("menuitem", name=f"{registry.server.account} user/maya").click()
    expect(page.get_by_role("link", name=home)).to_be_visible()

    open_menu(stranger, registry.server.account)
    page.get_by_role("menuitem", name=f"{OTHER} assumed-role/reader/maya").click()
    expect(page.get_by_role("link", name="over/there")).to_be_visible()
    open_menu(stranger, OTHER)
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("link", name=home)).to_be_visible()
    open_menu(stranger, registry.server.account)
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert stranger.page.evaluate("Object.keys(sessionStorage)") == ["entrepot.region"]


def test_role_that_does_not_trust_shows_the_refusal(visitor: Visitor, registry: Registry) -> None:
    open_menu(visitor, registry.server.account)
    switch_role(visitor, registry.server.account, "nothing")
    expect(visitor.page.get_by_text("Roles may not be assumed by root accounts.")).to_be_visible()
    visitor.assert_accessible("switch-role")


def test_another_account_is_signed_in_to_and_all_sessions_are_ended(
    visitor: Visitor, registry: Registry, other_root: Keys
) -> None:
    page = visitor.page
    open_menu(visitor, registry.server.account)
    page.get_by_role("menuitem", name="Sign in to another account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Access key ID").fill("AKIAENTREPOTNOBODY00")
    dialog.get_by_label("Secret access key").fill("wrong")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_text("Request ID:")).to_be_visible()
    visitor.assert_accessible("add-session")
    dialog.get_by_label("Access key ID").fill(other_root.access_key_id)
    dialog.get_by_label("Secret access key").fill(other_root.secret_access_key)
    dialog.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name=f"Account {OTHER}")).to_be_visible()
    assert other_root.secret_access_key not in page.evaluate("JSON.stringify({...sessionStorage})")


def test_session_that_ends_leaves_the_others_to_go_on_with(
    visitor: Visitor, registry: Registry, kept_session: dict[str, str]
) -> None:
    name = registry.create("team/app")
    other = json.dumps([{**kept_session, "region": registry.region}])
    visitor.page.evaluate("(other) => sessionStorage.setItem('entrepot.sessions', other)", other)
    visitor.page.evaluate(
        """() => {
            const session = JSON.parse(sessionStorage.getItem('entrepot.session'));
            session.accessKeyId = 'ASIAGONEGONEGONEGONE';
            sessionStorage.setItem('entrepot.session', JSON.stringify(session));
        }"""
    )
    visitor.open(f"repository/{name}")
    expect(visitor.page.get_by_text("Your session has ended")).to_be_visible()
    visitor.assert_accessible("sign-in-others")
    visitor.page.get_by_role("button", name=f"{registry.server.account} root").click()
    expect(visitor.page.get_by_role("heading", name=name)).to_be_visible()
    expect(visitor.page).to_have_url(f"{visitor.url}/console/repository/{name}")


def test_attack_47_ending_all_sessions_ends_them_on_the_server(
    stranger: Visitor, registry: Registry, other_root: Keys
) -> None:
    page = stranger.page
    stranger.open()
    fill_keys(stranger, registry, other_root.access_key_id, other_root.secret_access_key)
    open_menu(stranger, OTHER)
    page.get_by_role("menuitem", name="Sign in to another account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Access key ID").fill(registry.server.access_key_id)
    dialog.get_by_label("Secret access key").fill(registry.server.secret_access_key)
    dialog.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name=f"Account {registry.server.account}")).to_be_visible()
    [kept] = json.loads(page.evaluate("sessionStorage['entrepot.sessions']"))
    open_menu(stranger, registry.server.account)
    page.get_by_role("menuitem", name="End all sessions of this tab").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    page.evaluate("(kept) => sessionStorage.setItem('entrepot.session', JSON.stringify(kept))", kept)
    page.reload()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
