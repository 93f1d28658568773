"""skopeo copies images in and out of a served Entrepot, lists them and deletes them."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.clients.oci_layout import Layout
from tests.clients.raw_registry import OCI_INDEX, OCI_MANIFEST, sha256
from tests.engines.entrepot import Endpoint
from tests.engines.skopeo import Skopeo

NewRepository = Callable[[], str]


def stored_in(folder: Path) -> bytes:
    """The manifest that skopeo wrote into a `dir:` folder, byte for byte."""
    return (folder / "manifest.json").read_bytes()


def test_image_copied_in_comes_out_byte_for_byte(
    skopeo: Skopeo, entrepot: Endpoint, new_repository: NewRepository, layout: Layout, tmp_path: Path
) -> None:
    target = f"docker://{entrepot.registry}/{new_repository()}:1"
    manifest = layout.add_image()

    skopeo.copy(layout.name(OCI_MANIFEST, manifest), target)
    skopeo.copy(target, f"dir:{tmp_path}/out")

    assert stored_in(tmp_path / "out") == manifest


def test_manifest_without_a_media_type_keeps_its_bytes(
    skopeo: Skopeo, entrepot: Endpoint, new_repository: NewRepository, layout: Layout, tmp_path: Path
) -> None:
    target = f"docker://{entrepot.registry}/{new_repository()}:1"
    manifest = layout.add_image(has_media_type=False)

    skopeo.copy(layout.name(OCI_MANIFEST, manifest), target)
    skopeo.copy(target, f"dir:{tmp_path}/out")

    assert stored_in(tmp_path / "out") == manifest


def test_index_is_copied_with_all_its_platforms(
    skopeo: Skopeo, entrepot: Endpoint, new_repository: NewRepository, layout: Layout, tmp_path: Path
) -> None:
    repository = new_repository()
    target = f"docker://{entrepot.registry}/{repository}:1"
    index = layout.add_index("amd64", "arm64")

    skopeo.copy(layout.name(OCI_INDEX, index), target, "--all")
    skopeo.copy(target, f"dir:{tmp_path}/out", "--all")

    assert stored_in(tmp_path / "out") == index
    assert len(entrepot.ecr().list_images(repositoryName=repository)["imageIds"]) == 3


def test_image_copies_from_repository_to_repository(
    skopeo: Skopeo, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    first, second = (f"docker://{entrepot.registry}/{new_repository()}:1" for _ in range(2))
    manifest = layout.add_image()
    skopeo.copy(layout.name(OCI_MANIFEST, manifest), first)

    skopeo.copy(first, second)

    inspected = json.loads(skopeo.run("inspect", "--tls-verify=false", second))
    assert inspected["Digest"] == sha256(manifest)


def test_inspect_and_list_tags_show_what_was_pushed(
    skopeo: Skopeo, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    repository = f"docker://{entrepot.registry}/{new_repository()}"
    image = layout.name(OCI_MANIFEST, layout.add_image(architecture="arm64"))
    for tag in ("b", "a"):
        skopeo.copy(image, f"{repository}:{tag}")

    inspected = json.loads(skopeo.run("inspect", "--tls-verify=false", f"{repository}:a"))
    listed = json.loads(skopeo.run("list-tags", "--tls-verify=false", repository))

    assert inspected["Architecture"] == "arm64"
    assert inspected["RepoTags"] == ["a", "b"]
    assert listed["Tags"] == ["a", "b"]


def test_deleted_image_is_gone(
    skopeo: Skopeo, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    repository = new_repository()
    target = f"docker://{entrepot.registry}/{repository}:1"
    skopeo.copy(layout.name(OCI_MANIFEST, layout.add_image()), target)

    skopeo.run("delete", "--tls-verify=false", target)

    assert entrepot.ecr().list_images(repositoryName=repository)["imageIds"] == []
    printed = skopeo.run("inspect", "--tls-verify=false", target, is_expected_to_fail=True)
    assert "manifest unknown" in printed.lower()
