"""Prometheus, Debian's: scraping what it is told, with its data in a folder."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engines.entrepot import end_process, free_port, tail
from tests.engines.programs import find_program


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server."""

    port: int

    def ask(self, path: str, **parameters: str) -> Any:
        """What its API has to say; raises HTTPError for a query that it cannot read."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)["data"]

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def prometheus(folder: Path, target: str, rules: Path) -> Iterator[Prometheus]:
    """A server that scrapes the target as the job `entrepot` every second, and evaluates the rules."""
    program, port, log = find_program("prometheus"), free_port(), folder / "prometheus.log"
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "entrepot", "static_configs": [{"targets": [target]}]}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(configuration))  # JSON is YAML
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Prometheus(port)
        assert process.poll() is None, tail(log)
    finally:
        end_process(process, seconds=20)
