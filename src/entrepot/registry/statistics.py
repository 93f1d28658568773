"""How much repositories, images and registries hold and how they are used, for whoever asks."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from entrepot.domain.days import day_of
from entrepot.domain.digests import Digest
from entrepot.domain.errors import InvalidParameter, Refusal
from entrepot.domain.images import ImageId
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.repositories import Repository
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.ports.statistics import DayPoint, ImagePulls, Ranked, Ranking, RegistryTotal, RepositoryTotal
from entrepot.registry.image_ids import ImageFailure, resolve_image
from entrepot.registry.registry_totals import DAYS_KEPT

MayBeNamed = Callable[[RepositoryName], Awaitable[bool]]
"""Whether the caller may know of the repository."""

_DEFAULT_DAYS = timedelta(days=30)
_LOOKED_AT = 1000  # repositories of an order, where the caller may know of few


@dataclass(frozen=True, slots=True)
class RepositoryStatistics:
    """A repository, by name, and what is known of it."""

    registry: Registry
    name: RepositoryName
    total: RepositoryTotal


@dataclass(frozen=True, slots=True)
class RegistryStatistics:
    """A registry, and the first of its repositories in each order; no total before one was added up."""

    total: RegistryTotal | None
    ranked: dict[Ranking, list[RepositoryStatistics]]


class Statistics:
    """Reads totals, which others keep."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of_repositories(self, repositories: Sequence[Repository]) -> list[RepositoryStatistics]:
        """Each as it is now, in the order asked."""
        totals = await self._totals([repository.id for repository in repositories])
        return [
            RepositoryStatistics(
                repository.registry, repository.name, totals.get(repository.id, RepositoryTotal())
            )
            for repository in repositories
        ]

    async def of_images(
        self, repository: Repository, ids: Sequence[ImageId]
    ) -> tuple[list[tuple[ImageId, ImagePulls]], list[ImageFailure]]:
        """The pulls of each image that was found, in the order asked, and why the others were not."""

        async def body(records: Records) -> tuple[list[tuple[ImageId, ImagePulls]], list[ImageFailure]]:
            found = list[tuple[ImageId, Digest]]()
            failures: list[ImageFailure] = []
            for image_id in ids:
                try:
                    image = await resolve_image(records, repository, image_id)
                except Refusal as refusal:
                    failures.append(ImageFailure(image_id, refusal))
                else:
                    found.append((replace(image_id, digest=image.digest), image.digest))
            pulls = await records.statistics.pulls(repository.id, [digest for _, digest in found])
            return [(image_id, pulls[digest]) for image_id, digest in found if digest in pulls], failures

        return await self._store.read(body)

    async def of_registry(
        self, registry: Registry, *, limit: int, may_be_named: MayBeNamed
    ) -> RegistryStatistics:
        """Totals, and up to `limit` repositories of each order that the caller may know of."""
        total = await self._store.read(lambda records: records.statistics.registry(registry))
        ranked = {
            ranking: await self._first(registry, ranking, limit=limit, may_be_named=may_be_named)
            for ranking in Ranking
        }
        return RegistryStatistics(total, ranked)

    async def days_of_repository(
        self, repository: Repository, *, since: datetime | None, until: datetime | None
    ) -> list[DayPoint]:
        """A point for each day of the stretch since the first that is known."""
        first, last = self._stretch(since, until)
        points = await self._store.scan(
            lambda records: records.statistics.days(repository.id, first=first, last=last)
        )
        return every_day(points, first=first, last=last)

    async def days_of_registry(
        self, registry: Registry, *, since: datetime | None, until: datetime | None
    ) -> list[DayPoint]:
        """The same of a registry."""
        first, last = self._stretch(since, until)
        points = await self._store.scan(
            lambda records: records.statistics.registry_days(registry, first=first, last=last)
        )
        return every_day(points, first=first, last=last)

    def _stretch(self, since: datetime | None, until: datetime | None) -> tuple[int, int]:
        """The first and the last day that are told of: none that is still to come, none that is forgotten."""
        now = self._clock()
        until = min(until or now, now)
        since = since or until - _DEFAULT_DAYS
        if since > until:
            raise InvalidParameter("startTime", "must not be after endTime")
        return max(day_of(since), day_of(now) - DAYS_KEPT), day_of(until)

    async def _totals(self, repository_ids: Sequence[str]) -> dict[str, RepositoryTotal]:
        return await self._store.scan(lambda records: records.statistics.totals(repository_ids))

    async def _first(
        self, registry: Registry, ranking: Ranking, *, limit: int, may_be_named: MayBeNamed
    ) -> list[RepositoryStatistics]:
        named: list[Ranked] = []
        after, looked_at = None, 0
        while len(named) < limit and looked_at < _LOOKED_AT:
            page = await self._store.scan(partial(_ranked, registry, ranking, after, limit))
            named += [each for each in page if await may_be_named(each.name)]
            looked_at += len(page)
            if len(page) < limit:
                break
            after = page[-1].rank
        totals = await self._totals([each.repository_id for each in named[:limit]])
        return [
            RepositoryStatistics(registry, each.name, totals.get(each.repository_id, RepositoryTotal()))
            for each in named[:limit]
        ]


def every_day(points: Sequence[DayPoint], *, first: int, last: int) -> list[DayPoint]:
    """A point for each day: one without a change is as the day before it."""
    told = {point.day: point for point in points}
    latest = next((point for point in reversed(points) if point.day < first), None)
    filled: list[DayPoint] = []
    for day in range(first, last + 1):
        latest = told.get(day, latest)
        if latest is not None:
            filled.append(replace(latest, day=day))
    return filled


async def _ranked(
    registry: Registry,
    ranking: Ranking,
    after: tuple[int, int, str] | None,
    limit: int,
    records: Records,
) -> list[Ranked]:
    return await records.statistics.ranked(registry, ranking, after=after, limit=limit)
