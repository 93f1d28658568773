"""Which registry, and which repository, a call is about."""

from collections.abc import Mapping

from entrepot.aws.operations import Call
from entrepot.domain.names import Registry, parse_repository_name
from entrepot.domain.repositories import Repository
from entrepot.registry.catalog import Catalog


def registry_of(call: Call, params: Mapping[str, object]) -> Registry:
    """The account that `registryId` names, else the caller's own, in the region of the signature."""
    account = params.get("registryId")
    return Registry(account=account if isinstance(account, str) else call.account, region=call.region)


async def repository_of(catalog: Catalog, call: Call, params: Mapping[str, object]) -> Repository:
    """The repository that `repositoryName` names there, or RepositoryNotFound."""
    return await catalog.get(registry_of(call, params), parse_repository_name(str(params["repositoryName"])))
