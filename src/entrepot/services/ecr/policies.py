"""Operations on the policies of repositories and registries."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from entrepot.aws.operations import Call
from entrepot.domain.names import Registry, parse_repository_name
from entrepot.registry.resource_policies import RegistryPolicies, RepositoryPolicies
from entrepot.services.contexts import context_of
from entrepot.services.ecr.registries import registry_of
from entrepot.services.ecr.shapes import Member

if TYPE_CHECKING:
    from types_boto3_ecr import type_defs as ecr


class PolicyOperations:
    """Set, get and delete the policy of a repository; put, get and delete that of the caller's registry."""

    def __init__(self, repositories: RepositoryPolicies, registries: RegistryPolicies) -> None:
        self._repositories = repositories
        self._registries = registries

    async def set(self, call: Call, params: "ecr.SetRepositoryPolicyRequestTypeDef") -> Member:
        """SetRepositoryPolicy."""
        registry, name = registry_of(call, params), parse_repository_name(params["repositoryName"])
        text = await self._repositories.set(
            registry,
            name,
            params["policyText"],
            principal=call.caller,
            context=context_of(call),
            is_forced=params.get("force", False),
        )
        return {"registryId": registry.account, "repositoryName": name, "policyText": text}

    async def get(self, call: Call, params: "ecr.GetRepositoryPolicyRequestTypeDef") -> Member:
        """GetRepositoryPolicy."""
        registry, name = registry_of(call, params), parse_repository_name(params["repositoryName"])
        text = await self._repositories.get(registry, name)
        return {"registryId": registry.account, "repositoryName": name, "policyText": text}

    async def delete(self, call: Call, params: "ecr.DeleteRepositoryPolicyRequestTypeDef") -> Member:
        """DeleteRepositoryPolicy."""
        registry, name = registry_of(call, params), parse_repository_name(params["repositoryName"])
        text = await self._repositories.delete(registry, name)
        return {"registryId": registry.account, "repositoryName": name, "policyText": text}

    async def put_for_registry(self, call: Call, params: "ecr.PutRegistryPolicyRequestTypeDef") -> Member:
        """PutRegistryPolicy."""
        text = await self._registries.put(_own_registry(call), params["policyText"])
        return {"registryId": call.account, "policyText": text}

    async def get_for_registry(self, call: Call, _params: Mapping[str, object]) -> Member:
        """GetRegistryPolicy."""
        return {"registryId": call.account, "policyText": await self._registries.get(_own_registry(call))}

    async def delete_for_registry(self, call: Call, _params: Mapping[str, object]) -> Member:
        """DeleteRegistryPolicy."""
        return {"registryId": call.account, "policyText": await self._registries.delete(_own_registry(call))}


def _own_registry(call: Call) -> Registry:
    return Registry(call.account, call.region)
