"""BuildKit, the one in docker 20.10, builds on images of a served Entrepot and finds its cache there."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.clients.request_log import RequestLog
from tests.engines.docker import Docker
from tests.engines.programs import find_program, run_program


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with a Dockerfile of two layers, the second made by a command."""
    folder = tmp_path / "source"
    folder.mkdir()
    shutil.copy(find_program("busybox"), folder / "busybox")
    (folder / "noise").write_bytes(os.urandom(1000))
    (folder / "Dockerfile").write_text(
        "FROM scratch\nCOPY busybox noise /\n"
        'RUN ["/busybox", "sha256sum", "/noise"]\nCMD ["/busybox", "echo", "hello"]\n'
    )
    return folder


def build(docker: Docker, source: Path, *options: str) -> str:
    return run_program(
        docker.client, "build", "--progress=plain", "--network=none", *options, source,
        environment={**docker.environment, "DOCKER_BUILDKIT": "1"},
    )  # fmt: skip


def forget_everything(docker: Docker) -> None:
    docker.run("image", "prune", "--all", "--force")
    docker.run("builder", "prune", "--all", "--force")


def test_image_of_the_registry_is_built_upon(docker: Docker, repository_uri: str, source: Path) -> None:
    build(docker, source, f"--tag={repository_uri}:1")
    pushed = docker.push(f"{repository_uri}:1")
    forget_everything(docker)
    (source / "Dockerfile").write_text(f"FROM {repository_uri}@{pushed}\nLABEL above=true\n")

    build(docker, source, f"--tag={repository_uri}:2")
    docker.push(f"{repository_uri}:2")

    [image] = json.loads(docker.run("image", "inspect", f"{repository_uri}:2"))
    assert image["Config"]["Labels"] == {"above": "true"}


def test_cache_is_taken_from_the_registry(
    docker: Docker, repository_uri: str, source: Path, request_log: RequestLog
) -> None:
    build(docker, source, f"--tag={repository_uri}:1", "--build-arg=BUILDKIT_INLINE_CACHE=1")
    docker.push(f"{repository_uri}:1")
    forget_everything(docker)

    printed = build(docker, source, f"--cache-from={repository_uri}:1", "--tag=local/again")

    assert printed.count("CACHED") == 2, printed
    assert not [one for one in request_log.all() if one.is_setback]
