"""Policy documents: the JSON text that people write, checked, and ready to be evaluated."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from entrepot.domain.policy.actions import Actions, parse_actions
from entrepot.domain.policy.conditions import Condition, parse_condition
from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.domain.policy.operators import Texts
from entrepot.domain.policy.principals import Principals, parse_principals
from entrepot.domain.policy.resources import Resources, parse_resources
from entrepot.domain.policy.trees import Tree, members, read_tree, scalars, texts, write_tree

_VARIABLES_SINCE = "2012-10-17"
_VERSIONS = ("2008-10-17", _VARIABLES_SINCE)
_SID = re.compile(r"[0-9A-Za-z]*")


class Kind(Enum):
    """Where a document stands, which decides the elements it may have; the value is AWS's word for it."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    REPOSITORY = "repository policy"
    REGISTRY = "registry policy"
    TRUST = "role trust policy"

    @property
    def names_principals(self) -> bool:
        """Whether it is attached to what is asked for, so that it must say who asks."""
        return self in (Kind.REPOSITORY, Kind.REGISTRY, Kind.TRUST)


class Effect(StrEnum):
    """What a statement does."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `principals` is None in identity policies, `resources` where they are left out."""

    index: int
    sid: str
    effect: Effect
    principals: Principals | None
    actions: Actions
    resources: Resources | None
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A checked document; `id` is its Id element, "" without one.

    `reads_time` and `reads_resource_tags` are whether a condition or a variable may ask what time it is, and
    for the tags of the resource; without either, the same request has the same answer until policies change.
    """

    kind: Kind
    version: str
    id: str
    statements: tuple[Statement, ...]
    reads_time: bool
    reads_resource_tags: bool
    _tree: Tree = field(repr=False)

    def text(self) -> str:
        """The document as ECR gives it back: the same members in the same order, set anew."""
        return write_tree(self._tree)

    def principal_arns(self) -> frozenset[str]:
        """The users, roles and sessions that it names, for a check that they exist."""
        named = (statement.principals.arns for statement in self.statements if statement.principals)
        return frozenset[str]().union(*named)

    def accounts(self) -> frozenset[str]:
        """The accounts that it names whole."""
        named = (statement.principals.accounts for statement in self.statements if statement.principals)
        return frozenset[str]().union(*named)


def parse_document(text: str, kind: Kind) -> Document:
    """The document in the text; raises MalformedPolicy. How long it may be is the caller's to check."""
    tree = members(read_tree(text), "")
    _refuse_others(tree, {"Version", "Id", "Statement"}, "")
    version = _text(tree, "Version", "") or _VERSIONS[0]
    if version not in _VERSIONS:
        raise MalformedPolicy("Version", f"Policy document must be version {_VARIABLES_SINCE} or 2008-10-17.")
    listed = tree.get("Statement")
    if isinstance(listed, list):
        places = [(each, f"Statement[{at}]") for at, each in enumerate(listed)]
    else:
        places = [(listed, "Statement")]
    if not places:
        raise MalformedPolicy("Statement", "Syntax errors in policy.")
    statements = tuple(
        _statement(members(each, place), place, at, kind, has_variables=version == _VARIABLES_SINCE)
        for at, (each, place) in enumerate(places)
    )
    if kind not in (Kind.REPOSITORY, Kind.REGISTRY):  # ECR takes any Sid, and any twice (facts 2.7)
        _check_sids(statements)
    words = "\n".join(_strings(tree["Statement"])).lower()
    return Document(
        kind,
        version,
        _text(tree, "Id", ""),
        statements,
        reads_time="aws:currenttime" in words or "aws:epochtime" in words,
        reads_resource_tags=":resourcetag/" in words,
        _tree=tree,
    )


