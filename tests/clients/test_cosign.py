"""cosign signs, attests and verifies images in a served Entrepot, with a local key and no public log."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.oci_layout import Layout
from tests.clients.raw_registry import OCI_INDEX, OCI_MANIFEST, sha256
from tests.clients.request_log import RequestLog
from tests.engines.client import Client, open_client
from tests.engines.entrepot import Endpoint
from tests.engines.skopeo import Skopeo

NewRepository = Callable[[], str]

SIGN = ("sign", "--yes", "--tlog-upload=false", "--key=cosign.key", "--allow-http-registry")
VERIFY = ("verify", "--insecure-ignore-tlog", "--key=cosign.pub", "--allow-http-registry")
ATTEST = ("attest", "--yes", "--tlog-upload=false", "--key=cosign.key", "--allow-http-registry")
VERIFY_ATTESTATION = (
    "verify-attestation", "--insecure-ignore-tlog", "--key=cosign.pub", "--allow-http-registry",
)  # fmt: skip


@pytest.fixture
def cosign(tmp_path: Path, entrepot: Endpoint, password: str) -> Client:
    """A cosign that is logged in and has a key."""
    client = open_client("cosign", tmp_path, {"COSIGN_PASSWORD": "", "COSIGN_EXPERIMENTAL": "1"})
    client.run("login", "--username=AWS", "--password-stdin", entrepot.registry, stdin=password)
    client.run("generate-key-pair")
    return client


@pytest.fixture
def image(skopeo: Skopeo, entrepot: Endpoint, new_repository: NewRepository, layout: Layout) -> str:
    """The name by digest of an image that is there, tagged `1`."""
    name = f"{entrepot.registry}/{new_repository()}"
    manifest = layout.add_image()
    skopeo.copy(layout.name(OCI_MANIFEST, manifest), f"docker://{name}:1")
    return f"{name}@{sha256(manifest)}"


def repository_of(image: str) -> str:
    return image.partition("/")[2].partition("@")[0]


def tags(entrepot: Endpoint, image: str) -> list[str]:
    identifiers = entrepot.ecr().list_images(repositoryName=repository_of(image))["imageIds"]
    return sorted(one["imageTag"] for one in identifiers if "imageTag" in one)


def signature_tag(image: str, kind: str = "sig") -> str:
    """Where the tag scheme looks for what belongs to the image."""
    return f"{image.rpartition('@')[2].replace(':', '-')}.{kind}"


def test_signature_under_a_tag_is_verified(cosign: Client, entrepot: Endpoint, image: str) -> None:
    cosign.run(*SIGN, image)

    printed = cosign.run(*VERIFY, image)

    assert "The signatures were verified against the specified public key" in printed
    assert tags(entrepot, image) == ["1", signature_tag(image)]


def test_signature_as_a_referrer_is_verified_and_needs_no_tag(
    cosign: Client, entrepot: Endpoint, image: str
) -> None:
    cosign.run(*SIGN, "--registry-referrers-mode=oci-1-1", image)

    printed = cosign.run(*VERIFY, "--experimental-oci11", image)

    assert "The signatures were verified against the specified public key" in printed
    assert tags(entrepot, image) == ["1"]
    [referrer] = entrepot.ecr().list_image_referrers(
        repositoryName=repository_of(image), subjectId={"imageDigest": image.rpartition("@")[2]}
    )["referrers"]
    assert referrer["artifactType"] == "application/vnd.dev.cosign.artifact.sig.v1+json"


def test_signature_in_the_new_bundle_format_is_verified(
    cosign: Client, entrepot: Endpoint, image: str
) -> None:
    cosign.run("trusted-root", "create", "--out=nobody.json")

    cosign.run(*SIGN, "--new-bundle-format", image)

    cosign.run(*VERIFY, "--new-bundle-format", "--trusted-root=nobody.json", image)
    assert tags(entrepot, image) == ["1"]


def test_signature_of_another_key_is_not_accepted(cosign: Client, entrepot: Endpoint, image: str) -> None:
    cosign.run(*SIGN, image)
    cosign.run("generate-key-pair", "--output-key-prefix=other")

    printed = cosign.run(
        "verify", "--insecure-ignore-tlog", "--key=other.pub", "--allow-http-registry", image,
        is_expected_to_fail=True,
    )  # fmt: skip

    assert "no matching signatures" in printed


def test_unsigned_image_is_said_to_be_unsigned(cosign: Client, image: str) -> None:
    assert "no signatures found" in cosign.run(*VERIFY, image, is_expected_to_fail=True)


def test_every_image_of_an_index_is_signed(
    cosign: Client, skopeo: Skopeo, entrepot: Endpoint, new_repository: NewRepository, layout: Layout
) -> None:
    name = f"{entrepot.registry}/{new_repository()}"
    index = layout.add_index("amd64", "arm64")
    skopeo.copy(layout.name(OCI_INDEX, index), f"docker://{name}:1", "--all")

    cosign.run(*SIGN, "--recursive", f"{name}@{sha256(index)}")

    for signed in (sha256(index), *(one["digest"] for one in json.loads(index)["manifests"])):
        cosign.run(*VERIFY, f"{name}@{signed}")


def test_attestation_is_verified_and_shown(cosign: Client, image: str) -> None:
    (cosign.home / "predicate.json").write_text('{"verdict": "found nothing"}')
    cosign.run(*ATTEST, "--predicate=predicate.json", "--type=custom", image)

    cosign.run(*VERIFY_ATTESTATION, "--type=custom", image)

    assert signature_tag(image, "att") in cosign.run("tree", "--allow-http-registry", image)


def test_attached_bill_of_materials_comes_back(cosign: Client, image: str) -> None:
    (cosign.home / "materials.json").write_text('{"spdxVersion": "SPDX-2.3"}')
    cosign.run("attach", "sbom", "--allow-http-registry", "--sbom=materials.json", "--type=spdx", image)

    assert "SPDX-2.3" in cosign.run("download", "sbom", "--allow-http-registry", image)


def test_copy_takes_the_signature_along(
    cosign: Client, entrepot: Endpoint, image: str, new_repository: NewRepository
) -> None:
    cosign.run(*SIGN, image)
    target = f"{entrepot.registry}/{new_repository()}:1"

    cosign.run("copy", "--allow-http-registry", image, target)

    cosign.run(*VERIFY, target)


def test_cleaned_image_has_no_signature(cosign: Client, entrepot: Endpoint, image: str) -> None:
    cosign.run(*SIGN, image)

    cosign.run("clean", "--force", "--type=signature", "--allow-http-registry", image)

    assert "no signatures found" in cosign.run(*VERIFY, image, is_expected_to_fail=True)
    assert tags(entrepot, image) == ["1"]


@pytest.mark.parametrize("options", [(), ("--registry-referrers-mode=oci-1-1",), ("--new-bundle-format",)])
def test_nothing_is_refused_on_the_way(
    cosign: Client, image: str, request_log: RequestLog, options: tuple[str, ...]
) -> None:
    cosign.run(*SIGN, *options, image)
    cosign.run("tree", "--allow-http-registry", image)

    assert not [one for one in request_log.all() if one.is_setback]
