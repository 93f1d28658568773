"""Operations on repositories and their resource tags."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from entrepot.aws.operations import Call
from entrepot.domain.addresses import Addresses
from entrepot.domain.errors import InvalidParameter, InvalidTag
from entrepot.domain.mutability import TagMutability, parse_mutability
from entrepot.domain.names import Registry, RepositoryName, parse_repository_arn, parse_repository_name
from entrepot.domain.repositories import Encryption
from entrepot.registry.catalog import Catalog
from entrepot.services.ecr.registries import registry_of
from entrepot.services.ecr.shapes import Member, mutability_members, place_members, repository_member

if TYPE_CHECKING:
    from types_boto3_ecr import type_defs as ecr

DEFAULT_PAGE = 100  # DescribeRepositories, ecr model


class RepositoryOperations:
    """Create, describe, change, tag and delete repositories."""

    def __init__(self, catalog: Catalog, addresses: Addresses) -> None:
        self._catalog = catalog
        self._addresses = addresses

    async def create(self, call: Call, params: "ecr.CreateRepositoryRequestTypeDef") -> Member:
        """CreateRepository."""
        encryption = params.get("encryptionConfiguration", {"encryptionType": "AES256"})
        if encryption["encryptionType"] == "AES256" and encryption.get("kmsKey"):
            raise InvalidParameter(
                "encryptionConfiguration", "kmsKey can't be set when encryptionType is AES256"
            )
        repository = await self._catalog.create(
            registry_of(call, params),
            parse_repository_name(params["repositoryName"]),
            mutability=_mutability(params.get("imageTagMutability", "MUTABLE"), params),
            scan_on_push=params.get("imageScanningConfiguration", {}).get("scanOnPush", False),
            encryption=Encryption(encryption["encryptionType"], encryption.get("kmsKey")),
            tags=_tags(params.get("tags", [])),
        )
        return {"repository": repository_member(repository, self._addresses)}

    async def describe(self, call: Call, params: "ecr.DescribeRepositoriesRequestTypeDef") -> Member:
        """DescribeRepositories: all of the registry, or exactly those named."""
        registry = registry_of(call, params)
        names = params.get("repositoryNames")
        if names is not None:
            if "nextToken" in params or "maxResults" in params:
                raise InvalidParameter("repositoryNames", "can't be used with nextToken or maxResults")
            found = await self._catalog.get_all(registry, [parse_repository_name(name) for name in names])
            return {"repositories": [repository_member(r, self._addresses) for r in found]}
        page = await self._catalog.page(
            registry, token=params.get("nextToken"), limit=params.get("maxResults", DEFAULT_PAGE)
        )
        repositories = [repository_member(r, self._addresses) for r in page.entries]
        return {"repositories": repositories, "nextToken": page.next_token}

    async def delete(self, call: Call, params: "ecr.DeleteRepositoryRequestTypeDef") -> Member:
        """DeleteRepository."""
        repository = await self._catalog.delete(
            registry_of(call, params),
            parse_repository_name(params["repositoryName"]),
            force=params.get("force", False),
        )
        return {"repository": repository_member(repository, self._addresses)}

    async def put_mutability(self, call: Call, params: "ecr.PutImageTagMutabilityRequestTypeDef") -> Member:
        """PutImageTagMutability."""
        repository = await self._catalog.set_mutability(
            registry_of(call, params),
            parse_repository_name(params["repositoryName"]),
            _mutability(params["imageTagMutability"], params),
        )
        return {**place_members(repository), **mutability_members(repository.mutability)}

    async def put_scanning(
        self, call: Call, params: "ecr.PutImageScanningConfigurationRequestTypeDef"
    ) -> Member:
        """PutImageScanningConfiguration."""
        repository = await self._catalog.set_scan_on_push(
            registry_of(call, params),
            parse_repository_name(params["repositoryName"]),
            scan_on_push=params["imageScanningConfiguration"].get("scanOnPush", False),
        )
        scanning = {"scanOnPush": repository.scan_on_push}
        return {**place_members(repository), "imageScanningConfiguration": scanning}

    async def tag(self, call: Call, params: "ecr.TagResourceRequestTypeDef") -> Member:
        """TagResource."""
        registry, name = _resource(call, params["resourceArn"])
        await self._catalog.tag(registry, name, _tags(params["tags"]))
        return {}

    async def untag(self, call: Call, params: "ecr.UntagResourceRequestTypeDef") -> Member:
        """UntagResource."""
        registry, name = _resource(call, params["resourceArn"])
        await self._catalog.untag(registry, name, params["tagKeys"])
        return {}

    async def list_tags(self, call: Call, params: "ecr.ListTagsForResourceRequestTypeDef") -> Member:
        """ListTagsForResource."""
        registry, name = _resource(call, params["resourceArn"])
        tags = await self._catalog.tags(registry, name)
        return {"tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


def _resource(call: Call, arn: str) -> tuple[Registry, RepositoryName]:
    """The repository of an ARN, which must lie in the region of the call."""
    registry, name = parse_repository_arn(arn)
    if registry.region != call.region:
        raise InvalidParameter("resourceArn", "Invalid ARN")
    return registry, name


def _mutability(setting: str, params: Mapping[str, object]) -> TagMutability:
    filters = params.get("imageTagMutabilityExclusionFilters")
    patterns = tuple(f["filter"] for f in filters) if isinstance(filters, list) else None
    return parse_mutability(setting, patterns)


def _tags(tags: "Sequence[ecr.TagTypeDef]") -> dict[str, str]:
    by_key = {tag["Key"]: tag["Value"] for tag in tags}
    if len(by_key) != len(tags):
        raise InvalidTag("A tag key may be given once")
    return by_key
