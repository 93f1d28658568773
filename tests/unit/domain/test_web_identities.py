"""What a signed token says of its holder, and when it says nothing to us."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from entrepot.domain.errors import IdentityTokenExpired, IdentityTokenInvalid, NotOffered
from entrepot.domain.web_identities import WebIdentity, issuer_url, read_claims
from tests.unit.identity.issuers import AUDIENCE, ISSUER, SUBJECT, claims, provider

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def read(*, at: Any = NOW, ids: Any = (AUDIENCE,), **changed: object) -> WebIdentity:
    return read_claims(claims(NOW, **changed), provider(client_ids=ids), at)


def refusal(**changed: object) -> str:
    with pytest.raises(IdentityTokenInvalid) as refused:
        read(**changed)
    return refused.value.reason


def test_a_token_tells_whom_it_was_made_for_and_about() -> None:
    found = read()
    assert (found.subject, found.audience) == (SUBJECT, AUDIENCE)
    assert found.keys[f"{ISSUER}:sub"] == SUBJECT
    assert found.keys[f"{ISSUER}:aud"] == AUDIENCE
    assert found.keys[f"{ISSUER}:repository"] == "acme/app"
    assert found.keys[f"{ISSUER}:run_attempt"] == "1"
    assert found.tags == {}


@pytest.mark.parametrize("name", ["sub", "aud", "exp", "iat"])
def test_a_claim_that_has_to_be_there_is_missed(name: str) -> None:
    assert refusal(**{name: None}) == f"Missing a required claim: {name}"


@pytest.mark.parametrize("subject", ["", 7, ["a"], "x" * 256])
def test_a_subject_is_a_text_that_is_not_too_long(subject: object) -> None:
    assert refusal(sub=subject) == "Missing a required claim: sub"


def test_attack_19_a_token_ends_and_begins_with_half_a_minute_for_clocks() -> None:
    end = NOW + timedelta(seconds=300)
    read(at=end + timedelta(seconds=29))
    with pytest.raises(IdentityTokenExpired) as over:
        read(at=end + timedelta(seconds=30))
    assert (over.value.expired_at, over.value.now - over.value.expired_at) == (int(end.timestamp()), 30)
    early = int(NOW.timestamp()) + 30
    read(nbf=early, iat=early)
    assert refusal(nbf=early + 1) == refusal(iat=early + 1) == "The token is not valid yet"


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1", 1.5, True, -1, [1], 2**70])
def test_times_are_whole_numbers(name: str, value: object) -> None:
    if value == 2**70 and name == "exp":
        return
    said = refusal(**{name: value})
    assert said in (f"The claim {name} must be a whole number of seconds", "The token is not valid yet")


@pytest.mark.parametrize("audience", ["other", ["other"], [], ["sts.amazonaws.com "], "STS.amazonaws.com"])
def test_attack_19_a_token_for_somebody_else_is_refused(audience: object) -> None:
    assert refusal(aud=audience) == "Incorrect token audience"


@pytest.mark.parametrize("audience", [7, {"a": 1}, [7], [None]])
def test_an_audience_is_a_text_or_several(audience: object) -> None:
    assert refusal(aud=audience) == "Missing a required claim: aud"


def test_a_provider_without_client_ids_knows_no_audience() -> None:
    assert refusal(ids=()) == "Incorrect token audience"


def test_of_several_audiences_the_known_one_counts() -> None:
    assert read(aud=["https://kubernetes.default.svc", AUDIENCE]).audience == AUDIENCE


def test_attack_19_the_party_that_a_token_was_given_to_must_be_known_too() -> None:
    assert refusal(azp="app") == "Incorrect token audience"
    assert refusal(azp="app", ids=("app",)) == "Incorrect token audience"
    assert refusal(azp=7) == "Incorrect token audience"
    found = read(azp="app", ids=("app", AUDIENCE))
    assert found.audience == "app"
    assert found.keys[f"{ISSUER}:aud"] == found.keys[f"{ISSUER}:azp"] == "app"
    assert found.keys[f"{ISSUER}:oaud"] == AUDIENCE


def test_lists_are_multivalued_keys_and_what_is_no_plain_value_is_none() -> None:
    keys = read(amr=["pwd", "mfa"], ref_protected=True, **{"kubernetes.io": {"namespace": "ci"}}).keys
    assert keys[f"{ISSUER}:amr"] == ("pwd", "mfa")
    assert keys[f"{ISSUER}:ref_protected"] == "true"
    assert f"{ISSUER}:kubernetes.io" not in keys


def test_attack_19_a_claim_in_another_spelling_stands_in_for_none() -> None:
    keys = read(SUB="repo:acme/prod:*", Aud="other", Ref="refs/heads/prod").keys
    assert keys[f"{ISSUER}:sub"] == SUBJECT
    assert keys[f"{ISSUER}:aud"] == AUDIENCE
    assert f"{ISSUER}:ref" not in keys


@pytest.mark.parametrize("url", ["aws", "STS", "ecr"])
def test_attack_28_a_provider_does_not_speak_for_the_request(url: str) -> None:
    said = claims(NOW, iss=f"https://{url}", SourceIp="10.0.0.1")
    assert read_claims(said, provider(url=url), NOW).keys == {}


TAGS = "https://aws.amazon.com/tags"


def test_session_tags_are_those_of_the_token() -> None:
    found = read(**{TAGS: {"principal_tags": {"team": ["blue"]}, "transitive_tag_keys": ["team"]}})
    assert (found.tags, found.transitive_tags) == ({"team": "blue"}, ("team",))


@pytest.mark.parametrize(
    "tags",
    [
        [],
        "x",
        {"principal_tags": []},
        {"principal_tags": {"team": ["a", "b"]}},
        {"principal_tags": {"team": [7]}},
        {"principal_tags": {"": ["a"]}},
        {"principal_tags": {"team": ["x" * 257]}},
        {"principal_tags": {"team": ["a"]}, "transitive_tag_keys": ["other"]},
        {"principal_tags": {"team": ["a"]}, "transitive_tag_keys": [{}]},
        {"principal_tags": {"team": ["a"]}, "transitive_tag_keys": "team"},
    ],
)
def test_session_tags_that_cannot_be_read_are_refused(tags: object) -> None:
    assert refusal(**{TAGS: tags}) == "The session tags in the token cannot be read"


def test_a_source_identity_is_not_offered() -> None:
    with pytest.raises(NotOffered):
        read(**{"https://aws.amazon.com/source_identity": "maya"})


@pytest.mark.parametrize(
    ("claimed", "url"),
    [
        ("https://idp.example", "idp.example"),
        ("https://idp.example/", "idp.example"),
        ("https://idp.example/a/b", "idp.example/a/b"),
        ("http://idp.example", None),
        ("HTTPS://idp.example", None),
        ("idp.example", None),
        ("", None),
        ("https://idp.example//", "idp.example/"),
    ],
)
def test_an_issuer_is_known_by_its_url(claimed: str, url: str | None) -> None:
    assert issuer_url(claimed) == url