def _strings(tree: Tree) -> Iterator[str]:
    """Every key and text, as JSON means it: an escape hides nothing."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield key
            yield from _strings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _strings(value)
    elif isinstance(tree, str):
        yield tree


def _refuse_others(tree: Mapping[str, Tree], known: set[str], place: str) -> None:
    for name in tree:
        if name not in known:
            raise MalformedPolicy(place, f"Syntax errors in policy: unknown element {name!r}.")


def _text(tree: Mapping[str, Tree], name: str, place: str) -> str:
    if name not in tree:
        return ""
    here = f"{place}.{name}".lstrip(".")
    found = texts(tree[name], here)
    if len(found) != 1 or isinstance(tree[name], list):
        raise MalformedPolicy(here, "Syntax errors in policy.")
    return found[0]


def _check_sids(statements: tuple[Statement, ...]) -> None:
    seen = set[str]()
    for statement in statements:
        place = f"Statement[{statement.index}].Sid"
        if not _SID.fullmatch(statement.sid):
            raise MalformedPolicy(
                place,
                "Statement IDs (SID) must be alpha-numeric. "
                "Check that your input satisfies the regular expression [0-9A-Za-z]*",
            )
        if statement.sid and statement.sid in seen:
            raise MalformedPolicy(place, "Statement IDs (SID) in a single policy must be unique.")
        seen.add(statement.sid)


_ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}


def _statement(
    tree: Mapping[str, Tree], place: str, index: int, kind: Kind, *, has_variables: bool
) -> Statement:
    _refuse_others(tree, _ELEMENTS, place)
    effect = _effect(tree, place)
    actions = _actions(tree, place)
    if kind is Kind.TRUST and not all(name.lower().startswith("sts:") for name in actions.names):
        raise MalformedPolicy(place, "AssumeRole policy may only specify STS AssumeRole actions.")
    return Statement(
        index,
        _text(tree, "Sid", place),
        effect,
        _principals(tree, place, kind, effect),
        actions,
        _resources(tree, place, kind, has_variables=has_variables),
        _conditions(tree, f"{place}.Condition", has_variables=has_variables),
    )


def _effect(tree: Mapping[str, Tree], place: str) -> Effect:
    if "Effect" not in tree:
        raise MalformedPolicy(place, "Missing required field Effect")
    word = _text(tree, "Effect", place)
    try:
        return Effect(word)
    except ValueError as cause:
        raise MalformedPolicy(f"{place}.Effect", f"Invalid effect: {word}") from cause


def _one_of(tree: Mapping[str, Tree], name: str, place: str) -> str | None:
    """Which of the element and its negation is there; None for neither."""
    negation = f"Not{name}"
    if name in tree and negation in tree:
        raise MalformedPolicy(place, f"Statement/policy already has instance of {name} or {negation}.")
    return name if name in tree else negation if negation in tree else None


def _actions(tree: Mapping[str, Tree], place: str) -> Actions:
    element = _one_of(tree, "Action", place)
    if element is None:
        raise MalformedPolicy(place, "Policy statement must contain actions.")
    here = f"{place}.{element}"
    return parse_actions(texts(tree[element], here), here, is_negated=element == "NotAction")


def _principals(tree: Mapping[str, Tree], place: str, kind: Kind, effect: Effect) -> Principals | None:
    element = _one_of(tree, "Principal", place)
    if not kind.names_principals:
        if element is not None:
            raise MalformedPolicy(f"{place}.{element}", "Policy document should not specify a principal.")
        return None
    if element is None:
        raise MalformedPolicy(place, "Missing required field Principal")
    here = f"{place}.{element}"
    is_negated = element == "NotPrincipal"
    if is_negated and (effect is Effect.ALLOW or kind is Kind.TRUST):
        raise MalformedPolicy(here, "Allow with NotPrincipal is not allowed.")
    return parse_principals(tree[element], here, is_negated=is_negated)


def _resources(tree: Mapping[str, Tree], place: str, kind: Kind, *, has_variables: bool) -> Resources | None:
    element = _one_of(tree, "Resource", place)
    if element is None:
        if kind.names_principals:
            return None
        raise MalformedPolicy(place, "Policy statement must contain resources.")
    here = f"{place}.{element}"
    if kind is Kind.TRUST:
        raise MalformedPolicy(here, "Has prohibited field Resource")
    return parse_resources(
        texts(tree[element], here), here, is_negated=element == "NotResource", has_variables=has_variables
    )


def _conditions(tree: Mapping[str, Tree], place: str, *, has_variables: bool) -> tuple[Condition, ...]:
    conditions = []
    for operator, keys in members(tree.get("Condition", {}), place).items():
        seen = set[str]()
        for key, values in members(keys, f"{place}.{operator}").items():
            here = f"{place}.{operator}.{key}"
            if key.lower() in seen:
                raise MalformedPolicy(here, "The key stands twice.")
            seen.add(key.lower())
            conditions.append(
                parse_condition(operator, key, Texts(scalars(values, here), here, has_variables))
            )
    return tuple(conditions)
