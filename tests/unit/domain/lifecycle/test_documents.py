"""The grammar of lifecycle policies, in the sentences of ECR (facts 2.11)."""

import json
from typing import Any

import pytest

from entrepot.domain.errors import InvalidParameter
from entrepot.domain.lifecycle.documents import parse_policy
from entrepot.domain.lifecycle.policies import Action, CountType, StorageClass, TagStatus
from tests.unit.domain.lifecycle.builders import Json, policy, policy_text, rule

_UNREADABLE = "Could not map policyString into LifecyclePolicy."


def _refusal(text: str) -> str:
    with pytest.raises(InvalidParameter) as refused:
        parse_policy(text)
    assert refused.value.parameter == "LifecyclePolicyText"
    return refused.value.reason.removeprefix("Lifecycle policy validation failure: ")


def _with(place: str, **members: Any) -> str:
    """A sound rule with members of its `rule`, `selection` or `action` set anew."""
    made: dict[str, Any] = rule(days=1)
    (made if place == "rule" else made[place]).update(members)
    return policy_text(made)


def _without(place: str, name: str) -> str:
    made: dict[str, Any] = rule(days=1)
    del (made if place == "rule" else made[place])[name]
    return policy_text(made)


def test_a_rule_is_read() -> None:
    made = rule(3, patterns=["v*"], days=14) | {"description": "two weeks"}
    (found,) = policy(made).rules
    assert (found.priority, found.action, found.description) == (3, Action.EXPIRE, "two weeks")
    selection = found.selection
    assert (selection.tag_status, selection.count_type) == (TagStatus.TAGGED, CountType.SINCE_PUSHED)
    assert (selection.patterns, selection.prefixes, selection.count_number) == (("v*",), (), 14)
    assert selection.storage_class is StorageClass.STANDARD


def test_a_policy_is_minified_with_its_members_in_their_order() -> None:
    text = json.dumps({"rules": [rule(2, days=1), rule(1, tag_status="untagged", days=1)]}, indent=3)
    found = parse_policy(f"\n {text}\n")
    assert found.text == json.dumps(json.loads(text), separators=(",", ":"))
    assert [each.priority for each in found.rules] == [1, 2]


def test_letters_beyond_ascii_stay_as_they_are() -> None:
    assert "späte Übernahme 🚢" in policy(rule(days=1) | {"description": "späte Übernahme 🚢"}).text


@pytest.mark.parametrize(
    "made",
    [
        rule(newest=1),
        rule(days=1),
        rule(tag_status="untagged", newest=1),
        rule(prefixes=["v"], days=1, storage_class="standard"),
        rule(days=30, since="sinceImagePulled", action="transition"),
        rule(newest=3, action="transition"),
        rule(days=90, since="sinceImageTransitioned", storage_class="archive"),
        rule(patterns=["*a*b*c*"], days=1),
    ],
)
def test_every_count_type_is_taken(made: Json) -> None:
    assert len(policy(made).rules) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        '"rules"',
        "null",
        '{"rules":[]} trailing',
        '{"rules":[],"rules":[]}',
        '{"rules":[{"rulePriority":NaN}]}',
        '{"rules":["\\ud800"]}',
        "[" * 20_000,
        '{"rules":' + "[" * 20_000,
        "\ufeff{}",
        '{"rules":[{"rulePriority":' + "9" * 5000 + "}]}",
    ],
)
def test_attack_13_what_is_no_policy_at_all(text: str) -> None:
    assert _refusal(text) == _UNREADABLE


_ENUM = "instance value ({}) not found in enum (possible values: {})"
_NO_VARIANT = "instance failed to match exactly one schema (matched 0 out of {})"
_STRANGE = "object instance has properties which are not allowed by the schema: ({})"
_MISSING = "object has missing required properties ({})"
_TYPE = "instance type ({}) does not match any allowed primitive type (allowed: [{}])"
_LOW = "numeric instance is lower than the required minimum (minimum: {}, found: {})"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", _MISSING.format('["rules"]')),
        ('{"rules":{}}', _TYPE.format("object", '"array"')),
        ('{"rules":null}', _TYPE.format("null", '"array"')),
        ('{"rules":["rule"]}', _TYPE.format("string", '"object"')),
        ('{"rules":[],"x":1}', _STRANGE.format('["x"]')),
        ('{"rules":[{}]}', _MISSING.format('["action","rulePriority","selection"]')),
        (_with("rule", extra=1, another=2), _STRANGE.format('["another","extra"]')),
        (_with("rule", rulePriority=0), _LOW.format(1, 0)),
        (_with("rule", rulePriority="1"), _TYPE.format("string", '"integer"')),
        (_with("rule", rulePriority=True), _TYPE.format("boolean", '"integer"')),
        (_with("rule", rulePriority=1.5), _TYPE.format("number", '"integer"')),
        (_with("rule", description=None), _TYPE.format("null", '"string"')),
        (_with("rule", selection=[]), _TYPE.format("array", '"object"')),
        (_without("selection", "tagStatus"), _MISSING.format('["tagStatus"]')),
        (_without("selection", "countType"), _MISSING.format('["countType"]')),
        (_without("selection", "countNumber"), _MISSING.format('["countNumber"]')),
        (_with("selection", tagStatus="ANY"), _ENUM.format('"ANY"', '["any","tagged","untagged"]')),
        (_with("selection", storageClass="cold"), _ENUM.format('"cold"', '["archive","standard"]')),
        (_with("selection", storageClass=None), _ENUM.format("null", '["archive","standard"]')),
        (_with("selection", countNumber=0), _LOW.format(1, 0)),
        (_with("selection", countNumber=-3), _LOW.format(1, -3)),
        (_with("selection", countType="always"), _NO_VARIANT.format(4)),
        (_with("selection", countType=None), _NO_VARIANT.format(4)),
        (_with("selection", countType="imageCountMoreThan"), _NO_VARIANT.format(4)),
        (_without("selection", "countUnit"), _NO_VARIANT.format(4)),
        (_with("selection", countUnit=None), _NO_VARIANT.format(4)),
        (_with("selection", countUnit="weeks"), _ENUM.format('"weeks"', '["days"]')),
        (_with("selection", tagPrefixList="v"), _TYPE.format("string", '"array"')),
        (_with("selection", tagPrefixList=None), _TYPE.format("null", '"array"')),
        (_with("selection", tagPatternList=[1]), _TYPE.format("integer", '"string"')),
        (_with("selection", strange=1), _STRANGE.format('["strange"]')),
        (_without("action", "type"), _MISSING.format('["type"]')),
        (_with("action", type="delete"), _ENUM.format('"delete"', '["expire","transition"]')),
        (_with("action", type="transition"), _NO_VARIANT.format(2)),
        (_with("action", targetStorageClass=None), _NO_VARIANT.format(2)),
        (_with("action", targetStorageClass="archive"), _NO_VARIANT.format(2)),
        (
            policy_text(rule(days=89, since="sinceImageTransitioned", storage_class="archive")),
            _LOW.format(90, 89),
        ),
        (
            policy_text(*(rule(n, prefixes=[str(n)], days=1) for n in range(1, 52))),
            "array is too long: must have at most 50 elements but instance has 51 elements",
        ),
        ('{"rules":[]}', "array is too short: must have at least 1 elements but instance has 0 elements"),
    ],
)
def test_what_the_schema_refuses(text: str, sentence: str) -> None:
    assert _refusal(text) == f"{sentence}\n"


