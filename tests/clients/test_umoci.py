"""umoci makes manifests without a mediaType; skopeo brings them to a served Entrepot and back."""

import json
from pathlib import Path

import pytest

from tests.clients.raw_registry import OCI_MANIFEST, RawRegistry
from tests.engines.client import Client, open_client
from tests.engines.entrepot import Endpoint
from tests.engines.skopeo import Skopeo


@pytest.fixture
def umoci(tmp_path: Path) -> Client:
    """A umoci with an image `layout:1` that holds one file."""
    client = open_client("umoci", tmp_path)
    client.run("init", "--layout=layout")
    client.run("new", "--image=layout:1")
    (tmp_path / "greeting").write_text("hello")
    client.run("insert", "--image=layout:1", "greeting", "/greeting")
    return client


def manifest_of(client: Client, layout: str) -> bytes:
    folder = client.home / layout
    [entry] = json.loads((folder / "index.json").read_text())["manifests"]
    blob: Path = folder / "blobs" / "sha256" / entry["digest"].removeprefix("sha256:")
    return blob.read_bytes()


def test_manifest_without_a_media_type_keeps_its_bytes_and_is_served_with_its_type(
    umoci: Client, skopeo: Skopeo, raw: RawRegistry, repository_uri: str
) -> None:
    manifest = manifest_of(umoci, "layout")

    skopeo.copy(f"oci:{umoci.home}/layout:1", f"docker://{repository_uri}:1")

    assert "mediaType" not in json.loads(manifest)
    served = raw.send("GET", f"/v2/{repository_uri.partition('/')[2]}/manifests/1")
    assert (served.headers["content-type"], served.body) == (OCI_MANIFEST, manifest)


def test_pulled_image_unpacks_to_what_was_put_in(umoci: Client, skopeo: Skopeo, repository_uri: str) -> None:
    skopeo.copy(f"oci:{umoci.home}/layout:1", f"docker://{repository_uri}:1")

    skopeo.copy(f"docker://{repository_uri}:1", f"oci:{umoci.home}/pulled:1")
    umoci.run("unpack", "--image=pulled:1", "bundle")

    assert manifest_of(umoci, "pulled") == manifest_of(umoci, "layout")
    assert (umoci.home / "bundle" / "rootfs" / "greeting").read_text() == "hello"


def test_image_is_described_with_its_type(
    umoci: Client, skopeo: Skopeo, entrepot: Endpoint, repository_uri: str
) -> None:
    skopeo.copy(f"oci:{umoci.home}/layout:1", f"docker://{repository_uri}:1")

    repository = repository_uri.partition("/")[2]
    [detail] = entrepot.ecr().describe_images(repositoryName=repository)["imageDetails"]

    assert detail["imageManifestMediaType"] == OCI_MANIFEST
    assert detail["imageTags"] == ["1"]
