"""oras, the program, pushes, attaches, discovers, copies and deletes artifacts in a served Entrepot."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.oci_layout import Layout
from tests.clients.raw_registry import OCI_INDEX, OCI_MANIFEST, sha256
from tests.clients.request_log import RequestLog
from tests.engines.client import Client, open_client
from tests.engines.entrepot import Endpoint

NewRepository = Callable[[], str]

REPORT = "application/vnd.example.report"


@pytest.fixture
def oras(tmp_path: Path, entrepot: Endpoint, password: str) -> Client:
    """An oras that is logged in, with a file `report.bin` in its folder."""
    client = open_client("oras", tmp_path)
    client.run(
        "login", "--plain-http", "--username=AWS", "--password-stdin", entrepot.registry, stdin=password
    )
    (tmp_path / "report.bin").write_bytes(os.urandom(300_000))
    return client


def push_file(oras: Client, target: str) -> str:
    """The digest of the manifest."""
    printed = oras.run(
        "push", "--plain-http", "--format=json", f"--artifact-type={REPORT}", target, "report.bin"
    )
    return str(json.loads(printed)["digest"])


def push(oras: Client, layout: Layout, media_type: str, manifest: bytes, target: str) -> None:
    layout.name(media_type, manifest)
    oras.run(
        "cp", "--from-oci-layout", "--to-plain-http", f"{layout.folder}@{sha256(manifest)}", target
    )  # fmt: skip


def attach(oras: Client, target: str) -> None:
    oras.run("attach", "--plain-http", f"--artifact-type={REPORT}", target, "report.bin")


def referrers(oras: Client, target: str) -> list[str]:
    """The types of what refers to the target."""
    found = json.loads(oras.run("discover", "--plain-http", "--format=json", target))
    return [one["artifactType"] for one in found["referrers"]]


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_artifact_comes_back_as_it_was(
    oras: Client, entrepot: Endpoint, new_repository: NewRepository, by: str
) -> None:
    name = f"{entrepot.registry}/{new_repository()}"
    digest = push_file(oras, f"{name}:1")

    oras.run("pull", "--plain-http", "--output=pulled", f"{name}:1" if by == "tag" else f"{name}@{digest}")

    pulled = oras.home / "pulled" / "report.bin"
    assert pulled.read_bytes() == (oras.home / "report.bin").read_bytes()


def test_image_and_index_come_back_byte_for_byte(
    oras: Client, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    name = f"{entrepot.registry}/{new_repository()}"
    image, index = layout.add_image(), layout.add_index("amd64", "arm64")

    push(oras, layout, OCI_MANIFEST, image, f"{name}:image")
    push(oras, layout, OCI_INDEX, index, f"{name}:index")

    assert oras.run("manifest", "fetch", "--plain-http", f"{name}:image") == image.decode()
    assert oras.run("manifest", "fetch", "--plain-http", f"{name}:index") == index.decode()


def test_one_platform_of_an_index_is_copied_out(
    oras: Client, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    name = f"{entrepot.registry}/{new_repository()}:1"
    index = layout.add_index("amd64", "arm64")
    push(oras, layout, OCI_INDEX, index, name)

    oras.run("cp", "--from-plain-http", "--to-oci-layout", "--platform=linux/arm64", name, "pulled:1")

    [pulled] = json.loads((oras.home / "pulled" / "index.json").read_text())["manifests"]
    assert pulled["digest"] == json.loads(index)["manifests"][1]["digest"]


def test_attached_file_is_discovered_without_the_tag_scheme(
    oras: Client, entrepot: Endpoint, new_repository: NewRepository, request_log: RequestLog
) -> None:
    repository = new_repository()
    name = f"{entrepot.registry}/{repository}"
    push_file(oras, f"{name}:1")

    attach(oras, f"{name}:1")

    assert referrers(oras, f"{name}:1") == [REPORT]
    assert oras.run("repo", "tags", "--plain-http", name).split() == ["1"]
    assert not [one for one in request_log.requests(repository) if "/manifests/sha256-" in one.path]


def test_copy_takes_the_referrers_along(
    oras: Client, entrepot: Endpoint, new_repository: NewRepository
) -> None:
    first, second = (f"{entrepot.registry}/{new_repository()}:1" for _ in range(2))
    push_file(oras, first)
    attach(oras, first)

    oras.run("cp", "--recursive", "--from-plain-http", "--to-plain-http", first, second)

    assert referrers(oras, second) == [REPORT]


def test_deleted_manifest_is_gone(oras: Client, entrepot: Endpoint, new_repository: NewRepository) -> None:
    repository = new_repository()
    name = f"{entrepot.registry}/{repository}"
    push_file(oras, f"{name}:1")

    oras.run("manifest", "delete", "--plain-http", "--force", f"{name}:1")

    assert entrepot.ecr().list_images(repositoryName=repository)["imageIds"] == []


def test_blob_of_no_image_is_pushed_fetched_and_deleted(
    oras: Client, entrepot: Endpoint, new_repository: NewRepository
) -> None:
    name = f"{entrepot.registry}/{new_repository()}"
    content = (oras.home / "report.bin").read_bytes()
    blob = f"{name}@{sha256(content)}"

    oras.run("blob", "push", "--plain-http", blob, "report.bin")
    oras.run("blob", "fetch", "--plain-http", "--output=fetched", blob)
    oras.run("blob", "delete", "--plain-http", "--force", blob)

    assert (oras.home / "fetched").read_bytes() == content
    assert "not found" in oras.run(
        "blob", "fetch", "--plain-http", "--descriptor", blob, is_expected_to_fail=True
    )


def test_nothing_is_refused_on_the_way(
    oras: Client, entrepot: Endpoint, new_repository: NewRepository, request_log: RequestLog
) -> None:
    name = f"{entrepot.registry}/{new_repository()}:1"
    push_file(oras, name)
    attach(oras, name)
    referrers(oras, name)
    oras.run("manifest", "delete", "--plain-http", "--force", name)

    assert not [one for one in request_log.all() if one.is_setback]
