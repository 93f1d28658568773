"""Whatever ends tokens and sessions on one node ends them on the other, at both doors and within a second."""

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.clients.raw_registry import RawRegistry
from tests.engines.entrepot import Entrepot, served
from tests.engines.postgres import PostgresServer
from tests.faults.serving.processes import wait_until

_SESSION = boto3.session.Session()  # its loader keeps the models that it has read
_ASKED = 12  # connections, enough that each of two processes gets some


@pytest.fixture
def nodes(postgres: PostgresServer, tmp_path: Path) -> Iterator[tuple[Entrepot, Entrepot]]:
    """Two nodes on one database, with a repository, a user and a role that the user may assume."""
    database = asyncio.run(postgres.create_database())
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    shared = (f"--database={database}", f"--root-key-file={tmp_path / 'root-key'}", "--workers=2")
    with served(tmp_path / "one", *shared) as one, served(tmp_path / "other", *shared) as other:
        one.create_repository("team/app")
        iam = one.iam()
        iam.create_user(UserName="maya")
        allowed = _document({"Effect": "Allow", "Action": "*", "Resource": "*"})
        iam.create_group(GroupName="team")
        iam.put_group_policy(GroupName="team", PolicyName="p", PolicyDocument=allowed)
        iam.add_user_to_group(GroupName="team", UserName="maya")
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": _arn(one, "user/maya")}}
        iam.create_role(RoleName="build", AssumeRolePolicyDocument=_document(trust))
        iam.put_role_policy(RoleName="build", PolicyName="p", PolicyDocument=allowed)
        yield one, other
    asyncio.run(postgres.drop_database(database))


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody has: a key that signs, and a registry password that was made with it."""

    key: dict[str, str]
    password: str

    def is_let_in(self, node: Entrepot) -> bool:
        """Whether any process of the node still takes the password."""
        raw = RawRegistry(node.host, node.port, self.password)
        return any(raw.send("GET", "/v2/team/app/tags/list").status == 200 for _ in range(_ASKED))

    def statuses(self, node: Entrepot) -> set[str]:
        """What the node's processes say to the password and to the key."""
        raw = RawRegistry(node.host, node.port, self.password)
        said = {f"v2 {raw.send('GET', '/v2/team/app/tags/list').status}" for _ in range(_ASKED)}
        for _ in range(_ASKED):
            try:
                _client(node, "ecr", self.key).describe_registry()
                said.add("aws 200")
            except ClientError as refused:
                said.add(f"aws {refused.response['Error']['Code']}")
        return said


def _client(node: Entrepot, service: str, key: dict[str, str]) -> Any:
    return _SESSION.client(
        service,
        endpoint_url=node.url,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
        **key,
    )


def _held(node: Entrepot, key: dict[str, str]) -> Held:
    [granted] = _client(node, "ecr", key).get_authorization_token()["authorizationData"]
    return Held(key, base64.b64decode(granted["authorizationToken"]).decode().partition(":")[2])


def _key_of(node: Entrepot) -> dict[str, str]:
    made = node.iam().create_access_key(UserName="maya")["AccessKey"]
    return {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}


def _session_of(node: Entrepot, key: dict[str, str]) -> dict[str, str]:
    role = _arn(node, "role/build")
    made = _client(node, "sts", key).assume_role(RoleArn=role, RoleSessionName="job")["Credentials"]
    return {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }


def _arn(node: Entrepot, name: str) -> str:
    return f"arn:aws:iam::{node.account}:{name}"


def _document(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


GOOD = {"v2 200", "aws 200"}
GONE = {"v2 401", "aws UnrecognizedClientException"}
TOKEN_GONE = {"v2 401", "aws 200"}
DENIED = {"v2 403", "aws AccessDeniedException"}
Change = Callable[[Entrepot, str], object]


def _deny_older(node: Entrepot, _key_id: str) -> None:
    older = {"DateLessThan": {"aws:TokenIssueTime": datetime.now(UTC).isoformat()}}
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": older}
    node.iam().put_role_policy(
        RoleName="build", PolicyName="AWSRevokeOlderSessions", PolicyDocument=_document(statement)
    )


def _leave_group(node: Entrepot, _key_id: str) -> None:
    node.iam().remove_user_from_group(GroupName="team", UserName="maya")


def _delete_user(node: Entrepot, key_id: str) -> None:
    iam = node.iam()
    iam.delete_access_key(UserName="maya", AccessKeyId=key_id)
    _leave_group(node, key_id)
    iam.delete_user(UserName="maya")


def _delete_role(node: Entrepot, _key_id: str) -> None:
    node.iam().delete_role_policy(RoleName="build", PolicyName="p")
    node.iam().delete_role(RoleName="build")


def _deactivate(node: Entrepot, key_id: str) -> None:
    node.iam().update_access_key(UserName="maya", AccessKeyId=key_id, Status="Inactive")


ENDINGS: dict[str, tuple[Change, set[str], set[str]]] = {
    # what is done, what the user's key then meets, and what the role's session meets
    "the key is deactivated": (_deactivate, GONE, GONE),
    "the key is deleted": (
        lambda node, key: node.iam().delete_access_key(UserName="maya", AccessKeyId=key),
        GONE,
        GONE,
    ),
    "the user leaves its group": (_leave_group, DENIED, GOOD),
    "the user is deleted": (_delete_user, GONE, GONE),
    "the role is deleted": (_delete_role, GOOD, {"v2 403", "aws UnrecognizedClientException"}),
    "older sessions are denied, as AWS does it": (_deny_older, GOOD, DENIED),
    "tokens of the key are revoked": (
        lambda node, key: node.own().revoke_tokens(accessKeyId=key),
        TOKEN_GONE,
        GONE,
    ),
    "tokens of the user are revoked": (
        lambda node, _: node.own().revoke_tokens(principalArn=_arn(node, "user/maya")),
        TOKEN_GONE,
        GONE,
    ),
    "sessions of the role are revoked": (
        lambda node, _: node.own().revoke_tokens(principalArn=_arn(node, "role/build")),
        GOOD,
        GONE,
    ),
    "all of the account is revoked": (
        lambda node, _: node.own().revoke_tokens(allPrincipals=True),
        TOKEN_GONE,
        GONE,
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_attack_19_26_what_ends_on_one_node_ends_on_the_other(
    nodes: tuple[Entrepot, Entrepot], ending: str, tell: Callable[[str], None]
) -> None:
    one, other = nodes
    change, of_user, of_session = ENDINGS[ending]
    key = _key_of(one)
    user, session = _held(one, key), _held(other, _session_of(other, key))
    for node in nodes:
        assert (user.statuses(node), session.statuses(node)) == (GOOD, GOOD)

    change(one, key["aws_access_key_id"])

    began = time.monotonic()
    touched = user if of_session == GOOD else session
    assert not touched.is_let_in(one)  # at the next request
    wait_until(lambda: not touched.is_let_in(other), f"{ending}, on the other node")
    tell(f"on the other node after {time.monotonic() - began:.2f} s")
    for node in nodes:
        assert (user.statuses(node), session.statuses(node)) == (of_user, of_session)
    if of_user == TOKEN_GONE:
        again = _held(other, key)
        assert (again.statuses(one), again.statuses(other)) == (GOOD, GOOD)
