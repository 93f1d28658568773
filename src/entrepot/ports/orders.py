"""Repositories and images in an order by what is known of them, as rows; each belongs to one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from entrepot.domain.digests import Digest
from entrepot.domain.images import ImageStatus
from entrepot.domain.names import Registry, RepositoryName

Place = tuple[int | str, ...]
"""Where a row stands in its order: what it is ordered by, and at the end what tells equal ones apart."""


class RepositoryOrder(StrEnum):
    """What repositories are put in order by, as their totals say; changes that wait are left out."""

    NAME = "name"
    IMAGES = "images"
    SIZE = "size"
    PULLS = "pulls"
    LAST_PUSH = "last-push"
    LAST_PULL = "last-pull"


class ImageOrder(StrEnum):
    """What images of a repository are put in order by."""

    DIGEST = "digest"
    PULLS = "pulls"


@dataclass(frozen=True, slots=True)
class PlacedRepository:
    """A repository and where it stands; no name of one that is in the recycle bin."""

    repository_id: str
    name: RepositoryName | None
    place: Place


@dataclass(frozen=True, slots=True)
class PlacedImage:
    """An image as it is told in a list, and where it stands."""

    digest: Digest
    media_type: str
    artifact_type: str | None
    size_bytes: int
    pushed_at: datetime
    last_pulled_at: datetime | None
    pulls: int
    status: ImageStatus
    place: Place


class Orders(Protocol):
    """Pages of an order; `after` is the place of the last row of the page before, None at the start."""

    async def repositories(
        self,
        registry: Registry,
        order: RepositoryOrder,
        *,
        is_descending: bool,
        after: Place | None,
        limit: int,
    ) -> Sequence[PlacedRepository]:
        """Equal ones by id; in an order other than by name, only those that have a total."""

    async def pulled_images(
        self, repository_id: str, *, is_descending: bool, after: Place | None, limit: int
    ) -> Sequence[PlacedImage]:
        """Images that were pulled, by how often and then by digest."""

    async def images(
        self, repository_id: str, *, is_descending: bool, after: Place | None, limit: int
    ) -> Sequence[PlacedImage]:
        """All images by digest."""
