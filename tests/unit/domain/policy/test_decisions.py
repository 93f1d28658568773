"""What a decision tells: the clause in AWS's words, the statement that decided, and what was looked at."""

import pytest

from entrepot.domain.policy.conditions import Condition
from entrepot.domain.policy.decisions import Decision
from entrepot.domain.policy.documents import Effect, Kind
from entrepot.domain.policy.evaluation import decide
from entrepot.domain.policy.policies import Applicable, Element
from entrepot.domain.policy.requests import web_identity
from tests.unit.domain.policy.builders import (
    AWAY,
    HOME,
    ROLE_ARN,
    SESSION,
    USER,
    allow,
    decision,
    deny,
    grant,
    policies,
    request,
)

PUSH = policies(allow(Sid="Push"), name="team")
NO = policies(deny(), name="no")
NOTHING = policies()


def _because(applicable: Applicable, account: str = HOME) -> str:
    return decide(request(SESSION, account=account), applicable).because


def test_a_want_of_permission_names_the_kind_of_policy_that_would_have_to_allow() -> None:
    lists = allow("ecr:ListImages")
    boundary, session = policies(lists, kind=Kind.BOUNDARY), policies(lists, kind=Kind.SESSION)

    assert _because(Applicable(NOTHING)) == "no identity-based policy allows the ecr:PutImage action"
    assert _because(Applicable(PUSH), AWAY) == "no resource-based policy allows the ecr:PutImage action"
    assert (
        _because(Applicable(PUSH, boundary=boundary))
        == "no permissions boundary allows the ecr:PutImage action"
    )
    assert _because(Applicable(PUSH, session=session)) == "no session policy allows the ecr:PutImage action"


@pytest.mark.parametrize(
    ("applicable", "because"),
    [
        (Applicable(NO), "with an explicit deny in an identity-based policy"),
        (
            Applicable(PUSH, (policies(grant() | {"Effect": "Deny"}, kind=Kind.REPOSITORY),)),
            "with an explicit deny in a resource-based policy",
        ),
        (
            Applicable(PUSH, (policies(grant() | {"Effect": "Deny"}, kind=Kind.REGISTRY),)),
            "with an explicit deny in a resource-based policy",
        ),
        (
            Applicable(PUSH, boundary=policies(deny(), kind=Kind.BOUNDARY)),
            "with an explicit deny in a permissions boundary",
        ),
        (
            Applicable(PUSH, session=policies(deny(), kind=Kind.SESSION)),
            "with an explicit deny in a session policy",
        ),
    ],
)
def test_an_explicit_deny_names_the_kind_of_policy_it_stands_in(applicable: Applicable, because: str) -> None:
    assert _because(applicable) == because


def test_a_role_that_does_not_trust_says_so() -> None:
    trust = policies(grant({"AWS": AWAY}, "sts:AssumeRole"), kind=Kind.TRUST)
    asked = request(web_identity("x"), "sts:AssumeRole", ROLE_ARN)

    assert (
        decide(asked, Applicable(NOTHING, trust=trust)).because
        == "no role trust policy allows the sts:AssumeRole action"
    )


def test_the_statement_that_decided_is_named() -> None:
    by = decide(request(), Applicable(PUSH)).decided_by

    assert by is not None
    assert (by.policy.name, by.statement.sid, by.statement.index) == ("team", "Push", 0)
    assert by.policy.document.kind is Kind.IDENTITY


def test_a_grant_to_the_role_is_what_decided() -> None:
    repository = policies(grant({"AWS": ROLE_ARN}), kind=Kind.REPOSITORY, name="team/app")

    by = decide(request(SESSION), Applicable(NOTHING, (repository,))).decided_by

    assert by is not None
    assert by.policy.name == "team/app"


def _mismatches(decided: Decision) -> list[object]:
    looks = [look.mismatch for look in decided.looks()]
    return [look.operator if isinstance(look, Condition) else look for look in looks]


def test_every_statement_is_looked_at_and_says_why_it_does_not_fit() -> None:
    decided = decision(
        allow("ecr:ListImages"),
        allow(resource="arn:aws:ecr:*:*:repository/other"),
        allow(Condition={"StringEquals": {"aws:PrincipalTag/team": ["red", "green"]}}),
        deny("s3:*"),
    )

    assert _mismatches(decided) == [Element.ACTION, Element.RESOURCE, "StringEquals", Element.ACTION]
    [_, resource, tag, last] = decided.looks()
    assert (last.effect, last.index, last.policy) == (Effect.DENY, 3, "inline")
    assert resource.why == "its Resource is about another"
    assert tag.why == "StringEquals aws:PrincipalTag/team red, green does not hold for 'blue'"


def test_a_statement_that_fits_has_no_mismatch() -> None:
    [look] = decide(request(), Applicable(PUSH)).looks()

    assert look.mismatch is None
    assert look.why == ""


def test_a_grant_to_another_is_looked_at_too() -> None:
    repository = policies(grant({"AWS": ROLE_ARN}), kind=Kind.REPOSITORY)

    [look] = decide(request(USER), Applicable(NOTHING, (repository,))).looks()

    assert (look.kind, look.mismatch) == (Kind.REPOSITORY, Element.PRINCIPAL)
