"""What each condition operator holds for, and what absent and multivalued keys do to it."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from entrepot.domain.policy.conditions import parse_condition
from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.domain.policy.operators import OPERATORS, Texts
from entrepot.domain.policy.requests import Context, ContextValue
from tests.unit.domain.policy.builders import ROLE_ARN, SESSION, is_met

# operator, the policy's values, a value that it holds for, one that it does not hold for
CASES = [
    ("StringEquals", ["dev", "prod"], "prod", "Prod"),
    ("StringEquals", "d*v", "d*v", "dev"),
    ("StringNotEquals", ["dev", "prod"], "Dev", "dev"),
    ("StringEqualsIgnoreCase", "Dev", "dEV", "de"),
    ("StringNotEqualsIgnoreCase", "Dev", "de", "DEV"),
    ("StringLike", ["dev-*", "v?"], "dev-", "v12"),
    ("StringLike", "dev-*", "dev-1", "Dev-1"),
    ("StringNotLike", ["dev-*", "v?"], "v12", "v1"),
    ("NumericEquals", "7", "7.0", "8"),
    ("NumericEquals", 7, "7", "x"),
    ("NumericNotEquals", ["7", "8"], "9", "8"),
    ("NumericLessThan", "7", "-6.9", "7"),
    ("NumericLessThanEquals", "7", "7", "7.1"),
    ("NumericGreaterThan", "7", "10", "7"),
    ("NumericGreaterThanEquals", "7", "7", "6"),
    ("DateEquals", "2026-11-02T03:00:00Z", "2026-11-02T04:00:00+01:00", "2026-11-02T03:00:01Z"),
    ("DateEquals", "2026-11-02", "1793577600", "1793577601"),
    ("DateNotEquals", "2026", "2026-01-02", "2026-01-01T00:00:00Z"),
    ("DateLessThan", "2026-11", "2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z"),
    ("DateLessThanEquals", "2026-11-01T00:00Z", "2026-11-01", "2026-11-02"),
    ("DateGreaterThan", "1793577600", "2026-11-02T00:00:01Z", "2026-11-02T00:00:00Z"),
    ("DateGreaterThanEquals", "2026-11-02", "2026-11-02", "2026-11-01"),
    ("Bool", True, "TRUE", "false"),
    ("Bool", "false", "false", "yes"),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", "QmluYXJ6"),
    ("IpAddress", ["203.0.113.0/24", "2001:db8::/32"], "203.0.113.9", "203.0.114.9"),
    ("IpAddress", "2001:db8::/32", "2001:db8::1", "203.0.113.9"),
    ("IpAddress", "203.0.113.9", "::ffff:203.0.113.9", "203.0.113.10"),
    ("NotIpAddress", "203.0.113.0/24", "2001:db8::1", "203.0.113.9"),
    ("ArnEquals", "arn:aws:iam::*:role/ci/*", ROLE_ARN, "arn:aws:iam::1:user/ci/x"),
    ("ArnLike", "arn:aws:iam::123?56789012:role/*", ROLE_ARN, "not an arn"),
    ("ArnLike", "arn:aws:sns:*:1:t*", "arn:aws:sns:eu:1:topic:more", "arn:aws:sns:eu:x:1:topic"),
    ("ArnNotEquals", "arn:aws:iam::*:role/ci/*", "arn:aws:iam::1:role/x", ROLE_ARN),
    ("ArnNotLike", "arn:aws:iam::*:role/ci/*", "arn:aws:iam::1:role/x", ROLE_ARN),
]


def _with(value: ContextValue | None) -> Context:
    return Context(others={} if value is None else {"test:key": value})


@pytest.mark.parametrize(("operator", "values", "good", "bad"), CASES)
def test_an_operator_holds_for_the_one_and_not_for_the_other(
    operator: str, values: object, good: str, bad: str
) -> None:
    condition = {operator: {"test:Key": values}}

    assert is_met(condition, _with(good))
    assert not is_met(condition, _with(bad))


def test_every_operator_is_tried() -> None:
    assert {case[0].lower() for case in CASES} == set(OPERATORS)


@pytest.mark.parametrize(("operator", "values"), sorted({(case[0], str(case[1])) for case in CASES}))
def test_an_absent_key_meets_the_negated_operators_and_those_with_if_exists(
    operator: str, values: str
) -> None:
    value = next(case[1] for case in CASES if (case[0], str(case[1])) == (operator, values))

    assert is_met({operator: {"test:Key": value}}) == ("Not" in operator)
    assert is_met({f"{operator}IfExists": {"test:Key": value}})


def test_if_exists_still_compares_what_is_there() -> None:
    assert not is_met({"StringEqualsIfExists": {"test:key": "a"}}, _with("b"))


@pytest.mark.parametrize(
    ("wanted", "value", "met"),
    [
        ("true", None, True),
        ("true", (), True),
        ("true", "x", False),
        ("false", "x", True),
        (False, ("x",), True),
        ("false", None, False),
        (["true", "false"], None, True),
    ],
)
def test_null_asks_whether_the_key_is_absent(wanted: object, value: ContextValue | None, met: bool) -> None:
    assert is_met({"Null": {"test:key": wanted}}, _with(value)) == met


# prefix and operator, the request's values, whether it holds for the policy's ["a", "b"]
@pytest.mark.parametrize(
    ("operator", "values", "met"),
    [
        ("ForAllValues:StringEquals", ("a",), True),
        ("ForAllValues:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "c"), False),
        ("ForAllValues:StringEquals", (), True),
        ("ForAllValues:StringEquals", None, True),
        ("ForAllValues:StringEquals", "a", True),
        ("ForAllValues:StringNotEquals", ("c", "d"), True),
        ("ForAllValues:StringNotEquals", ("a", "d"), False),
        ("ForAnyValue:StringEquals", ("a", "c"), True),
        ("ForAnyValue:StringEquals", ("c",), False),
        ("ForAnyValue:StringEquals", (), False),
        ("ForAnyValue:StringEquals", None, False),
        ("ForAnyValue:StringNotEquals", ("a", "c"), True),
        ("ForAnyValue:StringNotEquals", ("a", "b"), False),
        ("ForAnyValue:StringNotEquals", None, False),
        ("ForAnyValue:StringEqualsIfExists", None, True),
        ("ForAllValues:StringLikeIfExists", ("a",), True),
        ("StringEquals", ("a",), False),
        ("StringNotEquals", ("c",), False),
        ("StringNotEquals", (), True),
        ("StringEquals", (), False),
    ],
)
def test_attack_28_several_values_need_a_quantifier(
    operator: str, values: ContextValue | None, met: bool
) -> None:
    assert is_met({operator: {"test:key": ["a", "b"]}}, _with(values)) == met


def test_all_conditions_must_hold() -> None:
    good, bad = {"test:key": "a"}, {"aws:PrincipalTag/team": "red"}

    assert is_met({"StringEquals": good}, _with("a"))
    assert not is_met({"StringEquals": good | bad}, _with("a"))
    assert not is_met({"StringEquals": good, "StringLike": bad}, _with("a"))


def test_operators_and_keys_are_found_in_any_case() -> None:
    assert is_met({"stringequals": {"TEST:KEY": "a"}}, _with("a"))
    assert is_met({"StringEquals": {"aws:principaltag/TEAM": "blue"}})


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("NumericEquals", "seven"),
        ("NumericEquals", "1e9"),
        ("DateEquals", "yesterday"),
        ("DateEquals", "2026-13-01"),
        ("DateEquals", "2026-11-02T03:00:00"),
        ("Bool", "yes"),
        ("BinaryEquals", "%"),
        ("IpAddress", "203.0.113"),
        ("ArnLike", "arn:aws:sns:*:topic"),
        ("ArnLike", "*"),
        ("Null", "maybe"),
        ("NullIfExists", "true"),
        ("ForAllValues:Null", "true"),
        ("ForSome:StringEquals", "a"),
        ("StringEqual", "a"),
    ],
)
def test_a_value_that_can_never_compare_is_refused(operator: str, value: str) -> None:
    with pytest.raises(MalformedPolicy):
        parse_condition(operator, "test:key", Texts((value,), "here", has_variables=True))


CONTEXT = Context(
    now=datetime(2026, 11, 2, 3, 0, 0, 999_999, tzinfo=UTC),
    source_ip=ip_address("203.0.113.9"),
    is_secure=True,
    user_agent="docker/27",
    region="eu-west-1",
    resource_tags={"Team": "blue"},
    request_tags={"cost": "low"},
    tag_keys=("cost",),
    image_tag="dev-1",
    account_setting="BLOB_MOUNTING",
)


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("DateEquals", "aws:CurrentTime", "2026-11-02T03:00:00Z"),
        ("NumericEquals", "aws:EpochTime", "1793588400"),
        ("DateEquals", "aws:EpochTime", "2026-11-02T03:00:00Z"),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
        ("Bool", "aws:SecureTransport", "true"),
        ("StringLike", "aws:UserAgent", "docker/*"),
        ("StringEquals", "aws:RequestedRegion", "eu-west-1"),
        ("StringEquals", "aws:ResourceTag/Team", "blue"),
        ("StringEquals", "ecr:ResourceTag/team", "blue"),
        ("StringEquals", "aws:RequestTag/cost", "low"),
        ("ForAllValues:StringEquals", "aws:TagKeys", "cost"),
        ("ArnEquals", "aws:PrincipalArn", ROLE_ARN),
        ("StringEquals", "aws:PrincipalAccount", "123456789012"),
        ("StringEquals", "aws:PrincipalType", "AssumedRole"),
        ("StringEquals", "aws:userid", "AROACI:run-7"),
        ("Null", "aws:username", "true"),
        ("StringEquals", "aws:ResourceAccount", "123456789012"),
        ("StringLike", "ecr:ImageTag", "dev-*"),
        ("StringEquals", "ecr:AccountSetting", "BLOB_MOUNTING"),
        ("Bool", "aws:PrincipalIsAWSService", "false"),
    ],
)
def test_every_key_reads_its_part_of_the_request(operator: str, key: str, value: str) -> None:
    assert is_met({operator: {key: value}}, CONTEXT, SESSION)


def test_a_user_has_a_name_without_its_path() -> None:
    assert is_met({"StringEquals": {"aws:username": "eve"}})


def test_no_claim_of_a_token_stands_in_for_a_key_of_the_request() -> None:
    forged = replace(CONTEXT, others={"aws:sourceip": "10.0.0.1", "aws:principaltag/team": "red"})

    assert not is_met({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, forged)
    assert not is_met({"StringEquals": {"aws:PrincipalTag/team": "red"}}, forged)
