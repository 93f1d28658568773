"""The decision table of AWS's documented evaluation logic."""

from collections.abc import Sequence

import pytest

from entrepot.domain.policy.decisions import Decision, Outcome
from entrepot.domain.policy.documents import Kind
from entrepot.domain.policy.evaluation import decide
from entrepot.domain.policy.policies import Applicable
from entrepot.domain.policy.requests import (
    Caller,
    Context,
    anyone,
    federated_session,
    iam_user,
    service,
    web_identity,
)
from tests.unit.domain.policy.builders import (
    AWAY,
    EVERYTHING,
    FEDERATED,
    FEDERATED_ARN,
    HOME,
    ROLE_ARN,
    ROOT,
    ROOT_ARN,
    SESSION,
    SESSION_ARN,
    USER,
    USER_ARN,
    Json,
    allow,
    deny,
    grant,
    policies,
    request,
)

ALLOW, DENY, NONE = Outcome.ALLOWED, Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY
NOTHING = (allow("ecr:ListImages"),)  # a policy that is there and says nothing of the push
PUSH = (allow(),)


def _decide(
    caller: Caller = USER,
    *,
    identity: Sequence[Json] = (),
    repository: Sequence[Json] = (),
    registry: Sequence[Json] = (),
    boundary: Sequence[Json] | None = None,
    session: Sequence[Json] | None = None,
    account: str = HOME,
) -> Decision:
    sides = (policies(*repository, kind=Kind.REPOSITORY), policies(*registry, kind=Kind.REGISTRY))
    limits = {
        "boundary": None if boundary is None else policies(*boundary, kind=Kind.BOUNDARY),
        "session": None if session is None else policies(*session, kind=Kind.SESSION),
    }
    return decide(request(caller, account=account), Applicable(policies(*identity), sides, **limits))


def test_nothing_allows_nothing() -> None:
    assert _decide().outcome is NONE


@pytest.mark.parametrize("caller", [USER, SESSION, FEDERATED])
def test_an_identity_based_allow_is_enough_at_home(caller: Caller) -> None:
    assert _decide(caller, identity=PUSH).outcome is ALLOW


@pytest.mark.parametrize("where", ["identity", "repository", "registry", "boundary", "session"])
def test_a_deny_anywhere_ends_it(where: str) -> None:
    everything: dict[str, tuple[Json, ...]] = {
        "identity": PUSH,
        "repository": (grant(),),
        "registry": (grant(),),
        "boundary": PUSH,
        "session": PUSH,
    }
    no = deny() if where not in ("repository", "registry") else grant() | {"Effect": "Deny"}

    assert _decide(SESSION, **everything).outcome is ALLOW  # type: ignore[arg-type]  # no account among them
    everything[where] += (no,)
    assert _decide(SESSION, **everything).outcome is DENY  # type: ignore[arg-type]


# "Policy evaluation for requests within a single account" and "Resource-based policies" of the IAM guide:
# whom the repository's policy names, and whether a boundary or session policies that say nothing limit that.
@pytest.mark.parametrize(
    ("caller", "named", "plain", "in_boundary", "in_session"),
    [
        (USER, USER_ARN, ALLOW, ALLOW, ALLOW),
        (USER, "*", ALLOW, ALLOW, ALLOW),
        (USER, HOME, NONE, NONE, NONE),
        (USER, ROOT_ARN, NONE, NONE, NONE),
        (SESSION, SESSION_ARN, ALLOW, ALLOW, ALLOW),
        (SESSION, "*", ALLOW, ALLOW, ALLOW),
        (SESSION, ROLE_ARN, ALLOW, NONE, NONE),
        (SESSION, HOME, NONE, NONE, NONE),
        (FEDERATED, FEDERATED_ARN, ALLOW, ALLOW, ALLOW),
        (FEDERATED, USER_ARN, ALLOW, NONE, NONE),
        (FEDERATED, HOME, NONE, NONE, NONE),
        (ROOT, ROOT_ARN, ALLOW, ALLOW, ALLOW),
        (USER, ROLE_ARN, NONE, NONE, NONE),
        (USER, f"arn:aws:iam::{AWAY}:root", NONE, NONE, NONE),
    ],
)
def test_a_grant_at_home_is_worth_how_near_it_names_the_caller(
    caller: Caller, named: str, plain: Outcome, in_boundary: Outcome, in_session: Outcome
) -> None:
    repository = (grant({"AWS": named}),)

    assert _decide(caller, repository=repository).outcome is plain
    assert _decide(caller, repository=repository, boundary=NOTHING).outcome is in_boundary
    assert _decide(caller, repository=repository, session=NOTHING).outcome is in_session


