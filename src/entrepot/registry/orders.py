"""Repositories of a registry, and images of a repository, in an order by what is known of them, page by page.

Figures change while somebody reads: a row that moves meanwhile may come twice, or not at all.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from entrepot.domain.names import Registry, RepositoryName, Tag
from entrepot.domain.repositories import Repository
from entrepot.ports.orders import ImageOrder, Place, PlacedImage, PlacedRepository, RepositoryOrder
from entrepot.ports.records import Records, Store
from entrepot.ports.statistics import RepositoryTotal
from entrepot.registry.pages import Page, fetch_page
from entrepot.registry.sealed_tokens import SealedTokens
from entrepot.registry.statistics import MayBeNamed, RepositoryStatistics

_LOOKED_AT = 2000  # rows a page, where few may be told: such a page may be short, or empty
_FEWEST = 100  # rows a query, where many are passed over


@dataclass(frozen=True, slots=True)
class ListedImage:
    """An image, and its tags in bytewise order."""

    image: PlacedImage
    tags: Sequence[Tag]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some rows of an order that may be told, and where to go on; None at its end."""

    named: list[tuple[str, RepositoryName]]
    place: Place | None


class Orders:
    """Reads pages of orders, which indexes keep."""

    def __init__(self, store: Store, tokens: SealedTokens) -> None:
        self._store = store
        self._tokens = tokens

    async def repositories(
        self,
        registry: Registry,
        order: RepositoryOrder,
        *,
        is_descending: bool,
        token: str | None,
        limit: int,
        may_be_named: MayBeNamed,
    ) -> Page[RepositoryStatistics]:
        """Those that the caller may know of; a page with a token may have fewer than `limit`, or none.

        The order is that of the totals, the figures are those of now (decision 27).
        """
        of = ("repositories", registry.account, registry.region, order.value, _direction(is_descending))

        async def fetch(after: Place | None, size: int) -> Sequence[PlacedRepository]:
            return await fetch_page(
                self._store,
                size,
                lambda records: records.orders.repositories(
                    registry, order, is_descending=is_descending, after=after, limit=size
                ),
            )

        stretch = await tellable(fetch, self._tokens.read(of, token), limit, may_be_named)
        ids = [repository_id for repository_id, _ in stretch.named]
        totals = await self._store.scan(lambda records: records.statistics.totals(ids))
        told = [
            RepositoryStatistics(registry, name, totals.get(repository_id, RepositoryTotal()))
            for repository_id, name in stretch.named
        ]
        return Page(told, self._token(of, stretch.place))

    async def images(
        self,
        repository: Repository,
        order: ImageOrder,
        *,
        is_descending: bool,
        token: str | None,
        limit: int,
    ) -> Page[ListedImage]:
        """Images of any status. By pulls, those never pulled come by digest behind, or before, the others."""
        of = ("images", repository.id, order.value, _direction(is_descending))
        after = self._tokens.read(of, token)
        fetch = _by_pulls if order is ImageOrder.PULLS else _by_digest

        async def body(records: Records) -> tuple[list[ListedImage], Place | None]:
            found, place = await fetch(repository.id, is_descending, after, limit, records)
            tags = await records.tags.of_images(repository.id, [image.digest for image in found])
            return [ListedImage(image, tags.get(image.digest, [])) for image in found], place

        listed, place = await fetch_page(self._store, limit, body)
        return Page(listed, self._token(of, place))

    def _token(self, of: Sequence[str], place: Place | None) -> str | None:
        return None if place is None else self._tokens.write(of, place)


async def tellable(
    fetch: Callable[[Place | None, int], Awaitable[Sequence[PlacedRepository]]],
    after: Place | None,
    limit: int,
    may_be_named: MayBeNamed,
) -> Stretch:
    """At most `limit` rows behind `after` that may be told, from a bounded number that are looked at."""
    named: list[tuple[str, RepositoryName]] = []
    looked_at = 0
    while looked_at < _LOOKED_AT:
        size = max(limit - len(named), _FEWEST)
        rows = await fetch(after, size)
        for row in rows:
            if len(named) == limit:
                return Stretch(named, after)
            after = row.place
            if row.name is not None and await may_be_named(row.name):
                named.append((row.repository_id, row.name))
        if len(rows) < size:
            return Stretch(named, None)
        looked_at += len(rows)
    return Stretch(named, after)


_Images = tuple[list[PlacedImage], Place | None]


async def _by_digest(
    repository_id: str, is_descending: bool, after: Place | None, limit: int, records: Records
) -> _Images:
    found = await records.orders.images(
        repository_id, is_descending=is_descending, after=after, limit=limit + 1
    )
    return _cut(list(found), limit)


_PULLED, _NEVER_PULLED = "pulled", "never"


async def _by_pulls(
    repository_id: str, is_descending: bool, after: Place | None, limit: int, records: Records
) -> _Images:
    """Places begin with the part of the order that they are in."""
    parts = (_PULLED, _NEVER_PULLED) if is_descending else (_NEVER_PULLED, _PULLED)
    part, *place = after or (parts[0],)
    within = tuple(place) or None
    if part == _PULLED:
        rows = await records.orders.pulled_images(
            repository_id, is_descending=is_descending, after=within, limit=limit + 1
        )
        found, further = _cut(list(rows), limit)
    else:
        # From among all, by digest: those that were pulled are passed over, so the page may be short.
        rows = await records.orders.images(
            repository_id, is_descending=is_descending, after=within, limit=limit + 1
        )
        found, further = _cut(list(rows), limit)
        found = [image for image in found if image.pulls == 0]
    if further is not None:
        return found, (part, *further)
    return found, (parts[1],) if part == parts[0] else None


def _cut(rows: list[PlacedImage], limit: int) -> _Images:
    """At most `limit` of a query for one more, and the place of the last one where others follow."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], rows[limit - 1].place


def _direction(is_descending: bool) -> str:
    return "descending" if is_descending else "ascending"
