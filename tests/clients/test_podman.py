"""podman and buildah build, push to and pull from a served Entrepot."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.clients.request_log import RequestLog
from tests.engines.client import Client
from tests.engines.entrepot import Endpoint
from tests.engines.interruption import interrupted
from tests.engines.podman import open_buildah, open_podman
from tests.engines.programs import find_program


@pytest.fixture
def podman(tmp_path: Path, entrepot: Endpoint, password: str) -> Client:
    """A podman that is logged in."""
    client = open_podman(tmp_path, entrepot.registry)
    login(client, entrepot.registry, password)
    return client


@pytest.fixture
def buildah(tmp_path: Path, entrepot: Endpoint, password: str) -> Client:
    """A buildah that is logged in."""
    client = open_buildah(tmp_path, entrepot.registry)
    login(client, entrepot.registry, password)
    return client


def login(client: Client, registry: str, password: str) -> None:
    client.run("login", "--username=AWS", "--password-stdin", registry, stdin=password)


def build(client: Client, name: str, *options: str, noise_bytes: int = 1000) -> None:
    """An image that runs and needs no other."""
    source = client.home / "source"
    source.mkdir(exist_ok=True)
    shutil.copy(find_program("busybox"), source / "busybox")
    (source / "noise").write_bytes(os.urandom(noise_bytes))
    (source / "Dockerfile").write_text(
        'FROM scratch\nCOPY busybox noise /\nCMD ["/busybox", "echo", "hello"]\n'
    )
    client.run("build", *options, f"--tag={name}", source)


def push(client: Client, name: str, *options: str) -> str:
    """The digest under which the registry has it."""
    client.run("push", *options, "--digestfile=digest", name)
    return (client.home / "digest").read_text().strip()


def digest(podman: Client, name: str) -> str:
    """The digest under which podman knows what it pulled."""
    return podman.run("image", "inspect", "--format={{.Digest}}", name).strip()


@pytest.mark.parametrize("by", ["tag", "digest"])
@pytest.mark.parametrize("format_", ["oci", "v2s2"])
def test_built_image_is_pushed_and_pulls_back(
    podman: Client, repository_uri: str, by: str, format_: str
) -> None:
    build(podman, f"{repository_uri}:1")
    pushed = push(podman, f"{repository_uri}:1", f"--format={format_}")
    podman.run("rmi", "--all", "--force")

    wanted = f"{repository_uri}:1" if by == "tag" else f"{repository_uri}@{pushed}"
    podman.run("pull", wanted)

    assert digest(podman, wanted) == pushed


def test_image_runs_from_the_registry(podman: Client, repository_uri: str) -> None:
    build(podman, f"{repository_uri}:1")
    push(podman, f"{repository_uri}:1")
    podman.run("rmi", "--all", "--force")

    printed = podman.run("run", "--rm", "--quiet", "--network=none", f"{repository_uri}:1")

    assert printed == "hello\n"


def test_index_is_pushed_and_one_platform_of_it_pulled(
    podman: Client, buildah: Client, repository_uri: str
) -> None:
    for architecture in ("amd64", "arm64"):
        build(buildah, f"local/{architecture}", f"--arch={architecture}", "--manifest=local/all")

    buildah.run("manifest", "push", "--all", "local/all", f"docker://{repository_uri}:1")
    podman.run("rmi", "--all", "--force")
    podman.run("pull", "--platform=linux/arm64", f"{repository_uri}:1")

    [pulled] = json.loads(podman.run("image", "inspect", f"{repository_uri}:1"))
    assert pulled["Architecture"] == "arm64"
    shown = json.loads(podman.run("manifest", "inspect", f"{repository_uri}:1"))
    assert [one["platform"]["architecture"] for one in shown["manifests"]] == ["amd64", "arm64"]


def test_buildah_builds_on_an_image_of_the_registry(buildah: Client, repository_uri: str) -> None:
    build(buildah, f"{repository_uri}:1")
    pushed = push(buildah, f"{repository_uri}:1")
    buildah.run("rmi", "--all", "--force")

    container = buildah.run("from", "--quiet", f"{repository_uri}@{pushed}").strip()
    buildah.run("config", "--label=above=true", container)
    buildah.run("commit", "--quiet", container, f"{repository_uri}:2")
    push(buildah, f"{repository_uri}:2")

    printed = buildah.run("inspect", "--type=image", f"{repository_uri}:2")
    assert json.loads(printed)["OCIv1"]["config"]["Labels"]["above"] == "true"


def test_layers_are_not_sent_twice(podman: Client, repository_uri: str, request_log: RequestLog) -> None:
    build(podman, f"{repository_uri}:1")
    push(podman, f"{repository_uri}:1")
    before = len(request_log.all())
    podman.run("tag", f"{repository_uri}:1", f"{repository_uri}:2")

    push(podman, f"{repository_uri}:2")

    assert {one.method for one in request_log.all()[before:]} <= {"GET", "HEAD", "PUT"}


def test_repositories_are_searched(podman: Client, entrepot: Endpoint, repository_uri: str) -> None:
    name = repository_uri.partition("/")[2]

    assert repository_uri in podman.run("search", "--limit=1000", f"{entrepot.registry}/{name}")


def test_tags_are_listed(podman: Client, repository_uri: str) -> None:
    build(podman, f"{repository_uri}:1")
    push(podman, f"{repository_uri}:1")

    printed = podman.run("search", "--list-tags", repository_uri)

    assert printed.split() == ["NAME", "TAG", repository_uri, "1"]


def test_download_that_was_cut_off_succeeds_the_next_time(
    podman: Client, entrepot: Endpoint, password: str, repository_uri: str
) -> None:
    """podman 4.3 does not resume."""
    build(podman, f"{repository_uri}:1", noise_bytes=8_000_000)
    pushed = push(podman, f"{repository_uri}:1")
    podman.run("rmi", "--all", "--force")

    with interrupted(entrepot.port, cut_after_bytes=3_000_000) as network:
        through = f"127.0.0.1:{network.port}"
        name = f"{through}/{repository_uri.partition('/')[2]}:1"
        again = open_podman(podman.home, through)
        login(again, through, password)
        printed = again.run("pull", name, is_expected_to_fail=True)
        again.run("pull", name)

    assert "unexpected EOF" in printed
    assert network.cuts == 1
    assert digest(again, name) == pushed


def test_wrong_password_is_refused(podman: Client, entrepot: Endpoint) -> None:
    printed = podman.run(
        "login", "--username=AWS", "--password-stdin", entrepot.registry,
        stdin="wrong", is_expected_to_fail=True,
    )  # fmt: skip

    assert "invalid username/password" in printed


def test_nothing_is_refused_on_the_way(podman: Client, repository_uri: str, request_log: RequestLog) -> None:
    build(podman, f"{repository_uri}:1")
    push(podman, f"{repository_uri}:1")
    podman.run("rmi", "--all", "--force")
    podman.run("pull", f"{repository_uri}:1")

    assert not [one for one in request_log.all() if one.is_setback]
