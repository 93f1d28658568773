"""kill -9 among changes: none without its event, and no event without its change."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError

from tests.engines.entrepot import PROGRAM, Entrepot, served
from tests.engines.programs import run_program

_THREADS = 4
_KILLS = 3
_ENOUGH = 25


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Entrepot]:
    with served(tmp_path, "--workers=2") as running:
        yield running


def test_attack_45_after_kill_9_each_change_has_its_event_and_each_event_its_change(server: Entrepot) -> None:
    for kill in range(_KILLS):
        _create_until_killed(server, kill)
        server.start()
        made = {
            repository["repositoryName"]
            for page in server.ecr().get_paginator("describe_repositories").paginate()
            for repository in page["repositories"]
        }
        told = _created(server)
        assert len(made) > kill * _ENOUGH
        assert sorted(told) == sorted(made)


def _created(server: Entrepot) -> list[str]:
    lines = run_program(PROGRAM, "audit", "export", "--data-dir", server.data_folder).splitlines()
    records = [json.loads(line) for line in lines]
    return [
        record["requestParameters"]["repositoryName"]
        for record in records
        if record["eventName"] == "CreateRepository"
    ]


def _create_until_killed(server: Entrepot, kill: int) -> None:
    """Kill the server once so many repositories are made and more are on their way."""
    ecr, enough, made = server.ecr(), threading.Event(), []

    def create(own: int) -> None:
        for number in range(100_000):
            try:
                ecr.create_repository(repositoryName=f"kill{kill}/thread{own}/r{number}")
            except BotoCoreError:
                return
            made.append(number)
            if len(made) >= _ENOUGH:
                enough.set()

    with ThreadPoolExecutor(_THREADS) as pool:
        creating = [pool.submit(create, own) for own in range(_THREADS)]
        assert enough.wait(120), [each.exception() for each in creating if each.done()]
        server.kill9()
        for each in creating:
            each.result(60)