@pytest.mark.parametrize("named", [USER_ARN, ROLE_ARN, HOME])
def test_a_grant_in_the_registrys_policy_is_one_too(named: str) -> None:
    at_repository = _decide(SESSION, repository=(grant({"AWS": named}),)).outcome
    assert _decide(SESSION, registry=(grant({"AWS": named}),)).outcome is at_repository


def test_a_grant_to_everyone_for_a_role_is_not_limited_either() -> None:
    """IAM guide, "Role principals": `*` with aws:PrincipalArn grants to the session."""
    condition = {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}}

    granted = (grant(Condition=condition),)

    assert _decide(SESSION, repository=granted, boundary=NOTHING, session=NOTHING).outcome is ALLOW
    assert _decide(USER, repository=granted).outcome is NONE


# identity, boundary, session: None is "not there"
@pytest.mark.parametrize(
    ("identity", "boundary", "session", "outcome"),
    [
        (PUSH, None, None, ALLOW),
        (PUSH, PUSH, None, ALLOW),
        (PUSH, NOTHING, None, NONE),
        (PUSH, None, PUSH, ALLOW),
        (PUSH, None, NOTHING, NONE),
        (PUSH, None, (), NONE),
        (PUSH, PUSH, PUSH, ALLOW),
        (PUSH, PUSH, NOTHING, NONE),
        (PUSH, NOTHING, PUSH, NONE),
        (NOTHING, PUSH, PUSH, NONE),
        ((), PUSH, PUSH, NONE),
    ],
)
@pytest.mark.parametrize("away", [False, True])
def test_limits_allow_nothing_by_themselves(
    identity: Sequence[Json],
    boundary: Sequence[Json] | None,
    session: Sequence[Json] | None,
    outcome: Outcome,
    *,
    away: bool,
) -> None:
    repository = (grant({"AWS": HOME}),) if away else ()

    decided = _decide(
        SESSION,
        identity=identity,
        boundary=boundary,
        session=session,
        repository=repository,
        account=AWAY if away else HOME,
    )

    assert decided.outcome is outcome


@pytest.mark.parametrize("named", [HOME, ROOT_ARN, ROLE_ARN, SESSION_ARN, "*"])
@pytest.mark.parametrize("identity", [PUSH, NOTHING])
def test_from_another_account_both_sides_must_allow(named: str, identity: Sequence[Json]) -> None:
    both = _decide(SESSION, identity=identity, repository=(grant({"AWS": named}),), account=AWAY)

    assert both.is_allowed == (identity is PUSH)
    assert not _decide(SESSION, identity=identity, account=AWAY).is_allowed


def test_attack_30_a_refusal_does_not_tell_whether_the_repository_exists() -> None:
    """One whose policy names others, one without a policy or not there at all: the same answer."""
    others = (grant({"AWS": AWAY}), grant({"AWS": USER_ARN}, "ecr:ListImages"))

    for account in (HOME, AWAY):
        absent, present = _decide(account=account), _decide(repository=others, account=account)
        assert (absent.outcome, absent.because) == (present.outcome, present.because)


