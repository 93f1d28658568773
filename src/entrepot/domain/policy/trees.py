"""The JSON of a policy document: read strictly, written as ECR writes it."""

import json
from collections.abc import Mapping
from typing import NoReturn

from entrepot.domain.policy.malformed import MalformedPolicy

Tree = object
"""What JSON holds: str, Number, bool, None, and dicts and lists of these."""

_DEEPEST = 6  # document, statements, statement, Condition, operator, values


class Number(str):
    """A number as the document spells it: policies compare it as text, and it goes out as it came in."""

    __slots__ = ()


class _Members(list[tuple[str, Tree]]):
    """An object before its keys are known to differ."""


def read_tree(text: str) -> Tree:
    """The document's JSON; raises MalformedPolicy for anything that two readers could read differently."""
    try:
        raw = json.loads(
            text,
            object_pairs_hook=_Members,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse_constant,
        )
        text.encode()
    except (ValueError, RecursionError) as cause:
        raise MalformedPolicy("", "The policy is not in the valid JSON format.") from cause
    return _checked(raw, "", 1)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _checked(raw: Tree, place: str, depth: int) -> Tree:
    if depth > _DEEPEST + 1:
        raise MalformedPolicy(place, "Syntax errors in policy.")
    if isinstance(raw, _Members):
        tree: dict[str, Tree] = {}
        for key, value in raw:
            here = f"{place}.{key}".lstrip(".")
            if key in tree:
                raise MalformedPolicy(here, "The key stands twice.")
            tree[key] = _checked(value, here, depth + 1)
        return tree
    if isinstance(raw, list):
        return [_checked(value, f"{place}[{at}]", depth + 1) for at, value in enumerate(raw)]
    if isinstance(raw, str) and not raw.isascii():
        _check_unicode(raw, place)
    return raw


def _check_unicode(text: str, place: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as cause:
        raise MalformedPolicy(place, "Syntax errors in policy.") from cause


def members(tree: Tree, place: str) -> Mapping[str, Tree]:
    """An object's members; raises MalformedPolicy for anything else."""
    if not isinstance(tree, dict):
        raise MalformedPolicy(place, "Syntax errors in policy.")
    return tree


def texts(tree: Tree, place: str) -> tuple[str, ...]:
    """One text or a list of them; raises MalformedPolicy for anything else, and for an empty list."""
    listed = tree if isinstance(tree, list) else [tree]
    if not listed or not all(isinstance(each, str) and not isinstance(each, Number) for each in listed):
        raise MalformedPolicy(place, "Syntax errors in policy.")
    return tuple(listed)


def scalars(tree: Tree, place: str) -> tuple[str, ...]:
    """One text, number or boolean, or a list of them, as texts."""
    listed = tree if isinstance(tree, list) else [tree]
    if not all(isinstance(each, str | bool) for each in listed):
        raise MalformedPolicy(place, "Syntax errors in policy.")
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in listed)


def write_tree(tree: Tree) -> str:
    """The JSON as ECR gives policies back: Jackson's pretty printer, two spaces, ` : `, `[ {`."""
    return _written(tree, "")


def _written(tree: Tree, indent: str) -> str:
    if isinstance(tree, dict):
        if not tree:
            return "{ }"
        inner = indent + "  "
        lines = (f"{inner}{_quoted(key)} : {_written(value, inner)}" for key, value in tree.items())
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(tree, list):
        return f"[ {', '.join(_written(value, indent) for value in tree)} ]" if tree else "[ ]"
    if isinstance(tree, Number):
        return str(tree)
    return _quoted(tree)


def _quoted(value: Tree) -> str:
    return json.dumps(value, ensure_ascii=False)
