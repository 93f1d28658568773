"""regctl copies images between OCI layouts and a served Entrepot, and attaches artifacts to them."""

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
from tests.engines.interruption import interrupted

NewRepository = Callable[[], str]

REPORT = "application/vnd.example.report"


@pytest.fixture
def regctl(tmp_path: Path, entrepot: Endpoint, password: str) -> Client:
    """A regctl that is logged in."""
    client = open_client("regctl", tmp_path)
    login(client, entrepot.registry, password)
    return client


def login(regctl: Client, registry: str, password: str) -> None:
    regctl.run("registry", "set", "--skip-check", "--tls=disabled", registry)
    regctl.run("registry", "login", "--user=AWS", "--pass-stdin", registry, stdin=password)


def push(regctl: Client, layout: Layout, media_type: str, manifest: bytes, target: str) -> None:
    layout.name(media_type, manifest)
    regctl.run("image", "copy", f"ocidir://{layout.folder}@{sha256(manifest)}", target)


def put_file(regctl: Client, file: Path, target: str) -> None:
    regctl.run("artifact", "put", f"--artifact-type={REPORT}", "--file", file, target)


def attach(regctl: Client, subject: str) -> None:
    regctl.run("artifact", "put", f"--artifact-type={REPORT}", "--subject", subject, stdin="found nothing")


def pull_file(regctl: Client, target: str) -> bytes:
    """The only file of an artifact."""
    folder = regctl.home / "pulled"
    folder.mkdir()
    regctl.run("artifact", "get", f"--output={folder}", target)
    [pulled] = [file for file in folder.rglob("*") if file.is_file()]
    return pulled.read_bytes()


def test_image_comes_back_by_tag_and_by_digest(
    regctl: Client, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    name = f"{entrepot.registry}/{new_repository()}"
    manifest = layout.add_image()

    push(regctl, layout, OCI_MANIFEST, manifest, f"{name}:1")

    assert regctl.run("image", "digest", f"{name}:1").strip() == sha256(manifest)
    assert regctl.run("image", "get-file", f"{name}@{sha256(manifest)}", "greeting") == "hello"


def test_one_platform_of_an_index_is_pulled(
    regctl: Client, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    name = f"{entrepot.registry}/{new_repository()}:1"
    index = layout.add_index("amd64", "arm64")

    push(regctl, layout, OCI_INDEX, index, name)

    assert regctl.run("image", "digest", name).strip() == sha256(index)
    assert regctl.run("image", "get-file", "--platform=linux/arm64", name, "platform") == "arm64"


def test_layer_sent_in_chunks_comes_back(
    regctl: Client,
    entrepot: Endpoint,
    new_repository: NewRepository,
    tmp_path: Path,
    request_log: RequestLog,
) -> None:
    repository = new_repository()
    name = f"{entrepot.registry}/{repository}:1"
    noise = os.urandom(1_000_000)
    (tmp_path / "noise").write_bytes(noise)
    regctl.run(
        "registry", "set", "--skip-check", "--blob-max=300000", "--blob-chunk=300000", entrepot.registry
    )

    put_file(regctl, tmp_path / "noise", name)

    assert sum(1 for one in request_log.requests(repository) if one.method == "PATCH") >= 4
    assert pull_file(regctl, name) == noise


def test_artifact_is_found_by_its_subject_and_needs_no_tag_for_it(
    regctl: Client, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    name = f"{entrepot.registry}/{new_repository()}"
    push(regctl, layout, OCI_MANIFEST, layout.add_image(), f"{name}:1")

    attach(regctl, f"{name}:1")

    listed = json.loads(regctl.run("artifact", "list", "--format=body", f"{name}:1"))
    assert [one["artifactType"] for one in listed["manifests"]] == [REPORT]
    assert regctl.run("tag", "ls", name).split() == ["1"]


def test_copy_takes_the_referrers_along(
    regctl: Client, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    first, second = (f"{entrepot.registry}/{new_repository()}:1" for _ in range(2))
    push(regctl, layout, OCI_MANIFEST, layout.add_image(), first)
    attach(regctl, first)

    regctl.run("image", "copy", "--referrers", first, second)

    listed = json.loads(regctl.run("artifact", "list", "--format=body", second))
    assert [one["artifactType"] for one in listed["manifests"]] == [REPORT]


def test_deleting_a_tag_leaves_the_image_and_deleting_its_digest_does_not(
    regctl: Client,
    entrepot: Endpoint,
    new_repository: NewRepository,
    layout: Layout,
    request_log: RequestLog,
) -> None:
    repository = new_repository()
    name = f"{entrepot.registry}/{repository}"
    manifest = layout.add_image()
    push(regctl, layout, OCI_MANIFEST, manifest, f"{name}:1")

    regctl.run("tag", "delete", f"{name}:1")
    left = entrepot.ecr().list_images(repositoryName=repository)["imageIds"]
    regctl.run("manifest", "delete", f"{name}@{sha256(manifest)}")

    assert left == [{"imageDigest": sha256(manifest)}]
    assert entrepot.ecr().list_images(repositoryName=repository)["imageIds"] == []
    # Where tags cannot be deleted regctl puts a dummy image under the tag, and deletes that.
    manifests = [one.method for one in request_log.requests(repository) if "/manifests/" in one.path]
    assert manifests.count("PUT") == 1


def test_download_that_was_cut_off_goes_on_where_it_stopped(
    regctl: Client, entrepot: Endpoint, password: str, new_repository: NewRepository, tmp_path: Path
) -> None:
    repository = new_repository()
    noise = os.urandom(8_000_000)
    (tmp_path / "noise").write_bytes(noise)
    put_file(regctl, tmp_path / "noise", f"{entrepot.registry}/{repository}:1")

    with interrupted(entrepot.port, cut_after_bytes=3_000_000) as network:
        through = f"127.0.0.1:{network.port}"
        login(regctl, through, password)
        pulled = pull_file(regctl, f"{through}/{repository}:1")

    assert pulled == noise
    assert network.cuts == 1
    assert any(asked.startswith("bytes=") and asked != "bytes=0-" for asked in network.ranges)


def test_nothing_is_refused_on_the_way(
    regctl: Client,
    entrepot: Endpoint,
    new_repository: NewRepository,
    layout: Layout,
    request_log: RequestLog,
) -> None:
    name = f"{entrepot.registry}/{new_repository()}:1"
    push(regctl, layout, OCI_INDEX, layout.add_index("amd64", "arm64"), name)
    attach(regctl, name)
    regctl.run("artifact", "tree", name)
    regctl.run("tag", "delete", name)

    assert not [one for one in request_log.all() if one.is_setback]
