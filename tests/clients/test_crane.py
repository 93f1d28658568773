"""crane pushes OCI layouts to a served Entrepot, pulls, copies, tags and deletes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.oci_layout import Layout
from tests.clients.raw_registry import OCI_INDEX, OCI_MANIFEST, sha256
from tests.clients.request_log import RequestLog
from tests.engines.client import Client, open_client
from tests.engines.entrepot import Endpoint

NewRepository = Callable[[], str]


@pytest.fixture
def crane(tmp_path: Path, entrepot: Endpoint, password: str) -> Client:
    """A crane that is logged in."""
    client = open_client("crane", tmp_path)
    client.run(
        "auth", "login", "--username", "AWS", "--password-stdin", entrepot.registry, stdin=password
    )  # fmt: skip
    return client


def push(crane: Client, layout: Layout, media_type: str, manifest: bytes, target: str) -> None:
    layout.name(media_type, manifest)
    crane.run("push", layout.folder, target)


def test_image_comes_back_by_tag_and_by_digest(
    crane: Client, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    name = f"{entrepot.registry}/{new_repository()}"
    manifest = layout.add_image()

    push(crane, layout, OCI_MANIFEST, manifest, f"{name}:1")

    assert crane.run("manifest", f"{name}:1") == manifest.decode()
    assert "PASS" in crane.run("validate", "--remote", f"{name}@{sha256(manifest)}")
    assert crane.run("digest", f"{name}:1").strip() == sha256(manifest)


def test_one_platform_of_an_index_is_pulled(
    crane: Client, entrepot: Endpoint, new_repository: NewRepository, layout: Layout, tmp_path: Path
) -> None:
    name = f"{entrepot.registry}/{new_repository()}:1"
    index = layout.add_index("amd64", "arm64")
    push(crane, layout, OCI_INDEX, index, name)

    crane.run("pull", "--platform=linux/arm64", "--format=oci", name, "pulled")

    [pulled] = json.loads((tmp_path / "pulled" / "index.json").read_text())["manifests"]
    assert pulled["digest"] == json.loads(index)["manifests"][1]["digest"]
    assert crane.run("manifest", name) == index.decode()


def test_copy_to_another_repository_mounts_its_layers(
    crane: Client,
    entrepot: Endpoint,
    new_repository: NewRepository,
    layout: Layout,
    request_log: RequestLog,
) -> None:
    first, second = new_repository(), new_repository()
    push(crane, layout, OCI_MANIFEST, layout.add_image(), f"{entrepot.registry}/{first}:1")

    crane.run("copy", f"{entrepot.registry}/{first}:1", f"{entrepot.registry}/{second}:1")

    sent = request_log.requests(second)
    assert {one.status for one in sent if one.method == "POST"} == {201}
    assert not [one for one in sent if one.method == "PATCH"]


def test_tags_are_added_and_listed(
    crane: Client, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    repository = new_repository()
    name = f"{entrepot.registry}/{repository}"
    push(crane, layout, OCI_MANIFEST, layout.add_image(), f"{name}:a")

    crane.run("tag", f"{name}:a", "b")

    assert crane.run("ls", name).split() == ["a", "b"]
    assert repository in crane.run("catalog", entrepot.registry).split()


def test_deleting_a_tag_leaves_the_image_and_deleting_its_digest_does_not(
    crane: Client, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    repository = new_repository()
    name = f"{entrepot.registry}/{repository}"
    manifest = layout.add_image()
    push(crane, layout, OCI_MANIFEST, manifest, f"{name}:1")

    crane.run("delete", f"{name}:1")
    assert entrepot.ecr().list_images(repositoryName=repository)["imageIds"] == [
        {"imageDigest": sha256(manifest)}
    ]

    crane.run("delete", f"{name}@{sha256(manifest)}")
    assert entrepot.ecr().list_images(repositoryName=repository)["imageIds"] == []


def test_index_is_assembled_from_images_that_are_there(
    crane: Client, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    name = f"{entrepot.registry}/{new_repository()}"
    for architecture in ("amd64", "arm64"):
        push(
            crane, layout, OCI_MANIFEST, layout.add_image(architecture=architecture), f"{name}:{architecture}"
        )

    crane.run("index", "append", "-m", f"{name}:amd64", "-m", f"{name}:arm64", "-t", f"{name}:all")

    index = json.loads(crane.run("manifest", f"{name}:all"))
    assert [one["platform"]["architecture"] for one in index["manifests"]] == ["amd64", "arm64"]


def test_nothing_is_refused_on_the_way(
    crane: Client,
    entrepot: Endpoint,
    new_repository: NewRepository,
    layout: Layout,
    request_log: RequestLog,
) -> None:
    name = f"{entrepot.registry}/{new_repository()}:1"
    push(crane, layout, OCI_INDEX, layout.add_index("amd64", "arm64"), name)
    crane.run("pull", "--platform=linux/arm64", name, "pulled.tar")

    assert not [one for one in request_log.all() if one.is_setback]
