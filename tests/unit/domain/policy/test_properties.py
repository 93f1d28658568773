"""What holds of every set of policies."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.domain.policy.decisions import Outcome
from entrepot.domain.policy.documents import Effect, Kind
from entrepot.domain.policy.evaluation import decide
from entrepot.domain.policy.policies import Applicable, Policies, Policy
from entrepot.domain.policy.requests import Request
from tests.unit.domain.policy.builders import (
    AWAY,
    FEDERATED,
    FEDERATED_ARN,
    HOME,
    ROLE_ARN,
    ROOT,
    SESSION,
    SESSION_ARN,
    USER,
    USER_ARN,
    Json,
    document,
    request,
)

_ACTIONS = st.sampled_from(["*", "ecr:*", "ecr:Put*", "ecr:PutImage", "ecr:ListImages", "s3:*"])
_RESOURCES = st.sampled_from(
    [
        "*",
        "arn:aws:ecr:*:*:repository/team/*",
        "arn:aws:ecr:*:*:*/app",
        "arn:aws:ecr:*:*:repository/te?m/app",
        "arn:aws:ecr:*:*:repository/${aws:username}/*",
        "arn:aws:s3:::*",
    ]
)
_CONDITIONS = st.sampled_from(
    [
        {},
        {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
        {"StringNotEquals": {"aws:PrincipalTag/team": "blue"}},
        {"Null": {"ecr:ImageTag": "true"}},
        {"ForAllValues:StringLike": {"aws:TagKeys": "a*"}},
    ]
)
_PRINCIPALS = st.sampled_from(["*", HOME, AWAY, USER_ARN, ROLE_ARN, SESSION_ARN, FEDERATED_ARN]).map(
    lambda name: {"Principal": {"AWS": name}}
)
_NOT_PRINCIPALS = st.sampled_from([[HOME, USER_ARN], [HOME, ROLE_ARN, SESSION_ARN]]).map(
    lambda names: {"NotPrincipal": {"AWS": names}}
)


@st.composite
def _statements(draw: st.DrawFn, kind: Kind, effect: str) -> Json:
    statement = {
        "Effect": effect,
        draw(st.sampled_from(["Action", "NotAction"])): draw(_ACTIONS),
        draw(st.sampled_from(["Resource", "NotResource"])): draw(_RESOURCES),
        "Condition": draw(_CONDITIONS),
    }
    if kind.names_principals:
        statement |= draw(_PRINCIPALS if effect == "Allow" else _PRINCIPALS | _NOT_PRINCIPALS)
    return statement


def _policies(kind: Kind, *effects: str) -> st.SearchStrategy[Policy]:
    statements = st.sampled_from(effects or ("Allow", "Deny")).flatmap(lambda e: _statements(kind, e))
    return st.lists(statements, min_size=1, max_size=3).map(
        lambda listed: Policy("p", document(*listed, kind=kind))
    )


_IDENTITY = st.lists(_policies(Kind.IDENTITY), max_size=3)
_REPOSITORY = st.lists(_policies(Kind.REPOSITORY), max_size=1)
_REGISTRY = st.lists(_policies(Kind.REGISTRY), max_size=1)


@st.composite
def _applicable(draw: st.DrawFn) -> Applicable:
    boundary = draw(st.none() | _policies(Kind.BOUNDARY))
    session = draw(st.none() | st.lists(_policies(Kind.SESSION), max_size=2))
    return Applicable(
        Policies(draw(_IDENTITY)),
        (Policies(draw(_REPOSITORY)), Policies(draw(_REGISTRY))),
        boundary=None if boundary is None else Policies([boundary]),
        session=None if session is None else Policies(session),
    )


_REQUESTS = st.builds(
    lambda caller, account: request(caller, account=account),
    st.sampled_from([USER, SESSION, FEDERATED, ROOT]),
    st.sampled_from([HOME, AWAY]),
)


def _with(applicable: Applicable, kind: Kind, policy: Policy) -> Applicable:
    """The same with one policy more where policies of its kind stand; a limit only where one is."""
    if kind is Kind.IDENTITY:
        return replace(applicable, identity=Policies([*applicable.identity.policies, policy]))
    if kind is Kind.REPOSITORY:
        return replace(applicable, resource=(*applicable.resource, Policies([policy])))
    held = applicable.boundary if kind is Kind.BOUNDARY else applicable.session
    if held is None:
        return applicable
    more = Policies([*held.policies, policy])
    return replace(applicable, boundary=more) if kind is Kind.BOUNDARY else replace(applicable, session=more)


_KINDS = st.sampled_from([Kind.IDENTITY, Kind.REPOSITORY, Kind.BOUNDARY, Kind.SESSION])


@settings(deadline=None)
@given(_REQUESTS, _applicable(), _KINDS, st.data())
def test_attack_28_a_policy_that_denies_never_widens(
    asked: Request, applicable: Applicable, kind: Kind, data: st.DataObject
) -> None:
    policy = data.draw(_policies(kind, "Deny"))

    if decide(asked, _with(applicable, kind, policy)).is_allowed:
        assert decide(asked, applicable).is_allowed


@settings(deadline=None)
@given(_REQUESTS, _applicable(), _KINDS, st.data())
def test_a_policy_that_allows_never_takes_away(
    asked: Request, applicable: Applicable, kind: Kind, data: st.DataObject
) -> None:
    policy = data.draw(_policies(kind, "Allow"))

    if decide(asked, applicable).is_allowed:
        assert decide(asked, _with(applicable, kind, policy)).is_allowed


@settings(deadline=None)
@given(_REQUESTS, _applicable())
def test_order_never_matters(asked: Request, applicable: Applicable) -> None:
    def turned(policies: Policies | None) -> Policies | None:
        return None if policies is None else Policies(policies.policies[::-1])

    other = Applicable(
        turned(applicable.identity) or applicable.identity,
        applicable.resource[::-1],
        boundary=turned(applicable.boundary),
        session=turned(applicable.session),
    )

    assert decide(asked, other).outcome is decide(asked, applicable).outcome


@settings(deadline=None)
@given(_REQUESTS, _applicable())
def test_a_boundary_or_session_policies_never_widen(asked: Request, applicable: Applicable) -> None:
    free = replace(applicable, boundary=None, session=None)

    if decide(asked, applicable).is_allowed:
        assert decide(asked, free).is_allowed


@settings(deadline=None)
@given(_REQUESTS, _applicable())
def test_the_index_passes_over_no_statement_that_fits(asked: Request, applicable: Applicable) -> None:
    action = asked.action.lower()

    for policies in applicable.all():
        fitting = {
            id(placed)
            for placed in policies.statements
            if placed.statement.actions.cover(action) and placed.mismatch(asked, is_bounded=False) is None
        }
        found = {
            id(placed)
            for effect in Effect
            for placed in policies.candidates(effect, action, asked.resource)
            if placed.mismatch(asked, is_bounded=False) is None
        }
        assert found == fitting


@settings(deadline=None)
@given(_REQUESTS, _applicable())
def test_a_second_answer_is_the_first(asked: Request, applicable: Applicable) -> None:
    first = decide(asked, applicable)

    assert decide(asked, applicable) == first
    assert (first.because == "") == (first.outcome is Outcome.ALLOWED)


@settings(deadline=None)
@given(_REQUESTS, _applicable())
def test_the_statement_that_decided_is_among_those_that_fit(asked: Request, applicable: Applicable) -> None:
    decided = decide(asked, applicable)

    by = decided.decided_by
    fitting = [look for look in decided.looks() if look.mismatch is None]
    if by is not None:
        assert (by.policy.document.kind, by.statement.index, by.statement.effect) in [
            (look.kind, look.index, look.effect) for look in fitting
        ]
    if decided.outcome is not Outcome.EXPLICIT_DENY:
        assert all(look.effect == "Allow" for look in fitting)
