"""Images made from a seed, pushed the ways that clients do, and pulled back to the last byte."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from tests.clients.raw_registry import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    RawRegistry,
    sha256,
    target_of,
    with_query,
)
from tests.engines.entrepot import Entrepot

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

SEGMENT_BYTES = 1 << 20  # what layers are sealed in: its borders are where a sealing goes wrong
OCI_SIZES = (0, 1, 28, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 2 * SEGMENT_BYTES + 12_345)
ECR_SIZES = (28, SEGMENT_BYTES + 1, 5 * SEGMENT_BYTES + 7)  # the API knows no empty layers


@dataclass(frozen=True, slots=True)
class TestImage:
    """Everything of an image; `content` has config and layers by digest."""

    tag: str
    manifest: bytes
    content: dict[str, bytes]

    __test__ = False

    @property
    def digest(self) -> str:
        return sha256(self.manifest)


def make_image(
    chance: random.Random, tag: str, *, layers: int = 3, sizes: Sequence[int] = OCI_SIZES
) -> TestImage:
    """An image that no other seed makes; its layers lie around segment borders."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "seed": chance.random()}).encode()
    contents = [chance.randbytes(chance.choice(sizes)) for _ in range(layers)]
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": sha256(config), "size": len(config)},
        "layers": [
            {"mediaType": OCI_LAYER, "digest": sha256(layer), "size": len(layer)} for layer in contents
        ],
    }
    held = {sha256(content): content for content in (config, *contents)}
    return TestImage(tag, json.dumps(manifest).encode(), held)


@dataclass(slots=True)
class Acknowledged:
    """What the server has said yes to; kept by the clients, who outlive it."""

    images: list[tuple[str, TestImage]] = field(default_factory=list)
    offsets: dict[str, int] = field(default_factory=dict)
    """Of each upload that is not finished, where it lies and how much of it was taken."""


class Pusher(Protocol):
    """A way to push."""

    def push(self, image: TestImage) -> None:
        """Return once the server has acknowledged the image."""


class OciPusher:
    """Pushes as docker does: chunks, then an empty PUT; now and then it asks where it stands first."""

    def __init__(self, raw: RawRegistry, repository: str, told: Acknowledged, chance: random.Random) -> None:
        self._raw = raw
        self._repository = repository
        self._told = told
        self._chance = chance

    def push(self, image: TestImage) -> None:
        for digest, content in image.content.items():
            self.push_layer(digest, content)
        put = self._raw.push_manifest(self._repository, image.tag, image.manifest, OCI_MANIFEST)
        assert put.status == 201, put
        self._told.images.append((self._repository, image))

    def push_layer(self, digest: str, content: bytes) -> None:
        where = self._raw.begin_upload(self._repository)
        for start, end in pairwise(self._cuts(len(content))):
            where = self._send_chunk(where, content, start, end)
        self._told.offsets.pop(path_of(where), None)  # from here on it may be gone, and finished
        done = self._raw.send("PUT", with_query(where, digest=digest), b"")
        assert done.status == 201, done

    def _send_chunk(self, where: str, content: bytes, start: int, end: int) -> str:
        if self._chance.random() < 0.3:
            assert offset_of(self._raw, where, acknowledged=start) == start
        piece = content[start:end]
        if self._chance.random() < 0.5:
            sent = self._raw.send("PATCH", where, iter([piece]))
        else:
            sent = self._raw.send("PATCH", where, piece, {"Content-Range": f"{start}-{end - 1}"})
        assert sent.status == 202, sent
        assert sent.headers["range"] == f"0-{end - 1}"
        self._told.offsets[path_of(where)] = end
        return target_of(sent)

    def _cuts(self, size: int) -> list[int]:
        """Where chunks begin and end: one, or several that end anywhere."""
        inside = (
            [self._chance.randrange(1, size) for _ in range(self._chance.choice((0, 1, 3)))]
            if size > 1
            else []
        )
        return sorted({0, size, *inside})


class EcrPusher:
    """Pushes by the ECR API alone, in parts."""

    def __init__(
        self, ecr: "ECRClient", repository: str, told: Acknowledged, part_bytes: int = 5 << 20
    ) -> None:
        self._ecr = ecr
        self._repository = repository
        self._told = told
        self._part_bytes = part_bytes

    def push(self, image: TestImage) -> None:
        for digest, content in image.content.items():
            self._push_layer(digest, content)
        self._ecr.put_image(
            repositoryName=self._repository,
            imageManifest=image.manifest.decode(),
            imageManifestMediaType=OCI_MANIFEST,
            imageTag=image.tag,
        )
        self._told.images.append((self._repository, image))

    def _push_layer(self, digest: str, content: bytes) -> None:
        upload = self._ecr.initiate_layer_upload(repositoryName=self._repository)["uploadId"]
        for start in range(0, len(content), self._part_bytes):
            piece = content[start : start + self._part_bytes]
            self._ecr.upload_layer_part(
                repositoryName=self._repository,
                uploadId=upload,
                partFirstByte=start,
                partLastByte=start + len(piece) - 1,
                layerPartBlob=piece,
            )
        self._ecr.complete_layer_upload(
            repositoryName=self._repository, uploadId=upload, layerDigests=[digest]
        )


def pull(raw: RawRegistry, repository: str, image: TestImage) -> None:
    """Fails unless the image comes back whole, by tag and by digest."""
    for reference in (image.tag, image.digest):
        got = raw.send("GET", f"/v2/{repository}/manifests/{reference}", headers={"Accept": OCI_MANIFEST})
        assert (got.status, got.body) == (200, image.manifest), (reference, got.status, got.body[:300])
    for digest, content in image.content.items():
        blob = raw.send("GET", f"/v2/{repository}/blobs/{digest}")
        assert (blob.status, blob.body == content) == (200, True), (digest, len(content), blob.status)


def offset_of(raw: RawRegistry, where: str, *, acknowledged: int) -> int:
    """How many bytes the server holds of an upload; `0-0` stands for none and for one (as with ECR)."""
    state = raw.send("GET", where)
    assert state.status == 204, state
    last = int(state.headers["range"].partition("-")[2])
    return last + 1 if last else min(acknowledged, 1)


def path_of(where: str) -> str:
    return where.partition("?")[0]


def registry_of(server: Entrepot) -> RawRegistry:
    """The registry protocol, logged in."""
    return RawRegistry(server.host, server.port, server.password())


def tags_of(server: Entrepot, repository: str) -> Sequence[str]:
    pages = (
        server.ecr()
        .get_paginator("list_images")
        .paginate(repositoryName=repository, filter={"tagStatus": "TAGGED"})
    )
    return sorted(image["imageTag"] for page in pages for image in page["imageIds"])
