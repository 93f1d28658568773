"""What clients asked of the server and how it answered, read from its log."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from tests.engines.entrepot import Endpoint


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the log. The path is without its query."""

    method: str
    path: str
    status: int
    agent: str

    @property
    def is_setback(self) -> bool:
        """A refusal that a client has to work around.

        Asking for the challenge is none, nor is the question whether something is there already.
        """
        is_question = self.method in {"HEAD", "GET"} and self.status == 404
        return self.status >= 400 and self.status != 401 and not is_question


@dataclass(frozen=True, slots=True)
class RequestLog:
    """The requests after a certain one."""

    entrepot: Endpoint
    skipped: int

    def requests(self, repository: str) -> list[Request]:
        """Those about this repository, in the order of their answers."""
        return [one for one in self.all() if one.path.startswith(f"/v2/{repository}/")]

    def all(self) -> list[Request]:
        return list(_read(self.entrepot))[self.skipped :]


def open_request_log(entrepot: Endpoint) -> RequestLog:
    """A log that begins now."""
    return RequestLog(entrepot, sum(1 for _ in _read(entrepot)))


def _read(entrepot: Endpoint) -> Iterator[Request]:
    lines = [line for log in entrepot.logs for line in log.read_text().splitlines() if line.startswith("{")]
    for entry in sorted(map(json.loads, lines), key=lambda entry: entry.get("timestamp", "")):
        # What cannot be parsed has no method: clients begin with TLS on a port that has none.
        # A balancer's questions whether we are well are no client's.
        if entry.get("event") == "request" and entry["method"] != "UNKNOWN" and entry["path"] != "/readyz":
            yield Request(entry["method"], entry["path"], entry["status"], entry["agent"])
