"""What the rules over tags of a lifecycle policy do: they take tags off images, and leave the images.

A tag fits such a rule where it meets some entry of the rule's list. It belongs to the first rule that it
fits; a rule that counts counts all tags that fit it. Its age is the time since its image has it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.images import PointedTag
from entrepot.domain.lifecycle.ages import over_age
from entrepot.domain.lifecycle.decisions import TagDecision, Why
from entrepot.domain.lifecycle.holds import Hold
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import CountType, Rule, Selection, StorageClass
from entrepot.domain.lifecycle.tag_index import TagIndex
from entrepot.domain.mutability import TagMutability
from entrepot.domain.names import Tag


def decide_tags(
    rules: Sequence[Rule],
    images: Iterable[LifecycleImage],
    now: datetime,
    held: Mapping[Digest, Hold],
    mutability: TagMutability,
) -> dict[Digest, list[TagDecision]]:
    """The decisions on tags that some rule is about, by image; tags of archived images stay."""
    present = {image.digest: image for image in images if image.storage_class is StorageClass.STANDARD}
    ranked = sorted(_tags_of(present.values()), key=lambda each: (each.pointed_at, each.tag), reverse=True)
    index = TagIndex([(each.tag,) for each in ranked])
    owners: dict[int, TagDecision] = {}
    for rule in rules:
        matching = sorted(_matching(rule.selection, index))
        chosen = _chosen(rule.selection, matching, ranked, present, now)
        is_count = rule.selection.count_type is CountType.IMAGE_COUNT
        newer = tuple(ranked[place] for place in matching[: rule.selection.count_number]) if is_count else ()
        for place in matching:
            if place not in owners:
                is_chosen = place in chosen
                decision = _by_rule(rule, ranked[place], newer if is_chosen else (), is_chosen=is_chosen)
                owners[place] = _unless_kept(decision, held.get(ranked[place].digest), mutability)
    decided: dict[Digest, list[TagDecision]] = {}
    for place, decision in sorted(owners.items()):
        decided.setdefault(ranked[place].digest, []).append(decision)
    return decided


def _tags_of(images: Iterable[LifecycleImage]) -> Iterable[PointedTag]:
    for image in images:
        for tag, pointed_at in zip(image.tags, image.tagged_at, strict=True):
            yield PointedTag(Tag(tag), image.digest, pointed_at)


def _matching(selection: Selection, index: TagIndex) -> set[int]:
    found: set[int] = set()
    for prefix in selection.prefixes:
        found |= index.with_prefixes([prefix])
    for pattern in selection.patterns:
        found |= index.with_patterns([pattern])
    for expression in selection.expressions:
        found |= index.with_expressions([expression])
    return found


def _chosen(
    selection: Selection,
    matching: Sequence[int],
    ranked: Sequence[PointedTag],
    present: Mapping[Digest, LifecycleImage],
    now: datetime,
) -> frozenset[int]:
    """Those of the matching tags that the rule wants to remove; they come newest first."""
    if selection.count_type is CountType.IMAGE_COUNT:
        return frozenset(matching[selection.count_number :])
    is_over = over_age(selection, now)
    by_pull = selection.count_type is CountType.SINCE_PULLED
    return frozenset(
        place
        for place in matching
        if is_over(present[ranked[place].digest].used_at if by_pull else ranked[place].pointed_at)
    )


def _by_rule(rule: Rule, tag: PointedTag, newer: tuple[PointedTag, ...], *, is_chosen: bool) -> TagDecision:
    is_count = rule.selection.count_type is CountType.IMAGE_COUNT
    if is_chosen:
        why = Why.OVER_COUNT if is_count else Why.OLD_ENOUGH
    else:
        why = Why.WITHIN_COUNT if is_count else Why.TOO_YOUNG
    return TagDecision(tag.tag, tag.pointed_at, is_chosen, rule, why, newer=newer)


def _unless_kept(decision: TagDecision, hold: Hold | None, mutability: TagMutability) -> TagDecision:
    """The decision, but that a tag stays that may not be moved, and that of an image that is kept."""
    if not decision.is_removed:
        return decision
    if hold is not None:
        why = Why.PINNED if hold.is_pin else Why.IN_USE
        return TagDecision(decision.tag, decision.pointed_at, False, decision.rule, why, hold)
    if mutability.is_immutable(decision.tag):
        return TagDecision(decision.tag, decision.pointed_at, False, decision.rule, Why.IMMUTABLE)
    return decision
