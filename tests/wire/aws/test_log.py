"""The log of the whole app: a JSON object a line whatever callers write, and no secret in any."""

import base64
import io
import json
import logging
import socket
import sys
from asyncio import to_thread
from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import ClientSession
from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import ACCOUNT, TARGET, Served, open_served, refusal
from tests.wire.aws.test_audit import events
from tests.wire.oci.world import digest_of

from entrepot.identity.credentials import IssuedKey
from entrepot.serving.access_log import set_up_logging

CLIENTS = ("botocore", "boto3", "urllib3")  # they log what they sign, in this very process


class Log:
    """What was written to standard error."""

    def __init__(self, written: io.StringIO) -> None:
        self._written = written

    @property
    def text(self) -> str:
        return self._written.getvalue()

    def lines(self) -> list[dict[str, object]]:
        """Each line, which must be a JSON object."""
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture(name="log")
def _log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Log]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    for name in CLIENTS:
        caplog.set_level(logging.CRITICAL, name)
    set_up_logging("debug")
    yield Log(written)
    root.handlers[:], root.level = handlers, level


@pytest.fixture(name="app")
async def _app(log: Log) -> AsyncIterator[Served]:
    async with open_served() as served:
        yield served


async def test_attack_49_no_secret_of_a_whole_flow_is_in_the_log(app: Served, log: Log) -> None:
    ecr, root = app.ecr(), app.roots[ACCOUNT]
    session = (await to_thread(app.sts().get_session_token))["Credentials"]
    keys = IssuedKey(
        session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"], session["Expiration"]
    )
    await create(app.ecr(keys=keys), "team/app")
    await push_image(ecr, "team/app", "v1", content=b"layer")
    [granted] = (await to_thread(ecr.get_authorization_token))["authorizationData"]
    password = base64.b64decode(granted["authorizationToken"]).decode().partition(":")[2]
    url = (
        await to_thread(
            ecr.get_download_url_for_layer, repositoryName="team/app", layerDigest=digest_of(b"layer")
        )
    )["downloadUrl"]
    presigned = await to_thread(app.sts().generate_presigned_url, "get_caller_identity")
    headers = {"Authorization": f"Basic {granted['authorizationToken']}"}
    async with ClientSession(headers=headers) as client:
        for address in (f"{app.url}/v2/team/app/tags/list", f"{app.url}/v2/", url, url + "x"):
            async with client.get(address):
                pass
    async with ClientSession() as client:
        for address in (presigned, presigned + "0"):
            async with client.get(address):
                pass
    wrong = app.ecr(keys=IssuedKey(root.access_key_id, "wrong-secret", None, None))
    await refusal(wrong.describe_repositories)

    assert len(log.lines()) >= 15
    secrets = [
        root.secret,
        keys.secret,
        str(keys.session_token),
        granted["authorizationToken"],
        password,
        password.rpartition(".")[2],
        url.rpartition("/")[2],
        presigned.partition("X-Amz-Signature=")[2],
        "wrong-secret",
        "X-Amz-Signature",
        "Signature=",
        "AWS4-HMAC-SHA256",
        "Basic ",
        "k" * 32,
    ]
    await app.refusals.flush(is_last=True)
    told = str([await events(app, account) for account in (ACCOUNT, "")])
    assert "GetSessionToken" in told
    assert "SignaturesRefused" in told
    for secret in secrets:
        assert secret
        assert secret not in log.text
        assert secret not in told


HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x9b31m",
    "\u202egnp",
    "a\tb",
    '"} {"level": "forged"',
    "\\u000a",
    "\u2028forged",
    "\x7f",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_attack_49_what_callers_write_stays_in_its_place(app: Served, log: Log, text: str) -> None:
    request = (
        f"POST /{text.replace(' ', '')} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {text}\r\n"
        f"X-Amz-Target: {TARGET}.{text}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    await to_thread(send, app.port, request.encode())

    for line in log.lines():
        assert line["level"] != "forged"
    assert all(c.isprintable() and c.isascii() for line in log.text.splitlines() for c in line)


async def test_attack_49_bytes_that_are_no_text_are_logged_as_escapes(app: Served, log: Log) -> None:
    raw = b"GET /\xff\xc0\xae HTTP/1.1\r\nHost: x\r\nUser-Agent: \xff\xfe\x80\r\nConnection: close\r\n\r\n"
    await to_thread(send, app.port, raw)
    assert log.lines()
    assert log.text.isascii()


async def test_attack_49_repository_names_do_not_forge_lines(app: Served, log: Log) -> None:
    before = len(log.lines())
    answer = await app.ask("CreateRepository", {"repositoryName": 'a\n{"level":"forged"}\r\x1b[2J'})
    assert answer.status == 400
    assert "forged" not in log.text
    assert len(log.lines()) == before


async def test_every_request_has_one_line_with_the_id_of_its_answer(app: Served, log: Log) -> None:
    answer = await to_thread(app.ecr().describe_repositories)
    ids = [line["request_id"] for line in log.lines() if line.get("operation") == "DescribeRepositories"]
    assert ids == [answer["ResponseMetadata"]["RequestId"]]


def send(port: int, request: bytes) -> bytes:
    """The answer to raw bytes, up to the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(request)
        pieces = []
        while piece := line.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)
