"""Policies and tags that would cost a lot if matching went back, or if rules asked every image."""

import json

import pytest

from entrepot.domain.lifecycle.decisions import acting
from entrepot.domain.lifecycle.documents import parse_policy
from entrepot.domain.lifecycle.evaluation import decide
from entrepot.domain.lifecycle.images import LifecycleImage
from tests.unit.domain.lifecycle.builders import NOW, Json, ago, digest, image, policy, policy_text, rule

_LONGEST_TEXT = 30_720


def _many(count: int) -> list[LifecycleImage]:
    """Images with three tags each."""
    return [
        LifecycleImage(digest(str(n)), (f"v{n}", f"build-{n % 997}-{n}", f"{n:07x}"), ago(1 + n / 1000))
        for n in range(count)
    ]


def test_attack_41_fifty_rules_over_a_hundred_thousand_images() -> None:
    rules: list[Json] = [rule(n, prefixes=[f"v{n}", f"build-{n}"], newest=n) for n in range(1, 25)]
    rules += [rule(n, patterns=[f"*-{n}*", "*a*"], days=n) for n in range(25, 49)]
    rules += [rule(49, tag_status="untagged", newest=1), rule(50, newest=90_000)]
    decisions = decide(policy(*rules), _many(100_000), NOW)
    assert len(decisions) == 100_000
    assert acting(decisions)


@pytest.mark.parametrize("pattern", ["*a*a*a*a", "a*a*a*ab", "*aaaaaaaaaaaaaaaaaaaaaaaaaaaaab*a*a*"])
def test_attack_41_patterns_that_nearly_fit_are_not_tried_twice(pattern: str) -> None:
    images = [
        image(str(n), *("a" * (120 + each) + "c" for each in range(8)), days_old=9) for n in range(10_000)
    ]
    assert acting(decide(policy(rule(patterns=[pattern], days=1)), images, NOW)) == []


def test_attack_41_a_list_as_long_as_a_policy_may_be() -> None:
    """Patterns that all fit, so that none of them ends the search."""
    patterns: list[str] = []
    while len(policy_text(rule(patterns=[*patterns, "*aaaa*"], days=1))) <= _LONGEST_TEXT:
        patterns.append(f"*{'a' * (len(patterns) % 60)}*")
    images = [image(str(n), "a" * 128, days_old=9) for n in range(1000)]
    assert len(acting(decide(policy(rule(patterns=patterns, days=1)), images, NOW))) == 1000


def test_attack_41_prefixes_that_contain_each_other_are_asked_once() -> None:
    prefixes = ["a" * n for n in range(1, 120)]
    images = [image(str(n), "a" * 119, days_old=9) for n in range(10_000)]
    assert len(acting(decide(policy(rule(prefixes=prefixes, days=1)), images, NOW))) == 10_000


def test_attack_41_the_longest_text_is_read() -> None:
    made = rule(days=1)
    room = _LONGEST_TEXT - len(json.dumps({"rules": [made | {"description": ""}]}))
    assert parse_policy(policy_text(made | {"description": "x" * room}))
