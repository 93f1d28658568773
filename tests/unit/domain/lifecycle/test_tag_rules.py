"""Rules over tags: they take tags off images and leave the images."""

from collections.abc import Sequence

import pytest

from entrepot.domain.errors import InvalidParameter
from entrepot.domain.lifecycle.decisions import TagDecision, Why
from entrepot.domain.lifecycle.holds import NO_HOLDS, Holds
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.mutability import Mutability, TagMutability
from tests.unit.domain.lifecycle.builders import Json, decided, digest, image, pin, policy, rule, use


def tags(rules: Sequence[Json], *images: LifecycleImage, holds: Holds = NO_HOLDS) -> dict[str, TagDecision]:
    return {each.tag: each for decision in decided(rules, images, holds).values() for each in decision.tags}


def removed(rules: Sequence[Json], *images: LifecycleImage, holds: Holds = NO_HOLDS) -> set[str]:
    return {each.tag for decision in decided(rules, images, holds).values() for each in decision.removed_tags}


def test_the_newest_tags_stay_by_when_they_were_put_on() -> None:
    images = (
        image("a", "b-1", "b-4", "v1", days_old=9, tagged=[9, 1, 9]),
        image("b", "b-2", days_old=8),
        image("c", "b-3", days_old=2),
    )
    keep = rule(prefixes=["b-"], newest=2, action="untag")
    assert removed([keep], *images) == {"b-1", "b-2"}
    found = decided([keep], images)
    assert [found[digest(name)].action for name in "abc"] == [None, None, None]
    assert [each.tag for each in tags([keep], *images)["b-1"].newer] == ["b-4", "b-3"]


def test_a_tag_fits_where_it_meets_one_entry() -> None:
    both = rule(patterns=["a*", "*z"], days=1, action="untag")
    assert removed([both], image("x", "ab", "yz", "m", days_old=2)) == {"ab", "yz"}
    either = rule(expressions=["a.", "[0-9]+"], days=1, action="untag")
    assert removed([either], image("x", "ab", "12", "m", days_old=2)) == {"ab", "12"}


def test_a_tag_belongs_to_the_first_rule_it_fits_and_every_rule_counts_it() -> None:
    images = [image(str(n), f"a{n}", days_old=n) for n in range(1, 5)]
    rules = [
        rule(1, prefixes=["a1"], days=30, action="untag"),
        rule(2, prefixes=["a"], newest=2, action="untag"),
    ]
    found = tags(rules, *images)
    assert [found[f"a{n}"].is_removed for n in range(1, 5)] == [False, False, True, True]
    assert [found[f"a{n}"].rule.priority for n in range(1, 5)] == [1, 2, 2, 2]


def test_tags_go_by_the_last_pull_of_their_image() -> None:
    pulled = rule(prefixes=["a"], since="sinceImagePulled", days=5, action="untag")
    assert removed([pulled], image("x", "a1", days_old=9, pulled=1), image("y", "a2", days_old=9)) == {"a2"}


def test_rules_over_images_do_not_see_those_over_tags() -> None:
    rules = [rule(1, prefixes=["a"], newest=9, action="untag"), rule(2, newest=1)]
    found = decided(rules, [image("old", "a1", days_old=3), image("new", days_old=1)])
    assert found[digest("old")].action == "expire"
    assert found[digest("old")].removed_tags == ()
    # ECR's rules about rules are about those that it knows
    policy(rule(1, tag_status="any", newest=1), rule(2, prefixes=["a"], newest=1, action="untag"))
    policy(rule(1, prefixes=["a"], newest=1), rule(2, prefixes=["a"], newest=1, action="untag"))


def test_an_image_that_goes_takes_its_tags_along() -> None:
    rules = [rule(1, prefixes=["a"], days=1, action="untag"), rule(2, tag_status="any", days=1)]
    assert removed(rules, image("old", "a1", days_old=3)) == set()


def test_tags_of_what_is_kept_stay() -> None:
    rules = [rule(prefixes=["a"], days=1, action="untag")]
    images = image("x", "a1", days_old=9), image("y", "a2", days_old=9)
    holds = Holds(pins={digest("x"): pin("x")}, uses={digest("y"): [use()]})
    found = tags(rules, *images, holds=holds)
    assert (found["a1"].why, found["a2"].why) == (Why.PINNED, Why.IN_USE)
    assert removed(rules, *images, holds=holds) == set()


def test_attack_22_no_rule_takes_an_immutable_tag_away() -> None:
    rules = [rule(prefixes=["a"], days=1, action="untag")]
    mutability = TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, ("a2",))
    found = tags(rules, image("x", "a1", "a2", days_old=9), holds=Holds(mutability=mutability))
    assert (found["a1"].is_removed, found["a1"].why) == (False, Why.IMMUTABLE)
    assert found["a2"].is_removed


def test_tags_of_archived_images_stay() -> None:
    rules = [rule(prefixes=["a"], days=1, action="untag")]
    assert tags(rules, image("x", "a1", days_old=200, archived=100)) == {}


@pytest.mark.parametrize("tag_status", ["any", "untagged"])
def test_only_tagged_images_have_tags_to_take(tag_status: str) -> None:
    with pytest.raises(InvalidParameter, match="UNTAG supports the tagStatus tagged only"):
        policy(rule(tag_status=tag_status, newest=1, action="untag"))
