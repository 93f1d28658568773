"""Repositories: made, listed, changed, tagged as resources and removed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from entrepot.domain.errors import (
    KeyUnusable,
    RepositoryExists,
    RepositoryNotEmpty,
    RepositoryNotFound,
    RepositoryProtected,
)
from entrepot.domain.mutability import TagMutability
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.repositories import (
    Encryption,
    Repository,
    check_resource_tags,
    check_tag_count,
    check_tag_key,
)
from entrepot.domain.versioned import Versioned
from entrepot.ports.clock import Clock, NewId
from entrepot.ports.records import Job, Records, Store
from entrepot.registry.deletion_windows import deletion_now
from entrepot.registry.pages import Page, cut_page, fetch_page, read_token
from entrepot.registry.pin_checks import check_repository_unpinned

FORGET_REPOSITORY = "forget-repository"  # the job that clears what a removed repository held


class Catalog:
    """The repositories of every registry on this server."""

    def __init__(self, store: Store, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._repositories = Versioned[tuple[Registry, RepositoryName], Repository]()

    async def create(
        self,
        registry: Registry,
        name: RepositoryName,
        *,
        mutability: TagMutability,
        scan_on_push: bool,
        encryption: Encryption,
        tags: Mapping[str, str],
    ) -> Repository:
        """Make a repository with its tags, or nothing."""
        if encryption.type != "AES256":
            raise KeyUnusable("NotAvailable", "Encryption keys are not managed by this registry yet")
        check_resource_tags(tags)
        check_tag_count(len(tags), name)
        repository = Repository(
            id=self._new_id(),
            registry=registry,
            name=name,
            created_at=self._clock(),
            mutability=mutability,
            scan_on_push=scan_on_push,
            encryption=encryption,
        )

        async def body(records: Records) -> None:
            if not await records.repositories.add(repository):
                raise RepositoryExists(name, registry.account)
            await records.resource_tags.put(repository.id, tags)

        await self._store.write(body)
        return repository

    async def get(self, registry: Registry, name: RepositoryName) -> Repository:
        """The repository as it is now, or RepositoryNotFound."""
        return await self._store.read(lambda records: get_repository(records, registry, name))

    async def recall(self, registry: Registry, name: RepositoryName) -> Repository:
        """As `get`, for requests too many to ask each time: what another node did may show a second later."""
        version = self._store.version()
        repository = self._repositories.find((registry, name), version)
        if repository is None:
            repository = await self._store.read(lambda records: get_repository(records, registry, name))
            self._repositories.keep((registry, name), version, repository)
        return repository

    async def get_all(self, registry: Registry, names: Sequence[RepositoryName]) -> list[Repository]:
        """All of them in the order asked, or RepositoryNotFound for the first that is missing."""
        return [await self.get(registry, name) for name in dict.fromkeys(names)]

    async def page(self, registry: Registry, *, token: str | None, limit: int) -> Page[Repository]:
        """Repositories by name."""
        (after,) = read_token("repositories", token, 1)
        found = await self.after(registry, after=after, limit=limit + 1)
        return cut_page("repositories", found, limit, lambda repository: (repository.name,))

    async def after(self, registry: Registry, *, after: str, limit: int) -> list[Repository]:
        """Up to `limit` repositories whose names come after `after`, bytewise."""
        return await fetch_page(
            self._store, limit, lambda records: records.repositories.page(registry, after=after, limit=limit)
        )

    async def delete(self, registry: Registry, name: RepositoryName, *, force: bool) -> Repository:
        """Remove the repository; without `force` RepositoryNotEmpty while it holds images.

        With or without it RepositoryPinned while one of these may not go, RepositoryProtected while none may.

        It is gone when this returns: into the recycle bin with all that it held, or for good where that keeps
        nothing, and a job clears it, a bounded step at a time.
        """

        async def body(records: Records) -> Repository:
            repository = await get_repository(records, registry, name)
            if await records.deletion_protections.find(repository.id) is not None:
                raise RepositoryProtected(name, registry.account)
            if not force and await records.images.has_any(repository.id):
                raise RepositoryNotEmpty(name, registry.account)
            await check_repository_unpinned(records, repository, self._clock())
            deletion = await deletion_now(records, registry, self._clock())
            if deletion.is_kept:
                await records.deleted_repositories.put(repository, deletion)
            else:
                await records.repositories.remove(repository.id)
                await records.jobs.enqueue(self._forget(repository))
            return repository

        return await self._store.write(body)

    def _forget(self, repository: Repository) -> Job:
        return Job(self._new_id(), FORGET_REPOSITORY, repository.id, "{}", self._clock(), attempts=0)

    async def set_mutability(
        self, registry: Registry, name: RepositoryName, mutability: TagMutability
    ) -> Repository:
        """Which tags may be moved from now on; existing ones stay where they point."""
        return await self._change(registry, name, lambda found: replace(found, mutability=mutability))

    async def set_scan_on_push(
        self, registry: Registry, name: RepositoryName, *, scan_on_push: bool
    ) -> Repository:
        """Whether pushes ask for a scan."""
        return await self._change(registry, name, lambda found: replace(found, scan_on_push=scan_on_push))

    async def _change(
        self, registry: Registry, name: RepositoryName, changed: Callable[[Repository], Repository]
    ) -> Repository:
        async def body(records: Records) -> Repository:
            repository = changed(await get_repository(records, registry, name))
            await records.repositories.change(repository)
            return repository

        return await self._store.write(body)

    async def tags(self, registry: Registry, name: RepositoryName) -> dict[str, str]:
        """The repository's resource tags."""

        async def body(records: Records) -> dict[str, str]:
            repository = await get_repository(records, registry, name)
            return await records.resource_tags.of(repository.id)

        return await self._store.read(body)

    async def tag(self, registry: Registry, name: RepositoryName, tags: Mapping[str, str]) -> None:
        """Add resource tags or give them new values."""
        check_resource_tags(tags)

        async def body(records: Records) -> None:
            repository = await get_repository(records, registry, name)
            existing = await records.resource_tags.of(repository.id)
            check_tag_count(len(existing | dict(tags)), name)
            await records.resource_tags.put(repository.id, tags)

        await self._store.write(body)

    async def untag(self, registry: Registry, name: RepositoryName, keys: Sequence[str]) -> None:
        """Remove resource tags; keys that are not there are fine."""
        for key in keys:
            check_tag_key(key)

        async def body(records: Records) -> None:
            repository = await get_repository(records, registry, name)
            existing = await records.resource_tags.of(repository.id)
            await records.resource_tags.remove(repository.id, existing.keys() & set(keys))

        await self._store.write(body)


async def get_repository(records: Records, registry: Registry, name: RepositoryName) -> Repository:
    """The repository within a transaction, or RepositoryNotFound."""
    repository = await records.repositories.find(registry, name)
    if repository is None:
        raise RepositoryNotFound(name, registry.account)
    return repository


async def check_still_there(records: Records, repository: Repository) -> Repository:
    """The repository as it is now; RepositoryNotFound when the one that was read is gone."""
    current = await get_repository(records, repository.registry, repository.name)
    if current.id != repository.id:
        raise RepositoryNotFound(repository.name, repository.registry.account)
    return current
