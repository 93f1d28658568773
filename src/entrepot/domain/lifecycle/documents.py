"""Lifecycle policies as text: read strictly, checked by ECR's rules, minified.

Three things are taken that ECR refuses: `tagRegexList`, the action `untag`, and `expire` on
`sinceImagePulled` (decision 0029). What ECR takes and what it says of the rest is not changed by them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

from entrepot.domain.errors import InvalidParameter
from entrepot.domain.lifecycle.expressions import ExpressionInvalid, check_expression
from entrepot.domain.lifecycle.policies import (
    Action,
    CountType,
    LifecyclePolicy,
    Rule,
    Selection,
    StorageClass,
    TagStatus,
)
from entrepot.domain.lifecycle.schema import SchemaMismatch, Tree, check_schema

MOST_WILDCARDS = 4  # in one entry of tagPatternList
MOST_EXPRESSIONS = 10  # in all of a policy's tagRegexLists: each may have to be tried on every tag
# Instructions of all together: what has too many states for RE2's automaton takes a step for each of them and
# each character of a tag, which is 0.1 ms for 100 of them and the longest tag.
_LARGEST_PROGRAMS = 512


def parse_policy(text: str) -> LifecyclePolicy:
    """The policy in the text; raises InvalidParameter with ECR's sentence about the first thing wrong.

    How long it may be is the model's to check.
    """
    tree = _read(text)
    try:
        check_schema(tree)
    except SchemaMismatch as mismatch:
        _refuse(f"{mismatch.sentence}\n", mismatch)  # the line break stands in captured answers (facts 2.11)
    rules = sorted(map(_rule, tree["rules"]), key=lambda rule: rule.priority)
    for rule in rules:
        _check_alone(rule)
    _check_together(rules)
    return LifecyclePolicy(json.dumps(tree, separators=(",", ":"), ensure_ascii=False), tuple(rules))


def beyond_ecr(policy: LifecyclePolicy) -> list[str]:
    """What AWS would refuse in a policy that is taken here: a sentence for each rule of that kind."""
    return [f"rule {rule.priority}: {what}" for rule in policy.rules for what in _beyond_ecr(rule)]


def _beyond_ecr(rule: Rule) -> Iterator[str]:
    if rule.action is Action.EXPIRE and rule.selection.count_type is CountType.SINCE_PULLED:
        yield "AWS refuses expire with sinceImagePulled"
    if rule.selection.expressions:
        yield "AWS has no tagRegexList"
    if rule.is_about_tags:
        yield "AWS has no action untag"


def _refuse(detail: str, cause: Exception | None = None) -> NoReturn:
    raise InvalidParameter("LifecyclePolicyText", f"Lifecycle policy validation failure: {detail}") from cause


def _read(text: str) -> dict[str, Any]:
    """The text's object; refuses what two readers could read differently."""
    try:
        tree = json.loads(text, object_pairs_hook=_members, parse_constant=_refuse_constant)
        json.dumps(tree, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as cause:
        _refuse("Could not map policyString into LifecyclePolicy.", cause)
    if not isinstance(tree, dict):
        _refuse("Could not map policyString into LifecyclePolicy.")
    return tree


def _members(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _rule(tree: Mapping[str, Any]) -> Rule:
    selection = tree["selection"]
    # Both lists, or an empty one, are no matter of the schema: they are told apart before they are lost.
    prefixes, patterns = selection.get("tagPrefixList"), selection.get("tagPatternList")
    expressions = selection.get("tagRegexList")
    tag_status = TagStatus(selection["tagStatus"])
    _check_lists(tag_status, prefixes, patterns, expressions)
    return Rule(
        priority=tree["rulePriority"],
        selection=Selection(
            tag_status=tag_status,
            count_type=CountType(selection["countType"]),
            count_number=selection["countNumber"],
            prefixes=tuple(prefixes or ()),
            patterns=tuple(patterns or ()),
            expressions=tuple(expressions or ()),
            storage_class=StorageClass(selection.get("storageClass", "standard")),
        ),
        action=Action(tree["action"]["type"]),
        description=tree.get("description", ""),
    )


def _check_lists(
    tag_status: TagStatus,
    prefixes: list[str] | None,
    patterns: list[str] | None,
    expressions: list[str] | None,
) -> None:
    if tag_status is not TagStatus.TAGGED:
        lists = ("tagPrefixList", prefixes), ("tagPatternList", patterns), ("tagRegexList", expressions)
        for name, given in lists:
            if given is not None:
                _refuse(f"Cannot specify {name} with tagStatus {tag_status}")
    elif prefixes and patterns:
        _refuse("If policy has a tagged rule, it must specify only one of tagPrefixList or tagPatternList")
    elif expressions:
        if prefixes or patterns:
            _refuse("tagRegexList must be the only list of its rule")
        _check_expressions(expressions)
    elif not prefixes and not patterns:
        _refuse("Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.")
    if any(pattern.count("*") > MOST_WILDCARDS for pattern in patterns or ()):
        _refuse("Invalid tag pattern provided")


def _check_expressions(expressions: Iterable[str]) -> int:
    """The size of their programs."""
    size = 0
    for text in expressions:
        try:
            size += check_expression(text)
        except ExpressionInvalid as cause:
            _refuse(f"Invalid tag regex provided: {cause}", cause)
    return size


def _check_alone(rule: Rule) -> None:
    """What a count type, a storage class and an action have to do with each other."""
    selection = rule.selection
    if rule.is_about_tags and selection.tag_status is not TagStatus.TAGGED:
        _refuse("UNTAG supports the tagStatus tagged only")
    if selection.count_type is CountType.SINCE_TRANSITIONED:
        if selection.storage_class is not StorageClass.ARCHIVE:
            _refuse("SINCE_IMAGE_TRANSITIONED supports the ARCHIVE storage class only")
        if rule.action is not Action.EXPIRE:
            _refuse("SINCE_IMAGE_TRANSITIONED supports the EXPIRE action only")
        return
    if selection.storage_class is not StorageClass.STANDARD:
        _refuse(
            "SINCE_IMAGE_PUSHED, SINCE_IMAGE_PULLED and IMAGE_COUNT_MORE_THAN support the STANDARD storage "
            "class only"
        )


def _check_together(rules: list[Rule]) -> None:
    """What rules may not share: a priority; within a storage class prefixes, and certain tag statuses."""
    if _has_twice(rule.priority for rule in rules):
        _refuse("Rule priorities must be unique")
    if sum(len(rule.selection.expressions) for rule in rules) > MOST_EXPRESSIONS:
        _refuse(f"There must be at most {MOST_EXPRESSIONS} entries in all tagRegexLists together")
    if sum(_check_expressions(rule.selection.expressions) for rule in rules) > _LARGEST_PROGRAMS:
        _refuse("All tagRegexLists together are too large when they are compiled")
    # Rules over tags are no rivals of those over images.
    rules = [rule for rule in rules if not rule.is_about_tags]
    for storage_class in StorageClass:
        of_class = [rule.selection for rule in rules if rule.selection.storage_class is storage_class]
        if any(selection.tag_status is TagStatus.ANY for selection in of_class[:-1]):
            _refuse("Rule for tagStatus=ANY must have the lowest priority per storage class")
        if sum(selection.tag_status is TagStatus.UNTAGGED for selection in of_class) > 1:
            _refuse("Only one rule can select Untagged images per storage class")
        if _has_twice(frozenset(selection.prefixes) for selection in of_class if selection.prefixes):
            _refuse("Tag prefix lists must be unique per storage class")


def _has_twice(values: Iterable[object]) -> bool:
    listed = list(values)
    return len(set(listed)) != len(listed)
