"""The JSON schema of a lifecycle policy, and ECR's sentences about texts that do not fit it.

ECR checks with json-schema-validator, whose sentences name JSON values as JSON (facts 2.11). The first
thing wrong is told, in the order of the document. `tagRegexList` and the action `untag` are our own: no
sentence names them among what there is.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, cast

Tree = object
"""What JSON holds: str, int, float, bool, None, and dicts and lists of these."""

MOST_RULES = 50  # ECR service quotas
_LARGEST = (1 << 31) - 1  # LifecyclePolicyRulePriority is an integer of 32 bits, ecr model
_UNITS = ("days",)
_TAG_STATUSES = ("any", "tagged", "untagged")
_STORAGE_CLASSES = ("archive", "standard")
_ACTIONS = ("expire", "transition")
_SINCE = ("sinceImagePulled", "sinceImagePushed", "sinceImageTransitioned")
LEAST_ARCHIVED_DAYS = 90  # the shortest time that an image stays archived (facts 6)


@dataclass(eq=False)
class SchemaMismatch(Exception):
    """The text is JSON, but no lifecycle policy; `sentence` is ECR's."""

    sentence: str


def check_schema(tree: Mapping[str, Tree]) -> None:
    """Return where the object has the form of a lifecycle policy; raises SchemaMismatch."""
    _check_members(tree, required=("rules",))
    rules = _list(tree["rules"])
    if not rules:
        _mismatch("array is too short: must have at least 1 elements but instance has 0 elements")
    if len(rules) > MOST_RULES:
        _mismatch(
            f"array is too long: must have at most {MOST_RULES} elements "
            f"but instance has {len(rules)} elements"
        )
    for rule in rules:
        _check_rule(_object(rule))


def _check_rule(rule: Mapping[str, Tree]) -> None:
    _check_members(rule, required=("action", "rulePriority", "selection"), optional=("description",))
    _check_number(rule["rulePriority"], least=1)
    if "description" in rule:
        _text(rule["description"])
    _check_selection(_object(rule["selection"]))
    _check_action(_object(rule["action"]))


def _check_selection(selection: Mapping[str, Tree]) -> None:
    _check_members(
        selection,
        required=("countNumber", "countType", "tagStatus"),
        optional=("countUnit", "storageClass", "tagPatternList", "tagPrefixList", "tagRegexList"),
    )
    _check_enum(selection["tagStatus"], _TAG_STATUSES)
    for name in ("tagPrefixList", "tagPatternList", "tagRegexList"):
        for entry in _list(selection.get(name, [])):
            if not _text(entry):
                _mismatch('string "" is too short (length: 0, required minimum: 1)')
    _check_number(selection["countNumber"], least=1)
    if "storageClass" in selection:
        _check_enum(selection["storageClass"], _STORAGE_CLASSES)
    _check_variant(selection)


def _check_variant(selection: Mapping[str, Tree]) -> None:
    """One of four: a count of images without a unit, or days since one of three things."""
    count_type, has_unit = selection["countType"], "countUnit" in selection
    if count_type == "imageCountMoreThan":
        fits = not has_unit
    else:
        fits = count_type in _SINCE and isinstance(selection.get("countUnit"), str)
    if not fits:
        _mismatch("instance failed to match exactly one schema (matched 0 out of 4)")
    if has_unit:
        _check_enum(selection["countUnit"], _UNITS)
    if count_type == "sinceImageTransitioned":
        _check_number(selection["countNumber"], least=LEAST_ARCHIVED_DAYS)


def _check_action(action: Mapping[str, Tree]) -> None:
    """One of two: expire alone, or transition to the archive; or our own, untag alone."""
    _check_members(action, required=("type",), optional=("targetStorageClass",))
    if dict(action) == {"type": "untag"}:
        return
    _check_enum(action["type"], _ACTIONS)
    wanted = {"type": "expire"}, {"type": "transition", "targetStorageClass": "archive"}
    if dict(action) not in wanted:
        _mismatch("instance failed to match exactly one schema (matched 0 out of 2)")


def _check_members(
    tree: Mapping[str, Tree], *, required: Sequence[str], optional: Collection[str] = ()
) -> None:
    missing = sorted(name for name in required if name not in tree)
    if missing:
        _mismatch(f"object has missing required properties ({_json(missing)})")
    strange = sorted(name for name in tree if name not in required and name not in optional)
    if strange:
        _mismatch(f"object instance has properties which are not allowed by the schema: ({_json(strange)})")


def _check_number(value: Tree, *, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        _wrong_type(value, "integer")
    if value < least:
        _mismatch(f"numeric instance is lower than the required minimum (minimum: {least}, found: {value})")
    if value > _LARGEST:
        _mismatch(
            f"numeric instance is greater than the required maximum (maximum: {_LARGEST}, found: {value})"
        )


def _check_enum(value: Tree, allowed: Sequence[str]) -> None:
    if value not in allowed:
        _mismatch(f"instance value ({_json(value)}) not found in enum (possible values: {_json(allowed)})")


def _text(value: Tree) -> str:
    return cast("str", _typed(value, str, "string"))


def _list(value: Tree) -> list[Tree]:
    return cast("list[Tree]", _typed(value, list, "array"))


def _object(value: Tree) -> Mapping[str, Tree]:
    return cast("Mapping[str, Tree]", _typed(value, dict, "object"))


def _typed(value: Tree, kind: type, name: str) -> Tree:
    if not isinstance(value, kind):
        _wrong_type(value, name)
    return value


_TYPES: Sequence[tuple[Callable[[Tree], bool], str]] = (
    (lambda value: value is None, "null"),
    (lambda value: isinstance(value, bool), "boolean"),
    (lambda value: isinstance(value, int), "integer"),
    (lambda value: isinstance(value, float), "number"),
    (lambda value: isinstance(value, str), "string"),
    (lambda value: isinstance(value, list), "array"),
    (lambda value: isinstance(value, dict), "object"),
)


def _wrong_type(value: Tree, allowed: str) -> NoReturn:
    found = next(name for is_type, name in _TYPES if is_type(value))
    _mismatch(f'instance type ({found}) does not match any allowed primitive type (allowed: ["{allowed}"])')


def _json(value: Tree) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _mismatch(sentence: str) -> NoReturn:
    raise SchemaMismatch(sentence)
