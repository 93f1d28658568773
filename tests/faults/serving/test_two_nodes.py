"""Several servers on one PostgreSQL, and a PostgreSQL that goes away for a moment."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from tests.engines.entrepot import Entrepot, free_port, served
from tests.engines.pgbouncer import pgbouncer
from tests.engines.postgres import PostgresServer
from tests.faults.serving.images import (
    Acknowledged,
    EcrPusher,
    OciPusher,
    Pusher,
    make_image,
    pull,
    registry_of,
    tags_of,
)
from tests.faults.serving.processes import is_ready, wait_until
from tests.faults.serving.steady_pushes import await_pushes, push_on

_UNSET = {"ENTREPOT_ROOT_ACCESS_KEY_ID": "", "ENTREPOT_ROOT_SECRET_ACCESS_KEY": ""}


def test_two_first_starts_at_once_end_with_one_credential(tmp_path: Path, database: str) -> None:
    options = (f"--database={database}", f"--root-key-file={tmp_path / 'keys' / 'root-key'}", "--workers=1")
    (tmp_path / "keys").mkdir()
    nodes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        nodes.append(Entrepot(tmp_path / name, free_port(), options=options, environment=_UNSET))
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        for node in nodes:
            stack.callback(node.stop)
        for starting in [pool.submit(node.start) for node in nodes]:
            starting.result()
        [file] = [file for node in nodes if (file := _credential_file(node)).exists()]
        held = json.loads(file.read_bytes())
        for node in nodes:
            node.access_key_id, node.secret_access_key = held["accessKeyId"], held["secretAccessKey"]
            assert node.sts().get_caller_identity()["Account"] == node.account
        nodes[0].create_repository("team/app")
        tokens = [node.password() for node in nodes]
        assert len(tokens) == 2
        crossed = [registry_of(node) for node in nodes]
        for raw, password in zip(crossed, reversed(tokens), strict=True):
            other = type(raw)(raw.host, raw.port, password)
            assert other.send("GET", "/v2/team/app/tags/list").status in (200, 404)


def test_a_node_with_another_root_key_is_turned_away(tmp_path: Path, database: str) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with served(tmp_path / "one", f"--database={database}"):
        stranger = Entrepot(tmp_path / "two", free_port(), options=(f"--database={database}",))
        with pytest.raises(AssertionError, match=r"status 2 [^/]*\n.*(is missing|is not the one)"):
            stranger.start()


def test_pushes_and_pulls_outlive_a_restart_of_the_database(
    tmp_path: Path, postgres: PostgresServer, database: str
) -> None:
    with served(tmp_path, f"--database={database}", "--workers=2") as server:
        server.create_repository("team/app")
        told, stop = Acknowledged(), Event()
        with ThreadPoolExecutor(3) as pool:
            jobs = [pool.submit(push_on, server, told, random.Random(seed), stop) for seed in range(3)]
            try:
                for mode in ("fast", "immediate"):
                    await_pushes(told, jobs)
                    postgres.restart(mode)
                    wait_until(lambda: is_ready(server), "the server is ready again")
                await_pushes(told, jobs)
            finally:
                stop.set()
            for job in jobs:
                job.result()
        raw = registry_of(server)
        for repository, image in told.images:
            pull(raw, repository, image)


def test_pushes_and_pulls_go_through_pgbouncer(
    tmp_path: Path, postgres: PostgresServer, database: str
) -> None:
    with (
        pgbouncer(postgres, connections=3) as pooler,
        served(tmp_path, f"--database={pooler.url(database)}", "--workers=2") as server,
    ):
        server.create_repository("team/app")
        told, raw = Acknowledged(), registry_of(server)
        pushers: list[Pusher] = [
            *(OciPusher(raw, "team/app", told, random.Random(seed)) for seed in range(3)),
            EcrPusher(server.ecr(), "team/app", told),
        ]
        images = [make_image(random.Random(seed), f"t{seed}", sizes=[28, 1_048_577]) for seed in range(4)]
        with ThreadPoolExecutor(len(pushers)) as pool:
            list(pool.map(lambda pusher, image: pusher.push(image), pushers, images))
        for repository, image in told.images:
            pull(raw, repository, image)
        assert len(told.images) == len(images)
        assert tags_of(server, "team/app") == [image.tag for image in images]


def _credential_file(node: Entrepot) -> Path:
    return node.data_folder / "credentials" / f"{node.account}.json"
