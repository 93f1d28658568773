"""A registry with real images in it, pushed over the registry protocol."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.clients.oci_layout import layer_of
from tests.clients.raw_registry import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    RawRegistry,
    sha256,
)
from tests.engines.entrepot import Entrepot

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient


@dataclass(frozen=True, slots=True)
class Registry:
    """The root's registry in one region."""

    server: Entrepot
    region: str

    def ecr(self) -> "ECRClient":
        return self.server.ecr(self.region)

    def create(self, *names: str) -> str:
        """Make repositories and return the name of the last."""
        for name in names:
            self.server.create_repository(name, region=self.region)
        return names[-1]

    def push_image(
        self,
        repository: str,
        *tags: str,
        config: Mapping[str, object] | None = None,
        layers: Sequence[bytes] = (b"a layer",),
        archives: Sequence[bytes] = (),
        architecture: str = "amd64",
        history: Sequence[Mapping[str, object]] = (),
        **members: object,
    ) -> str:
        """Push an image and return its digest; `config` is what a container is started with.

        Its layers are the `archives`, without any a file with each of the `layers`.
        """
        raw = self._raw()
        contents = archives or [layer_of({"content": layer}) for layer in layers]
        image = {
            "architecture": architecture,
            "os": "linux",
            "created": "2026-11-01T12:00:00Z",
            "config": config or {},
            "rootfs": {"type": "layers", "diff_ids": [sha256(content) for content in contents]},
            "history": list(history),
        }
        packed = [gzip.compress(content, mtime=0) for content in contents]
        encoded = json.dumps(image).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _push_blob(raw, repository, OCI_CONFIG, encoded),
            "layers": [_push_blob(raw, repository, OCI_LAYER, content) for content in packed],
            **members,
        }
        return _push_manifest(raw, repository, OCI_MANIFEST, manifest, tags)

    def push_artifact(self, repository: str, *tags: str, kind: str, content: bytes, **members: object) -> str:
        """Push something that is no image: its config and its one layer have the media type `kind`."""
        raw = self._raw()
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _push_blob(raw, repository, kind, b"{}"),
            "layers": [_push_blob(raw, repository, kind, content)],
            **members,
        }
        return _push_manifest(raw, repository, OCI_MANIFEST, manifest, tags)

    def push_index(self, repository: str, *tags: str, parts: Mapping[str, str]) -> str:
        """Push an index of images that are there, by architecture, and return its digest."""
        raw = self._raw()
        manifests = [
            {
                "mediaType": OCI_MANIFEST,
                "digest": digest,
                "size": len(raw.send("GET", f"/v2/{repository}/manifests/{digest}").body),
                "platform": {"os": "linux", "architecture": architecture},
            }
            for architecture, digest in parts.items()
        ]
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
        return _push_manifest(raw, repository, OCI_INDEX, index, tags)

    def _raw(self) -> RawRegistry:
        return RawRegistry(self.server.host, self.server.port, self.server.password(self.region))


def _push_blob(raw: RawRegistry, repository: str, media_type: str, content: bytes) -> dict[str, object]:
    digest = sha256(content)
    pushed = raw.send("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", content)
    assert pushed.status == 201, pushed
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _push_manifest(
    raw: RawRegistry,
    repository: str,
    media_type: str,
    manifest: Mapping[str, object],
    tags: Sequence[str],
) -> str:
    content = json.dumps(manifest).encode()
    digest = sha256(content)
    for reference in tags or (digest,):
        pushed = raw.send(
            "PUT", f"/v2/{repository}/manifests/{reference}", content, {"Content-Type": media_type}
        )
        assert pushed.status == 201, pushed
    return digest
