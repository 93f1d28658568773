"""Every rule of evaluation that the facts restate (2.12), and the reasons that decisions give."""

import pytest

from entrepot.domain.lifecycle.decisions import Why, acting
from entrepot.domain.lifecycle.evaluation import decide
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import Action, LifecyclePolicy
from tests.unit.domain.lifecycle.builders import (
    NOW,
    Json,
    acted_on,
    decided,
    image,
    policy,
    rule,
)

_ARCHIVED_LONG = {"since": "sinceImageTransitioned", "storage_class": "archive"}


def _named(*images: LifecycleImage) -> dict[str, LifecycleImage]:
    return {each.tags[0]: each for each in images}


def test_a_rule_sees_the_images_of_its_storage_class_alone() -> None:
    images = {
        "old": image("old", "v1", days_old=9),
        "new": image("new", "v2", days_old=1),
        "archived": image("archived", "v3", days_old=300, archived=100),
    }
    rules = [rule(1, newest=1), rule(2, days=90, **_ARCHIVED_LONG)]  # type: ignore[arg-type]
    assert acted_on(rules, images) == {"archived": 2, "old": 1}


def test_the_archive_does_not_fill_the_places_of_a_count() -> None:
    images = {
        "archived": image("archived", "v2", days_old=1, archived=0.5),
        "standard": image("standard", "v1", days_old=9),
    }
    assert acted_on([rule(newest=1)], images) == {}


@pytest.mark.parametrize(
    ("patterns", "tags", "fits"),
    [
        (["prod*"], ["prod"], True),
        (["prod*"], ["production-1"], True),
        (["*prod*"], ["my-prod-1"], True),
        (["*prod"], ["prod-1"], False),
        (["prod"], ["prod"], True),
        (["prod"], ["prod-1"], False),
        (["v*.*"], ["v1.2"], True),
        (["v*.*"], ["v1"], False),
        (["a*b*c*d"], ["a-b-c-d"], True),
        (["a*b*c*d"], ["a-c-b-d"], False),
        (["*"], ["anything"], True),
        (["**"], ["anything"], True),
        (["*a"], ["a"], True),
        (["a*a"], ["a"], False),
        (["v?"], ["v1"], False),
        (["v*", "*-rc"], ["v1", "x-rc"], True),
        (["v*", "*-rc"], ["v1-rc"], True),
        (["v*", "*-rc"], ["v1"], False),
        (["V*"], ["v1"], False),
    ],
)
def test_a_pattern_covers_a_whole_tag(patterns: list[str], tags: list[str], fits: bool) -> None:
    found = acted_on([rule(patterns=patterns, days=1)], {"one": image("one", *tags, days_old=2)})
    assert bool(found) is fits


@pytest.mark.parametrize(
    ("prefixes", "tags", "fits"),
    [
        (["v"], ["v1"], True),
        (["v1"], ["v1"], True),
        (["v1"], ["v"], False),
        (["v", "v1"], ["v1"], True),
        (["v", "v1", "w"], ["v1"], False),
        (["v", "v1", "w"], ["v1", "w"], True),
        (["v*"], ["v1"], False),
        (["a"], ["b", "a1"], True),
    ],
)
def test_a_prefix_is_what_a_tag_begins_with(prefixes: list[str], tags: list[str], fits: bool) -> None:
    found = acted_on([rule(prefixes=prefixes, days=1)], {"one": image("one", *tags, days_old=2)})
    assert bool(found) is fits


def test_untagged_is_without_any_tag() -> None:
    images = {"tagged": image("tagged", "v1", days_old=9), "untagged": image("untagged", days_old=9)}
    assert acted_on([rule(tag_status="untagged", days=1)], images) == {"untagged": 1}


def test_a_higher_rule_claims_what_it_keeps() -> None:
    kept = image("kept", "prod-1", days_old=100)
    decisions = decided([rule(1, prefixes=["prod"], newest=1), rule(2, days=1)], [kept])
    decision = decisions[kept.digest]
    assert (decision.action, decision.why) == (None, Why.WITHIN_COUNT)
    assert decision.rule is not None
    assert decision.rule.priority == 1


def test_a_lower_rule_counts_what_a_higher_one_claimed() -> None:
    images = _named(
        image("A", "prod-2", days_old=1),
        image("B", "prod-1", days_old=2),
        image("C", "dev-1", days_old=3),
    )
    rules = [rule(1, prefixes=["prod"], newest=5), rule(2, newest=2)]
    assert acted_on(rules, images) == {"dev-1": 2}


