"""How much repositories hold and how they are used, as rows; every method belongs to one transaction.

A transaction that adds or takes away images or tags leaves what it changed, so that the sum is true whenever
it is durable. A job adds those changes to the totals now and then: a total is what was added up and what was
not yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from entrepot.domain.digests import Digest
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.repositories import Repository


@dataclass(frozen=True, slots=True)
class Holding:
    """What can be counted of a repository; of a change, the difference that it makes.

    `size_bytes` is the sum of the images' sizes, each as ECR counts it.
    """

    images: int = 0
    tags: int = 0
    size_bytes: int = 0

    def __str__(self) -> str:
        return f"{self.images} images, {self.tags} tags and {self.size_bytes} bytes"

    def __add__(self, other: "Holding") -> "Holding":
        return Holding(self.images + other.images, self.tags + other.tags, self.size_bytes + other.size_bytes)

    def __sub__(self, other: "Holding") -> "Holding":
        return Holding(self.images - other.images, self.tags - other.tags, self.size_bytes - other.size_bytes)


@dataclass(frozen=True, slots=True)
class UniqueBytes:
    """The layers that images of a repository refer to, each once, as a job found them at that time."""

    size_bytes: int
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class RepositoryTotal:
    """What a repository holds now, and how it was used.

    `counts` is how often it was counted from the rows themselves, 0 where that is still to come: until then
    `holding` is only what has changed. `pushed_at` is when a push last added an image or pointed a tag.
    """

    holding: Holding = Holding()
    pulls: int = 0
    pushed_at: datetime | None = None
    pulled_at: datetime | None = None
    counts: int = 0
    counted_at: datetime | None = None
    unique: UniqueBytes | None = None


@dataclass(frozen=True, slots=True)
class ImagePulls:
    """How often an image was pulled, and when last."""

    pulls: int
    last_pulled_at: datetime | None


@dataclass(frozen=True, slots=True)
class CountTurn:
    """A repository, by id, with what its total says of being counted."""

    repository_id: str
    counts: int
    counted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Some rows of a table, added up; `last` is the end of the page, None where nothing comes after it."""

    holding: Holding
    last: str | None
    latest: datetime | None = None


class Ranking(StrEnum):
    """An order of a registry's repositories, each from the most to the least."""

    LARGEST = "largest"
    MOST_PULLED = "most-pulled"
    NEVER_PULLED = "never-pulled"  # the largest first


Rank = tuple[int, int, str]
"""Where a repository stands: pulls, bytes, id."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A repository in an order, and where it stands there."""

    repository_id: str
    name: RepositoryName
    rank: Rank


@dataclass(frozen=True, slots=True)
class RegistrySum:
    """All repositories of a registry together."""

    repositories: int = 0
    holding: Holding = Holding()
    pulls: int = 0


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """What a registry's repositories hold, each blob once; `shared_bytes` of it more than one image has."""

    size_bytes: int
    shared_bytes: int
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class RegistryTotal:
    """A registry as a job last added it up."""

    sum: RegistrySum
    added_up_at: datetime | None
    stored: StoredBytes | None


