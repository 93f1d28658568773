"""Policies on addresses and on TLS, behind proxies: both doors read the client's own, of trusted ones."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.wire.serving.port import Port, open_port
from tests.wire.serving.test_proxies import CLIENT, FORWARDED

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

ELSEWHERE = [("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-Proto", "http")]


async def refuse_unless(port: Port, **condition: object) -> None:
    """The repository denies listing to everybody, the root too, unless the condition fails."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": "ecr:ListImages", "Condition": condition}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    set_policy = port.ecr().set_repository_policy
    await asyncio.to_thread(set_policy, repositoryName="team/app", policyText=text)


async def lists(port: Port, lines: list[tuple[str, str]]) -> set[bool]:
    """Whether each door lets the root list, the request having come with these header lines."""
    login = await port.login()
    answer = await port.ask("GET", "/v2/team/app/tags/list", [*login, *lines])
    assert answer.status in (200, 403)
    called = await asyncio.to_thread(_list_images, port.ecr(), lines)
    return {answer.status == 200, called}


def _list_images(ecr: "ECRClient", lines: list[tuple[str, str]]) -> bool:
    def pass_through_proxy(request: Any, **_: object) -> None:
        for name, value in lines:
            request.headers[name] = value

    ecr.meta.events.register("before-send.ecr.ListImages", pass_through_proxy)
    try:
        ecr.list_images(repositoryName="team/app")
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return False
    return True


CONDITIONS = [
    {"NotIpAddress": {"aws:SourceIp": f"{CLIENT}/32"}},
    {"Bool": {"aws:SecureTransport": "false"}},
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=["address", "tls"])
async def test_a_trusted_proxy_tells_policies_who_asks(tmp_path: Path, condition: dict[str, object]) -> None:
    async with open_port(tmp_path / "data", trusted_proxy="127.0.0.1") as port:
        await port.create_repository("team/app")
        await refuse_unless(port, **condition)
        assert await lists(port, FORWARDED) == {True}
        assert await lists(port, ELSEWHERE) == {False}
        assert await lists(port, []) == {False}


@pytest.mark.parametrize("condition", CONDITIONS, ids=["address", "tls"])
async def test_attack_19_nobody_else_does(port: Port, condition: dict[str, object]) -> None:
    await port.create_repository("team/app")
    await refuse_unless(port, **condition)
    assert await lists(port, FORWARDED) == {False}
    rfc = [("Forwarded", f"for={CLIENT};proto=https")]
    assert await lists(port, rfc) == {False}
