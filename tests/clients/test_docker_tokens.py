"""Docker with a registry password that has ended: what it says, and that logging in again helps."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.raw_registry import RawRegistry
from tests.engines.docker import Docker
from tests.engines.entrepot import Entrepot, served
from tests.faults.serving.processes import wait_until

EXPIRED = "Your authorization token has expired. Reauthenticate and try again."


def revoked(server: Entrepot) -> str:
    """A password that somebody ended."""
    password = server.password()
    server.own().revoke_tokens(allPrincipals=True)
    return password


def expired(server: Entrepot) -> str:
    """A password that ended by itself, on a server whose next ones last."""
    server.stop()
    server.options = ("--workers=1", "--token-seconds=1")
    server.start()
    password = server.password()
    raw = RawRegistry(server.host, server.port, password)
    wait_until(lambda: raw.send("GET", "/v2/").status == 403, "the password has expired")
    server.stop()
    server.options = ("--workers=1",)
    server.start()
    return password


def keep(docker: Docker, registry: str, password: str) -> None:
    """As `docker login` kept it while it was good."""
    auth = base64.b64encode(f"AWS:{password}".encode()).decode()
    kept = docker.folder / "config" / "config.json"
    kept.parent.mkdir(exist_ok=True)
    held = json.loads(kept.read_text()) if kept.exists() else {}
    held.setdefault("auths", {})[registry] = {"auth": auth}
    kept.write_text(json.dumps(held))


@pytest.mark.parametrize(("end", "said"), [(revoked, "unauthorized"), (expired, EXPIRED)])
def test_attack_19_docker_is_refused_until_it_logs_in_again(
    tmp_path: Path, docker_engine: Docker, end: Callable[[Entrepot], str], said: str
) -> None:
    with served(tmp_path, "--workers=1") as server:
        server.create_repository("team/app")
        name = f"{server.registry}/team/app:1"
        docker_engine.import_image(name, {"noise": os.urandom(1000)})
        docker_engine.login(server.registry, server.password())
        pushed = docker_engine.push(name)

        keep(docker_engine, server.registry, end(server))

        for command in ("push", "pull"):
            printed = docker_engine.run(command, name, is_expected_to_fail=True)
            assert said in printed
        docker_engine.login(server.registry, server.password())
        assert docker_engine.push(name) == pushed
        docker_engine.run("rmi", name)
        docker_engine.run("pull", name)
