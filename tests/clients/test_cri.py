"""A Kubernetes node: containerd is told to pull by the call that kubelet makes, credentials included."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.oci_layout import Layout, layer_of
from tests.clients.raw_registry import OCI_INDEX, OCI_MANIFEST
from tests.engines.containerd import Containerd, containerd_daemon
from tests.engines.cri import NOT_FOUND, OK, UNKNOWN, ImageService, open_image_service
from tests.engines.entrepot import Endpoint
from tests.engines.interruption import interrupted
from tests.engines.skopeo import Skopeo

NewRepository = Callable[[], str]


@pytest.fixture(scope="module")
def node(entrepot: Endpoint) -> Iterator[Containerd]:
    with containerd_daemon() as daemon:
        daemon.allow_plain_http(entrepot.registry)
        yield daemon


@pytest.fixture
def images(node: Containerd, tmp_path: Path) -> ImageService:
    return open_image_service(node.socket, tmp_path)


@pytest.fixture
def image(skopeo: Skopeo, repository_uri: str, layout: Layout) -> str:
    """The repository of an index that is there, tagged `1`."""
    index = layout.name(OCI_INDEX, layout.add_index("amd64", "arm64"))
    skopeo.copy(index, f"docker://{repository_uri}:1", "--all")
    return repository_uri


@pytest.fixture
def long_image(skopeo: Skopeo, new_repository: NewRepository, entrepot: Endpoint, layout: Layout) -> str:
    """The name in its registry of an image that takes a while."""
    name = f"{new_repository()}:1"
    manifest = layout.add_image(layer=layer_of({"noise": os.urandom(8_000_000)}))
    skopeo.copy(layout.name(OCI_MANIFEST, manifest), f"docker://{entrepot.registry}/{name}")
    return name


def test_image_is_pulled_by_tag_and_by_digest(
    images: ImageService, image: str, password: str, layout: Layout
) -> None:
    [index] = json.loads((layout.folder / "index.json").read_text())["manifests"]

    by_tag = images.pull(f"{image}:1", username="AWS", password=password)
    by_digest = images.pull(f"{image}@{index['digest']}", username="AWS", password=password)

    assert by_tag.status == OK, by_tag
    assert by_digest == by_tag
    assert by_tag.text.startswith("sha256:")


def test_image_that_is_not_there_is_not_found(images: ImageService, image: str, password: str) -> None:
    assert images.pull(f"{image}:2", username="AWS", password=password).status == NOT_FOUND


@pytest.mark.parametrize("username", ["", "AWS"])
def test_wrong_or_missing_password_is_unauthorized(images: ImageService, image: str, username: str) -> None:
    pulled = images.pull(f"{image}:1", username=username, password="wrong")

    assert pulled.status == UNKNOWN
    assert "401 unauthorized" in pulled.text


def test_pull_that_was_cut_off_goes_on_where_it_stopped(
    node: Containerd, images: ImageService, entrepot: Endpoint, password: str, long_image: str
) -> None:
    with interrupted(entrepot.port, cut_after_bytes=3_000_000) as network:
        through = f"127.0.0.1:{network.port}"
        node.allow_plain_http(through)
        pulled = images.pull(f"{through}/{long_image}", username="AWS", password=password)

    assert pulled.status == OK, pulled
    assert network.cuts == 1
    assert any(asked.startswith("bytes=") and asked != "bytes=0-" for asked in network.ranges)
