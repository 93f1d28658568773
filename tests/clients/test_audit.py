"""The audit of a served Entrepot: whose address an event has, and what a read-only server still shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.raw_registry import RawRegistry
from tests.engines.entrepot import PROGRAM, Entrepot, served
from tests.engines.programs import run_program
from tests.faults.serving.images import registry_of

FORWARDED = {"X-Forwarded-For": "192.0.2.9"}


def exported(server: Entrepot) -> list[dict[str, Any]]:
    lines = run_program(PROGRAM, "audit", "export", "--data-dir", server.data_folder).splitlines()
    return [json.loads(line) for line in lines]


def begin(raw: RawRegistry) -> None:
    assert raw.send("POST", "/v2/team/app/blobs/uploads/", b"", FORWARDED).status == 202


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ((), "127.0.0.1"),
        (("--trusted-proxy=127.0.0.1",), "192.0.2.9"),
        (("--trusted-proxy=192.0.2.0/24",), "127.0.0.1"),
    ],
)
def test_an_event_has_the_address_that_a_trusted_proxy_tells_and_no_other(
    tmp_path: Path, options: tuple[str, ...], address: str
) -> None:
    with served(tmp_path, "--workers=1", "--host=127.0.0.1", *options) as server:
        server.create_repository("team/app")
        begin(registry_of(server))
        assert exported(server)[-1]["eventName"] == "InitiateLayerUpload"
        assert exported(server)[-1]["sourceIPAddress"] == address


def test_a_read_only_server_shows_the_audit_and_adds_nothing_to_it(tmp_path: Path) -> None:
    with served(tmp_path, "--workers=1") as server:
        server.create_repository("team/app")
        server.password()
        before = exported(server)
        server.options = ("--workers=1", "--read-only")
        server.restart()
        refused = registry_of(server).send("POST", "/v2/team/app/blobs/uploads/", b"")
        assert refused.status in (403, 405)
        server.stop()
        assert exported(server) == before
        server.start()