def test_a_lower_rule_counts_what_a_higher_one_expires() -> None:
    images = _named(
        image("A", "prod-1", "x", days_old=1.5),
        image("B", "dev-1", days_old=2),
    )
    rules = [rule(1, patterns=["prod*", "x"], days=1), rule(2, newest=1)]
    assert acted_on(rules, images) == {"dev-1": 2, "prod-1": 1}


def test_each_image_is_acted_on_once_and_decided_on_once() -> None:
    images = [image(str(n), f"v{n}", f"w{n}", days_old=n + 2) for n in range(20)]
    decisions = decide(
        policy(rule(1, prefixes=["v"], newest=3), rule(2, prefixes=["w"], days=1), rule(3, days=1)),
        images,
        NOW,
    )
    assert sorted(d.image.digest for d in decisions) == sorted(each.digest for each in images)


def test_rules_are_applied_by_priority_whatever_their_order_in_the_text() -> None:
    one = image("one", "v1", days_old=9)
    decisions = decided([rule(7, days=1), rule(2, prefixes=["v"], days=30)], [one])
    assert decisions[one.digest].action is None


@pytest.mark.parametrize(("days_old", "goes"), [(5, False), (5.001, True), (4.999, False)])
def test_older_than_days_is_strictly_older(days_old: float, goes: bool) -> None:
    assert bool(acted_on([rule(days=5)], {"one": image("one", days_old=days_old)})) is goes


def test_more_days_than_there_were_are_never_over() -> None:
    assert acted_on([rule(days=(1 << 31) - 1)], {"one": image("one", days_old=9000)}) == {}


def test_a_count_goes_by_the_time_of_the_push() -> None:
    images = {name: image(name, days_old=days) for name, days in [("b", 2), ("a", 3), ("c", 1)]}
    assert list(acted_on([rule(newest=1)], images)) == ["a", "b"]


def test_of_images_of_one_moment_always_the_same_stay() -> None:
    images = [image(str(n), days_old=1) for n in range(6)]
    runs = [
        {d.image.digest for d in acting(decide(policy(rule(newest=3)), order, NOW))}
        for order in (images, images[::-1])
    ]
    assert runs[0] == runs[1]
    assert len(runs[0]) == 3


def test_a_return_from_the_archive_counts_as_a_push() -> None:
    images = {
        "restored": image("restored", days_old=400, archived=200, activated=2),
        "pushed": image("pushed", days_old=3),
    }
    assert acted_on([rule(days=5)], images) == {}
    assert acted_on([rule(newest=1)], images) == {"pushed": 1}


@pytest.mark.parametrize(
    ("times", "goes"),
    [
        ({"days_old": 100, "pulled": 31}, True),
        ({"days_old": 100, "pulled": 30}, False),
        ({"days_old": 31}, True),  # never pulled: since the push
        ({"days_old": 29}, False),
        ({"days_old": 400, "pulled": 300, "archived": 200, "activated": 10}, False),  # restored since
        ({"days_old": 400, "archived": 200, "activated": 40}, True),
        ({"days_old": 400, "pulled": 5, "archived": 200, "activated": 40}, False),
    ],
)
def test_not_pulled_for_days(times: dict[str, float], goes: bool) -> None:
    rules = [rule(days=30, since="sinceImagePulled", action="transition")]
    one = image("one", "v1", **times)  # type: ignore[arg-type]
    decision = decided(rules, [one])[one.digest]
    assert decision.action is (Action.TRANSITION if goes else None)


@pytest.mark.parametrize(("archived", "goes"), [(90, False), (90.5, True)])
def test_archived_for_days(archived: float, goes: bool) -> None:
    rules = [rule(days=90, **_ARCHIVED_LONG)]  # type: ignore[arg-type]
    assert bool(acted_on(rules, {"one": image("one", days_old=300, archived=archived)})) is goes


def test_a_child_stays_while_its_index_is_here_even_if_that_goes_now() -> None:
    index, child = image("index", "v1", days_old=9), image("child", days_old=9, parents=["index"])
    decisions = decided([rule(days=1)], [index, child])
    assert decisions[index.digest].action is Action.EXPIRE
    kept = decisions[child.digest]
    assert (kept.action, kept.why, kept.because_of) == (None, Why.IN_INDEX, (index.digest,))
    assert kept.rule is not None


