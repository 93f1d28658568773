"""Repositories that nobody may delete, with force too, until somebody ends that."""

from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.recycling import Protection
from entrepot.identity.auditing import caller_arn
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.registry.catalog import get_repository


class DeletionProtection:
    """The protection of each repository, which has one or none."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def find(self, registry: Registry, name: RepositoryName) -> Protection | None:
        """None where the repository may be deleted; raises RepositoryNotFound."""

        async def body(records: Records) -> Protection | None:
            repository = await get_repository(records, registry, name)
            return await records.deletion_protections.find(repository.id)

        return await self._store.read(body)

    async def begin(self, registry: Registry, name: RepositoryName) -> Protection | None:
        """Protect the repository; one that is protected stays as it was. Raises RepositoryNotFound."""

        async def body(records: Records) -> Protection | None:
            repository = await get_repository(records, registry, name)
            await records.deletion_protections.put(repository.id, Protection(self._clock(), caller_arn()))
            return await records.deletion_protections.find(repository.id)

        return await self._store.write(body)

    async def end(self, registry: Registry, name: RepositoryName) -> None:
        """Let the repository be deleted; may be repeated. Raises RepositoryNotFound."""

        async def body(records: Records) -> None:
            repository = await get_repository(records, registry, name)
            await records.deletion_protections.remove(repository.id)

        await self._store.write(body)
