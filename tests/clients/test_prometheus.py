"""Prometheus scrapes a served registry, and the dashboard and the alerts mean what is there."""

import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from entrepot.telemetry.families import FAMILIES, Kind
from tests.clients.raw_registry import RawRegistry
from tests.engines.entrepot import Entrepot, free_port, served
from tests.engines.programs import ROOT, find_program, run_program
from tests.engines.prometheus import Prometheus, prometheus
from tests.faults.serving.processes import wait_until

RULES = ROOT / "deploy" / "prometheus" / "entrepot-rules.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "entrepot.json"
METRICS_PORT = free_port()


def dashboard() -> dict[str, Any]:
    return dict(json.loads(DASHBOARD.read_text(encoding="utf-8")))


def expressions() -> list[str]:
    """Every query of the dashboard, as Grafana sends it, and of the alerts."""
    drawn = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    alerts = [rule["expr"] for group in rules for rule in group["rules"]]
    filled = [text.replace("$__rate_interval", "1m").replace("$instance", ".*") for text in drawn]
    return [*filled, *alerts]


def samples() -> set[str]:
    """The name of every sample that the registry can show."""
    endings = {Kind.HISTOGRAM: ("_bucket", "_count", "_sum")}
    return {family.name + ending for family in FAMILIES for ending in endings.get(family.kind, ("",))}


@pytest.mark.parametrize("expression", expressions())
def test_dashboard_and_alerts_ask_for_metrics_and_labels_that_exist(expression: str) -> None:
    named = set(re.findall(r"\bentrepot_\w+", expression))
    assert named <= samples(), named - samples()

    asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression))
    grouped = {label.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(",")}
    known = {name for family in FAMILIES for name in family.label_names} | {"le", "instance", "job"}
    assert asked | grouped <= known


def test_every_metric_is_drawn_but_those_of_named_repositories() -> None:
    text = " ".join(expressions())
    drawn = {
        family.name for family in FAMILIES if re.search(rf"\b{family.name}(_bucket|_count|_sum)?\b", text)
    }
    assert {family.name for family in FAMILIES} - drawn == {"entrepot_repository_requests_total"}


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    board = dashboard()
    assert {variable["name"] for variable in board["templating"]["list"]} == {"datasource", "instance"}
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    rows = [panel["title"] for panel in board["panels"] if panel["type"] == "row"]
    assert {"Traffic", "Latency", "Errors", "Storage", "Database", "Jobs", "Saturation"} <= set(rows)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
            assert [target["refId"] for target in panel["targets"]] == ["A", "B", "C"][
                : len(panel["targets"])
            ]


def test_the_alerts_are_rules_that_prometheus_takes() -> None:
    said = run_program(find_program("promtool"), "check", "rules", RULES)
    assert "SUCCESS" in said


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrepot]:
    options = ("--workers=2", f"--metrics-listen={METRICS_PORT}")
    with served(tmp_path_factory.mktemp("scraped"), *options) as server:
        server.create_repository("team/app")
        raw = RawRegistry(server.host, server.port, server.password())
        raw.push_blob("team/app", bytes(100_000))
        for _ in range(20):
            raw.send("GET", "/v2/team/app/tags/list")
        yield server


@pytest.fixture(name="scraper", scope="module")
def _scraper(server: Entrepot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    with prometheus(folder, f"127.0.0.1:{METRICS_PORT}", RULES) as running:
        wait_until(running.is_ready, "Prometheus is ready")
        wait_until(lambda: running.ask("query", query='up{job="entrepot"} == 1')["result"], "a scrape")
        yield running


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_promtool_reads_the_page(server: Entrepot, accept: str) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{METRICS_PORT}/metrics", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=30) as answer:
        page = answer.read().decode()
    if accept == "text/plain":
        run_program(find_program("promtool"), "check", "metrics", stdin=page)
    else:
        assert page.endswith("# EOF\n")


def test_prometheus_counts_what_was_asked_of_all_processes(scraper: Prometheus) -> None:
    query = 'sum(entrepot_requests_total{door="oci", operation="ecr:ListImages", status="2xx"})'
    [found] = scraper.ask("query", query=query)["result"]
    assert float(found["value"][1]) == 20


@pytest.mark.parametrize("expression", expressions())
def test_prometheus_can_read_every_query(scraper: Prometheus, expression: str) -> None:
    assert scraper.ask("query", query=expression)["resultType"] in ("vector", "scalar")


def test_what_the_registry_holds_arrives(scraper: Prometheus) -> None:
    counted = 'entrepot_stored{what="accounts"} == 1'
    wait_until(lambda: bool(scraper.ask("query", query=counted)["result"]), "accounts are counted")


def test_the_alerts_are_loaded_and_a_healthy_server_raises_none(scraper: Prometheus) -> None:
    wait_until(
        lambda: all(
            rule["health"] == "ok" for group in scraper.ask("rules")["groups"] for rule in group["rules"]
        ),
        "every rule was evaluated",
    )
    alerts = scraper.ask("alerts")["alerts"]
    assert [alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"] == []
