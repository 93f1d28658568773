"""Users, groups, roles, policies, providers and sessions, on every database."""

from dataclasses import replace

from entrepot.domain.identities import (
    Identity,
    IdentityKind,
    KeyUse,
    PolicyVersion,
    RoleTerms,
    SessionTerms,
)
from entrepot.ports.records import Records
from tests.contract.metadata.records.samples import (
    ACCOUNT,
    access_key,
    identity,
    managed_policy,
    minute,
    oidc_provider,
    session_terms,
)

USER, GROUP, ROLE = IdentityKind.USER, IdentityKind.GROUP, IdentityKind.ROLE
OTHER_ACCOUNT = "210987654321"


async def test_an_identity_is_found_as_it_was_given(records: Records) -> None:
    user = replace(identity(), tags={"team": "blue"}, boundary=managed_policy().arn)
    role = replace(identity("build", ROLE), terms=RoleTerms("{}", description="d"))
    for each in (user, role):
        assert await records.identities.add(each)
        assert await records.identities.find(ACCOUNT, each.kind, each.name) == each
        assert await records.identities.find_by_id(each.id) == each
    arn = managed_policy().arn
    assert await records.identities.bounded_by(ACCOUNT, arn, after="", limit=9) == [user]
    assert await records.identities.bounded_by(ACCOUNT, arn, after=user.id, limit=9) == []
    assert await records.identities.bounded_by(OTHER_ACCOUNT, arn, after="", limit=9) == []


async def test_a_name_is_one_in_any_case_but_another_for_each_kind_and_account(records: Records) -> None:
    await records.identities.add(identity("Maya"))
    assert not await records.identities.add(replace(identity("maya"), id="AIDAOTHER"))
    assert await records.identities.find(ACCOUNT, USER, "MAYA") == identity("Maya")
    assert await records.identities.find(ACCOUNT, GROUP, "Maya") is None
    assert await records.identities.find(OTHER_ACCOUNT, USER, "Maya") is None


async def test_identities_are_paged_by_name_below_a_path(records: Records) -> None:
    for name, path in (("a", "/x/"), ("B", "/x/y/"), ("c", "/xy/"), ("d", "/x/")):
        await records.identities.add(replace(identity(name), path=path))

    async def page(after: str, limit: int) -> list[str]:
        found = await records.identities.page(ACCOUNT, USER, path_prefix="/x/", after=after, limit=limit)
        return [each.name for each in found]

    assert await page("", 2) == ["a", "B"]
    assert await page("B", 2) == ["d"]


async def test_an_identity_is_changed_and_removed(records: Records) -> None:
    await records.identities.add(identity("maya"))
    changed: Identity = replace(identity("maya"), name="Zoe", path="/team/", tags={"a": "b"})
    await records.identities.change(changed)
    assert await records.identities.find(ACCOUNT, USER, "zoe") == changed
    assert await records.identities.find(ACCOUNT, USER, "maya") is None
    await records.identities.remove(changed.id)
    assert await records.identities.find_by_id(changed.id) is None


async def test_users_are_in_groups_until_they_are_taken_out(records: Records) -> None:
    user, groups = identity("maya"), [identity("b", GROUP), identity("A", GROUP)]
    for each in (user, *groups):
        await records.identities.add(each)
    for group in (*groups, *groups):
        await records.memberships.add(user.id, group.id)
    assert [group.name for group in await records.memberships.groups_of(user.id)] == ["A", "b"]
    assert await records.memberships.users_in(groups[0].id, after="", limit=9) == [user]
    assert await records.memberships.users_in(groups[0].id, after=user.id, limit=9) == []
    await records.memberships.remove(user.id, groups[0].id)
    assert await records.memberships.users_in(groups[0].id, after="", limit=9) == []


async def test_inline_policies_are_put_replaced_and_removed(records: Records) -> None:
    for name, document in (("b", "1"), ("a", "2"), ("b", "3")):
        await records.inline_policies.put("AIDA", name, document)
    assert await records.inline_policies.of("AIDA") == {"a": "2", "b": "3"}
    assert await records.inline_policies.remove("AIDA", "a")
    assert not await records.inline_policies.remove("AIDA", "a")
    assert await records.inline_policies.of("AIDB") == {}


