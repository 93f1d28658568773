"""Audit events as values: their ids, who did it, what they are about, and what they never show."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.audit import (
    HIDDEN,
    Deed,
    Json,
    Lookup,
    Resource,
    actor_of,
    event_id,
    first_id,
    is_read,
    shown,
    time_of,
    web_identity,
)
from entrepot.domain.principals import Principal
from tests.unit.builders import ACCOUNT, ROOT, START, USER

OTHER_ACCOUNT = "210987654321"
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(8000, 1, 1), timezones=st.just(UTC))
NOISES = st.integers(0, 2**62 - 1)


def deed(parameters: Json = None, *resources: Resource, principal: Principal = USER, agent: str = "") -> Deed:
    return Deed(
        actor_of(principal),
        "ecr",
        "PutImage",
        "eu-west-1",
        "192.0.2.1",
        agent,
        "request",
        parameters,
        resources,
    )


@given(TIMES, NOISES)
def test_an_id_tells_its_time_and_is_a_uuid_of_version_7(at: datetime, noise: int) -> None:
    id_ = event_id(at, noise)
    assert time_of(id_) == at
    assert [len(part) for part in id_.split("-")] == [8, 4, 4, 4, 12]
    assert id_[14] == "7"
    assert id_[19] in "89ab"


@given(TIMES, NOISES, NOISES)
def test_ids_sort_by_time(at: datetime, one: int, other: int) -> None:
    later = at + timedelta(microseconds=1)
    assert first_id(at) <= event_id(at, one) < first_id(later) <= event_id(later, other)


SESSION = "arn:aws:sts::123456789012:assumed-role/build/job"
PRINCIPALS = [
    (ROOT, "Root", "root"),
    (USER, "IAMUser", "eve"),
    (Principal(ACCOUNT, SESSION, "AROA:job", "ASIA1", START), "AssumedRole", "job"),
    (
        Principal(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:federated-user/ann", "x", "ASIA1", START),
        "FederatedUser",
        "ann",
    ),
    (Principal("", "anonymous", "anonymous", ""), "Unknown", ""),
]


@pytest.mark.parametrize(("principal", "kind", "name"), PRINCIPALS)
def test_who_it_was_in_cloudtrails_words(principal: Principal, kind: str, name: str) -> None:
    actor = actor_of(principal)
    assert (actor.described["type"], actor.username) == (kind, name)


def test_a_web_identity_is_told_in_the_account_of_its_role() -> None:
    actor = web_identity(provider="issuer.example", audience="app", subject="repo:a/b\0")
    assert actor.username == "repo:a/b?"
    role = Resource(f"arn:aws:iam::{ACCOUNT}:role/build", ACCOUNT)
    [event] = Deed(actor, "sts", "AssumeRoleWithWebIdentity", "", "", "", "", None, (role,)).done(START, [1])
    assert event.account == ACCOUNT
    assert json.loads(event.document)["userIdentity"]["type"] == "WebIdentityUser"


def test_a_change_in_another_account_is_told_there_too_and_a_refusal_is_not() -> None:
    theirs = Resource(f"arn:aws:ecr:eu-west-1:{OTHER_ACCOUNT}:repository/a", OTHER_ACCOUNT)
    across = deed(None, theirs)
    done = across.done(START, [1, 2])
    assert [event.account for event in done] == [ACCOUNT, OTHER_ACCOUNT]
    assert len({event.id for event in done}) == 2
    assert across.refused(START, 1, "AccessDenied", "no").account == ACCOUNT


@pytest.mark.parametrize(
    "name",
    [
        "SecretAccessKey",
        "Password",
        "NewPassword",
        "SessionToken",
        "WebIdentityToken",
        "TokenCode",
        "SAMLAssertion",
    ],
)
def test_attack_49_secrets_are_hidden_at_any_depth(name: str) -> None:
    seen = shown({"Given": [{name: "hush"}], "Name": "ci"})
    assert "hush" not in str(seen)
    assert HIDDEN in str(seen)
    assert "ci" in str(seen)


def test_layers_and_manifests_are_left_out_and_policies_are_not() -> None:
    seen = shown({"layerPartBlob": b"x" * 99, "imageManifest": "{}", "policyText": "{" + " " * 10_000 + "}"})
    assert isinstance(seen, dict)
    assert set(seen) == {"policyText"}
    assert len(str(seen["policyText"])) == 10_002


@given(st.text(), st.text())
def test_attack_49_a_document_is_one_line_of_printable_ascii(text: str, agent: str) -> None:
    [event] = deed({"text": shown(text)}, agent=agent).done(START, [1])
    assert event.document.isascii()
    assert event.document.isprintable()
    assert json.loads(event.document)["requestParameters"]["text"] == text


def test_a_document_stays_in_bounds() -> None:
    [event] = deed(shown({"items": ["x" * 30_000] * 1000})).done(START, [1])
    assert len(event.document) < 2000
    assert json.loads(event.document)["additionalEventData"] == {"omitted": "too large"}


def test_what_only_reads() -> None:
    assert is_read("ecr", "GetAuthorizationToken")
    assert is_read("ecr", "BatchGetImage")
    assert is_read("sts", "AssumeRole")
    assert not is_read("ecr", "BatchDeleteImage")
    assert not is_read("ecr", "PutImage")
    assert not is_read("iam", "CreateUser")


def test_a_lookup_by_time_includes_both_ends() -> None:
    [event] = deed().done(START, [7])
    for since, until, is_found in (
        (START, START, True),
        (START + timedelta(microseconds=1), None, False),
        (None, START - timedelta(microseconds=1), False),
    ):
        lookup = Lookup("eu-west-1", since, until)
        assert (lookup.first <= event.id < lookup.beyond and lookup.matches(event)) is is_found
