"""Policies and requests with defaults."""

import json
from typing import Any

from entrepot.domain.policy.decisions import Decision
from entrepot.domain.policy.documents import Document, Kind, parse_document
from entrepot.domain.policy.evaluation import decide
from entrepot.domain.policy.policies import Applicable, Policies, Policy
from entrepot.domain.policy.requests import (
    Caller,
    Context,
    Request,
    account_root,
    federated_session,
    iam_user,
    role_session,
)

HOME = "123456789012"
AWAY = "210987654321"
USER_ARN = f"arn:aws:iam::{HOME}:user/teams/eve"
ROLE_ARN = f"arn:aws:iam::{HOME}:role/ci/builder"
SESSION_ARN = f"arn:aws:sts::{HOME}:assumed-role/builder/run-7"
FEDERATED_ARN = f"arn:aws:sts::{HOME}:federated-user/bob"
ROOT_ARN = f"arn:aws:iam::{HOME}:root"
REPOSITORY = f"arn:aws:ecr:eu-west-1:{HOME}:repository/team/app"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}

USER = iam_user(USER_ARN, account=HOME, user_id="AIDAEVE", tags={"team": "blue"})
SESSION = role_session(SESSION_ARN, role_arn=ROLE_ARN, account=HOME, user_id="AROACI:run-7")
FEDERATED = federated_session(FEDERATED_ARN, user_arn=USER_ARN, account=HOME)
ROOT = account_root(HOME)

Json = dict[str, Any]


def text(*statements: Json, version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


def document(*statements: Json, kind: Kind = Kind.IDENTITY, version: str = "2012-10-17") -> Document:
    return parse_document(text(*statements, version=version), kind)


def policies(
    *statements: Json, kind: Kind = Kind.IDENTITY, name: str = "inline", version: str = "2012-10-17"
) -> Policies:
    """One policy of these statements; none at all without statements."""
    if not statements:
        return Policies(())
    return Policies([Policy(name, document(*statements, kind=kind, version=version))])


def allow(action: str | list[str] = "ecr:PutImage", resource: str | list[str] = "*", **more: Any) -> Json:
    """An Allow of an identity's policy."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str] = "ecr:PutImage", resource: str | list[str] = "*", **more: Any) -> Json:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def grant(principal: Any = "*", action: str | list[str] = "ecr:PutImage", **more: Any) -> Json:
    """An Allow of a repository's policy, which names no Resource."""
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


def request(
    caller: Caller = USER,
    action: str = "ecr:PutImage",
    resource: str = REPOSITORY,
    account: str = HOME,
    context: Context | None = None,
) -> Request:
    return Request(caller, action, resource, account, context or Context())


def decision(*statements: Json, caller: Caller = USER, context: Context | None = None) -> Decision:
    """On a push by the caller with these statements in its own policy."""
    return decide(request(caller, context=context), Applicable(policies(*statements)))


def is_met(condition: Json, context: Context | None = None, caller: Caller = USER) -> bool:
    """Whether a request in this context meets the Condition element."""
    return decision(allow(Condition=condition), caller=caller, context=context).is_allowed
