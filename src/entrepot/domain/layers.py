"""A blob as a repository holds it."""

from dataclasses import dataclass
from enum import StrEnum

from entrepot.domain.digests import Digest

PART_BYTES = 10 * 1024 * 1024  # what ECR asks for
LEAST_PART_BYTES = 5 * 1024 * 1024  # of every part but the last (ECR service quotas)
MOST_PART_BYTES = 20 * 1024 * 1024  # UploadLayerPart's own bound (ecr model)
LAYER_LIMIT_BYTES = 52_000 * 1024 * 1024  # ECR service quotas


class Packing(StrEnum):
    """How the bytes of a blob were made smaller for the archive tier."""

    NONE = "none"
    ZSTD = "zstd"


@dataclass(frozen=True, slots=True)
class InArchive:
    """That a blob's bytes lie in the archive tier, how, and how many of them, before sealing."""

    packing: Packing
    packed_bytes: int


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer, config or other blob that a repository holds, and where its bytes are.

    `media_type` is what some image here calls it, None where none does or nobody asked. `is_archived` says
    that only archived images use it here; `in_archive` where its bytes are: that of all repositories decides.
    """

    digest: Digest
    blob_key: str
    size_bytes: int
    wrapped_key: bytes | None
    media_type: str | None = None
    is_archived: bool = False
    in_archive: InArchive | None = None
