"""The ECR service: which of its operations are offered, and who performs each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from entrepot.aws.endpoint import Service, offer
from entrepot.aws.operations import AnyHandler, Operations
from entrepot.services.ecr.images import ImageOperations
from entrepot.services.ecr.layers import LayerOperations
from entrepot.services.ecr.policies import PolicyOperations
from entrepot.services.ecr.registry_settings import RegistryOperations
from entrepot.services.ecr.repositories import RepositoryOperations


@dataclass(frozen=True, slots=True)
class EcrPerformers:
    """Everybody who performs operations of ECR."""

    repositories: RepositoryOperations
    images: ImageOperations
    layers: LayerOperations
    registry: RegistryOperations
    policies: PolicyOperations


ECR_OFFERED: Mapping[str, Callable[[EcrPerformers], AnyHandler]] = {
    "BatchCheckLayerAvailability": lambda ecr: ecr.layers.check_availability,
    "BatchDeleteImage": lambda ecr: ecr.images.delete,
    "BatchGetImage": lambda ecr: ecr.images.get,
    "CompleteLayerUpload": lambda ecr: ecr.layers.complete,
    "CreateRepository": lambda ecr: ecr.repositories.create,
    "DeleteRegistryPolicy": lambda ecr: ecr.policies.delete_for_registry,
    "DeleteRepository": lambda ecr: ecr.repositories.delete,
    "DeleteRepositoryPolicy": lambda ecr: ecr.policies.delete,
    "DescribeImages": lambda ecr: ecr.images.describe,
    "DescribeRegistry": lambda ecr: ecr.registry.describe,
    "DescribeRepositories": lambda ecr: ecr.repositories.describe,
    "GetAccountSetting": lambda ecr: ecr.registry.get_setting,
    "GetAuthorizationToken": lambda ecr: ecr.registry.authorize,
    "GetDownloadUrlForLayer": lambda ecr: ecr.layers.download_url,
    "GetRegistryPolicy": lambda ecr: ecr.policies.get_for_registry,
    "GetRepositoryPolicy": lambda ecr: ecr.policies.get,
    "InitiateLayerUpload": lambda ecr: ecr.layers.initiate,
    "ListImageReferrers": lambda ecr: ecr.images.list_referrers,
    "ListImages": lambda ecr: ecr.images.list,
    "ListTagsForResource": lambda ecr: ecr.repositories.list_tags,
    "PutAccountSetting": lambda ecr: ecr.registry.put_setting,
    "PutImage": lambda ecr: ecr.images.put,
    "PutImageScanningConfiguration": lambda ecr: ecr.repositories.put_scanning,
    "PutImageTagMutability": lambda ecr: ecr.repositories.put_mutability,
    "PutRegistryPolicy": lambda ecr: ecr.policies.put_for_registry,
    "SetRepositoryPolicy": lambda ecr: ecr.policies.set,
    "TagResource": lambda ecr: ecr.repositories.tag,
    "UntagResource": lambda ecr: ecr.repositories.untag,
    "UploadLayerPart": lambda ecr: ecr.layers.upload_part,
}
"""The offered operations; a table of its own, so that it can be read without a database."""


def ecr_service(
    repositories: RepositoryOperations,
    images: ImageOperations,
    layers: LayerOperations,
    registry: RegistryOperations,
    policies: PolicyOperations,
) -> Service:
    """ECR, with every operation that is offered."""
    ecr = EcrPerformers(repositories, images, layers, registry, policies)
    return offer("ecr", Operations({name: performer(ecr) for name, performer in ECR_OFFERED.items()}))
