"""containerd, told by ctr, pushes to and pulls from a served Entrepot."""

import json
import os
import tarfile
from collections.abc import Callable, Iterator

import pytest

from tests.clients.oci_layout import Layout, layer_of
from tests.clients.raw_registry import OCI_INDEX, OCI_MANIFEST, sha256
from tests.clients.request_log import RequestLog
from tests.engines.containerd import Containerd, containerd_daemon
from tests.engines.entrepot import Endpoint
from tests.engines.interruption import interrupted

NewRepository = Callable[[], str]


@pytest.fixture(scope="module")
def containerd() -> Iterator[Containerd]:
    with containerd_daemon() as daemon:
        yield daemon


@pytest.fixture
def two_repositories(entrepot: Endpoint, new_repository: NewRepository) -> tuple[str, str]:
    return f"{entrepot.registry}/{new_repository()}", f"{entrepot.registry}/{new_repository()}"


def import_image(containerd: Containerd, layout: Layout, media_type: str, manifest: bytes, name: str) -> None:
    """Bring it into containerd under this name, all platforms of it."""
    layout.name(media_type, manifest)
    index = json.loads((layout.folder / "index.json").read_text())
    index["manifests"][0]["annotations"] = {"io.containerd.image.name": name}
    (layout.folder / "index.json").write_text(json.dumps(index))
    archive = layout.folder.parent / "image.tar"
    with tarfile.open(archive, "w") as file:
        file.add(layout.folder, arcname=".")
    containerd.run("images", "import", "--all-platforms", "--no-unpack", archive)


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_pushed_image_pulls_back(
    containerd: Containerd, password: str, repository_uri: str, layout: Layout, by: str
) -> None:
    manifest = layout.add_image()
    import_image(containerd, layout, OCI_MANIFEST, manifest, f"{repository_uri}:1")

    containerd.push(f"{repository_uri}:1", password)
    containerd.forget(f"{repository_uri}:1")
    wanted = f"{repository_uri}:1" if by == "tag" else f"{repository_uri}@{sha256(manifest)}"
    containerd.pull(wanted, password)

    assert containerd.digest(wanted) == sha256(manifest)


def test_one_platform_of_an_index_is_pulled(
    containerd: Containerd, password: str, repository_uri: str, layout: Layout, request_log: RequestLog
) -> None:
    index = layout.add_index("amd64", "arm64")
    import_image(containerd, layout, OCI_INDEX, index, f"{repository_uri}:1")
    containerd.push(f"{repository_uri}:1", password)
    containerd.forget(f"{repository_uri}:1")

    containerd.pull(f"{repository_uri}:1", password, "--platform=linux/arm64")

    amd64, arm64 = (one["digest"] for one in json.loads(index)["manifests"])
    fetched = [one.path.rpartition("/")[2] for one in request_log.all() if one.method == "GET"]
    assert arm64 in fetched
    assert amd64 not in fetched


def test_layers_are_mounted_from_the_repository_they_were_pulled_from(
    containerd: Containerd,
    password: str,
    two_repositories: tuple[str, str],
    layout: Layout,
    request_log: RequestLog,
) -> None:
    first, second = two_repositories
    image = layout.add_image(layer=layer_of({"noise": os.urandom(1000)}))
    import_image(containerd, layout, OCI_MANIFEST, image, f"{first}:1")
    containerd.push(f"{first}:1", password)
    containerd.forget(f"{first}:1")
    containerd.pull(f"{first}:1", password)
    containerd.run("images", "tag", f"{first}:1", f"{second}:1")

    containerd.push(f"{second}:1", password)

    begun = [one.status for one in request_log.requests(second.partition("/")[2]) if one.method == "POST"]
    assert {status for status in begun if status != 401} == {201}


def test_download_that_was_cut_off_goes_on_where_it_stopped(
    containerd: Containerd, password: str, entrepot: Endpoint, repository_uri: str, layout: Layout
) -> None:
    manifest = layout.add_image(layer=layer_of({"noise": os.urandom(8_000_000)}))
    import_image(containerd, layout, OCI_MANIFEST, manifest, f"{repository_uri}:1")
    containerd.push(f"{repository_uri}:1", password)
    containerd.forget(f"{repository_uri}:1")

    with interrupted(entrepot.port, cut_after_bytes=3_000_000) as network:
        name = f"127.0.0.1:{network.port}/{repository_uri.partition('/')[2]}:1"
        containerd.pull(name, password)

    assert network.cuts == 1
    assert any(asked.startswith("bytes=") and asked != "bytes=0-" for asked in network.ranges)
    assert containerd.digest(name) == sha256(manifest)


def test_pull_without_credentials_is_refused(containerd: Containerd, repository_uri: str) -> None:
    printed = containerd.run(
        "images", "pull", "--plain-http", f"{repository_uri}:1", is_expected_to_fail=True
    )

    assert "401 Unauthorized" in printed


def test_nothing_is_refused_on_the_way(
    containerd: Containerd, password: str, repository_uri: str, layout: Layout, request_log: RequestLog
) -> None:
    import_image(
        containerd, layout, OCI_INDEX, layout.add_index("amd64", "arm64"), f"{repository_uri}:1"
    )  # fmt: skip
    containerd.push(f"{repository_uri}:1", password)
    containerd.forget(f"{repository_uri}:1")
    containerd.pull(f"{repository_uri}:1", password, "--all-platforms")

    assert not [one for one in request_log.all() if one.is_setback]
