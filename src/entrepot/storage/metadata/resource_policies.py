"""Policies of repositories and of registries."""

from entrepot.domain.names import Registry
from entrepot.storage.metadata.revisions import RevisedSubject

_OF_REPOSITORY = "SELECT p.document FROM repository_policy AS p WHERE p.repository_id = $1"
_PUT_FOR_REPOSITORY = """
INSERT INTO repository_policy (repository_id, document) VALUES ($1, $2)
ON CONFLICT (repository_id) DO UPDATE SET document = excluded.document
"""
_REMOVE_FROM_REPOSITORY = "DELETE FROM repository_policy WHERE repository_id = $1"
_OF_REGISTRY = "SELECT p.document FROM registry_policy AS p WHERE p.account = $1 AND p.region = $2"
_PUT_FOR_REGISTRY = """
INSERT INTO registry_policy (account, region, document) VALUES ($1, $2, $3)
ON CONFLICT (account, region) DO UPDATE SET document = excluded.document
"""
_REMOVE_FROM_REGISTRY = "DELETE FROM registry_policy WHERE account = $1 AND region = $2"


class SqlRepositoryPolicies(RevisedSubject):
    """The `repository_policy` table."""

    __slots__ = ()

    async def find(self, repository_id: str) -> str | None:
        row = await self._connection.row(_OF_REPOSITORY, repository_id)
        return None if row is None else str(row["document"])

    async def put(self, repository_id: str, document: str) -> None:
        await self._connection.run(_PUT_FOR_REPOSITORY, repository_id, document)
        await self._revision.change()

    async def remove(self, repository_id: str) -> None:
        await self._connection.run(_REMOVE_FROM_REPOSITORY, repository_id)
        await self._revision.change()


class SqlRegistryPolicies(RevisedSubject):
    """The `registry_policy` table."""

    __slots__ = ()

    async def find(self, registry: Registry) -> str | None:
        row = await self._connection.row(_OF_REGISTRY, registry.account, registry.region)
        return None if row is None else str(row["document"])

    async def put(self, registry: Registry, document: str) -> None:
        await self._connection.run(_PUT_FOR_REGISTRY, registry.account, registry.region, document)
        await self._revision.change()

    async def remove(self, registry: Registry) -> None:
        await self._connection.run(_REMOVE_FROM_REGISTRY, registry.account, registry.region)
        await self._revision.change()