_STANDARD_ONLY = (
    "SINCE_IMAGE_PUSHED, SINCE_IMAGE_PULLED and IMAGE_COUNT_MORE_THAN support the STANDARD storage class only"
)


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        (
            [rule(1, newest=1), rule(2, prefixes=["v"], newest=1)],
            "Rule for tagStatus=ANY must have the lowest priority per storage class",
        ),
        (
            [rule(1, newest=1), rule(2, days=1)],
            "Rule for tagStatus=ANY must have the lowest priority per storage class",
        ),
        (
            [rule(1, tag_status="untagged", newest=1), rule(2, tag_status="untagged", days=1)],
            "Only one rule can select Untagged images per storage class",
        ),
        (
            [rule(1, prefixes=["a", "b"], newest=1), rule(2, prefixes=["b", "a"], days=1)],
            "Tag prefix lists must be unique per storage class",
        ),
        (
            [rule(1, prefixes=["a"], newest=1), rule(1, prefixes=["b"], days=1)],
            "Rule priorities must be unique",
        ),
        (
            [rule(tag_status="tagged", newest=1)],
            "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
        ),
        (
            [rule(tag_status="tagged", prefixes=[], newest=1)],
            "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
        ),
        (
            [rule(prefixes=["a"], patterns=["b"], newest=1)],
            "If policy has a tagged rule, it must specify only one of tagPrefixList or tagPatternList",
        ),
        (
            [rule(tag_status="untagged", prefixes=["a"], newest=1)],
            "Cannot specify tagPrefixList with tagStatus untagged",
        ),
        (
            [rule(tag_status="any", patterns=["a"], newest=1)],
            "Cannot specify tagPatternList with tagStatus any",
        ),
        ([rule(patterns=["a*b*c*d*e*"], newest=1)], "Invalid tag pattern provided"),
        ([rule(newest=1, storage_class="archive")], _STANDARD_ONLY),
        ([rule(days=1, storage_class="archive")], _STANDARD_ONLY),
        (
            [rule(days=1, since="sinceImagePulled", storage_class="archive", action="transition")],
            _STANDARD_ONLY,
        ),
        (
            [rule(days=90, since="sinceImageTransitioned")],
            "SINCE_IMAGE_TRANSITIONED supports the ARCHIVE storage class only",
        ),
        (
            [rule(days=90, since="sinceImageTransitioned", storage_class="archive", action="transition")],
            "SINCE_IMAGE_TRANSITIONED supports the EXPIRE action only",
        ),
    ],
)
def test_what_rules_may_not_say(rules: list[Json], sentence: str) -> None:
    assert _refusal(policy_text(*rules)) == sentence


def test_images_may_expire_that_nobody_pulls() -> None:
    [taken] = policy(rule(days=30, since="sinceImagePulled")).rules
    assert (taken.action, taken.selection.count_type) == (Action.EXPIRE, CountType.SINCE_PULLED)


def test_limits_are_for_each_storage_class() -> None:
    archive: dict[str, Any] = {"since": "sinceImageTransitioned", "storage_class": "archive", "days": 90}
    found = policy(
        rule(1, tag_status="untagged", days=1),
        rule(2, tag_status="untagged", **archive),
        rule(3, prefixes=["v"], days=1),
        rule(4, prefixes=["v"], **archive),
        rule(5, days=1),
        rule(6, **archive),
    )
    assert len(found.rules) == 6


def test_different_rules_may_use_different_lists() -> None:
    assert len(policy(rule(1, prefixes=["v"], newest=1), rule(2, patterns=["v*"], newest=1)).rules) == 2


def test_an_empty_prefix_is_refused_because_it_would_select_every_tag() -> None:
    assert "too short" in _refusal(policy_text(rule(prefixes=[""], days=1)))
