"""A blob as a repository holds it."""

from dataclasses import dataclass

from entrepot.domain.digests import Digest

PART_BYTES = 10 * 1024 * 1024  # what ECR asks for
LEAST_PART_BYTES = 5 * 1024 * 1024  # of every part but the last (ECR service quotas)
MOST_PART_BYTES = 20 * 1024 * 1024  # UploadLayerPart's own bound (ecr model)
LAYER_LIMIT_BYTES = 52_000 * 1024 * 1024  # ECR service quotas


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer, config or other blob that a repository holds, and where its bytes are.

    `media_type` is what some image here calls it, None where none does or nobody asked.
    """

    digest: Digest
    blob_key: str
    size_bytes: int
    wrapped_key: bytes | None
    media_type: str | None = None
