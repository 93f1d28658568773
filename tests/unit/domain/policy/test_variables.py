"""What `${…}` stands for in resources and conditions."""

import pytest

from entrepot.domain.policy.evaluation import decide
from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.domain.policy.policies import Applicable
from entrepot.domain.policy.requests import Context, iam_user
from tests.unit.domain.policy.builders import (
    HOME,
    REPOSITORY,
    USER_ARN,
    allow,
    deny,
    document,
    is_met,
    policies,
    request,
)

TEAMS = f"arn:aws:ecr:*:{HOME}:repository/${{aws:PrincipalTag/team}}/*"


def _may_push(resource: str, *, team: str | None, to: str, version: str = "2012-10-17") -> bool:
    tags = {} if team is None else {"team": team}
    asked = request(
        iam_user(USER_ARN, account=HOME, tags=tags),
        resource=f"arn:aws:ecr:eu-west-1:{HOME}:repository/{to}",
    )
    return decide(asked, Applicable(policies(allow(resource=resource), version=version))).is_allowed


def test_a_variable_in_a_resource_is_the_callers_own() -> None:
    assert _may_push(TEAMS, team="blue", to="blue/app")
    assert not _may_push(TEAMS, team="blue", to="red/app")


def test_without_a_value_a_resource_matches_nothing_and_with_a_default_that() -> None:
    with_default = TEAMS.replace("team}", "team, 'none'}")

    assert not _may_push(TEAMS, team=None, to="/app")
    assert _may_push(with_default, team=None, to="none/app")
    assert not _may_push(with_default, team="blue", to="none/app")


def test_a_wildcard_in_a_value_is_no_wildcard() -> None:
    assert not _may_push(TEAMS, team="*", to="blue/app")


def test_a_colon_in_a_value_moves_no_part_of_an_arn() -> None:
    resource = f"arn:aws:ecr:${{aws:PrincipalTag/team}}:{HOME}:repository/*"

    assert not _may_push(resource, team=f"eu-west-1:{HOME}:repository/a", to="a")


def test_an_empty_value_is_a_value() -> None:
    assert _may_push(TEAMS.replace("repository/$", "repository/*$"), team="", to="blue/app")


def test_in_2008_a_variable_is_a_text() -> None:
    assert not _may_push(TEAMS, team="blue", to="blue/app", version="2008-10-17")
    condition = {"StringEquals": {"aws:PrincipalTag/team": "${aws:username}"}}
    literal = iam_user(USER_ARN, account=HOME, tags={"team": "${aws:username}"})
    old = Applicable(policies(allow(Condition=condition), version="2008-10-17"))
    assert decide(request(literal), old).is_allowed


def test_special_characters_are_literals() -> None:
    context = Context(others={"test:key": "*?$"})

    assert is_met({"StringLike": {"test:key": "${*}${?}${$}"}}, context)
    assert not is_met({"StringLike": {"test:key": "${*}"}}, context)
    assert is_met({"StringEquals": {"test:key": "*?$"}}, context)


def test_a_variable_takes_part_in_conditions_of_texts_and_arns() -> None:
    context = Context(others={"test:key": "team-blue-1"}, source_arn=f"arn:aws:ecr:x:{HOME}:repository/eve")

    assert is_met({"StringLike": {"test:key": "team-${aws:PrincipalTag/team}-*"}}, context)
    assert is_met({"StringEquals": {"test:key": "team-${aws:PrincipalTag/team}-1"}}, context)
    assert is_met({"StringEqualsIgnoreCase": {"test:key": "TEAM-${aws:PrincipalTag/team}-1"}}, context)
    arn = "arn:aws:ecr:*:${aws:PrincipalAccount}:repository/${aws:username}"
    assert is_met({"ArnEquals": {"aws:SourceArn": arn}}, context)


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "StringEqualsIgnoreCase"])
def test_nothing_equals_a_variable_without_value_so_the_negated_operators_hold(operator: str) -> None:
    """IAM guide, "Policy variables with no value": the value is null, and no text equals or is like it."""
    context = Context(others={"test:key": "a"})
    values = {"test:key": "${aws:PrincipalTag/none}"}

    assert not is_met({operator: values}, context)
    assert is_met({operator.replace("String", "StringNot"): values}, context)


def test_one_of_several_values_is_none_to_put_in() -> None:
    context = Context(tag_keys=("a",), others={"test:key": "a"})

    assert not is_met({"StringEquals": {"test:key": "${aws:TagKeys}"}}, context)
    assert is_met({"StringEquals": {"test:key": "${aws:TagKeys, 'a'}"}}, context)


def test_a_deny_of_what_is_not_the_callers_own_holds_without_a_value() -> None:
    own = {"Effect": "Deny", "Action": "*", "NotResource": TEAMS}
    nobody = iam_user(USER_ARN, account=HOME)

    assert not decide(request(nobody), Applicable(policies(allow(), own))).is_allowed
    assert not decide(request(nobody), Applicable(policies(allow(), deny(resource=REPOSITORY)))).is_allowed


@pytest.mark.parametrize(
    "text",
    ["${aws:username", "${}", "${name}", "${aws:x, none}", "${aws:x, 'none}", "${aws:${aws:x}}", "${aws:x,}"],
)
def test_a_malformed_variable_is_refused(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        document(allow(Condition={"StringLike": {"test:key": text}}))
