"""Policies of repositories and of registries: written, read and taken away."""

from entrepot.domain.errors import InvalidParameter, RegistryPolicyNotFound, RepositoryPolicyNotFound
from entrepot.domain.names import Registry, RepositoryName, repository_arn
from entrepot.domain.policy.documents import Document, Kind
from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.domain.policy.requests import Context
from entrepot.domain.principals import Principal
from entrepot.identity.authorities import compile_document
from entrepot.identity.decisions import Decisions
from entrepot.identity.documents import find_stranger
from entrepot.identity.resource_policies import scope_of
from entrepot.ports.records import Records, Store
from entrepot.registry.catalog import get_repository


class RepositoryPolicies:
    """The policy of each repository, kept as ECR sets it anew."""

    def __init__(self, store: Store, decisions: Decisions) -> None:
        self._store = store
        self._decisions = decisions

    async def set(
        self,
        registry: Registry,
        name: RepositoryName,
        text: str,
        *,
        principal: Principal,
        context: Context,
        is_forced: bool,
    ) -> str:
        """The policy as it is kept; raises InvalidParameter for one that says nothing, or names nobody.

        Also for one that keeps the principal from setting the next, unless `is_forced`.
        """
        document = _parsed(text, Kind.REPOSITORY)
        kept = document.text()
        if not is_forced:
            await self._check_way_back(repository_arn(registry, name), registry, principal, context, kept)

        async def body(records: Records) -> None:
            repository = await get_repository(records, registry, name)
            await _check_principals(records, document)
            await records.repository_policies.put(repository.id, kept)

        await self._store.write(body)
        return kept

    async def _check_way_back(
        self, arn: str, registry: Registry, principal: Principal, context: Context, kept: str
    ) -> None:
        decision = await self._decisions.decide(
            principal,
            "ecr:SetRepositoryPolicy",
            account=registry.account,
            resource=arn,
            context=context,
            proposed_policy=kept,
        )
        if not decision.is_allowed:
            raise InvalidParameter(
                "PolicyText", "It would keep you from setting another one; force allows it"
            )

    async def get(self, registry: Registry, name: RepositoryName) -> str:
        """The policy; raises RepositoryPolicyNotFound."""
        return await self._store.read(lambda records: _of_repository(records, registry, name))

    async def delete(self, registry: Registry, name: RepositoryName) -> str:
        """Take the policy away; what it was, or RepositoryPolicyNotFound."""

        async def body(records: Records) -> str:
            document = await _of_repository(records, registry, name)
            repository = await get_repository(records, registry, name)
            await records.repository_policies.remove(repository.id)
            return document

        return await self._store.write(body)


class RegistryPolicies:
    """The policy of each registry, which has a say in every request of ECR, or in few: as its scope is."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, registry: Registry, text: str) -> str:
        """The policy as it is kept; raises InvalidParameter for one that says nothing, or names nobody.

        Also for one that names actions in which the registry's policy has no say.
        """
        document = _parsed(text, Kind.REGISTRY)
        kept = document.text()

        async def body(records: Records) -> None:
            if not (await scope_of(records, registry)).takes(document):
                raise _invalid(Kind.REGISTRY)
            await _check_principals(records, document)
            await records.registry_policies.put(registry, kept)

        await self._store.write(body)
        return kept

    async def get(self, registry: Registry) -> str:
        """The policy; raises RegistryPolicyNotFound."""
        return await self._store.read(lambda records: _of_registry(records, registry))

    async def delete(self, registry: Registry) -> str:
        """Take the policy away; what it was, or RegistryPolicyNotFound."""

        async def body(records: Records) -> str:
            document = await _of_registry(records, registry)
            await records.registry_policies.remove(registry)
            return document

        return await self._store.write(body)


def _parsed(text: str, kind: Kind) -> Document:
    try:
        return compile_document(text, kind)
    except MalformedPolicy as cause:
        raise _invalid(kind) from cause


def _invalid(kind: Kind) -> InvalidParameter:
    return InvalidParameter("PolicyText", f"Invalid {kind.value} provided")


async def _check_principals(records: Records, document: Document) -> None:
    if await find_stranger(records, document) is not None:
        raise InvalidParameter("PolicyText", "Principal not found")


async def _of_repository(records: Records, registry: Registry, name: RepositoryName) -> str:
    repository = await get_repository(records, registry, name)
    document = await records.repository_policies.find(repository.id)
    if document is None:
        raise RepositoryPolicyNotFound(name, registry.account)
    return document


async def _of_registry(records: Records, registry: Registry) -> str:
    document = await records.registry_policies.find(registry)
    if document is None:
        raise RegistryPolicyNotFound(registry.account)
    return document
