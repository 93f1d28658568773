"""Which door a request goes to, whatever it looks like, and what every answer has."""

import asyncio
import json
import uuid

import pytest

from tests.wire.oci.raw_http import Answer, Lines, request_bytes
from tests.wire.serving.conftest import Log
from tests.wire.serving.port import Port

TARGET = ("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
ACTION = b"Action=GetCallerIdentity&Version=2011-06-15"


def door_of(answer: Answer) -> str:
    """Each door has a handwriting of its own."""
    if "docker-distribution-api-version" in answer.headers:
        return "oci"
    kind = answer.headers["content-type"]
    if kind.startswith("application/x-amz-json"):
        return "json"
    return "query" if kind == "text/xml" else "none"


@pytest.mark.parametrize(
    ("method", "target", "lines", "body_and_door"),
    [
        ("POST", "/", [TARGET], (b"{}", "json")),
        ("POST", "/v2/", [TARGET], (b"{}", "json")),
        ("GET", "/v2/team/app/manifests/1", [TARGET], (None, "json")),
        ("POST", "/layers/x", [TARGET], (b"{}", "json")),
        ("GET", "/healthz", [TARGET], (None, "json")),
        ("POST", "/", [TARGET, FORM], (ACTION, "json")),
        ("POST", "/", [("X-Amz-Target", "")], (b"{}", "json")),
        ("POST", "/", [FORM], (ACTION, "query")),
        ("POST", "/", [FORM], (b"", "query")),
        (
            "POST",
            "/any/where",
            [("Content-Type", "application/X-WWW-form-urlencoded; charset=utf-8")],
            (ACTION, "query"),
        ),
        ("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", [], (None, "query")),
        ("GET", "/v2/?Action=GetCallerIdentity&Version=2011-06-15", [], (None, "query")),
        ("DELETE", "/?Action=", [], (None, "query")),
        ("GET", "/?%41ction=GetCallerIdentity", [], (None, "query")),
        ("GET", "/v2", [], (None, "oci")),
        ("GET", "/v2/", [], (None, "oci")),
        ("GET", "/v2/?action=GetCallerIdentity", [], (None, "oci")),
        ("POST", "/v2/team/app/blobs/uploads/", [FORM], (ACTION, "oci")),
        ("PUT", "/v2/team/app/manifests/1", [FORM], (ACTION, "oci")),
        ("GET", "http://elsewhere.example/v2/", [], (None, "oci")),
        ("GET", "/v2/../healthz", [], (None, "oci")),
        ("GET", "/layers/x", [], (None, "oci")),
        ("GET", "/v2x/", [], (None, "none")),
        ("GET", "/V2/", [], (None, "none")),
        ("GET", "//v2/", [], (None, "none")),
        ("GET", "/%76%32/", [], (None, "none")),
        ("GET", "/", [], (None, "none")),
        ("POST", "/", [], (b"{}", "none")),
        ("OPTIONS", "*", [], (None, "none")),
    ],
)
async def test_attack_01_each_request_goes_to_one_door(
    port: Port, method: str, target: str, lines: Lines, body_and_door: tuple[bytes | None, str]
) -> None:
    body, door = body_and_door
    answer = await port.ask(method, target, lines, body)
    assert door_of(answer) == door
    assert answer.status < 500


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/nothing", 404),
        ("HEAD", "/nothing", 404),
        ("POST", "/nothing", 405),
        ("PUT", "/healthz", 405),
        ("DELETE", "/readyz", 405),
        ("PATCH", "/", 405),
    ],
)
async def test_what_nobody_answers_is_refused_by_method(
    port: Port, method: str, target: str, status: int
) -> None:
    answer = await port.ask(method, target)
    assert answer.status == status
    assert answer.headers.get("allow") == ("GET, HEAD" if status == 405 else None)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("target", ["/healthz", "/readyz"])
async def test_a_serving_program_is_alive_and_ready(port: Port, method: str, target: str) -> None:
    assert (await port.ask(method, target)).status == 200


