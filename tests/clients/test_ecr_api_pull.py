"""Images pushed and pulled through the ECR API alone, with the calls of amazon-ecr-containerd-resolver.

The program itself cannot be had, for Go's proxy does not have its module. What it sends is in its source:
`ecr/pusher.go`, `layer_writer.go`, `manifest_writer.go`, `resolver.go`, `fetcher.go`; and `http.go` of htcat,
which downloads in parts. It names the registry in every call.
"""

import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import pytest

from tests.clients.oci_layout import describe
from tests.clients.raw_registry import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, sha256
from tests.engines.entrepot import ACCOUNT, Endpoint

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient
    from types_boto3_ecr.type_defs import ImageIdentifierTypeDef, ImageTypeDef

NewRepository = Callable[[], str]

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
RESOLVABLE = [OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_LIST, DOCKER_SIGNED]
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Resolver:
    """A pusher and fetcher of one repository."""

    ecr: "ECRClient"
    repository: str

    def push_layer(self, content: bytes) -> bool:
        """False when the registry said that it has the layer, before or at the end."""
        digest = sha256(content)
        checked = self.ecr.batch_check_layer_availability(
            registryId=ACCOUNT, repositoryName=self.repository, layerDigests=[digest]
        )
        if checked["layers"][0]["layerAvailability"] == "AVAILABLE":
            return False
        return self.upload_layer(content)

    def upload_layer(self, content: bytes) -> bool:
        """In parts of the size that the registry asked for, one after the other; false if it was there."""
        upload, size = self.begin()
        for first in range(0, len(content), size):
            self.send_part(upload, content[first : first + size], first=first)
        try:
            digest = self.complete(upload, sha256(content))
        except self.ecr.exceptions.LayerAlreadyExistsException:
            return False
        assert digest == sha256(content)
        return True

    def begin(self) -> tuple[str, int]:
        """The upload, and how many bytes a part shall have."""
        begun = self.ecr.initiate_layer_upload(registryId=ACCOUNT, repositoryName=self.repository)
        return begun["uploadId"], begun["partSize"]

    def send_part(self, upload: str, part: bytes, *, first: int) -> None:
        self.ecr.upload_layer_part(
            registryId=ACCOUNT,
            repositoryName=self.repository,
            uploadId=upload,
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )

    def complete(self, upload: str, digest: str) -> str:
        """The digest that the registry found."""
        done = self.ecr.complete_layer_upload(
            registryId=ACCOUNT, repositoryName=self.repository, uploadId=upload, layerDigests=[digest]
        )
        return done["layerDigest"]

    def push_manifest(self, manifest: bytes, media_type: str, *, tag: str | None = None) -> bool:
        """False when it is there under this tag; only the manifest that the reference names has one."""
        sought: ImageIdentifierTypeDef = {"imageDigest": sha256(manifest)}
        if tag is not None:
            sought["imageTag"] = tag
        found = self.ecr.batch_get_image(
            registryId=ACCOUNT,
            repositoryName=self.repository,
            imageIds=[sought],
            acceptedMediaTypes=[media_type],
        )
        if found["images"]:
            return False
        assert found["failures"][0]["failureCode"] in {"ImageNotFound", "ImageTagDoesNotMatchDigest"}
        put = self.ecr.put_image(
            registryId=ACCOUNT,
            repositoryName=self.repository,
            imageManifest=manifest.decode(),
            imageManifestMediaType=media_type,
            imageDigest=sha256(manifest),
            **({"imageTag": tag} if tag is not None else {}),
        )
        assert put["image"]["imageId"]["imageDigest"] == sha256(manifest)
        return True

    def resolve(self, image: "ImageIdentifierTypeDef") -> "ImageTypeDef":
        answer = self.ecr.batch_get_image(
            registryId=ACCOUNT,
            repositoryName=self.repository,
            imageIds=[image],
            acceptedMediaTypes=RESOLVABLE,
        )
        return answer["images"][0]

    def layer_url(self, digest: str) -> str:
        granted = self.ecr.get_download_url_for_layer(
            registryId=ACCOUNT, repositoryName=self.repository, layerDigest=digest
        )
        return granted["downloadUrl"]


