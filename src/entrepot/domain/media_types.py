"""The media types of manifests that the registry keeps."""

import re

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"

INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST}) | INDEXES

FOREIGN_LAYERS = frozenset(
    {
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    }
)
_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_TYPE = re.compile(f"{_NAME}/{_NAME}")


def is_media_type(text: str) -> bool:
    """A type and a subtype without parameters (RFC 6838, section 4.2)."""
    return len(text) <= 255 and _TYPE.fullmatch(text) is not None


def is_foreign_layer(media_type: str) -> bool:
    """Layers that stay with their vendor: a manifest may name them though nobody pushes them."""
    return media_type in FOREIGN_LAYERS


def without_parameters(header: str) -> str:
    """The bare type of a Content-Type header, lower case."""
    return header.partition(";")[0].strip().lower()
