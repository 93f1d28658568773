"""Changes that every process of every node must see soon, and a node that cannot know of them any more."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.clients.raw_registry import RawRegistry
from tests.engines.cable import Cable, cable_to
from tests.engines.entrepot import PROGRAM, ROOT_KEYS, Entrepot, free_port, served
from tests.engines.postgres import PostgresServer
from tests.engines.programs import run_program
from tests.faults.serving.images import registry_of
from tests.faults.serving.processes import is_alive, is_ready, wait_until

_CONNECTIONS = 16  # enough that each of four processes gets some


@pytest.fixture
def cable(postgres: PostgresServer) -> Iterator[Cable]:
    with cable_to(postgres.port) as plugged:
        yield plugged


def test_a_key_revoked_on_one_node_ends_on_every_other(
    tmp_path: Path, database: str, tell: Callable[[str], None]
) -> None:
    one, other = _folders(tmp_path, "one", "other")
    shared = (f"--database={database}", f"--root-key-file={tmp_path / 'root-key'}", "--workers=2")
    made = dict.fromkeys(ROOT_KEYS, "")
    with served(one, *shared, environment=made) as first, served(other, *shared, environment=made) as second:
        held = json.loads((first.data_folder / "credentials" / f"{first.account}.json").read_bytes())
        for node in (first, second):
            node.access_key_id, node.secret_access_key = held["accessKeyId"], held["secretAccessKey"]
        first.create_repository("team/app")
        doors = [registry_of(node) for node in (first, second)]
        for raw in doors * _CONNECTIONS:
            assert _status(raw) == 200
        _run_on(first, "credentials")
        began = time.monotonic()
        for node, raw in zip((first, second), doors, strict=True):
            wait_until(lambda raw=raw: _all_say(raw, 401), "tokens of the old key are refused")  # type: ignore[misc]
            tell(f"refused by every process after {time.monotonic() - began:.2f} s")
            with pytest.raises(ClientError, match="UnrecognizedClientException"):
                node.ecr().describe_repositories()


def test_every_process_of_a_node_sees_its_changes_at_once(tmp_path: Path, database: str) -> None:
    with served(tmp_path, f"--database={database}", "--workers=4") as server:
        raw = registry_of(server)
        for number in range(5):
            name = server.create_repository(f"team/app-{number}")
            path = f"/v2/{name}/tags/list"
            with ThreadPoolExecutor(_CONNECTIONS) as pool:
                held = list(pool.map(lambda _, path=path: _status(raw, path), range(_CONNECTIONS)))
                assert set(held) == {200}
                server.ecr().delete_repository(repositoryName=name)
                gone = list(pool.map(lambda _, path=path: _status(raw, path), range(_CONNECTIONS)))
                assert set(gone) == {404}


def test_a_node_cut_off_from_the_database_refuses_until_it_is_back(
    tmp_path: Path,
    postgres: PostgresServer,
    database: str,
    cable: Cable,
    tell: Callable[[str], None],
) -> None:
    through = database.replace(f":{postgres.port}/", f":{cable.port}/")
    with served(tmp_path, f"--database={through}", "--workers=2") as server:
        raw = registry_of(server)
        assert _all_say(raw, 200)
        for _ in range(2):
            took = _seconds_until(lambda: _all_say(raw, 503), cable.pull)
            tell(f"cut off: every process refuses after {took:.1f} s")
            assert not is_ready(server)
            assert is_alive(server)
            with pytest.raises(ClientError) as refusal:
                server.ecr().describe_repositories()
            assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
            took = _seconds_until(lambda: _all_say(raw, 200) and is_ready(server), cable.plug)
            tell(f"back: every process answers after {took:.1f} s")
        assert server.ecr().describe_repositories()["repositories"] == []


def _folders(parent: Path, *names: str) -> list[Path]:
    for name in names:
        (parent / name).mkdir()
    return [parent / name for name in names]


def _run_on(server: Entrepot, *command: str) -> None:
    unset = dict.fromkeys(ROOT_KEYS, "")
    run_program(
        PROGRAM,
        *command,
        f"--data-dir={server.data_folder}",
        *server.options,
        f"--port={free_port()}",
        environment=server.client_environment(server.folder) | unset,
    )


def _status(raw: RawRegistry, path: str = "/v2/") -> int:
    return raw.send("GET", path).status


def _all_say(raw: RawRegistry, status: int) -> bool:
    """Whether every process answers with it, as far as some connections can tell."""
    return all(_status(raw) == status for _ in range(_CONNECTIONS))


def _seconds_until(is_so: Callable[[], bool], change: Callable[[], None]) -> float:
    change()
    began = time.monotonic()
    wait_until(is_so, "the node has noticed")
    return time.monotonic() - began
