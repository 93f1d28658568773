"""Images made by hand as OCI layout folders, for what no builder writes."""

import gzip
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.clients.raw_registry import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, sha256


@dataclass(frozen=True, slots=True)
class Layout:
    """A folder in which content lies under its digest."""

    folder: Path

    def add(self, content: bytes) -> str:
        digest = sha256(content)
        place = self.folder / "blobs" / "sha256" / digest.removeprefix("sha256:")
        place.write_bytes(content)
        return digest

    def add_image(
        self, *, architecture: str = "amd64", has_media_type: bool = True, layer: bytes | None = None
    ) -> bytes:
        """The manifest's bytes, stored with all they name; umoci is one that writes it without mediaType."""
        layer = layer or layer_of({"greeting": b"hello"})
        # Content that is not compressed is compressed on the way by skopeo, which changes the manifest.
        compressed = gzip.compress(layer, mtime=0)
        config = json.dumps(
            {
                "architecture": architecture,
                "os": "linux",
                "rootfs": {"type": "layers", "diff_ids": [sha256(layer)]},
            }
        ).encode()
        manifest = {
            "schemaVersion": 2,
            "config": describe(OCI_CONFIG, config),
            "layers": [describe(OCI_LAYER, compressed)],
        }
        if has_media_type:
            manifest["mediaType"] = OCI_MANIFEST
        for content in (config, compressed):
            self.add(content)
        encoded = json.dumps(manifest).encode()
        self.add(encoded)
        return encoded

    def add_index(self, *architectures: str) -> bytes:
        """An index of images whose only file, `platform`, says their architecture."""
        children = []
        for architecture in architectures:
            layer = layer_of({"platform": architecture.encode()})
            image = self.add_image(architecture=architecture, layer=layer)
            platform = {"os": "linux", "architecture": architecture}
            children.append(describe(OCI_MANIFEST, image) | {"platform": platform})
        encoded = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children}).encode()
        self.add(encoded)
        return encoded

    def name(self, media_type: str, manifest: bytes) -> str:
        """Make it the layout's only entry, and give the reference by which skopeo finds it."""
        (self.folder / "index.json").write_text(
            json.dumps({"schemaVersion": 2, "manifests": [describe(media_type, manifest)]})
        )
        return f"oci:{self.folder}"


def open_layout(folder: Path) -> Layout:
    (folder / "blobs" / "sha256").mkdir(parents=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return Layout(folder)


def layer_of(files: dict[str, bytes]) -> bytes:
    """The archive of a layer, not compressed, for clients that unpack what they pull."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return layer.getvalue()


def describe(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": sha256(content), "size": len(content)}
