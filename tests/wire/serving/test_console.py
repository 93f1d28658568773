"""The console's files over the wire: which door they have, what browsers are told, what is not found."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from entrepot.console.door import ConsoleDoor
from entrepot.console.files import BuiltFiles
from entrepot.serving.process import Telemetry, request_server
from tests.wire.oci.raw_http import Answer, Lines, line_to
from tests.wire.serving.port import Port

PAGE = b"<!doctype html><title>Entrepot</title>"
SCRIPT = b"console.log('entrepot')" * 100
BROWSER = ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
GZIP = ("Accept-Encoding", "gzip, deflate, br")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as a build leaves it, with a file that is no part of it beside it."""
    folder = tmp_path / "site"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(PAGE)
    (folder / "icon.svg").write_bytes(b"<svg/>")
    (folder / ".source").write_bytes(b"1 2")
    (folder / "assets" / "index-Cm3x_8aZ.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "secret.txt").write_text("secret")
    return folder


class Console:
    """A port behind which the front is given these files."""

    def __init__(self, number: int) -> None:
        self._number = number

    async def ask(self, method: str, target: str, lines: Lines = ()) -> Answer:
        async with line_to(self._number) as line:
            return await line.ask(method, target, lines)


@pytest.fixture
async def console(port: Port, built: Path) -> AsyncIterator[Console]:
    app = replace(port.app, console=ConsoleDoor(BuiltFiles(built)))
    runner = web.ServerRunner(request_server(app, port.settings, Telemetry.alone(), port.readiness))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Console(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "target",
    [
        "/console/",
        "/console/repositories",
        "/console/repository/team/app?tab=images",
        "/console/image/team/app?digest=sha256:abc",
        "/console//evil.example/",
        "/console/user/a%2Fb",
    ],
)
async def test_every_address_below_the_prefix_shows_the_page(console: Console, target: str) -> None:
    answer = await console.ask("GET", target, [BROWSER])
    assert (answer.status, answer.body) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("target", ["/", "/console", "/?x=1"])
async def test_attack_47_a_browser_is_sent_to_the_console_and_nowhere_else(
    console: Console, target: str
) -> None:
    answer = await console.ask("GET", target, [BROWSER])
    assert (answer.status, answer.headers["location"]) == (302, "/console/")


async def test_programs_that_ask_for_the_root_are_answered_as_before(console: Console) -> None:
    assert (await console.ask("GET", "/", [("Accept", "*/*")])).status == 404
    assert (await console.ask("GET", "/")).status == 404
    signed = await console.ask("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", [BROWSER])
    assert signed.headers["content-type"] == "text/xml"
    assert (await console.ask("GET", "/v2/", [BROWSER])).status == 401


async def test_a_hashed_file_is_packed_and_may_be_kept_for_good(console: Console) -> None:
    target = "/console/assets/index-Cm3x_8aZ.js"
    packed = await console.ask("GET", target, [GZIP])
    plain = await console.ask("GET", target)
    refused = await console.ask("GET", target, [("Accept-Encoding", "gzip;q=0, br")])
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body == refused.body == SCRIPT
    for answer in (packed, plain, refused):
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "target",
    ["/console/", "/console/icon.svg", "/console/assets/index-Cm3x_8aZ.js", "/console/assets/no.js", "/"],
)
async def test_attack_46_and_47_every_answer_forbids_what_a_page_need_not_do(
    console: Console, target: str
) -> None:
    headers = (await console.ask("GET", target, [BROWSER])).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "set-cookie" not in headers
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "target",
    [
        "/console/../secret.txt",
        "/console/%2e%2e/secret.txt",
        "/console/assets/../../secret.txt",
        "/console/assets/..%2f..%2fsecret.txt",
        "/console/assets/%2e%2e/%2e%2e/secret.txt",
        "/console/assets//../index-Cm3x_8aZ.js.gz",
        "/console/assets/index-Cm3x_8aZ.js.gz",
        "/console/assets/index-Cm3x_8aZ.js%00",
        "/console/assets/.source",
        "/console/.source",
        "/console//etc/passwd",
        "/console/\\..\\secret.txt",
        "/console/%c0%ae%c0%ae/secret.txt",
    ],
)
async def test_attack_01_only_the_files_of_the_build_are_given(console: Console, target: str) -> None:
    answer = await console.ask("GET", target)
    assert answer.status == 404 or answer.body == PAGE
    assert b"secret" not in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_the_console_only_gives(console: Console, method: str) -> None:
    answer = await console.ask(method, "/console/repositories")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_head_says_what_a_get_would(console: Console) -> None:
    answer = await console.ask("HEAD", "/console/")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, str(len(PAGE)), b"")


async def test_a_server_without_a_build_says_so(port: Port, tmp_path: Path) -> None:
    app = replace(port.app, console=ConsoleDoor(BuiltFiles(tmp_path / "nothing")))
    server = request_server(app, port.settings, Telemetry.alone(), port.readiness)
    runner = web.ServerRunner(server)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        answer = await Console(runner.addresses[0][1]).ask("GET", "/console/", [BROWSER])
    finally:
        await runner.cleanup()
    assert answer.status == 404
    assert b"built without its console" in answer.body
