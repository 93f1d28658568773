"""The load generator of `bench/load`: what it is asked to do, and what it reports."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from tests.engines.programs import TOOLS

from bench.rivals import Rival

_PROGRAM = TOOLS / "load"
# What a run may take beyond its time: pushes that are under way are finished.
_GRACE_SECONDS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Clients that all do one thing; the fields are those of `Crowd` in bench/load/main.go."""

    name: str
    connections: int
    is_background: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    paths: tuple[str, ...] = ()
    body: str = ""
    bytes_per_second: int = 0
    push_path: str = ""
    size_bytes: int = 0
    is_chunked: bool = False
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What one crowd came to; `bytes` are of bodies, the latencies of whole requests or pushes."""

    name: str
    seconds: float
    requests: int
    bytes: int
    failures: int
    first_failure: str
    p50_ms: float
    p99_ms: float
    max_ms: float

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def megabytes_per_second(self) -> float:
        return self.bytes / self.seconds / 1e6


def put_load(rival: Rival, *crowds: Crowd, seconds: float, lead_seconds: float = 0) -> tuple[Report, ...]:
    """The reports of the crowds, in their order; crowds in the background begin `lead_seconds` earlier."""
    plan = {
        "address": rival.address,
        "seconds": seconds,
        "lead_seconds": lead_seconds,
        "crowds": [{**asdict(crowd), "headers": {**rival.headers, **crowd.headers}} for crowd in crowds],
    }
    with tempfile.TemporaryDirectory(prefix="entrepot-load-") as folder:
        done = subprocess.run(
            [str(_PROGRAM)],
            input=json.dumps(plan),
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": folder},
            timeout=seconds + lead_seconds + _GRACE_SECONDS,
            check=True,
        )
    return tuple(Report(**report) for report in json.loads(done.stdout))
