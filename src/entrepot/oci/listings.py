"""The tags of a repository and the repositories of a registry, a page at a time."""

from collections.abc import Mapping, Sequence

import orjson
from aiohttp import web

from entrepot.domain.repositories import Repository
from entrepot.oci.links import next_link
from entrepot.oci.visits import Visit
from entrepot.registry.catalog import Catalog
from entrepot.registry.listings import Listings


class NameLists:
    """`/v2/_catalog` and `/v2/<name>/tags/list`."""

    def __init__(self, catalog: Catalog, listings: Listings) -> None:
        self._catalog = catalog
        self._listings = listings

    async def repositories(self, visit: Visit) -> web.StreamResponse:
        """The names of repositories, bytewise."""
        limit, after = _page(visit)
        found = await self._catalog.after(visit.registry, after=after, limit=limit + 1)
        names = [repository.name for repository in found]
        return _answer({"repositories": names[:limit]}, _next("/v2/_catalog", names, limit))

    async def tags(self, visit: Visit, repository: Repository) -> web.StreamResponse:
        """The tags, bytewise."""
        limit, after = _page(visit)
        tags = await self._listings.tags(repository, after=after, limit=limit + 1)
        path = f"/v2/{repository.name}/tags/list"
        return _answer({"name": repository.name, "tags": tags[:limit]}, _next(path, tags, limit))


def _page(visit: Visit) -> tuple[int, str]:
    return visit.query.page_length(), visit.query.find("last") or ""


def _next(path: str, found: Sequence[str], limit: int) -> dict[str, str]:
    """The link to what comes after a page, from a query for one entry more than the page holds."""
    if limit == 0 or len(found) <= limit:
        return {}
    return next_link(path, ("n", str(limit)), ("last", found[limit - 1]))


def _answer(content: Mapping[str, object], link: Mapping[str, str]) -> web.Response:
    return web.Response(body=orjson.dumps(content), headers={"Content-Type": "application/json", **link})