def test_the_root_may_do_everything_at_home_but_what_a_deny_names() -> None:
    assert _decide(ROOT).outcome is ALLOW
    assert _decide(ROOT, repository=({**grant(), "Effect": "Deny"},)).outcome is DENY


def test_the_root_of_another_account_needs_a_grant() -> None:
    assert _decide(ROOT, account=AWAY).outcome is NONE
    assert _decide(ROOT, repository=(grant({"AWS": HOME}),), account=AWAY).outcome is ALLOW


def test_a_session_that_the_root_federated_has_what_its_session_policies_allow() -> None:
    by_root = federated_session(FEDERATED_ARN, user_arn=ROOT_ARN, account=HOME)

    assert _decide(by_root, session=PUSH).outcome is ALLOW
    assert _decide(by_root, session=()).outcome is NONE


def test_a_service_is_allowed_by_the_resource_alone() -> None:
    replication = service("replication.ecr.amazonaws.com")

    assert _decide(replication).outcome is NONE
    assert _decide(replication, repository=(grant({"Service": replication.arn}),)).outcome is ALLOW
    assert _decide(replication, repository=(grant({"Service": "codebuild.amazonaws.com"}),)).outcome is NONE
    assert _decide(replication, repository=(grant({"AWS": HOME}),)).outcome is NONE


def test_nobody_in_particular_is_allowed_what_everyone_is() -> None:
    assert _decide(anyone(), repository=(grant(),)).outcome is ALLOW
    assert _decide(anyone(), repository=(grant({"AWS": HOME}),)).outcome is NONE
    assert _decide(anyone(), identity=(EVERYTHING,)).outcome is NONE


@pytest.mark.parametrize(
    ("caller", "listed", "bounded", "denied"),
    [
        (USER, [USER_ARN, ROOT_ARN], False, False),
        (USER, [USER_ARN], False, True),
        (USER, [HOME], False, True),
        (USER, [USER_ARN, HOME], True, True),
        (SESSION, [SESSION_ARN, ROLE_ARN, HOME], False, False),
        (SESSION, [SESSION_ARN, HOME], False, True),
        (SESSION, [ROLE_ARN, HOME], False, True),
        (ROOT, [HOME], False, False),
        (SESSION, [AWAY], False, True),
    ],
)
def test_attack_28_not_principal_spares_whom_it_lists_at_every_level(
    caller: Caller, listed: list[str], bounded: bool, denied: bool
) -> None:
    """IAM guide, "NotPrincipal": the account, the role and the session, and nobody with a boundary."""
    all_but = {"Effect": "Deny", "NotPrincipal": {"AWS": listed}, "Action": "*"}

    decided = _decide(caller, identity=PUSH, repository=(all_but,), boundary=PUSH if bounded else None)

    assert (decided.outcome is DENY) == denied


@pytest.mark.parametrize(
    ("element", "value", "fits"),
    [
        ("Action", "ecr:putimage", True),
        ("Action", "ECR:Put*", True),
        ("Action", "ecr:PutImag?", True),
        ("Action", "ecr:PutImage?", False),
        ("Action", "*:PutImage", True),
        ("Action", ["s3:*", "ecr:*"], True),
        ("Action", "s3:*", False),
        ("NotAction", "s3:*", True),
        ("NotAction", ["s3:*", "ecr:put*"], False),
        ("NotAction", "*", False),
    ],
)
def test_attack_28_actions_are_matched_without_case(element: str, value: object, fits: bool) -> None:
    assert _decide(identity=({"Effect": "Allow", element: value, "Resource": "*"},)).is_allowed == fits
    no = {"Effect": "Deny", element: value, "Resource": "*"}
    assert _decide(identity=(EVERYTHING, no)).is_allowed != fits