@pytest.fixture
def resolver(entrepot: Endpoint, new_repository: NewRepository) -> Resolver:
    return Resolver(entrepot.ecr(), new_repository())


def push_image(resolver: Resolver, *layers: bytes, tag: str | None = "1") -> bytes:
    """The manifest, pushed after all it names."""
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "of": [sha256(one) for one in layers]}
    ).encode()
    for content in (*layers, config):
        resolver.push_layer(content)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": describe(OCI_CONFIG, config),
            "layers": [describe(OCI_LAYER, one) for one in layers],
        }
    ).encode()
    resolver.push_manifest(manifest, OCI_MANIFEST, tag=tag)
    return manifest


def download(url: str, headers: dict[str, str] | None = None) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=60) as answer:
        return bytes(answer.read())


def download_in_parts(url: str, *, parallelism: int) -> bytes:
    """As htcat does: the first answer tells the length and is left after a part; the others are ranges."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        assert answer.status == 200
        length = int(answer.headers["Content-Length"])
        size = min(1 + (length - 1) // parallelism, 20 * MIB)
        first = bytes(answer.read(size))
    with ThreadPoolExecutor(parallelism) as pool:
        rest = pool.map(lambda part: download(url, {"Range": part}), _ranges(size, length))
        return first + b"".join(rest)


def _ranges(size: int, length: int) -> Iterator[str]:
    for start in range(size, length, size):
        yield f"bytes={start}-{min(start + size, length) - 1}"


def test_a_pushed_image_is_resolved_and_fetched(resolver: Resolver) -> None:
    layer = os.urandom(100_000)
    manifest = push_image(resolver, layer)

    by_tag = resolver.resolve({"imageTag": "1"})
    by_digest = resolver.resolve({"imageDigest": sha256(manifest)})
    fetched = download(resolver.layer_url(sha256(layer)), {"Accept": f"{OCI_LAYER}, *"})

    assert by_tag["imageManifest"] == by_digest["imageManifest"] == manifest.decode()
    assert by_tag["imageManifestMediaType"] == OCI_MANIFEST
    assert by_tag["imageId"]["imageDigest"] == sha256(manifest)
    assert fetched == layer


def test_a_config_is_fetched_like_a_layer(resolver: Resolver) -> None:
    config = json.loads(push_image(resolver, b"layer"))["config"]

    fetched = download(resolver.layer_url(config["digest"]), {"Accept": f"{OCI_CONFIG}, *"})

    assert sha256(fetched) == config["digest"]


def test_a_large_layer_goes_up_in_parts_and_comes_down_in_parallel(resolver: Resolver) -> None:
    """Parts of the registry's size, the last one short; ranges of one address, four at a time."""
    layer = os.urandom(45 * MIB + 1)
    push_image(resolver, layer)

    fetched = download_in_parts(resolver.layer_url(sha256(layer)), parallelism=4)

    assert sha256(fetched) == sha256(layer)


def test_the_layers_of_an_image_go_up_at_once(resolver: Resolver) -> None:
    """As containerd pushes: each layer's parts in order, the layers side by side."""
    layers = [os.urandom(11 * MIB) for _ in range(6)]

    with ThreadPoolExecutor(len(layers)) as pool:
        assert all(pool.map(resolver.push_layer, layers))
    push_image(resolver, *layers)

    with ThreadPoolExecutor(len(layers)) as pool:
        urls = [resolver.layer_url(sha256(one)) for one in layers]
        assert [sha256(one) for one in pool.map(download, urls)] == [sha256(one) for one in layers]


