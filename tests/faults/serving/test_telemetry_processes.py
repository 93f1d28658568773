"""Metrics of a tree of processes whose members come and go, and readiness at its end."""

import os
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.clients.raw_registry import RawRegistry
from tests.engines.entrepot import Entrepot, free_port, served
from tests.faults.serving.processes import children_of, is_alive, is_ready, is_refused, wait_until
from tests.faults.serving.slow_transfers import slow_upload


class Page:
    """The metrics of a served registry."""

    def __init__(self, port: int) -> None:
        self.port = port

    def text(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as answer:
            return str(answer.read().decode())

    def one(self, name: str, **labels: str) -> float:
        """The sum of the samples with these labels."""
        return sum(
            sample.value
            for metric in text_string_to_metric_families(self.text())
            for sample in metric.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def is_there(self) -> bool:
        try:
            return bool(self.text())
        except OSError:
            return False


@pytest.fixture(name="page")
def _page() -> Page:
    return Page(free_port())


@pytest.fixture(name="server")
def _server(tmp_path: Path, page: Page) -> Iterator[Entrepot]:
    options = ("--workers=2", f"--metrics-listen={page.port}", "--drain-seconds=60")
    with served(tmp_path, *options) as server:
        yield server


def health(page: Page) -> float:
    return page.one("entrepot_requests_total", door="health")


def test_requests_of_every_process_are_counted(server: Entrepot, page: Page) -> None:
    before = health(page)
    assert all(is_alive(server) for _ in range(100))
    wait_until(lambda: health(page) == before + 100, "a hundred requests")


def test_counters_go_on_when_a_process_dies(server: Entrepot, page: Page) -> None:
    assert all(is_alive(server) for _ in range(50))
    before = health(page)
    for process in children_of(server)[:2]:
        os.kill(process, signal.SIGKILL)
    wait_until(lambda: page.one("entrepot_process_restarts_total") == 2, "both were replaced")
    wait_until(lambda: is_alive(server), "one of them answers")
    assert health(page) > before >= 50


def test_the_process_that_shows_metrics_is_replaced_too(server: Entrepot, page: Page) -> None:
    os.kill(children_of(server)[-1], signal.SIGKILL)
    wait_until(lambda: not page.is_there() or page.one("entrepot_process_restarts_total") == 1, "it died")
    wait_until(page.is_there, "another shows them")
    assert page.one("entrepot_process_restarts_total", process="metrics") == 1
    assert is_alive(server)


def test_metrics_are_shown_to_the_end_of_the_drain(server: Entrepot, page: Page) -> None:
    server.create_repository("team/app")
    raw = RawRegistry(server.host, server.port, server.password())
    upload = raw.begin_upload("team/app")
    with closing(slow_upload(raw, upload, 2)) as connection:
        os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: is_refused(server), "the port is closed")
        assert page.one("entrepot_requests_in_flight") == 1
        connection.sendall(b"ab")
        assert b" 202 " in connection.recv(1000)
    wait_until(lambda: not page.is_there(), "the last process ended")
    assert server.stop() == 0


def test_a_server_that_was_told_to_stop_takes_connections_but_is_not_ready(tmp_path: Path) -> None:
    with served(tmp_path, "--workers=2", "--drain-delay-seconds=600", "--drain-seconds=0") as server:
        assert is_ready(server)
        os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: not any(is_ready(server) for _ in range(10)), "no process is ready")
        assert all(is_alive(server) for _ in range(10))
        server.create_repository("team/app")
        os.kill(server.pid, signal.SIGTERM)  # enough
        wait_until(lambda: is_refused(server), "the port is closed")


def test_a_short_delay_ends_by_itself(tmp_path: Path) -> None:
    with served(tmp_path, "--workers=1", "--drain-delay-seconds=1") as server:
        assert server.stop() == 0


@pytest.mark.parametrize("place", ["127.0.0.1:{port}", ":{port}", "localhost:{port}"])
def test_metrics_stay_on_loopback(tmp_path: Path, page: Page, place: str) -> None:
    with served(tmp_path, "--workers=1", f"--metrics-listen={place.format(port=page.port)}"):
        assert page.is_there()
        bound = {
            line.split()[1].partition(":")[0]
            for table in ("tcp", "tcp6")
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
            if line.split()[1].endswith(f":{page.port:04X}") and line.split()[3] == "0A"
        }
    assert bound <= {"0100007F", "00000000000000000000000001000000"}
