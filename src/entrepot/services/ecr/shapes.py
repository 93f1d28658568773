"""Members that several answers of ECR share, from the registry's values."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from entrepot.domain.addresses import Addresses
from entrepot.domain.images import ImageId
from entrepot.domain.mutability import TagMutability
from entrepot.domain.repositories import Repository
from entrepot.registry.image_ids import ImageFailure
from entrepot.services.ecr.failures import failure_of

if TYPE_CHECKING:
    from types_boto3_ecr import type_defs as ecr

Member = Mapping[str, object]

_TAGGED = {"TAGGED": True, "UNTAGGED": False}


def image_ids(ids: "Sequence[ecr.ImageIdentifierTypeDef]") -> Sequence[ImageId]:
    """The images that a call names."""
    return [ImageId(digest=i.get("imageDigest"), tag=i.get("imageTag")) for i in ids]


def tagged_only(filters: Mapping[str, object]) -> bool | None:
    """Whether a filter keeps only images with tags (True) or without any (False); None for both."""
    return _TAGGED.get(str(filters.get("tagStatus")))


def repository_member(repository: Repository, addresses: Addresses) -> Member:
    """ECR's Repository."""
    encryption = repository.encryption
    return {
        "repositoryArn": repository.arn,
        "registryId": repository.registry.account,
        "repositoryName": repository.name,
        "repositoryUri": f"{addresses.registry_host(repository.registry)}/{repository.name}",
        "createdAt": repository.created_at,
        **mutability_members(repository.mutability),
        "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
        "encryptionConfiguration": {"encryptionType": encryption.type, "kmsKey": encryption.kms_key},
    }


def mutability_members(mutability: TagMutability) -> Member:
    """The setting, and its filters where it has any."""
    filters = [{"filterType": "WILDCARD", "filter": pattern} for pattern in mutability.filters]
    return {
        "imageTagMutability": mutability.setting.value,
        "imageTagMutabilityExclusionFilters": filters or None,
    }


def image_id_member(image_id: ImageId) -> Member:
    """ECR's ImageIdentifier."""
    return {"imageDigest": image_id.digest, "imageTag": image_id.tag}


def failure_member(failure: ImageFailure) -> Member:
    """ECR's ImageFailure."""
    code, reason = failure_of(failure.refusal)
    return {"imageId": image_id_member(failure.image_id), "failureCode": code, "failureReason": reason}


def place_members(repository: Repository) -> Member:
    """What most answers repeat of the request."""
    return {"registryId": repository.registry.account, "repositoryName": repository.name}
