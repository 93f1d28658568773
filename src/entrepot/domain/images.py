"""An image as its repository knows it, and the ways to name one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from entrepot.domain.digests import Digest
from entrepot.domain.names import Tag


class ImageStatus(StrEnum):
    """Whether an image can be pulled; ACTIVATING is on its way back from the archive."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"
    ACTIVATING = "ACTIVATING"


@dataclass(frozen=True, slots=True)
class Image:
    """A manifest kept in a repository; any artifact, not only a container image.

    `size_bytes` is what ECR reports: config and layers of a manifest, the largest child of an
    index. `manifest_bytes` is the length of the manifest itself. `archived_at` and `activated_at` are of
    the last time that it went into the archive, and that it was asked or had come back.
    """

    digest: Digest
    media_type: str
    artifact_type: str | None
    manifest_bytes: int
    size_bytes: int
    subject_digest: Digest | None
    annotations: Mapping[str, str]
    pushed_at: datetime
    last_pulled_at: datetime | None = None
    status: ImageStatus = ImageStatus.ACTIVE
    archived_at: datetime | None = None
    activated_at: datetime | None = None


class ImageLife(NamedTuple):
    """What lifecycle rules ask of an image beside its tags; a tuple, for there may be very many."""

    digest: Digest
    subject_digest: Digest | None
    pushed_at: datetime
    last_pulled_at: datetime | None
    status: ImageStatus
    archived_at: datetime | None
    activated_at: datetime | None


@dataclass(frozen=True, slots=True)
class ImageId:
    """A caller's way to name an image: by digest, by tag or by both, which must then agree."""

    digest: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class TaggedImage:
    """One row of ListImages: a digest under one of its tags, or under none."""

    digest: Digest
    tag: Tag | None


@dataclass(frozen=True, slots=True)
class PointedTag:
    """A tag, the image that has it, and since when."""

    tag: Tag
    digest: Digest
    pointed_at: datetime
