"""Traces at a collector: what a request did, and nothing that it held."""

import http.client
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.clients.raw_registry import RawRegistry
from tests.engines.entrepot import Entrepot, served
from tests.engines.otlp_collector import Collector, attributes_of, otlp_collector
from tests.engines.programs import ROOT, run_program

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "X-Forwarded-For": "192.0.2.7"}
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "100"}  # milliseconds


@pytest.fixture(name="collector")
def _collector() -> Iterator[Collector]:
    with otlp_collector() as running:
        yield running


def environment(collector: Collector) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **SOON}


def ask(server: Entrepot, target: str, headers: Mapping[str, str] | None = None) -> int:
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=30)) as connection:
        connection.request("GET", target, headers=dict(headers or {}))
        return connection.getresponse().status


def test_a_push_and_a_pull_are_traced_with_what_they_asked_of_the_stores(
    collector: Collector, tmp_path: Path
) -> None:
    with served(tmp_path, "--workers=2", environment=environment(collector)) as server:
        server.create_repository("team/secret-project")
        password = server.password()
        raw = RawRegistry(server.host, server.port, password)
        raw.push_blob("team/secret-project", b"a secret layer" * 10_000)
        assert ask(server, "/v2/team/secret-project/tags/list?token=query-secret") == 401
        [created] = collector.wait_for("ecr:CreateRepository")
        [finished, *_] = collector.wait_for("PUT /v2/{name}/blobs/uploads/{id}")
        collector.wait_for("GET /v2/{name}/tags/list")
        collector.wait_for("job collect")

    attributes = attributes_of(created)
    assert attributes["http.route"] == "/"
    assert attributes["http.response.status_code"] == "200"
    assert attributes["entrepot.operation"] == "ecr:CreateRepository"
    assert len(attributes["entrepot.request_id"]) == 36
    assert created.kind == Span.SpanKind.SPAN_KIND_SERVER
    assert "database write" in {span.name for span in collector.children_of(created)}
    pieces = {span.name for span in collector.children_of(finished)}
    assert {"database read", "database write", "blob finish"} <= pieces
    assert {resource["service.name"] for resource in collector.resources} == {"entrepot"}
    for secret in (
        b"secret",
        password.encode(),
        server.secret_access_key.encode(),
        b"123456789012",
        b"Basic",
    ):
        assert secret not in collector.raw


def test_a_trace_goes_on_from_a_trusted_proxy(collector: Collector, tmp_path: Path) -> None:
    options = ("--workers=1", "--trusted-proxy=127.0.0.1")
    with served(tmp_path, *options, environment=environment(collector)) as server:
        assert ask(server, "/healthz", PARENT) == 200
        spans = collector.wait_for("GET /healthz")
    assert TRACE in {span.trace_id.hex() for span in spans}


def test_attack_49_a_trace_does_not_go_on_from_anybody_else(collector: Collector, tmp_path: Path) -> None:
    with served(tmp_path, "--workers=1", environment=environment(collector)) as server:
        assert ask(server, "/healthz", PARENT) == 200
        spans = collector.wait_for("GET /healthz")
    assert TRACE not in {span.trace_id.hex() for span in spans}


def test_the_last_spans_are_sent_at_the_end(collector: Collector, tmp_path: Path) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "600000"}
    with served(tmp_path, "--workers=1", environment=variables) as server:
        assert ask(server, "/healthz") == 200
    collector.wait_for("GET /healthz", seconds=1)


@pytest.mark.parametrize("fault", ["hangs", "refuses", "is not there"])
def test_a_collector_that_fails_hurts_no_request_and_does_not_hold_up_the_end(
    collector: Collector, tmp_path: Path, fault: str
) -> None:
    collector.hangs = fault == "hangs"
    collector.status = 200 if fault == "hangs" else 503
    variables = environment(collector)
    if fault == "is not there":
        variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
    with served(tmp_path, "--workers=1", "--drain-seconds=1", environment=variables) as server:
        raw = RawRegistry(server.host, server.port, server.password())
        server.create_repository("team/app")
        raw.push_blob("team/app", b"layer")
        assert {ask(server, "/healthz") for _ in range(200)} == {200}
        assert server.stop() == 0
    assert '"level":"error","logger":"entrepot' not in server.log.read_text()


def test_without_an_endpoint_the_library_is_not_loaded() -> None:
    listed = (
        "import sys, entrepot.cli; "
        "print([name for name in sys.modules if name.startswith(('opentelemetry', 'requests'))])"
    )
    assert run_program(sys.executable, "-c", listed, environment={"PYTHONPATH": str(ROOT / "src")}) == "[]\n"
