"""What holds of every policy and all images: a slow reading of the rules agrees with the fast one."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.lifecycle.decisions import Decision, Why, acting
from entrepot.domain.lifecycle.documents import parse_policy
from entrepot.domain.lifecycle.evaluation import decide
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import CountType, LifecyclePolicy, Rule, TagStatus
from entrepot.domain.mutability import matches_wildcard
from tests.unit.domain.lifecycle.builders import NOW, Json, ago, digest, policy_text, rule

_TAGS = st.sampled_from(["a", "aa", "ab", "aab", "b", "ba", "b-a", "c1", "c2", "c10"])
_ENTRIES = st.sampled_from(["a", "aa", "b", "c", "c1", "*", "*a", "a*", "*a*", "a*b", "c*0", "*b*a"])
_DAYS = st.integers(0, 6)


@st.composite
def _images(draw: st.DrawFn) -> list[LifecycleImage]:
    count = draw(st.integers(0, 9))
    names = [str(n) for n in range(count)]
    some = st.lists(st.sampled_from(names), max_size=2, unique=True) if names else st.just([])
    return [
        LifecycleImage(
            digest=digest(name),
            tags=tuple(draw(st.lists(_TAGS, max_size=3, unique=True))),
            pushed_at=ago(draw(_DAYS)),
            subject=draw(st.none() | st.sampled_from(names).map(digest)),
            parents=tuple(map(digest, draw(some))) if draw(st.booleans()) else (),
        )
        for name in names
    ]


@st.composite
def _policies(draw: st.DrawFn) -> LifecyclePolicy:
    rules: list[Json] = []
    for priority in range(1, draw(st.integers(1, 4)) + 1):
        limit: dict[str, int] = {draw(st.sampled_from(["newest", "days"])): draw(st.integers(1, 4))}
        patterns = draw(st.lists(_ENTRIES, min_size=1, max_size=2))
        rules.append(rule(priority, patterns=patterns, **limit))  # type: ignore[arg-type]
    if draw(st.booleans()):
        rules.append(rule(98, tag_status="untagged", days=draw(st.integers(1, 4))))
    if draw(st.booleans()):
        rules.append(rule(99, newest=draw(st.integers(1, 4))))
    return parse_policy(policy_text(*rules))


def _fits(image: LifecycleImage, found: Rule) -> bool:
    selection = found.selection
    if selection.tag_status is TagStatus.ANY:
        return True
    if selection.tag_status is TagStatus.UNTAGGED:
        return not image.tags
    return all(any(matches_wildcard(pattern, tag) for tag in image.tags) for pattern in selection.patterns)


def _candidates(ordinary: list[LifecycleImage], found: Rule) -> list[LifecycleImage]:
    newest_first = sorted(ordinary, key=lambda each: (each.pushed_at, each.digest), reverse=True)
    matching = [each for each in newest_first if _fits(each, found)]
    if found.selection.count_type is CountType.IMAGE_COUNT:
        return matching[found.selection.count_number :]
    return [each for each in matching if NOW - each.pushed_at > timedelta(days=found.selection.count_number)]


def _ordinary(images: list[LifecycleImage]) -> list[LifecycleImage]:
    """Images that follow nobody: no subject here, or subjects in a ring."""
    by_digest = {each.digest: each for each in images}

    def follows(image: LifecycleImage) -> bool:
        seen, at = set(), image
        while at.subject is not None and at.subject in by_digest:
            if at.digest in seen:
                return False
            seen.add(at.digest)
            at = by_digest[at.subject]
        return at is not image

    return [each for each in images if not follows(each)]


@given(_policies(), _images())
def test_the_first_rule_that_an_image_fits_decides(
    policy: LifecyclePolicy, images: list[LifecycleImage]
) -> None:
    ordinary = _ordinary(images)
    decisions = {each.image.digest: each for each in decide(policy, images, NOW)}
    here = {each.digest for each in images}
    for image in ordinary:
        owner = next((found for found in policy.rules if _fits(image, found)), None)
        goes = owner is not None and image in _candidates(ordinary, owner) and not here & {*image.parents}
        decision = decisions[image.digest]
        assert decision.rule == owner
        assert (decision.action is not None) is goes


@given(_policies(), _images())
def test_each_image_has_one_decision_with_its_reason(
    policy: LifecyclePolicy, images: list[LifecycleImage]
) -> None:
    decisions = decide(policy, images, NOW)
    assert sorted(each.image.digest for each in decisions) == sorted(each.digest for each in images)
    for decision in decisions:
        if decision.action is not None:
            assert decision.rule is not None
            assert decision.why in (Why.OVER_COUNT, Why.OLD_ENOUGH, Why.AS_SUBJECT)


@given(_policies(), _images())
def test_nothing_goes_that_an_index_needs_or_whose_subject_stays(
    policy: LifecyclePolicy, images: list[LifecycleImage]
) -> None:
    decisions = decide(policy, images, NOW)
    here = {each.digest for each in images}
    going = {each.image.digest for each in acting(decisions)}
    for decision in decisions:
        if decision.image.digest in going:
            assert not here & {*decision.image.parents}
        if decision.why is Why.AS_SUBJECT and decision.action is not None:
            assert decision.image.subject in going


@given(_policies(), _images().flatmap(lambda images: st.tuples(st.just(images), st.permutations(images))))
def test_the_order_of_images_does_not_matter(
    policy: LifecyclePolicy, orders: tuple[list[LifecycleImage], list[LifecycleImage]]
) -> None:
    first, second = orders
    assert decide(policy, first, NOW) == decide(policy, second, NOW)


@given(_policies(), _images())
def test_evaluating_again_and_again_comes_to_an_end(
    policy: LifecyclePolicy, images: list[LifecycleImage]
) -> None:
    left = list(images)
    for _ in range(len(images) + 1):
        going = {decision.image.digest for decision in acting(decide(policy, left, NOW))}
        if not going:
            break
        left = [each for each in left if each.digest not in going]
    assert acting(decide(policy, left, NOW)) == []


@given(_policies())
def test_a_minified_policy_is_read_as_the_same_policy(policy: LifecyclePolicy) -> None:
    assert parse_policy(policy.text) == policy


def _kept(decisions: list[Decision]) -> int:
    return sum(decision.action is None for decision in decisions)


@given(_images(), st.integers(1, 4))
def test_a_count_keeps_at_least_that_many(images: list[LifecycleImage], newest: int) -> None:
    policy = parse_policy(policy_text(rule(newest=newest)))
    assert _kept(decide(policy, images, NOW)) >= min(newest, len(_ordinary(images)))
