"""Where the oracle reads a policy otherwise than AWS documents, as changes that undo the difference.

After all of them Entrepot and the oracle must agree on every case; before them only where none is needed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from entrepot.domain.policy.decisions import Outcome
from entrepot.domain.policy.evaluation import decide
from entrepot.domain.policy.keys import reader_of
from entrepot.domain.policy.policies import Applicable
from entrepot.domain.policy.requests import Request
from tests.contract.policy.cases import Case, Json

_VARIABLE = re.compile(r"\$\{([^},]+)\}")  # one without default
_ABOUT_NOTHING = {"Effect": "Deny", "Action": "none:none"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the oracle does, why Entrepot does otherwise, and the case as the oracle reads it."""

    oracle: str
    why: str
    as_read: Callable[[Case], Case]


def _with_documents(case: Case, change: Callable[[Json], Json]) -> Case:
    def changed(document: Json | None) -> Json | None:
        return None if document is None else change(document)

    return replace(
        case,
        identity=tuple(change(document) for document in case.identity),
        repository=changed(case.repository),
        boundary=changed(case.boundary),
        session=changed(case.session),
    )


def _without(case: Case, is_dropped: Callable[[Json], bool]) -> Case:
    def change(document: Json) -> Json:
        def blank(statement: Json) -> Json:
            kept = {name: statement[name] for name in ("Principal", "Resource") if name in statement}
            named = {"Principal": "*"} if "NotPrincipal" in statement else {}
            return _ABOUT_NOTHING | {"Resource": "*"} | named | kept

        statements = [blank(each) if is_dropped(each) else each for each in document["Statement"]]
        return document | {"Statement": statements}

    return _with_documents(case, change)


def _in_2012(case: Case) -> Case:
    return _with_documents(case, lambda document: document | {"Version": "2012-10-17"})


def _lacks_value(request: Request, text: str) -> bool:
    return any(reader_of(name)(request) is None for name in _VARIABLE.findall(text) if ":" in name)


def _without_valueless_not_resource(case: Case) -> Case:
    return _without(case, lambda each: _lacks_value(case.request, each.get("NotResource", "")))


def _without_valueless_negation(case: Case) -> Case:
    def is_dropped(statement: Json) -> bool:
        return any(
            _lacks_value(case.request, value) and reader_of(key)(case.request) is not None
            for operator, keys in statement.get("Condition", {}).items()
            if "Not" in operator
            for key, values in keys.items()
            for value in values
        )

    return _without(case, is_dropped)


def _spared_by_any_level(case: Case) -> Case:
    caller = case.request.caller
    # About callers with a boundary, whom NotPrincipal never spares, the two agree.
    levels = {caller.arn, caller.issuer_arn, caller.account} if case.boundary is None else set[str]()

    def change(document: Json) -> Json:
        return document | {"Statement": [as_read(each) for each in document["Statement"]]}

    def as_read(statement: Json) -> Json:
        if "NotPrincipal" not in statement:
            return statement
        kept = {name: value for name, value in statement.items() if name != "NotPrincipal"}
        is_spared = bool(levels & set(statement["NotPrincipal"]["AWS"]))
        return kept | {"Principal": {"AWS": "000000000000"} if is_spared else "*"}

    return _with_documents(case, change)


def _granted_only_within_the_session(case: Case) -> Case:
    if case.session is None:
        return case
    applicable = case.applicable()
    if decide(case.request, applicable).outcome is Outcome.EXPLICIT_DENY:
        return case
    by_themselves = Applicable(applicable.session or applicable.identity)
    at_home = replace(case.request, account=case.request.caller.account or "")
    return case if decide(at_home, by_themselves).is_allowed else replace(case, repository=None)


EXPLANATIONS = (
    Explanation(
        "takes ${…} in a document of 2008-10-17 for a variable",
        "variables came with 2012-10-17 (IAM guide, Version)",
        _in_2012,
    ),
    Explanation(
        "drops a statement whose NotResource has a variable without value",
        "it matches any resource (IAM guide, Policy variables with no value)",
        _without_valueless_not_resource,
    ),
    Explanation(
        "drops a statement where a negated operator compares with a variable without value",
        "nothing equals it, so the negation holds (the same place)",
        _without_valueless_negation,
    ),
    Explanation(
        "spares of a NotPrincipal whoever is listed at any level",
        "account, role and session must all be listed (IAM guide, NotPrincipal)",
        _spared_by_any_level,
    ),
    Explanation(
        "limits by session policies what a resource grants to the session itself",
        "an implicit deny in them does not (IAM guide, Policy evaluation within a single account)",
        _granted_only_within_the_session,
    ),
)