async def test_without_its_database_the_program_is_alive_but_not_ready(port: Port) -> None:
    port.break_database()
    assert (await port.ask("GET", "/healthz")).status == 200
    assert (await port.ask("GET", "/readyz")).status == 503


@pytest.mark.parametrize(
    ("method", "target", "lines"),
    [
        ("GET", "/healthz", []),
        ("GET", "/nothing", []),
        ("POST", "/nothing", []),
        ("GET", "/v2/", []),
        ("GET", "/v2/Team/x", []),
        ("GET", "/layers/forged", []),
        ("POST", "/", [TARGET]),
        ("POST", "/", [FORM]),
        ("GET", "/with space", []),
        ("G?T", "/", []),
    ],
)
async def test_every_answer_has_an_id_of_its_own_and_hides_what_serves(
    port: Port, method: str, target: str, lines: Lines
) -> None:
    answers = [await port.ask(method, target, lines) for _ in range(2)]
    ids = {str(uuid.UUID(answer.headers["x-amzn-requestid"])) for answer in answers}
    assert len(ids) == 2
    for answer in answers:
        assert len(answer.all("x-amzn-requestid")) == 1
        assert answer.all("server") == ["Entrepot"]


async def test_a_caller_cannot_choose_the_id(port: Port) -> None:
    answer = await port.ask("GET", "/v2/", [("X-Amzn-RequestId", "mine")])
    assert answer.headers["x-amzn-requestid"] != "mine"


async def test_a_streamed_layer_has_the_id_and_name_too(port: Port) -> None:
    await port.create_repository("team/app")
    login, content = await port.login(), b"layer" * 100_000
    where = await port.push_blob(login, content)
    answer = await port.ask("GET", where, login)
    assert answer.body == content
    assert answer.all("server") == ["Entrepot"]
    assert len(answer.all("x-amzn-requestid")) == 1


async def test_an_outage_behind_a_door_says_nothing_but_the_id(port: Port, log: Log) -> None:
    await port.create_repository("team/app")
    login = await port.login()
    port.break_database()
    answer = await port.ask("GET", "/v2/team/app/tags/list", login)
    request_id = answer.headers["x-amzn-requestid"]
    assert answer.status == 500
    assert json.loads(answer.body) == {
        "errors": [{"code": "UNKNOWN", "message": "internal error", "detail": request_id}]
    }
    told = [line for line in log.lines() if line.get("request_id") == request_id]
    assert [line["event"] for line in told] == ["request failed", "request"]
    assert "no such table" in str(told[0]["exception"])
    assert told[1]["status"] == 500


async def test_an_answer_that_fails_in_the_middle_ends_with_its_connection(port: Port) -> None:
    await port.create_repository("team/app")
    login, content = await port.login(), bytes(5 << 20)
    where = await port.push_blob(login, content)
    assert port.settings.blobs_dir is not None
    [blob] = [
        file
        for file in port.settings.blobs_dir.rglob("*")
        if file.is_file() and file.stat().st_size > 1 << 20
    ]
    with blob.open("r+b") as file:
        file.seek(4 << 20)
        file.write(b"damage")
    async with port.line() as line:
        await line.send(request_bytes("GET", where, login) + request_bytes("GET", "/healthz"))
        status, headers = await line.head()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await line.reader.readexactly(len(content))
    assert (status, dict(headers)["content-length"]) == (200, str(len(content)))


async def test_a_server_whose_blobs_are_gone_is_alive_and_not_ready(port: Port) -> None:
    (port.settings.data_dir / "blobs").rename(port.settings.data_dir / "elsewhere")
    assert (await port.ask("GET", "/readyz")).status == 503
    assert (await port.ask("GET", "/healthz")).status == 200


async def test_a_server_that_is_to_end_is_alive_and_not_ready(port: Port) -> None:
    assert (await port.ask("GET", "/readyz")).status == 200
    port.readiness.end()
    assert (await port.ask("GET", "/readyz")).status == 503
    assert (await port.ask("GET", "/healthz")).status == 200
    assert (await port.ask("GET", "/v2/")).status == 401
