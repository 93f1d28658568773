"""The log: one line a request, with nothing in it that opens anything or disturbs a terminal."""

import asyncio
import base64
from urllib.parse import urlsplit

import pytest

from tests.engines.entrepot import ROOT_KEYS
from tests.wire.oci.raw_http import request_bytes
from tests.wire.serving.conftest import Log
from tests.wire.serving.port import Port


async def test_a_request_is_one_line_with_these_fields(port: Port, log: Log) -> None:
    answer = await port.ask("GET", "/healthz?a=b", [("User-Agent", "probe/1")])
    [line] = log.lines()
    assert isinstance(line.pop("milliseconds"), float)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "entrepot.requests",
        "request_id": answer.headers["x-amzn-requestid"],
        "method": "GET",
        "path": "/healthz",
        "status": 200,
        "remote": "127.0.0.1",
        "agent": "probe/1",
    }


async def test_the_line_of_a_registry_request_names_who_did_what(port: Port, log: Log) -> None:
    await port.create_repository("team/app")
    login = await port.login()
    log.lines()
    await port.ask("GET", "/v2/team/app/tags/list", login)
    [line] = log.lines()
    assert line["account"] == "123456789012"
    assert line["principal"] == "arn:aws:iam::123456789012:root"
    assert line["operation"]


async def test_a_malformed_request_has_its_line_too(port: Port, log: Log) -> None:
    answer = await port.ask("G?T", "/")
    [line] = log.lines()
    assert (line["status"], line["request_id"]) == (400, answer.headers["x-amzn-requestid"])


async def test_attack_49_no_secret_gets_into_the_log(port: Port, log: Log) -> None:
    await port.create_repository("team/app")
    login = await port.login()
    await port.push_blob(login, b"some layer")
    signed = "X-Amz-Signature=5ec4e7&X-Amz-Security-Token=5ec4e7"
    password = base64.b64decode(login[0][1].removeprefix("Basic ")).decode().removeprefix("AWS:")
    await port.ask("GET", f"/v2/team/app/tags/list?{signed}", login)
    await port.ask("GET", f"/?Action=GetCallerIdentity&{signed}")
    await port.ask("GET", f"/layers/5ec4e7?{signed}")
    await port.ask("GET", f"http://user:5ec4e7@registry.example/v2/?{signed}", login)
    await port.ask("GET", "/v2/", [("Authorization", "Bearer 5ec4e7")])
    await port.ask("POST", "/", [("X-Amz-Security-Token", "5ec4e7"), ("Cookie", "5ec4e7")], b"5ec4e7")
    told = log.text()
    assert told.count("\n") >= 8
    for secret in ("5ec4e7", password, login[0][1], ROOT_KEYS["ENTREPOT_ROOT_SECRET_ACCESS_KEY"]):
        assert secret not in told


async def test_attack_49_an_outage_tells_no_secret(port: Port, log: Log) -> None:
    login = await port.login()
    port.break_database()
    await port.ask("GET", "/v2/", login)
    told = log.text()
    assert '"status":500' in told
    password = base64.b64decode(login[0][1].removeprefix("Basic ")).decode().removeprefix("AWS:")
    assert password not in told
    assert password.split(".")[2] not in told


async def test_attack_49_a_signed_layer_address_is_not_logged(port: Port, log: Log) -> None:
    await port.create_repository("team/app")
    login = await port.login()
    image = await port.push_image(login)
    given = await asyncio.to_thread(
        lambda: port.ecr().get_download_url_for_layer(repositoryName="team/app", layerDigest=image.layer)
    )
    path = urlsplit(given["downloadUrl"]).path
    assert (await port.ask("GET", path)).status == 200
    told = log.text()
    assert '"/layers/..."' in told
    assert path.removeprefix("/layers/") not in told


HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x9b31m",
    "\u2028",
    "\u202e",
    "\x7f",
    "\x01",
    "\t",
    "\x85",
    "\udc80\udcff",
    '"}{"',
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
async def test_attack_49_what_a_caller_sends_cannot_forge_lines_or_move_a_cursor(
    port: Port, log: Log, text: str
) -> None:
    for request in (
        request_bytes("GET", "/healthz", [("User-Agent", text)]),
        request_bytes("GET", f"/{text}"),
        request_bytes("POST", "/", [("X-Amz-Target", f"Service.{text}")], b"{}"),
    ):
        await port.send_raw(request.replace(b"Host:", b"Connection: close\r\nHost:"))
    told = log.text()
    assert told.count("\n") >= 3
    assert told.isascii()
    assert all(character == "\n" or character.isprintable() for character in told)


@pytest.mark.parametrize("separator", [b"\r", b"\n", b"\r\n", b"\0", b"%0d%0a"])
async def test_attack_49_line_ends_in_a_path_or_agent_stay_in_one_line(
    port: Port, log: Log, separator: bytes
) -> None:
    forged = separator + b'{"event": "forged"}'
    await port.send_raw(b"GET /a" + forged + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    await port.send_raw(
        b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: a" + forged + b"\r\nConnection: close\r\n\r\n"
    )
    assert {line["event"] for line in log.lines()} == {"request"}


async def test_what_callers_write_is_cut(port: Port, log: Log) -> None:
    await port.ask("GET", "/" + "p" * 9000, [("User-Agent", "a" * 9000)])
    await port.ask("POST", "/", [("X-Amz-Target", "S." + "o" * 9000)], b"{}")
    for line in log.lines():
        assert all(len(str(value)) <= 512 for value in line.values())
