"""What happened to the tags of a repository: written with each change, read, and forgotten in time."""

from collections.abc import Sequence
from datetime import datetime

from entrepot.domain.audit import event_id, first_id
from entrepot.domain.digests import Digest
from entrepot.domain.names import Tag
from entrepot.domain.recycling import TagChange, TagEvent
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import caller_arn, noise
from entrepot.ports.records import Records, Store
from entrepot.registry.pages import Page, cut_page, fetch_page, read_token

_STEP = 500  # events that are forgotten at once
_LAST = "g"  # behind every id


class TagHistory:
    """The events of every repository."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(
        self, repository: Repository, tag: Tag | None, *, token: str | None, limit: int
    ) -> Page[TagEvent]:
        """Events of the repository, or of one tag; the last one first."""
        (before,) = read_token("tag-events", token, 1)
        found = await fetch_page(
            self._store,
            limit,
            lambda records: records.tag_history.page(
                repository.id, tag, before=before or _LAST, limit=limit + 1
            ),
        )
        return cut_page("tag-events", found, limit, lambda event: (event.id,))

    async def forget(self, before: datetime) -> int:
        """Remove what is older, of all repositories; how many events there were."""
        forgotten, place = 0, await self._next("")
        while place is not None:
            while step := await self._forget_some(place, before):
                forgotten += step
            place = await self._next(place)
        return forgotten

    async def _next(self, after: str) -> str | None:
        return await self._store.read(lambda records: records.tag_history.next_place(after))

    async def _forget_some(self, place: str, before: datetime) -> int:
        return await self._store.write(
            lambda records: records.tag_history.forget(place, before=first_id(before), limit=_STEP)
        )


async def write_history(
    records: Records,
    repository_id: str,
    at: datetime,
    change: TagChange,
    changes: Sequence[tuple[Tag, Digest | None, Digest | None]],
    *,
    by: str | None,
    rule_priority: int | None = None,
) -> None:
    """Write down that tags point elsewhere: each with where it points since, and where before."""
    events = [
        TagEvent(event_id(at, noise()), tag, change, digest, previous, by, rule_priority)
        for tag, digest, previous in changes
    ]
    await records.tag_history.add(repository_id, events)


async def write_pushes(
    records: Records, repository_id: str, at: datetime, digest: Digest, tags: dict[Tag, Digest | None]
) -> None:
    """Write down that a push made or moved tags, each with what it pointed at before."""
    by = caller_arn()
    events = [
        TagEvent(
            event_id(at, noise()),
            tag,
            TagChange.PUSHED if previous is None else TagChange.MOVED,
            digest,
            previous,
            by,
        )
        for tag, previous in tags.items()
    ]
    await records.tag_history.add(repository_id, events)