def test_a_part_sent_twice_is_told_where_to_go_on(resolver: Resolver) -> None:
    """As when the answer to the first was lost, and the SDK tries again."""
    layer = os.urandom(15 * MIB)
    upload, size = resolver.begin()
    resolver.send_part(upload, layer[:size], first=0)

    with pytest.raises(resolver.ecr.exceptions.InvalidLayerPartException) as refused:
        resolver.send_part(upload, layer[:size], first=0)

    assert refused.value.response["lastValidByteReceived"] == size - 1
    resolver.send_part(upload, layer[size:], first=size)
    assert resolver.complete(upload, sha256(layer)) == sha256(layer)


def test_uploads_of_one_layer_at_once_both_succeed(resolver: Resolver) -> None:
    """One of them may be told that the layer exists, which the program takes for success."""
    layer = os.urandom(3 * MIB)

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(resolver.upload_layer, [layer, layer]))

    assert any(made)
    assert not resolver.push_layer(layer)


def test_a_layer_that_came_while_uploading_is_a_success(resolver: Resolver) -> None:
    layer = os.urandom(1000)
    assert resolver.upload_layer(layer)

    assert not resolver.upload_layer(layer)


def test_what_is_there_is_not_sent_again(resolver: Resolver) -> None:
    layer = os.urandom(1000)
    manifest = push_image(resolver, layer)

    assert not resolver.push_layer(layer)
    assert not resolver.push_manifest(manifest, OCI_MANIFEST, tag="1")


def test_a_known_image_gets_a_second_tag(resolver: Resolver) -> None:
    """Asked for by digest and tag together, of which the tag is not there yet."""
    manifest = push_image(resolver, b"layer")

    assert resolver.push_manifest(manifest, OCI_MANIFEST, tag="2")

    assert resolver.resolve({"imageTag": "2"})["imageId"]["imageDigest"] == sha256(manifest)


def test_a_moved_tag_no_longer_matches_the_old_digest(resolver: Resolver) -> None:
    old = push_image(resolver, b"old")
    new = push_image(resolver, b"new")

    answer = resolver.ecr.batch_get_image(
        registryId=ACCOUNT,
        repositoryName=resolver.repository,
        imageIds=[{"imageDigest": sha256(old), "imageTag": "1"}],
        acceptedMediaTypes=RESOLVABLE,
    )

    assert [one["failureCode"] for one in answer["failures"]] == ["ImageTagDoesNotMatchDigest"]
    assert resolver.resolve({"imageTag": "1"})["imageId"]["imageDigest"] == sha256(new)


def test_an_index_is_pushed_after_its_images_which_have_no_tag(resolver: Resolver) -> None:
    children = [push_image(resolver, name, tag=None) for name in (b"one", b"two")]
    index = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [describe(OCI_MANIFEST, child) for child in children],
        }
    ).encode()
    resolver.push_manifest(index, OCI_INDEX, tag="multi")

    resolved = resolver.resolve({"imageTag": "multi"})

    assert resolved["imageManifestMediaType"] == OCI_INDEX
    assert resolved["imageManifest"] == index.decode()
    for child in children:
        fetched = resolver.resolve({"imageDigest": sha256(child)})
        assert fetched["imageManifest"] == child.decode()
        assert "imageTag" not in fetched["imageId"]


def test_an_image_that_is_not_there_is_a_failure_and_no_error(resolver: Resolver) -> None:
    answer = resolver.ecr.batch_get_image(
        registryId=ACCOUNT,
        repositoryName=resolver.repository,
        imageIds=[{"imageTag": "absent"}],
        acceptedMediaTypes=RESOLVABLE,
    )

    assert answer["images"] == []
    assert [one["failureCode"] for one in answer["failures"]] == ["ImageNotFound"]


def test_a_range_beyond_the_layer_is_refused(resolver: Resolver) -> None:
    layer = os.urandom(1000)
    push_image(resolver, layer)

    with pytest.raises(HTTPError) as refused:
        download(resolver.layer_url(sha256(layer)), {"Range": "bytes=1000-"})

    refused.value.close()
    assert refused.value.status == 416
