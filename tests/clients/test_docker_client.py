"""Every docker client of this machine, 20.10 and newer, talks to one daemon and a served Entrepot."""

import json
import shutil
from dataclasses import replace

import pytest

from tests.clients.oci_layout import Layout
from tests.clients.raw_registry import OCI_INDEX
from tests.clients.request_log import RequestLog
from tests.engines.docker import Docker
from tests.engines.entrepot import Endpoint
from tests.engines.programs import find_program
from tests.engines.skopeo import Skopeo


def find_clients() -> list[str]:
    """The one that matches the daemon, and what a shell would find."""
    return sorted({"/usr/bin/docker", shutil.which("docker") or "/usr/bin/docker"})


@pytest.fixture(params=find_clients())
def client(
    request: pytest.FixtureRequest, docker_engine: Docker, entrepot: Endpoint, password: str
) -> Docker:
    """That client, logged in."""
    client = replace(docker_engine, client=find_program(request.param))
    client.login(entrepot.registry, password)
    return client


def test_index_is_made_of_pushed_images(client: Docker, repository_uri: str, request_log: RequestLog) -> None:
    for architecture in ("amd64", "arm64"):
        client.import_image(f"{repository_uri}:{architecture}", {"platform": architecture.encode()})
        client.push(f"{repository_uri}:{architecture}")

    parts = [f"{repository_uri}:{architecture}" for architecture in ("amd64", "arm64")]
    client.run("manifest", "create", "--insecure", f"{repository_uri}:all", *parts)
    client.run("manifest", "annotate", "--arch=arm64", f"{repository_uri}:all", parts[1])
    client.run("manifest", "push", "--insecure", "--purge", f"{repository_uri}:all")

    shown = json.loads(client.run("manifest", "inspect", "--insecure", f"{repository_uri}:all"))
    assert [one["platform"]["architecture"] for one in shown["manifests"]] == ["amd64", "arm64"]
    assert not [one for one in request_log.all() if one.is_setback]


def test_one_platform_of_an_index_is_pulled(
    client: Docker, skopeo: Skopeo, repository_uri: str, layout: Layout
) -> None:
    index = layout.name(OCI_INDEX, layout.add_index("amd64", "arm64"))
    skopeo.copy(index, f"docker://{repository_uri}:1", "--all")

    client.run("pull", "--platform=linux/arm64", f"{repository_uri}:1")

    [pulled] = json.loads(client.run("image", "inspect", f"{repository_uri}:1"))
    assert pulled["Architecture"] == "arm64"
