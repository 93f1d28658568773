"""What a lifecycle policy does with each image of a repository: the one function for preview and execution.

A rule sees all images of its storage class, also those that rules before it have taken. An image belongs to
the first rule whose tags it fits, whether that rule then acts on it or not; no other rule acts on it
(facts 2.12).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.lifecycle.ages import over_age
from entrepot.domain.lifecycle.decisions import Decision, Why
from entrepot.domain.lifecycle.holds import NO_HOLDS, Hold, Holds, find_holds
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import (
    Action,
    CountType,
    LifecyclePolicy,
    Rule,
    Selection,
    StorageClass,
    TagStatus,
)
from entrepot.domain.lifecycle.tag_index import TagIndex
from entrepot.domain.lifecycle.tag_rules import decide_tags


def decide(
    policy: LifecyclePolicy, images: Iterable[LifecycleImage], now: datetime, holds: Holds = NO_HOLDS
) -> list[Decision]:
    """A decision for each image, oldest first: the order in which they are to be carried out.

    An image that an index of the repository has as a child stays until the index has gone. An image whose
    subject is here fares as its subject does, and no rule counts it. What is pinned or runs stays; rules
    count it as they count every image.
    """
    present = {image.digest: image for image in sorted(images, key=_age_order)}
    held = find_holds(holds, present, now)
    followers = _followers(present)
    decided: dict[Digest, Decision] = {}
    for storage_class in StorageClass:
        ranked = [
            image
            for image in reversed(present.values())
            if image.storage_class is storage_class and image.digest not in followers
        ]
        rules = [rule for rule in policy.image_rules if rule.selection.storage_class is storage_class]
        for decision in _by_rules(rules, ranked, now):
            decided[decision.image.digest] = _unless_kept(decision, held, present)
    for digest, subject in followers.items():
        decided[digest] = _unless_kept(_as_subject(present[digest], decided[subject]), held, present)
    if policy.tag_rules:
        tags = decide_tags(policy.tag_rules, present.values(), now, held, holds.mutability)
        for digest, of_image in tags.items():
            decided[digest] = replace(decided[digest], tags=tuple(of_image))
    return [decided[digest] for digest in present]


def _age_order(image: LifecycleImage) -> tuple[datetime, Digest]:
    return image.begun_at, image.digest


def _followers(present: Mapping[Digest, LifecycleImage]) -> dict[Digest, Digest]:
    """Images whose subject is here, with that subject; a subject that follows another comes before them.

    Images whose subjects lead back to themselves follow nobody.
    """
    referrers: dict[Digest, list[Digest]] = {}
    leaders = []
    for digest, image in present.items():
        if image.subject is not None and image.subject in present:
            referrers.setdefault(image.subject, []).append(digest)
        else:
            leaders.append(digest)
    found: dict[Digest, Digest] = {}
    while leaders:
        subject = leaders.pop()
        following = referrers.get(subject, [])
        found |= dict.fromkeys(following, subject)
        leaders += following
    return found


def _by_rules(rules: Sequence[Rule], ranked: Sequence[LifecycleImage], now: datetime) -> Iterator[Decision]:
    """What the rules of one storage class decide on its images, newest first."""
    index = TagIndex([image.tags for image in ranked])
    owners: dict[int, Decision] = {}
    for rule in rules:
        matching = sorted(_matching(rule.selection, ranked, index))
        chosen = _chosen(rule.selection, matching, ranked, now)
        newer = _newer(rule.selection, matching, ranked) if chosen else ()
        for place in matching:
            if place not in owners:
                owners[place] = _by_rule(rule, ranked[place], newer, is_chosen=place in chosen)
    for place, image in enumerate(ranked):
        yield owners.get(place) or Decision(image, None, None, Why.NO_RULE)


def _matching(selection: Selection, ranked: Sequence[LifecycleImage], index: TagIndex) -> Iterable[int]:
    if selection.tag_status is TagStatus.ANY:
        return range(len(ranked))
    if selection.tag_status is TagStatus.UNTAGGED:
        return (place for place, image in enumerate(ranked) if not image.tags)
    if selection.prefixes:
        return index.with_prefixes(selection.prefixes)
    if selection.expressions:
        return index.with_expressions(selection.expressions)
    return index.with_patterns(selection.patterns)


def _chosen(
    selection: Selection, matching: Sequence[int], ranked: Sequence[LifecycleImage], now: datetime
) -> frozenset[int]:
    """Those of the matching images that the rule wants to act on; they come newest first."""
    if selection.count_type is CountType.IMAGE_COUNT:
        return frozenset(matching[selection.count_number :])
    is_over = over_age(selection, now)
    return frozenset(
        place
        for place in matching
        if (since := _since(selection.count_type, ranked[place])) is not None and is_over(since)
    )


def _since(count_type: CountType, image: LifecycleImage) -> datetime | None:
    match count_type:
        case CountType.SINCE_PULLED:
            return image.used_at
        case CountType.SINCE_TRANSITIONED:
            return image.archived_at
        case _:
            return image.begun_at


def _newer(
    selection: Selection, matching: Sequence[int], ranked: Sequence[LifecycleImage]
) -> tuple[Digest, ...]:
    """The images that a rule keeps by their number, whatever another rule does with them."""
    if selection.count_type is not CountType.IMAGE_COUNT:
        return ()
    return tuple(ranked[place].digest for place in matching[: selection.count_number])


def _by_rule(rule: Rule, image: LifecycleImage, newer: tuple[Digest, ...], *, is_chosen: bool) -> Decision:
    is_count = rule.selection.count_type is CountType.IMAGE_COUNT
    if not is_chosen:
        return Decision(image, None, rule, Why.WITHIN_COUNT if is_count else Why.TOO_YOUNG)
    return Decision(image, rule.action, rule, Why.OVER_COUNT if is_count else Why.OLD_ENOUGH, newer)


def _as_subject(image: LifecycleImage, decision: Decision) -> Decision:
    action = decision.action
    if action is Action.TRANSITION and image.storage_class is StorageClass.ARCHIVE:
        action = None  # it is there already
    return Decision(image, action, decision.rule, Why.AS_SUBJECT, (decision.image.digest,))


def _unless_kept(
    decision: Decision, held: Mapping[Digest, Hold], present: Mapping[Digest, LifecycleImage]
) -> Decision:
    """The decision, but that what is held stays, and what an index has as a child."""
    hold = held.get(decision.image.digest)
    if decision.action is None or hold is None:
        return _unless_in_index(decision, present)
    why = Why.PINNED if hold.is_pin else Why.IN_USE
    return Decision(decision.image, None, decision.rule, why, hold=hold)


def _unless_in_index(decision: Decision, present: Mapping[Digest, LifecycleImage]) -> Decision:
    """The decision, but that the image stays while an index is there that has it as a child."""
    if decision.action is None:
        return decision
    indexes = tuple(
        parent
        for parent in decision.image.parents
        if parent in present and not _has_gone_before(decision.action, present[parent])
    )
    if not indexes:
        return decision
    return Decision(decision.image, None, decision.rule, Why.IN_INDEX, indexes)


def _has_gone_before(action: Action, index: LifecycleImage) -> bool:
    return action is Action.TRANSITION and index.storage_class is StorageClass.ARCHIVE
