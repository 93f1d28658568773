"""A node whose clock is wrong notices by the database's, and sends its clients elsewhere meanwhile."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.engines.clock import open_clock
from tests.engines.entrepot import log_entries, served
from tests.engines.postgres import PostgresServer
from tests.faults.serving.processes import is_alive, is_ready, wait_until


@pytest.mark.parametrize("minutes", [20, -20])
def test_attack_45_a_node_whose_clock_is_wrong_is_not_ready_until_it_is_right(
    postgres: PostgresServer, tmp_path: Path, minutes: int
) -> None:
    clock, database = open_clock(tmp_path), asyncio.run(postgres.create_database())
    with served(tmp_path, f"--database={database}", "--workers=1", environment=clock.environment) as node:
        clock.turn(timedelta(minutes=minutes))
        wait_until(lambda: not is_ready(node), "the node notices")
        assert is_alive(node)
        said = log_entries(node, "this clock and the database's are too far apart")
        assert abs(said[-1]["lead_seconds"] - minutes * 60) < 60
        clock.turn(timedelta(minutes=2))
        wait_until(lambda: is_ready(node), "the node is ready again")


def test_a_node_on_files_is_ready_whatever_its_clock_says(tmp_path: Path) -> None:
    """Its database has the same clock, and others than its clients need not agree with it."""
    clock = open_clock(tmp_path)
    clock.turn(timedelta(hours=2))
    with served(tmp_path, "--workers=1", environment=clock.environment) as node:
        assert is_ready(node)
