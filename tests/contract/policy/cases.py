"""Requests and policies drawn by a seed from small pools, so that most parts of a statement nearly fit."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from random import Random
from typing import Any

from entrepot.domain.policy.documents import Kind, parse_document
from entrepot.domain.policy.keys import reader_of
from entrepot.domain.policy.policies import Applicable, Policies, Policy
from entrepot.domain.policy.requests import (
    Caller,
    CallerKind,
    Context,
    Request,
    account_root,
    anyone,
    federated_session,
    iam_user,
    role_session,
    service,
)

HOME, AWAY = "123456789012", "210987654321"
USER = f"arn:aws:iam::{HOME}:user/eve"
ROLE = f"arn:aws:iam::{HOME}:role/builder"
SESSION = f"arn:aws:sts::{HOME}:assumed-role/builder/run-7"
FEDERATED = f"arn:aws:sts::{HOME}:federated-user/eve"
REPLICATION = "replication.ecr.amazonaws.com"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One question with all that has a say in it; a document is None where there is none of its kind."""

    request: Request
    identity: tuple[Json, ...]
    repository: Json | None
    boundary: Json | None
    session: Json | None

    def applicable(self) -> Applicable:
        """For Entrepot."""
        repository = _policies(Kind.REPOSITORY, *([self.repository] if self.repository else []))
        return Applicable(
            _policies(Kind.IDENTITY, *self.identity),
            (repository,),
            boundary=None if self.boundary is None else _policies(Kind.BOUNDARY, self.boundary),
            session=None if self.session is None else _policies(Kind.SESSION, self.session),
        )

    def simulation(self) -> Json:
        """For the oracle."""
        asked = self.request
        named: Json = {"principal": asked.caller.arn or {"type": "Anonymous"}}
        simulation: Json = {
            "request": named
            | {
                "action": asked.action,
                "resource": {"resource": asked.resource, "accountId": asked.account},
                "contextVariables": {
                    key: value for key in KEYS if (value := reader_of(key)(asked)) is not None
                },
            },
            "identityPolicies": [
                {"name": str(at), "policy": policy} for at, policy in enumerate(self.identity)
            ],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
        }
        if self.repository is not None:
            simulation["resourcePolicy"] = self.repository
        if self.boundary is not None:
            simulation["permissionBoundaryPolicies"] = [{"name": "boundary", "policy": self.boundary}]
        if self.session is not None:
            simulation["sessionPolicy"] = self.session
        return simulation

    def documents(self) -> Sequence[Json]:
        """All of them."""
        others = (self.repository, self.boundary, self.session)
        return [*self.identity, *(document for document in others if document is not None)]


def _policies(kind: Kind, *documents: Json) -> Policies:
    return Policies(
        Policy(str(at), parse_document(json.dumps(document), kind)) for at, document in enumerate(documents)
    )


_TEXTS = [
    "blue",
    "red",
    "Blue",
    "b*",
    "?lue",
    "*",
    "${*}",
    "${aws:ResourceTag/team}",
    "${aws:PrincipalTag/team}",
    "${aws:PrincipalTag/team, 'blue'}",
    "${aws:RequestTag/team}",
    "x${aws:PrincipalAccount}",
]
_STRINGS = [
    f"String{name}"
    for name in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
]
_COMPARED = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
_NUMERIC = [f"Numeric{name}" for name in _COMPARED]
_DATE = [f"Date{name}" for name in _COMPARED]
_ARN = ["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"]
_ARNS = [USER, ROLE, f"arn:aws:iam::{HOME}:*", "arn:aws:iam::*:user/e?e", "arn:*:iam::*:role/${aws:userid}"]
_DATES = ["2026-11-02T03:00:00Z", "2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z", "2026-11-02T04:00:00+01:00"]
_NUMBERS = ["60", "3600", "7", "3600.0"]
_RANGES = ["203.0.113.0/24", "203.0.113.9/32", "10.0.0.0/8", "2001:db8::/32", "2001:db8::1/128"]

# operators, keys, values: what goes together in one condition
_FAMILIES: list[tuple[list[str], list[str], list[str]]] = [
    (_STRINGS, ["aws:PrincipalTag/team", "aws:ResourceTag/team", "aws:RequestTag/team"], _TEXTS),
    (_STRINGS, ["aws:PrincipalTag/team", "aws:ResourceTag/team"], _TEXTS),
    (_STRINGS, ["aws:PrincipalAccount", "aws:ResourceAccount"], [HOME, AWAY, "1*"]),
    (_STRINGS, ["aws:TagKeys"], ["team", "cost", "c*"]),
    (_NUMERIC, ["aws:MultiFactorAuthAge"], _NUMBERS),
    (_DATE, ["aws:CurrentTime"], _DATES),
    (["Bool"], ["aws:SecureTransport", "aws:PrincipalIsAWSService"], ["true", "false"]),
    (["IpAddress", "NotIpAddress"], ["aws:SourceIp"], _RANGES),
    (_ARN, ["aws:PrincipalArn"], _ARNS),
    (["BinaryEquals"], ["aws:UserAgent"], ["ZG9ja2Vy", "cG9kbWFu"]),
]
KEYS = sorted({key for _, keys, _ in _FAMILIES for key in keys} | {"aws:username", "aws:userid"})

