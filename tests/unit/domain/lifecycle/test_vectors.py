"""The six examples that the guide of ECR works through (facts 2.12)."""

from tests.unit.domain.lifecycle.builders import acted_on, image, rule

_FIRST = {
    "A": image("A", "beta-1", "prod-1", days_old=10),
    "B": image("B", "beta-2", "prod-2", days_old=9),
    "C": image("C", "beta-3", days_old=8),
}


def test_vector_1_an_image_that_a_higher_rule_keeps_is_not_the_lower_rules() -> None:
    rules = [rule(1, prefixes=["prod"], newest=1), rule(2, prefixes=["beta"], newest=1)]
    assert acted_on(rules, _FIRST) == {"A": 1}


def test_vector_2_the_rules_the_other_way_round() -> None:
    rules = [rule(1, prefixes=["beta"], newest=1), rule(2, prefixes=["prod"], newest=1)]
    assert acted_on(rules, _FIRST) == {"A": 1, "B": 1}


def test_vector_3_every_prefix_of_a_list_must_be_met() -> None:
    images = {
        "A": image("A", "alpha-1", days_old=12),
        "B": image("B", "beta-1", days_old=11),
        "C": image("C", "alpha-2", "beta-2", days_old=10),
        "D": image("D", "alpha-3", days_old=4),
        "E": image("E", "beta-3", days_old=3),
        "F": image("F", "alpha-4", "beta-4", days_old=2),
    }
    assert acted_on([rule(prefixes=["alpha", "beta"], days=5)], images) == {"C": 1}


def test_vector_4_other_tags_do_not_matter() -> None:
    images = {
        "A": image("A", "alpha-1", "beta-1", "gamma-1", days_old=10),
        "B": image("B", "alpha-2", "beta-2", days_old=9),
        "C": image("C", "alpha-3", "beta-3", "gamma-2", days_old=8),
    }
    assert acted_on([rule(prefixes=["alpha", "beta"], newest=1)], images) == {"A": 1, "B": 1}


def test_vector_5_any_is_tagged_and_untagged() -> None:
    images = {
        "A": image("A", "alpha-1", days_old=4),
        "B": image("B", "beta-1", days_old=3),
        "C": image("C", days_old=2),
        "D": image("D", "alpha-2", days_old=1),
    }
    assert acted_on([rule(newest=1)], images) == {"A": 1, "B": 1, "C": 1}


def test_vector_6_three_kinds_of_rules() -> None:
    images = {
        "A": image("A", "alpha-1", "beta-1", days_old=4),
        "B": image("B", days_old=3),
        "C": image("C", "alpha-2", days_old=2),
        "D": image("D", "0f3b1c7", days_old=1.01),
        "E": image("E", days_old=1),  # exactly a day: not older than one, and the newest of all
    }
    rules = [
        rule(1, prefixes=["alpha"], newest=1),
        rule(2, tag_status="untagged", days=1),
        rule(3, newest=1),
    ]
    assert acted_on(rules, images) == {"A": 1, "B": 2, "D": 3}