@pytest.mark.parametrize(
    ("element", "value", "fits"),
    [
        ("Resource", f"arn:aws:ecr:eu-west-1:{HOME}:repository/team/app", True),
        ("Resource", f"arn:aws:ecr:eu-west-1:{HOME}:repository/Team/app", False),
        ("Resource", f"arn:aws:ecr:*:{HOME}:repository/team/*", True),
        ("Resource", f"arn:aws:ecr:eu-west-1:{HOME}:repository/*", True),
        ("Resource", f"arn:aws:ecr:eu-west-?:{HOME}:repository/*/app", True),
        ("Resource", "arn:aws:ecr:*", True),
        ("Resource", "arn:aws:e*", True),
        ("Resource", "arn:aws:s3:*", False),
        ("Resource", "arn:aws:ecr:*:repository/team/app:*:repository/*", False),
        ("Resource", f"arn:aws:ecr:eu-west-1:{AWAY}:repository/*", False),
        ("Resource", f"arn:aws:ecr:eu-west-1:{HOME}:repository/team", False),
        ("NotResource", f"arn:aws:ecr:*:{HOME}:repository/team/*", False),
        ("NotResource", f"arn:aws:ecr:*:{HOME}:repository/other/*", True),
        ("NotResource", "*", False),
    ],
)
def test_resources_are_matched_part_by_part(element: str, value: str, fits: bool) -> None:
    assert _decide(identity=({"Effect": "Allow", "Action": "*", element: value},)).is_allowed == fits


def test_a_question_about_everything_needs_a_statement_about_everything() -> None:
    asked = request(action="ecr:GetAuthorizationToken", resource="*")

    assert decide(asked, Applicable(policies(allow("*")))).is_allowed
    assert not decide(asked, Applicable(policies(allow("*", "arn:aws:ecr:*:*:*")))).is_allowed


TOKEN = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"


# "Role trust policies": who may assume a role, by what that says and what the caller's own policies allow.
@pytest.mark.parametrize(
    ("caller", "trusted", "identity", "outcome"),
    [
        (USER, {"AWS": USER_ARN}, (), ALLOW),
        (USER, {"AWS": HOME}, (), NONE),
        (USER, {"AWS": HOME}, (allow("sts:AssumeRole"),), ALLOW),
        (USER, {"AWS": AWAY}, (allow("sts:AssumeRole"),), NONE),
        (ROOT, {"AWS": AWAY}, (), NONE),
        (iam_user(f"arn:aws:iam::{AWAY}:user/bob", account=AWAY), {"AWS": AWAY}, (), NONE),
        (
            iam_user(f"arn:aws:iam::{AWAY}:user/bob", account=AWAY),
            {"AWS": AWAY},
            (allow("sts:AssumeRole"),),
            ALLOW,
        ),
        (web_identity(TOKEN), {"Federated": TOKEN}, (), ALLOW),
        (web_identity(TOKEN), {"Federated": TOKEN + "x"}, (), NONE),
        (web_identity(TOKEN), {"AWS": HOME}, (), NONE),
    ],
)
def test_a_role_is_assumed_by_whom_it_trusts(
    caller: Caller, trusted: Json, identity: Sequence[Json], outcome: Outcome
) -> None:
    trust = policies(grant(trusted, "sts:AssumeRole"), kind=Kind.TRUST)
    asked = request(caller, "sts:AssumeRole", ROLE_ARN)

    assert decide(asked, Applicable(policies(*identity), trust=trust)).outcome is outcome


def test_attack_42_a_policy_of_wildcards_is_read_and_asked() -> None:
    """30,720 characters of wildcards in resources, actions and values, against a long header."""
    resource = f"arn:aws:ecr:*:{HOME}:repository/" + "*a?" * 3_000
    condition = {"StringLike": {"aws:UserAgent": ["*?b*" * 2_500, "?*" * 2_500 + "b"]}}
    hostile = allow("ecr:" + "*t?" * 2_000, [resource, "arn:aws:ecr:*:*:*"], Condition=condition)
    asked = request(context=Context(user_agent="a" * 16_000))

    assert decide(asked, Applicable(policies(hostile))).outcome is NONE