def test_a_child_goes_once_its_index_has_gone() -> None:
    child = image("child", days_old=9, parents=["index"])
    assert acted_on([rule(days=1)], {"child": child}) == {"child": 1}


def test_a_child_of_an_archived_index_may_be_archived() -> None:
    images = {
        "index": image("index", days_old=99, archived=9),
        "child": image("child", days_old=99, parents=["index"]),
    }
    assert acted_on([rule(days=30, action="transition")], images) == {"child": 1}
    assert acted_on([rule(days=30)], images) == {}


def test_a_protected_child_still_takes_its_place_in_a_count() -> None:
    images = {
        "index": image("index", days_old=1),
        "child": image("child", days_old=2, parents=["index"]),
        "old": image("old", days_old=3),
    }
    assert acted_on([rule(newest=2)], images) == {"old": 1}


def test_a_referrer_goes_with_its_subject() -> None:
    subject, signature = image("subject", "v1", days_old=9), image("signature", subject="subject")
    decision = decided([rule(days=5)], [subject, signature])[signature.digest]
    assert (decision.action, decision.why) == (Action.EXPIRE, Why.AS_SUBJECT)
    assert decision.because_of == (subject.digest,)


def test_a_referrer_stays_with_its_subject_and_takes_no_place_in_a_count() -> None:
    images = {
        "signature": image("signature", days_old=20, subject="subject"),
        "subject": image("subject", "v1", days_old=20),
        "old": image("old", "v0", days_old=30),
    }
    rules = [rule(1, prefixes=["v"], newest=1), rule(2, tag_status="untagged", days=1)]
    assert acted_on(rules, images) == {"old": 1}


def test_a_referrer_of_a_referrer_follows_the_one_it_refers_to() -> None:
    subject = image("subject", "v1", days_old=9)
    index = image("index", "keep", days_old=1)
    bill = image("bill", subject="subject", parents=["index"])  # held by an index, so it stays
    signature = image("signature", subject="bill")
    decisions = decided([rule(prefixes=["v"], days=5)], [signature, bill, index, subject])
    assert decisions[subject.digest].action is Action.EXPIRE
    assert decisions[bill.digest].action is None
    assert decisions[signature.digest].action is None


def test_a_referrer_without_its_subject_is_an_image_like_any_other() -> None:
    assert acted_on([rule(days=5)], {"one": image("one", days_old=9, subject="elsewhere")}) == {"one": 1}


def test_attack_16_subjects_in_a_ring_follow_nobody() -> None:
    images = {
        "a": image("a", days_old=9, subject="b"),
        "b": image("b", days_old=9, subject="a"),
        "self": image("self", days_old=9, subject="self"),
    }
    assert acted_on([rule(days=5)], images).keys() == images.keys()


def test_attack_16_a_long_chain_of_subjects() -> None:
    images = [image("0", "v1", days_old=9)]
    images += [image(str(n), subject=str(n - 1)) for n in range(1, 5000)]
    assert len(acting(decide(policy(rule(days=5)), images[::-1], NOW))) == 5000


def test_decisions_come_oldest_first() -> None:
    images = [image(str(n), days_old=(n * 7) % 31 + 2) for n in range(31)]
    decisions = decide(policy(rule(days=1)), images, NOW)
    pushed = [decision.image.pushed_at for decision in decisions]
    assert pushed == sorted(pushed)


@pytest.mark.parametrize(
    ("rules", "why", "action"),
    [
        ([rule(prefixes=["w"], days=1)], Why.NO_RULE, None),
        ([rule(newest=1)], Why.WITHIN_COUNT, None),
        ([rule(days=30)], Why.TOO_YOUNG, None),
        ([rule(days=1)], Why.OLD_ENOUGH, Action.EXPIRE),
        ([rule(days=1, action="transition")], Why.OLD_ENOUGH, Action.TRANSITION),
    ],
)
def test_a_decision_tells_why(rules: list[Json], why: Why, action: Action | None) -> None:
    one = image("one", "v1", days_old=9)
    decision = decided(rules, [one])[one.digest]
    assert (decision.why, decision.action) == (why, action)
    assert (decision.rule is None) is (why is Why.NO_RULE)


def test_over_the_count_is_a_reason() -> None:
    old, new = image("old", days_old=9), image("new", days_old=1)
    assert decided([rule(newest=1)], [old, new])[old.digest].why is Why.OVER_COUNT


def test_a_policy_without_rules_keeps_everything() -> None:
    assert acting(decide(LifecyclePolicy("", ()), [image("one", days_old=9000)], NOW)) == []
