"""An image as one file that `docker load` and `skopeo` read: an OCI layout with docker's manifest beside it.

    oci-layout                  {"imageLayoutVersion": "1.0.0"}
    index.json                  one manifest, by digest, with its name
    manifest.json               what `docker load` reads: config and layers by path, names
    blobs/sha256/HEX            manifest, config, layers (tar, gzip)

Nothing in it depends on when or where it was written: the same files give the same digest.
"""

import gzip
import hashlib
import json
import stat
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, slots=True)
class Owned:
    """A path that is not root's: its owner and its mode."""

    uid: int
    mode: int


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: the bytes that travel, the digest of what they unpack to, what they are."""

    content: bytes
    unpacked_digest: str
    unpacked_bytes: int
    says: str


@dataclass(frozen=True, slots=True)
class Image:
    """The blobs of an image; its digest is that of its manifest."""

    manifest: bytes
    config: bytes
    layers: tuple[Layer, ...]

    @property
    def digest(self) -> str:
        return sha256(self.manifest)


def pack_layer(
    root: Path, paths: Iterable[str], *, says: str, seconds: int, owned: Mapping[str, Owned]
) -> Layer:
    """A layer of these files and links of the root, and of the folders they lie in."""
    wanted = set(paths)
    for path in list(wanted):
        wanted.update(str(parent) for parent in Path(path).parents if str(parent) != ".")
    raw = BytesIO()
    unpacked_bytes = 0
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(wanted):
            entry = _entry(root / path, path, seconds, owned.get(path))
            content = (root / path).read_bytes() if entry.isreg() else b""
            unpacked_bytes += len(content)
            archive.addfile(entry, BytesIO(content))
    packed = gzip.compress(raw.getvalue(), compresslevel=6, mtime=0)
    return Layer(packed, sha256(raw.getvalue()), unpacked_bytes, says)


def _entry(file: Path, path: str, seconds: int, owned: Owned | None) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.mtime = seconds
    entry.mode = 0o755
    if file.is_symlink():
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, str(file.readlink()), 0o777
    elif file.is_dir():
        entry.type = tarfile.DIRTYPE
    else:
        entry.size = file.stat().st_size
        entry.mode = 0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644
    if owned is not None:
        entry.uid = entry.gid = owned.uid
        entry.mode = owned.mode
    return entry


def assemble(
    layers: tuple[Layer, ...], *, architecture: str, created: str, config: Mapping[str, object]
) -> Image:
    """The image of these layers; `config` is what a container starts with."""
    history = [{"created": created, "created_by": layer.says} for layer in layers]
    configuration = _json(
        {
            "architecture": architecture,
            "os": "linux",
            "created": created,
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [layer.unpacked_digest for layer in layers]},
            "history": history,
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(_CONFIG, configuration),
            "layers": [_descriptor(_LAYER, layer.content) for layer in layers],
        }
    )
    return Image(manifest, configuration, layers)


def write(image: Image, name: str, file: Path) -> None:
    """The archive, `name` as `entrepot:0.1.0`."""
    reference = {
        "org.opencontainers.image.ref.name": name.rpartition(":")[2],
        "io.containerd.image.name": name,
    }
    index = {
        "schemaVersion": 2,
        "manifests": [{**_descriptor(_MANIFEST, image.manifest), "annotations": reference}],
    }
    for_docker = [
        {
            "Config": _place(image.config),
            "RepoTags": [name],
            "Layers": [_place(layer.content) for layer in image.layers],
        }
    ]
    members = {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _json(index),
        "manifest.json": _json(for_docker),
        _place(image.manifest): image.manifest,
        _place(image.config): image.config,
        **{_place(layer.content): layer.content for layer in image.layers},
    }
    draft = file.with_name(f".{file.name}")
    with tarfile.open(draft, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, BytesIO(content))
    draft.rename(file)


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _place(content: bytes) -> str:
    return f"blobs/{sha256(content).replace(':', '/')}"


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": sha256(content), "size": len(content)}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
