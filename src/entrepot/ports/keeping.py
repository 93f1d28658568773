"""The rows of what keeps images, as the use cases ask for them; every method belongs to one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from entrepot.domain.digests import Digest
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.pins import Pin
from entrepot.domain.repositories import Repository
from entrepot.domain.usage import Cluster, Use


class Pins(Protocol):
    """Pinned images, also those whose time is over; an image has one pin or none."""

    async def find(self, repository_id: str, digest: Digest) -> Pin | None: ...

    async def put(self, repository: Repository, pin: Pin) -> None:
        """Pin it, in place of the pin that it had."""

    async def remove(self, repository_id: str, digest: Digest) -> None: ...

    async def of_images(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, Pin]: ...

    async def page(self, repository_id: str, *, after: str, limit: int) -> list[Pin]:
        """By digest."""

    async def of_registry(
        self, registry: Registry, *, after: tuple[str, str], limit: int
    ) -> list[tuple[RepositoryName, Pin]]:
        """By name and digest; those of removed repositories are left out."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a cluster said last; `version` is another for each time that it said something."""

    id: str
    cluster: Cluster
    version: str
    reported_by: str
    reported_at: datetime
    expires_at: datetime
    images: int


@dataclass(frozen=True, slots=True)
class UsedImage:
    """An image that a report names."""

    repository_id: str
    digest: Digest


class Usage(Protocol):
    """What clusters run; reports that are over stay until they are cleared."""

    async def find(self, cluster: Cluster) -> Report | None: ...

    async def put(self, report: Report) -> None:
        """Write the report without its images; one of its cluster that is there already keeps its id."""

    async def reports(self, registry: Registry, *, after: str, limit: int) -> list[Report]:
        """By the name of the cluster."""

    async def ended(self, before: datetime, limit: int) -> list[Report]:
        """Reports that were over before then, the longest first."""

    async def remove(self, report_id: str, version: str) -> bool:
        """Remove the report without its images; False where the cluster has said something since."""

    async def images(self, report_id: str, *, after: tuple[str, str], limit: int) -> list[UsedImage]:
        """By repository id and digest."""

    async def add_images(self, report_id: str, images: Sequence[UsedImage]) -> None:
        """May be repeated."""

    async def remove_images(self, report_id: str, images: Sequence[UsedImage]) -> None: ...

    async def of_images(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, list[Use]]:
        """An entry only for images that some report names, over or not."""

    async def of_repository(
        self, repository_id: str, *, after: tuple[str, str], limit: int
    ) -> list[tuple[Digest, str, Use]]:
        """(digest, report id, use), in that order."""
