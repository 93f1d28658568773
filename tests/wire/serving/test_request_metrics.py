"""What requests leave in the metrics: each counted once, under names that callers cannot make up."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from entrepot.serving.process import Telemetry
from entrepot.telemetry.exposition import Exposition
from entrepot.telemetry.meters import Meters
from entrepot.telemetry.reports import CountedReports
from entrepot.telemetry.sheets import Ledger
from tests.wire.oci.raw_http import Lines
from tests.wire.oci.world import digest_of
from tests.wire.serving.port import open_port

TARGET = "AmazonEC2ContainerRegistry_V20150921"
CALL = ("X-Amz-Target", f"{TARGET}.DescribeRepositories")
Labels = dict[str, str]


class Numbers:
    """The metrics of one process of a test."""

    def __init__(self) -> None:
        self._ledger = Ledger(["requests-1"])
        meters = Meters(self._ledger.sheet("requests-1"))
        self.telemetry = Telemetry(meters, CountedReports(meters))

    def samples(self, name: str) -> list[tuple[Labels, float]]:
        """Those of this name that are not 0."""
        page, _ = Exposition(self._ledger).write("")
        return [
            (dict(each.labels), each.value)
            for metric in text_string_to_metric_families(page.decode())
            for each in metric.samples
            if each.name == name and each.value
        ]

    def one(self, name: str, **labels: str) -> float:
        """The sum of the samples with these labels."""
        return sum(value for found, value in self.samples(name) if labels.items() <= found.items())

    def text(self) -> str:
        return Exposition(self._ledger).write("")[0].decode()


@pytest.fixture
def numbers() -> Numbers:
    return Numbers()


async def test_each_request_is_counted_at_its_door_by_operation(numbers: Numbers, tmp_path: Path) -> None:
    async with open_port(tmp_path / "data", telemetry=numbers.telemetry) as port:
        await port.create_repository("team/app")
        login = await port.login()
        await port.push_image(login)
        await port.ask("GET", "/v2/team/app/manifests/1", login)
        await port.ask("HEAD", "/v2/team/app/manifests/1", login)
        await port.ask("GET", "/v2/team/app/manifests/none", login)
        await port.ask("GET", "/healthz")
        await port.ask("GET", "/nothing")

    requests = "entrepot_requests_total"
    assert numbers.one(requests, door="aws", operation="ecr:CreateRepository", method="POST") == 1
    assert numbers.one(requests, door="aws", operation="ecr:GetAuthorizationToken", status="2xx") == 1
    assert numbers.one(requests, door="oci", operation="ecr:PutImage", method="PUT", status="2xx") == 1
    for method, status in (("GET", "2xx"), ("HEAD", "2xx"), ("GET", "4xx")):
        labels = {"operation": "ecr:BatchGetImage", "method": method, "status": status}
        assert numbers.one(requests, **labels) == 1
    assert numbers.one(requests, door="health") == numbers.one(requests, door="none") == 1
    assert numbers.one("entrepot_request_duration_seconds_count") == numbers.one(requests)
    assert numbers.one("entrepot_requests_in_flight") == numbers.one("entrepot_connections") == 0
    assert numbers.one("entrepot_connections_accepted_total") >= 10
    assert numbers.one("entrepot_database_operations_total", work="write", outcome="done") >= 3
    assert numbers.one("entrepot_blob_operations_total", operation="finish", outcome="done") == 2
    assert numbers.one("entrepot_blob_bytes_total", work="written") > 0


async def test_bytes_are_counted_both_ways(numbers: Numbers, tmp_path: Path) -> None:
    async with open_port(tmp_path / "data", telemetry=numbers.telemetry) as port:
        await port.create_repository("team/app")
        login = await port.login()
        content = bytes(300_000)
        where = await port.push_blob(login, content)
        got = await port.ask("GET", where, login)
        assert got.body == content
        await port.ask("HEAD", where, login)

    assert numbers.one("entrepot_request_body_bytes_total", door="oci") == len(content)
    sent = numbers.one("entrepot_response_body_bytes_total", door="oci")
    assert len(content) <= sent < len(content) + 2000


@pytest.mark.parametrize(
    ("reason", "request_line", "lines"),
    [
        ("no_credentials", "GET /v2/", []),
        ("bad_credentials", "GET /v2/", [("Authorization", "Basic QVdTOng=")]),
        ("no_credentials", "POST /", [CALL]),
        ("malformed", "POST /", [CALL, ("Authorization", "AWS4-HMAC-SHA256 x")]),
        ("bad_signature", "GET /layers/x", []),
    ],
)
async def test_refused_callers_are_counted_by_reason(
    numbers: Numbers, tmp_path: Path, reason: str, request_line: str, lines: Lines
) -> None:
    method, target = request_line.split()
    async with open_port(tmp_path / "data", telemetry=numbers.telemetry) as port:
        await port.ask(method, target, lines, b"" if method == "POST" else None)
    found = numbers.samples("entrepot_authentication_refusals_total")
    assert [(labels["reason"], value) for labels, value in found] == [(reason, 1)]


async def test_an_outage_is_counted_as_one(numbers: Numbers, tmp_path: Path) -> None:
    async with open_port(tmp_path / "data", telemetry=numbers.telemetry) as port:
        login = await port.login()
        port.break_database()
        answer = await port.ask("GET", "/v2/_catalog", login)
    name = "entrepot_outages_total" if answer.status == 503 else "entrepot_failures_total"
    assert numbers.one(name, door="oci") == 1


async def test_attack_46_callers_make_up_no_label_values(numbers: Numbers, tmp_path: Path) -> None:
    async with open_port(tmp_path / "data", telemetry=numbers.telemetry) as port:
        login = await port.login()
        await port.ask("GET", "/healthz")
        for number in range(30):
            word = f"FORGED{number}"
            await port.ask(word, "/", [], b"")
            await port.ask(word, "/v2/", login)
            await port.ask("POST", "/", [("X-Amz-Target", f"{TARGET}.{word}")], b"{}")
            await port.ask("POST", "/", [("X-Amz-Target", f"{word}.{word}")], b"{}")
            await port.ask("GET", f"/?Action={word}&Version={word}")
            await port.ask("GET", f"/v2/{word}/{word}/{word}", login)
            await port.ask("GET", f"/v2/forged{number}/manifests/{word}", login)
            await port.ask("GET", f"/layers/{word}")
            await port.ask("GET", f"/{word}?{word}={word}")

    assert "FORGED" not in numbers.text().upper()
    assert len(numbers.samples("entrepot_requests_total")) < 20


async def test_attack_49_metrics_name_nobody_unless_asked(numbers: Numbers, tmp_path: Path) -> None:
    async with open_port(tmp_path / "data", telemetry=numbers.telemetry) as port:
        await port.create_repository("team/app")
        login = await port.login()
        pushed = await port.push_image(login)
        await port.ask("GET", "/v2/team/app/manifests/1", login)

    for name in ("team/app", "123456789012", "arn:", pushed.digest, digest_of(b"a layer"), "us-east-1"):
        assert name not in numbers.text()


async def test_repositories_are_named_where_that_is_asked_for(numbers: Numbers, tmp_path: Path) -> None:
    async with open_port(tmp_path / "data", telemetry=numbers.telemetry, metrics_repositories="true") as port:
        await port.create_repository("team/app")
        login = await port.login()
        await port.push_image(login)
        await port.ask("GET", "/v2/team/app/manifests/1", login)
        await port.ask("GET", "/v2/team/not-there/manifests/1", login)

    named = numbers.samples("entrepot_repository_requests_total")
    assert {labels["repository"] for labels, _ in named} == {"team/app"}
    assert (
        numbers.one(
            "entrepot_repository_requests_total", operation="ecr:BatchGetImage", account="123456789012"
        )
        == 1
    )
