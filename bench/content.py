"""What the servers are filled with: blobs, a manifest and images, the same on every server."""

import gzip
import hashlib
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

REPOSITORY = "bench"
TAG = "latest"
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
LAYERS_AN_IMAGE = 10
LAYER_BYTES = 16 << 20

_BLOCK_BYTES = 1 << 20
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes without meaning, the same for the same size."""

    size_bytes: int

    @property
    def digest(self) -> str:
        return _digest_of(self.size_bytes)

    def chunks(self) -> Iterator[bytes]:
        block, left = _block(), self.size_bytes
        while left > 0:
            yield block[:left]
            left -= len(block)


SMALL_BLOB = Blob(4 << 10)


def manifest() -> bytes:
    """An image of one layer, which is its configuration too: no registry looks inside."""
    descriptor = {"size": SMALL_BLOB.size_bytes, "digest": SMALL_BLOB.digest}
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", **descriptor},
            "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", **descriptor}],
        }
    ).encode()


def manifest_digest() -> str:
    return _sha256(manifest())


def write_image(folder: Path) -> None:
    """An OCI layout with one image, tagged `latest`, whose layers nobody has seen before."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    layers = [_write_layer(blobs) for _ in range(LAYERS_AN_IMAGE)]
    config = _write(
        blobs,
        _CONFIG_TYPE,
        _json(
            {
                "architecture": "amd64",
                "os": "linux",
                "rootfs": {"type": "layers", "diff_ids": [plain for plain, _ in layers]},
            }
        ),
    )
    media_type = "application/vnd.oci.image.manifest.v1+json"
    image = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": config,
        "layers": [descriptor for _, descriptor in layers],
    }
    listed = {
        **_write(blobs, media_type, _json(image)),
        "annotations": {"org.opencontainers.image.ref.name": TAG},
    }
    (folder / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
    (folder / "index.json").write_bytes(_json({"schemaVersion": 2, "manifests": [listed]}))


def _write_layer(blobs: Path) -> tuple[str, dict[str, object]]:
    """The digest of a new layer before compression, and the descriptor of its file."""
    content = os.urandom(32) + _block() * (LAYER_BYTES // _BLOCK_BYTES)
    # Stored, not compressed: what is compressed already, skopeo sends as it is.
    return _sha256(content), _write(blobs, _LAYER_TYPE, gzip.compress(content, compresslevel=0))


def _write(blobs: Path, media_type: str, content: bytes) -> dict[str, object]:
    digest = _sha256(content)
    (blobs / digest.removeprefix("sha256:")).write_bytes(content)
    return {"mediaType": media_type, "size": len(content), "digest": digest}


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


def _sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@lru_cache
def _block() -> bytes:
    return random.Random("entrepot").randbytes(_BLOCK_BYTES)


@lru_cache
def _digest_of(size_bytes: int) -> str:
    state = hashlib.sha256()
    for chunk in Blob(size_bytes).chunks():
        state.update(chunk)
    return "sha256:" + state.hexdigest()
