"""Which texts are policies, and how they come back."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.domain.policy.documents import Effect, Kind, parse_document
from entrepot.domain.policy.malformed import MalformedPolicy
from tests.unit.domain.policy.builders import HOME, ROLE_ARN, Json, allow, document, grant, text


def _complaint(policy: str, kind: Kind = Kind.IDENTITY) -> str:
    with pytest.raises(MalformedPolicy) as refused:
        parse_document(policy, kind)
    return str(refused.value)


def test_a_list_of_one_and_the_one_are_the_same() -> None:
    one = parse_document(json.dumps({"Statement": allow("ecr:PutImage", "*")}), Kind.IDENTITY)
    listed = document(allow(["ecr:PutImage"], ["*"]))

    assert one.statements[0].actions.names == listed.statements[0].actions.names
    assert one.version == "2008-10-17"


def test_a_statement_knows_its_place_sid_and_effect() -> None:
    [_, second] = document(allow(), allow(Sid="Two", Effect="Deny")).statements

    assert (second.index, second.sid, second.effect) == (1, "Two", Effect.DENY)


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ({"Action": "*", "Resource": "*"}, "Statement[0]: Missing required field Effect"),
        ({"Effect": "allow", "Action": "*", "Resource": "*"}, "Statement[0].Effect: Invalid effect: allow"),
        ({"Effect": "Allow", "Resource": "*"}, "Statement[0]: Policy statement must contain actions."),
        ({"Effect": "Allow", "Action": "*"}, "Statement[0]: Policy statement must contain resources."),
        (
            allow(NotAction="*"),
            "Statement[0]: Statement/policy already has instance of Action or NotAction.",
        ),
        (
            allow(NotResource="*"),
            "Statement[0]: Statement/policy already has instance of Resource or NotResource.",
        ),
        (allow(Principal="*"), "Statement[0].Principal: Policy document should not specify a principal."),
        (allow(Actions="*"), "Statement[0]: Syntax errors in policy: unknown element 'Actions'."),
        (allow([]), "Statement[0].Action: Syntax errors in policy."),
        (allow(resource="team/app"), "Statement[0].Resource: 'team/app' must be in ARN format or \"*\"."),
        (allow(Sid=["a"]), "Statement[0].Sid: Syntax errors in policy."),
        (allow(Condition={"Bool": {"aws:SecureTransport": None}}), "Statement[0].Condition.Bool.aws:Secu"),
        (allow(Condition={"Like": {"aws:a": "b"}}), "Statement[0].Condition.Like.aws:a: Invalid condition"),
        (allow(Condition={"Bool": {"team": "true"}}), "Statement[0].Condition.Bool.team: Conditions must be"),
        (allow(resource="arn:aws:ecr:*:*:repository/${aws:username"), "Statement[0].Resource: A policy vari"),
    ],
)
def test_a_malformed_statement_is_refused_with_place_and_reason(statement: Json, complaint: str) -> None:
    assert _complaint(text(statement)).startswith(complaint)


@pytest.mark.parametrize(
    "action", ["PutImage", "ecr", "ecr:", "e*r:PutImage", "ecr:Put Image", "ecr:a:b", ""]
)
def test_an_action_has_a_vendor(action: str) -> None:
    assert "must be prefaced by a vendor" in _complaint(text(allow(action)))


def test_sids_are_letters_and_digits_and_differ() -> None:
    assert "must be alpha-numeric" in _complaint(text(allow(Sid="a b")))
    assert "must be unique" in _complaint(text(allow(Sid="a"), allow(Sid="a")))


def test_a_repository_takes_any_sid_twice() -> None:
    assert len(document(grant(Sid="a b!"), grant(Sid="a b!"), kind=Kind.REPOSITORY).statements) == 2


@pytest.mark.parametrize("version", ["2012-10-18", "1", ""])
def test_there_are_two_versions(version: str) -> None:
    if version:
        assert _complaint(text(allow(), version=version)).startswith("Version: ")
    assert document(allow(), version="2008-10-17").version == "2008-10-17"


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "[]",
        "null",
        "{",
        '{"Statement": NaN}',
        "\ufeff{}",
        '{"Statement": []}',
        '{"Statement": [[]]}',
        '{"Statement": 1}',
        '{"Version": 2012, "Statement": []}',
        '{"Statement": {"Effect": "Allow", "Action": "ecr:*", "Resource": "\\ud800"}}',
        "[" * 100_000,
    ],
)
def test_what_is_no_policy_at_all_is_refused(policy: str) -> None:
    assert _complaint(policy)


def test_a_key_that_stands_twice_is_refused() -> None:
    twice = '{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}'

    assert _complaint(twice) == "Statement.Effect: The key stands twice."
    assert "twice" in _complaint(text(allow(Condition={"Null": {"aws:a": "true", "AWS:A": "false"}})))


@pytest.mark.parametrize(
    ("principal", "complaint"),
    [
        ({"CanonicalUser": "79a5"}, '"CanonicalUser" is not supported'),
        ({"AWS": f"arn:aws:iam::{HOME}:user/*"}, "Invalid principal"),
        ({"AWS": "eve"}, "Invalid principal"),
        ({"AWS": f"arn:aws:iam::{HOME}:group/team"}, "Invalid principal"),
        ({"AWS": []}, "Syntax errors"),
        ({"Service": "*"}, "Invalid principal"),
        ({}, "Invalid principal"),
        ("eve", "Syntax errors"),
    ],
)
def test_a_principal_that_can_never_ask_is_refused(principal: object, complaint: str) -> None:
    assert complaint in _complaint(text(grant(principal)), Kind.REPOSITORY)


def test_a_policy_of_a_resource_says_who_asks() -> None:
    assert "Missing required field Principal" in _complaint(text(allow()), Kind.REPOSITORY)


def test_not_principal_goes_with_deny_only() -> None:
    statement = {"Effect": "Allow", "NotPrincipal": "*", "Action": "ecr:*"}

    assert "NotPrincipal is not allowed" in _complaint(text(statement), Kind.REPOSITORY)


def test_a_trust_policy_is_about_assuming_and_names_no_resource() -> None:
    assert "STS AssumeRole actions" in _complaint(text(grant()), Kind.TRUST)
    resource = grant(action="sts:AssumeRole", Resource="*")
    assert "prohibited field Resource" in _complaint(text(resource), Kind.TRUST)
    assert document(grant(action="sts:AssumeRole"), kind=Kind.TRUST)


def test_a_document_tells_whom_it_names() -> None:
    named = document(grant({"AWS": [ROLE_ARN, HOME]}), grant({"AWS": "*"}), kind=Kind.REPOSITORY)

    assert named.principal_arns() == {ROLE_ARN}
    assert named.accounts() == {HOME}


def test_a_policy_comes_back_as_ecr_sets_it() -> None:
    given_text = (
        '{"Version":"2008-10-17","Statement":[{"Sid":"pull é","Effect":"Allow","Principal":"*",'
        '"Action":["ecr:BatchGetImage","ecr:ListImages"],"Condition":{"NumericLessThan":{"aws:EpochTime":1e3}}}]}'
    ).replace("1e3", "1000")

    assert (
        parse_document(given_text, Kind.REPOSITORY).text()
        == """{
  "Version" : "2008-10-17",
  "Statement" : [ {
    "Sid" : "pull é",
    "Effect" : "Allow",
    "Principal" : "*",
    "Action" : [ "ecr:BatchGetImage", "ecr:ListImages" ],
    "Condition" : {
      "NumericLessThan" : {
        "aws:EpochTime" : 1000
      }
    }
  } ]
}"""
    )


_NAMES = st.text(min_size=1, max_size=12)


@settings(deadline=None)
@given(
    sid=st.text(max_size=20),
    actions=st.lists(st.sampled_from(["ecr:*", "ecr:PutImage", "*"]), min_size=1, max_size=3),
    values=st.lists(_NAMES | st.booleans() | st.integers(), max_size=3),
)
def test_a_policy_that_came_back_comes_back_the_same(
    sid: str, actions: list[str], values: list[object]
) -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/a": values}}
    policy = text(grant(action=actions, Sid=sid, Condition=condition), version="2008-10-17")

    once = parse_document(policy, Kind.REPOSITORY).text()

    assert json.loads(once) == json.loads(policy)
    assert parse_document(once, Kind.REPOSITORY).text() == once
