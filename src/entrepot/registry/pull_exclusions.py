"""The list of users and roles whose pulls leave an image's last pull as it is."""

from datetime import datetime

from entrepot.domain.errors import ExclusionExists, ExclusionNotFound, TooMany
from entrepot.domain.names import Registry
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.registry.pages import Page, cut_page, fetch_page, read_token

MOST_EXCLUSIONS = 100  # a registry (facts 6)


class PullExclusions:
    """One list a registry; it takes effect within a minute."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def register(self, registry: Registry, principal_arn: str) -> datetime:
        """Put the principal on the list; when that was. Raises ExclusionExists or TooMany."""

        async def body(records: Records) -> datetime:
            now = self._clock()
            if not await records.pull_time_exclusions.add(registry, principal_arn, now):
                raise ExclusionExists(principal_arn)
            listed = await records.pull_time_exclusions.page(registry, after="", limit=MOST_EXCLUSIONS + 1)
            if len(listed) > MOST_EXCLUSIONS:
                raise TooMany("pull time update exclusions", MOST_EXCLUSIONS)
            return now

        return await self._store.write(body)

    async def deregister(self, registry: Registry, principal_arn: str) -> None:
        """Take the principal off the list; raises ExclusionNotFound."""

        async def body(records: Records) -> None:
            if not await records.pull_time_exclusions.remove(registry, principal_arn):
                raise ExclusionNotFound(principal_arn)

        await self._store.write(body)

    async def page(self, registry: Registry, *, token: str | None, limit: int) -> Page[str]:
        """ARNs, bytewise."""
        (after,) = read_token("pull-exclusions", token, 1)
        found = await fetch_page(
            self._store,
            limit,
            lambda records: records.pull_time_exclusions.page(registry, after=after, limit=limit + 1),
        )
        return cut_page("pull-exclusions", found, limit, lambda arn: (arn,))
