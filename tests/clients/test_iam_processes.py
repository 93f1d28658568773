"""Several processes on one database: what IAM or a policy changes in one of them counts in all."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.engines.entrepot import Entrepot, served

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

CONNECTIONS = 8  # of which the processes take some each


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Entrepot]:
    with served(tmp_path, "--workers=3") as entrepot:
        yield entrepot


def answers(clients: "list[ECRClient]") -> set[str]:
    """What all the connections are told: an error's code, or "" for an answer."""

    def ask(client: "ECRClient") -> str:
        try:
            client.describe_registry()
        except ClientError as refused:
            return str(refused.response["Error"]["Code"])
        return ""

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        return {*threads.map(ask, clients * 3)}


def test_attack_19_a_policy_a_key_and_a_group_count_in_every_process_at_once(server: Entrepot) -> None:
    iam, ecr = server.iam(), server.ecr()
    iam.create_user(UserName="ci")
    key = iam.create_access_key(UserName="ci")["AccessKey"]
    keys = {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}
    clients = [server.ecr(**keys) for _ in range(CONNECTIONS)]
    statement = {"Effect": "Allow", "Action": "ecr:DescribeRegistry", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    granted = statement | {"Principal": {"AWS": f"arn:aws:iam::{server.account}:user/ci"}}
    granting = json.dumps({"Version": "2012-10-17", "Statement": [granted]})
    iam.create_group(GroupName="team")
    iam.put_group_policy(GroupName="team", PolicyName="p", PolicyDocument=document)

    def status(word: str) -> Callable[[], object]:
        known = {"UserName": "ci", "AccessKeyId": key["AccessKeyId"]}
        return lambda: iam.update_access_key(**known, Status="Active" if word == "Active" else "Inactive")

    changes: list[tuple[Callable[[], object], str]] = [
        (lambda: None, "AccessDeniedException"),
        (lambda: iam.add_user_to_group(UserName="ci", GroupName="team"), ""),
        (lambda: iam.remove_user_from_group(UserName="ci", GroupName="team"), "AccessDeniedException"),
        (lambda: iam.put_user_policy(UserName="ci", PolicyName="p", PolicyDocument=document), ""),
        (status("Inactive"), "UnrecognizedClientException"),
        (status("Active"), ""),
        (lambda: iam.delete_user_policy(UserName="ci", PolicyName="p"), "AccessDeniedException"),
        (lambda: ecr.put_registry_policy(policyText=granting), ""),
        (lambda: ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V1"), "AccessDeniedException"),
        (lambda: ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V2"), ""),
        (ecr.delete_registry_policy, "AccessDeniedException"),
    ]
    for change, expected in changes:
        change()
        assert answers(clients) == {expected}