async def test_a_managed_policy_has_the_text_of_its_default_version(records: Records) -> None:
    policy = managed_policy("team")
    assert await records.managed_policies.add(policy)
    assert not await records.managed_policies.add(replace(managed_policy("TEAM"), id="ANPAOTHER"))
    versions = [PolicyVersion(n, f"text {n}", minute(n)) for n in (1, 2)]
    for version in versions:
        await records.managed_policies.add_version(policy.arn, version)
    changed = replace(policy, default_version=2, newest_version=2, updated_at=minute(2), tags={"a": "b"})
    await records.managed_policies.change(changed)
    assert await records.managed_policies.find(policy.arn) == changed
    assert await records.managed_policies.versions(policy.arn) == versions[::-1]
    assert await records.managed_policies.documents([policy.arn, "absent"]) == {policy.arn: "text 2"}
    await records.managed_policies.remove_version(policy.arn, 1)
    assert await records.managed_policies.versions(policy.arn) == versions[1:]
    await records.managed_policies.remove(policy.arn)
    assert await records.managed_policies.versions(policy.arn) == []
    assert await records.managed_policies.page(ACCOUNT, path_prefix="/", after="", limit=9) == []


async def test_policies_are_attached_once_and_know_to_whom(records: Records) -> None:
    user, arn = identity("maya"), managed_policy().arn
    await records.identities.add(user)
    for _ in range(2):
        await records.policy_attachments.add(user.id, arn, ACCOUNT)
    assert await records.policy_attachments.of(user.id) == [arn]
    found = await records.policy_attachments.identities(ACCOUNT, arn, after="", limit=9)
    assert [(each.identity_id, each.kind, each.name) for each in found] == [(user.id, USER, "maya")]
    assert await records.policy_attachments.identities(OTHER_ACCOUNT, arn, after="", limit=9) == []
    assert await records.policy_attachments.remove(user.id, arn)
    assert not await records.policy_attachments.remove(user.id, arn)


async def test_a_provider_is_put_replaced_and_removed(records: Records) -> None:
    provider = oidc_provider()
    await records.oidc_providers.put(provider)
    changed = replace(provider, client_ids=("a", "b"), thumbprints=("c" * 40,), tags={"k": "v"})
    await records.oidc_providers.put(changed)
    assert await records.oidc_providers.find(ACCOUNT, provider.url) == changed
    assert await records.oidc_providers.all(ACCOUNT) == [changed]
    await records.oidc_providers.remove(ACCOUNT, provider.url)
    assert await records.oidc_providers.all(ACCOUNT) == []


async def test_sessions_keep_their_terms_until_they_end(records: Records) -> None:
    whole = SessionTerms(
        "ASIA1", "AROA", minute(5), is_limited=True, policies=("{}",), policy_arns=("arn",), tags={"a": "b"},
        transitive_tags=("a",),
    )  # fmt: skip
    for terms in (whole, session_terms("ASIA2", ends=minute(9))):
        await records.sessions.add(terms)
        assert await records.sessions.find(terms.access_key_id) == terms
    assert await records.sessions.remove_expired(minute(6), 9) == 1
    assert await records.sessions.find("ASIA1") is None
    assert await records.sessions.find("ASIA2") is not None


async def test_the_last_use_of_a_key_never_goes_back(records: Records) -> None:
    uses = [KeyUse("AKIA1", minute(n), "ecr", f"region-{n}") for n in range(3)]
    await records.key_uses.note([uses[1]])
    await records.key_uses.note([uses[0]])
    assert await records.key_uses.find("AKIA1") == uses[1]
    await records.key_uses.note([uses[2]])
    assert await records.key_uses.find("AKIA1") == uses[2]
    await records.key_uses.forget("AKIA1")
    assert await records.key_uses.find("AKIA1") is None


async def test_a_deactivated_key_loses_its_sessions_and_stays(records: Records) -> None:
    for key in (access_key("AKIA1"), access_key("ASIA1", issued_by="AKIA1")):
        await records.access_keys.add(key)
    await records.access_keys.set_active("AKIA1", is_active=False)
    assert await records.access_keys.find("ASIA1") is None
    assert await records.access_keys.find("AKIA1") == replace(access_key("AKIA1"), is_active=False)
    await records.access_keys.set_active("AKIA1", is_active=True)
    assert await records.access_keys.find("AKIA1") == access_key("AKIA1")


async def test_the_keys_of_a_renamed_principal_speak_for_its_new_name(records: Records) -> None:
    await records.access_keys.add(access_key("AKIA1", arn="arn:old"))
    await records.access_keys.rename_principal("arn:old", "arn:new")
    assert await records.access_keys.of_principal("arn:new") == [access_key("AKIA1", arn="arn:new")]