_ACTIONS = ["*", "ecr:*", "ecr:Put*", "ecr:PutImage", "ecr:putimage", "ecr:Batch*", "ecr:PutImag?", "s3:*"]
_RESOURCES = [
    "*",
    f"arn:aws:ecr:eu-west-1:{HOME}:repository/blue/app",
    f"arn:aws:ecr:*:{HOME}:repository/blue/*",
    "arn:aws:ecr:*:*:repository/*",
    "arn:aws:ecr:*:*:repository/?lue/*",
    "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*",
    "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team, 'blue'}/*",
    f"arn:aws:ecr:*:{AWAY}:repository/*",
]
_PRINCIPALS: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": HOME},
    {"AWS": f"arn:aws:iam::{HOME}:root"},
    {"AWS": AWAY},
    {"AWS": USER},
    {"AWS": [USER, SESSION]},
    {"AWS": ROLE},
    {"AWS": SESSION},
    {"AWS": FEDERATED},
    {"Service": REPLICATION},
]
_SPARED: list[Any] = [
    {"AWS": [HOME, USER]},
    {"AWS": [HOME, ROLE, SESSION]},
    {"AWS": [USER]},
    {"AWS": [ROLE, HOME]},
]


def draw_cases(seed: int, count: int) -> list[Case]:
    """That many cases, the same for the same seed."""
    random = Random(seed)
    return [_case(random) for _ in range(count)]


def _case(random: Random) -> Case:
    asked = _request(random)
    is_root = asked.caller.kind is CallerKind.ROOT
    is_limited = asked.caller.account is not None and not is_root
    is_session = asked.caller.issuer_arn is not None
    identity = [_document(random, Kind.IDENTITY) for _ in range(random.randint(0, 2))]
    if is_root:
        # The oracle does not know that the root needs no policy.
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        identity = [{"Version": "2012-10-17", "Statement": [everything]}]
    return Case(
        asked,
        tuple(identity) if asked.caller.account else (),
        _document(random, Kind.REPOSITORY) if random.random() < 0.6 else None,
        _document(random, Kind.BOUNDARY) if is_limited and random.random() < 0.25 else None,
        _document(random, Kind.SESSION) if is_session and random.random() < 0.4 else None,
    )


def _request(random: Random) -> Request:
    account = random.choice([HOME, HOME, HOME, AWAY])
    tags = random.choice([{}, {}, {"team": "blue"}, {"team": "red"}, {"team": "*"}])
    others: Json = {"aws:multifactorauthage": random.choice(_NUMBERS)} if random.random() < 0.7 else {}
    context = Context(
        now=datetime(2026, 11, 2, 3, tzinfo=UTC) if random.random() < 0.9 else None,
        source_ip=ip_address(random.choice(["203.0.113.9", "203.0.113.10", "10.1.2.3", "2001:db8::1"])),
        is_secure=random.choice([True, False, None]),
        user_agent=random.choice(["ZG9ja2Vy", "cG9kbWFu", None]),
        resource_tags=random.choice([{}, {}, {"team": "blue"}, {"team": "red"}]),
        request_tags=random.choice([{}, {"team": "blue"}]),
        tag_keys=random.choice([None, ("team",), ("team", "cost"), ("owner",)]),
        others=others,
    )
    repository = f"arn:aws:ecr:eu-west-1:{account}:repository/{random.choice(['blue', 'red'])}/app"
    # CreateRepository and TagResource are what takes request tags.
    action = "ecr:TagResource" if context.tag_keys or context.request_tags else "ecr:PutImage"
    return Request(_caller(random, tags), action, repository, account, context)


def _caller(random: Random, tags: dict[str, str]) -> Caller:
    user = iam_user(USER, account=HOME, user_id="AIDAEVE", tags=tags)
    session = role_session(SESSION, role_arn=ROLE, account=HOME, user_id="AROACI:run-7", tags=tags)
    federated = federated_session(FEDERATED, user_arn=USER, account=HOME, user_id=f"{HOME}:eve", tags=tags)
    rare = random.choice([account_root(HOME), service(REPLICATION), anyone()])
    return random.choice([user, user, user, session, session, session, federated, rare])


def _document(random: Random, kind: Kind) -> Json:
    return {
        "Version": "2012-10-17" if random.random() < 0.9 else "2008-10-17",
        "Statement": [_statement(random, kind) for _ in range(random.randint(1, 3))],
    }


def _statement(random: Random, kind: Kind) -> Json:
    effect = "Allow" if random.random() < 0.8 else "Deny"
    actions = random.sample([*_ACTIONS, "ecr:TagResource"], random.choice([1, 1, 2]))
    statement: Json = {
        "Effect": effect,
        "Action" if random.random() < 0.85 else "NotAction": actions,
        "Resource" if random.random() < 0.85 else "NotResource": random.choice(_RESOURCES),
    }
    if random.random() < 0.45:
        statement["Condition"] = _condition(random)
    if kind.names_principals:
        is_negated = effect == "Deny" and random.random() < 0.3
        statement["NotPrincipal" if is_negated else "Principal"] = random.choice(
            _SPARED if is_negated else _PRINCIPALS
        )
    return statement


def _condition(random: Random) -> Json:
    condition: Json = {}
    for _ in range(random.choice([1, 1, 1, 2])):
        operators, keys, values = random.choice(_FAMILIES)
        operator, key = random.choice(operators), random.choice(keys)
        if key == "aws:TagKeys":
            operator = random.choice(["ForAllValues:", "ForAnyValue:", "ForAllValues:", ""]) + operator
        if random.random() < 0.15:
            operator += "IfExists"
        chosen = random.sample(values, min(len(values), random.choice([1, 1, 2])))
        if random.random() < 0.1:
            operator, chosen = "Null", [random.choice(["true", "false"])]
        condition.setdefault(operator, {})[key] = chosen
    return condition
