"""The rows of lifecycle policies, as the use cases ask for them; every method belongs to one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from entrepot.domain.digests import Digest
from entrepot.domain.lifecycle.policies import Action, StorageClass
from entrepot.domain.names import Registry, Tag


@dataclass(frozen=True, slots=True)
class KeptPolicy:
    """A repository's policy, and when it was last evaluated; None before the first time."""

    document: str
    last_evaluated_at: datetime | None


class LifecyclePolicies(Protocol):
    """The lifecycle policy of a repository, which has one or none, and when it is to be evaluated."""

    async def find(self, repository_id: str) -> KeptPolicy | None: ...

    async def put(self, repository_id: str, document: str, *, due_at: datetime) -> None:
        """Set the policy; it counts as never evaluated."""

    async def remove(self, repository_id: str) -> None: ...

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Ids of repositories whose turn has come, the longest waiting first."""

    async def postpone(self, repository_id: str, *, until: datetime) -> None:
        """The next turn is then."""

    async def hasten(self, repository_ids: Sequence[str], *, due_at: datetime) -> None:
        """The next turn is then at the latest; nothing happens to those without a policy."""

    async def note_evaluation(self, repository_id: str, document: str, at: datetime) -> None:
        """It was evaluated, if it is still this document."""


class PreviewStatus(StrEnum):
    """How far a preview is; EXPIRED is never kept, but told of one that is too old."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETE = "COMPLETE"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview of a policy, whose text is as it was given, with how many images it would act on."""

    id: str
    document: str
    status: PreviewStatus
    started_at: datetime
    expiring: int
    transitioning: int


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """An image that the policy would act on, as it was when the preview was made; positions begin with 1."""

    position: int
    digest: Digest
    tags: tuple[Tag, ...]
    pushed_at: datetime
    storage_class: StorageClass
    action: Action
    priority: int


class LifecyclePreviews(Protocol):
    """The preview of a repository, which has one or none, and its results."""

    async def find(self, repository_id: str) -> Preview | None: ...

    async def begin(self, repository_id: str, preview_id: str, document: str, at: datetime) -> None:
        """Begin a preview in place of the one that was; what that found is cleared with `clear_others`."""

    async def end(
        self, repository_id: str, preview_id: str, status: PreviewStatus, *, expiring: int, transitioning: int
    ) -> None:
        """Note how it ended, if another has not taken its place."""

    async def remove(self, repository_id: str, preview_id: str) -> None: ...

    async def old(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """(repository id, preview id) of those that began before then, oldest first."""

    async def add_results(
        self, repository_id: str, preview_id: str, results: Sequence[PreviewResult]
    ) -> None:
        """May be repeated."""

    async def results(
        self, repository_id: str, preview_id: str, *, after: int, limit: int, tagged: bool | None = None
    ) -> list[PreviewResult]:
        """By position; `tagged` keeps only images with tags (True) or without any (False)."""

    async def results_of(
        self, repository_id: str, preview_id: str, digests: Sequence[Digest]
    ) -> list[PreviewResult]:
        """Those of these images, by position."""

    async def clear(self, repository_id: str, preview_id: str, limit: int) -> int:
        """Delete up to `limit` results of the preview; how many went."""

    async def clear_others(self, repository_id: str, preview_id: str, limit: int) -> int:
        """Delete up to `limit` results of all previews of the repository but this one; how many went."""


class PullTimeExclusions(Protocol):
    """Users and roles of a registry whose pulls do not count."""

    async def page(self, registry: Registry, *, after: str, limit: int) -> list[str]:
        """ARNs, bytewise."""

    async def add(self, registry: Registry, principal_arn: str, at: datetime) -> bool:
        """False, and nothing written, when it is there."""

    async def remove(self, registry: Registry, principal_arn: str) -> bool:
        """False when it was not there."""
