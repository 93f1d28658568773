"""The processes of a served Entrepot, and waiting for what they do."""

import http.client
import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.engines.entrepot import Endpoint, Entrepot

_POLL_SECONDS = 0.02


def wait_until(is_so: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
    """Return once it is so; the test fails after this time."""
    pace, last = threading.Event(), time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < last, f"waited {seconds} s in vain: {what}"
        pace.wait(_POLL_SECONDS)


def children_of(server: Entrepot) -> list[int]:
    """The ids of its processes but the first: request workers, and the job worker last."""
    return [
        int(child) for child in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    ]


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()


def is_refused(server: Entrepot) -> bool:
    """Whether a new connection is turned away by the machine itself."""
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=10)) as connection:
        try:
            connection.connect()
        except ConnectionRefusedError:
            return True
        return False


def is_alive(server: Endpoint) -> bool:
    return _says_ok(server, "/healthz")


def is_ready(server: Endpoint) -> bool:
    return _says_ok(server, "/readyz")


def _says_ok(server: Endpoint, target: str) -> bool:
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=10)) as connection:
        try:
            connection.request("GET", target)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
