"""The machine of the primary is lost, and the synchronous standby takes its place."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.engines.entrepot import served
from tests.engines.postgres import PostgresServer, postgres_server, synchronous_standby
from tests.faults.serving.images import Acknowledged, pull, registry_of
from tests.faults.serving.processes import is_ready, wait_until
from tests.faults.serving.steady_pushes import await_pushes, push_on

_PUSHERS = 4


@pytest.fixture
def primary() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def standby(primary: PostgresServer) -> Iterator[PostgresServer]:
    with synchronous_standby(primary) as running:
        yield running


def test_no_push_fails_and_nothing_acknowledged_is_lost_when_a_synchronous_standby_is_promoted(
    tmp_path: Path,
    primary: PostgresServer,
    standby: PostgresServer,
    tell: Callable[[str], None],
) -> None:
    name = asyncio.run(primary.create_database()).rpartition("/")[2]
    url = f"postgresql://postgres@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/{name}"
    with served(tmp_path, f"--database={url}", "--workers=2") as server:
        server.create_repository("team/app")
        told, stop = Acknowledged(), Event()
        with ThreadPoolExecutor(_PUSHERS) as pool:
            jobs = [pool.submit(push_on, server, told, random.Random(seed), stop) for seed in range(_PUSHERS)]
            try:
                await_pushes(told, jobs)
                began = time.monotonic()
                primary.kill9()
                standby.promote()
                wait_until(lambda: is_ready(server), "the server is ready again")
                ready = time.monotonic() - began
                await_pushes(told, jobs)
                pushed = time.monotonic() - began
                await_pushes(told, jobs)
            finally:
                stop.set()
            refusals = sum(job.result() for job in jobs)
        raw = registry_of(server)
        for repository, image in told.images:
            pull(raw, repository, image)
    tell(
        f"ready after {ready:.1f} s, three pushes after {pushed:.1f} s; "
        f"{refusals} refused requests repeated, {len(told.images)} acknowledged images whole"
    )
