"""Pinning images, unpinning them, and which are pinned. What pins refuse is in `pin_checks.py`."""

from dataclasses import dataclass
from datetime import datetime

from entrepot.domain.errors import InvalidParameter, PinNotFound
from entrepot.domain.images import ImageId
from entrepot.domain.names import Registry, RepositoryName, Tag
from entrepot.domain.pins import Pin, pin_patterns
from entrepot.domain.repositories import Repository
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.registry.catalog import get_repository
from entrepot.registry.image_ids import resolve_image
from entrepot.registry.pages import Page, cut_page, fetch_page, read_token


@dataclass(frozen=True, slots=True)
class PinnedImage:
    """A pin, with the repository and the tags of its image."""

    name: RepositoryName
    tags: tuple[Tag, ...]
    pin: Pin


class Pins:
    """The pins of every registry on this server."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def pin(
        self,
        registry: Registry,
        name: RepositoryName,
        image_id: ImageId,
        *,
        by: str,
        reason: str | None,
        until: datetime | None,
    ) -> PinnedImage:
        """Pin the image that the id names now; `by` is an ARN. Refuses as `resolve_image` does."""
        now = self._clock()
        if until is not None and until <= now:
            raise InvalidParameter("until", "must be in the future")

        async def body(records: Records) -> PinnedImage:
            repository = await get_repository(records, registry, name)
            image = await resolve_image(records, repository, image_id)
            pin = Pin(image.digest, by, now, reason, until)
            await records.pins.put(repository, pin)
            return await _pinned(records, repository, pin)

        return await self._store.write(body)

    async def unpin(self, registry: Registry, name: RepositoryName, image_id: ImageId) -> PinnedImage:
        """Take the pin away; what it was, or PinNotFound."""

        async def body(records: Records) -> PinnedImage:
            repository = await get_repository(records, registry, name)
            image = await resolve_image(records, repository, image_id)
            pin = await records.pins.find(repository.id, image.digest)
            if pin is None or not pin.holds(self._clock()):
                raise PinNotFound(image.digest, name, registry.account)
            await records.pins.remove(repository.id, image.digest)
            return await _pinned(records, repository, pin)

        return await self._store.write(body)

    async def page(
        self, registry: Registry, name: RepositoryName | None, *, token: str | None, limit: int
    ) -> Page[PinnedImage]:
        """Those whose time is not over, of a repository or of the registry, by name and digest."""
        name_after, digest_after = read_token("pins", token, 2)
        now = self._clock()

        async def body(records: Records) -> Page[PinnedImage]:
            if name is None:
                found = await records.pins.of_registry(
                    registry, after=(name_after, digest_after), limit=limit + 1
                )
            else:
                repository = await get_repository(records, registry, name)
                pins = await records.pins.page(repository.id, after=digest_after, limit=limit + 1)
                found = [(name, pin) for pin in pins]
            page = cut_page("pins", found, limit, lambda entry: (entry[0], entry[1].digest))
            listed = [
                await _pinned(records, await get_repository(records, registry, of), pin)
                for of, pin in page.entries
                if pin.holds(now)
            ]
            return Page(listed, page.next_token)

        return await fetch_page(self._store, limit, body)

    async def patterns(self, registry: Registry, name: RepositoryName) -> tuple[str, ...]:
        """Those of the repository's resource tag: every image with a tag that fits one is pinned too."""

        async def body(records: Records) -> tuple[str, ...]:
            repository = await get_repository(records, registry, name)
            return pin_patterns(await records.resource_tags.of(repository.id))

        return await self._store.read(body)


async def _pinned(records: Records, repository: Repository, pin: Pin) -> PinnedImage:
    tags = await records.tags.of_images(repository.id, [pin.digest])
    return PinnedImage(repository.name, tuple(tags.get(pin.digest, ())), pin)