@dataclass(frozen=True, slots=True)
class SumRow:
    """A repository's total as it is added to its registry's; changes that wait are left out."""

    repository_id: str
    registry: Registry
    holding: Holding
    pulls: int


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A blob that a repository holds; `users` is how many images there have it, 2 standing for more too."""

    blob_key: str
    repository_id: str
    registry: Registry
    size_bytes: int
    users: int


@dataclass(frozen=True, slots=True)
class DayPoint:
    """How much there was at the end of a day, which is a number of days since 1970 in UTC.

    Of a repository `repositories` and `stored_bytes` say nothing.
    """

    day: int
    holding: Holding
    pulls: int
    repositories: int | None = None
    stored_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class UsedLayer:
    """A layer or config of an image; key and size are None where the repository does not hold it."""

    digest: Digest
    media_type: str
    blob_key: str | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class Holder:
    """A repository that holds a blob."""

    repository_id: str
    name: RepositoryName


ChangeKey = tuple[str, str]
"""Repository id and id of a change."""


class Statistics(Protocol):
    """Totals of repositories and registries, and their days."""

    async def totals(self, repository_ids: Sequence[str]) -> dict[str, RepositoryTotal]:
        """Each with the changes that were not added yet; belongs into a scan, which sees both at once.

        No entry where nothing is known, as of a repository that is still to be counted.
        """

    async def pulls(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, ImagePulls]:
        """An entry for each image that is there."""

    async def changes(self, *, after: ChangeKey, limit: int) -> list[ChangeKey]:
        """Changes that wait to be added, by key."""

    async def fold(self, repository_id: str, ids: Sequence[str], *, now: datetime) -> int:
        """Add these changes to the repository's total and to its day, and forget them; how many there were.

        One that somebody else has added meanwhile is not added twice.
        """

    async def turns(self, *, after: str, limit: int) -> list[CountTurn]:
        """Every repository by id, whether it has a total or not."""

    async def count_images(self, repository_id: str, *, after: str, limit: int) -> Tally:
        """Count up to `limit` images by digest, with their bytes and when the latest was pushed."""

    async def count_tags(self, repository_id: str, *, after: str, limit: int) -> Tally:
        """Count up to `limit` tags."""

    async def correct(
        self,
        repository_id: str,
        difference: Holding,
        *,
        counts: int,
        pushed_at: datetime | None,
        now: datetime,
    ) -> bool:
        """Add what was missing to a total that was counted so often; False where it was counted since."""

    async def due_for_unique(self, *, idle_since: datetime, limit: int) -> list[tuple[str, datetime]]:
        """Repositories that changed since their unique bytes were computed, and when they last did.

        Those that were computed after `idle_since` wait.
        """

    async def held(self, repository_id: str, *, after: str, limit: int) -> list[tuple[Digest, int]]:
        """Digest and bytes of layers that the repository holds, 0 bytes for one that no image refers to."""

    async def put_unique(self, repository_id: str, unique: UniqueBytes, *, seen: datetime) -> None:
        """Note them; they are due again where the repository has changed after `seen`."""

    async def sums(self, *, after: str, limit: int) -> list[SumRow]:
        """Totals of repositories by id."""

    async def holders(self, *, after: tuple[str, str], limit: int) -> list[HeldRow]:
        """Every blob with each repository that holds it, by blob key and repository id."""

    async def put_sum(self, registry: Registry, added_up: RegistrySum, *, now: datetime) -> None:
        """Note what a registry has in all, and in its day."""

    async def put_stored(self, registry: Registry, stored: StoredBytes) -> None:
        """Note what a registry stores, and in its day; nothing happens before it was added up."""

    async def registry(self, registry: Registry) -> RegistryTotal | None:
        """None before it was added up."""

    async def registries(self, *, after: tuple[str, str], limit: int) -> list[Registry]:
        """Those that were ever added up, by account and region."""

    async def ranked(
        self, registry: Registry, ranking: Ranking, *, after: Rank | None, limit: int
    ) -> list[Ranked]:
        """Repositories in an order; changes that wait are left out."""

    async def layers_of(
        self, repository_id: str, image: Digest, *, after: str, limit: int
    ) -> list[UsedLayer]:
        """What an image refers to, by digest."""

    async def holders_of(self, registry: Registry, blob_key: str, *, limit: int) -> list[Holder]:
        """Repositories of the registry that hold the blob, by id."""

    async def used_by_others(
        self, repository_id: str, layers: Sequence[Digest], images: Sequence[Digest]
    ) -> set[Digest]:
        """Those of the layers that images of the repository have beside these."""

    async def held_by_others(self, repository: Repository, blob_keys: Sequence[str]) -> set[str]:
        """Those that other repositories of its registry hold."""

    async def days(self, repository_id: str, *, first: int, last: int) -> list[DayPoint]:
        """Points of the repository from the last before `first` to `last`: a day without change has none."""

    async def registry_days(self, registry: Registry, *, first: int, last: int) -> list[DayPoint]:
        """The same of a registry."""

    async def old_days(self, *, before: int, after: tuple[int, str], limit: int) -> list[tuple[int, str]]:
        """(day, repository id) of points older than that, by both."""

    async def forget_days(self, points: Sequence[tuple[int, str]], *, before: int) -> int:
        """Forget these but where one is the last before `before`, from which later days are told."""

    async def forget_registry_days(self, registry: Registry, *, before: int) -> int:
        """The same of a registry."""
