"""The ECR service: which of its operations are offered, and who performs each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from entrepot.aws.endpoint import Service, offer
from entrepot.aws.operations import AnyHandler, Operations
from entrepot.services.ecr.images import ImageOperations
from entrepot.services.ecr.layers import LayerOperations
from entrepot.services.ecr.lifecycle import LifecycleOperations
from entrepot.services.ecr.policies import PolicyOperations
from entrepot.services.ecr.pull_exclusions import PullExclusionOperations
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
    lifecycle: LifecycleOperations
    pull_exclusions: PullExclusionOperations


ECR_OFFERED: Mapping[str, Callable[[EcrPerformers], AnyHandler]] = {
    "BatchCheckLayerAvailability": lambda ecr: ecr.layers.check_availability,
    "BatchDeleteImage": lambda ecr: ecr.images.delete,
    "BatchGetImage": lambda ecr: ecr.images.get,
    "CompleteLayerUpload": lambda ecr: ecr.layers.complete,
    "CreateRepository": lambda ecr: ecr.repositories.create,
    "DeleteLifecyclePolicy": lambda ecr: ecr.lifecycle.delete,
    "DeleteRegistryPolicy": lambda ecr: ecr.policies.delete_for_registry,
    "DeleteRepository": lambda ecr: ecr.repositories.delete,
    "DeleteRepositoryPolicy": lambda ecr: ecr.policies.delete,
    "DeregisterPullTimeUpdateExclusion": lambda ecr: ecr.pull_exclusions.deregister,
    "DescribeImages": lambda ecr: ecr.images.describe,
    "DescribeRegistry": lambda ecr: ecr.registry.describe,
    "DescribeRepositories": lambda ecr: ecr.repositories.describe,
    "GetAccountSetting": lambda ecr: ecr.registry.get_setting,
    "GetAuthorizationToken": lambda ecr: ecr.registry.authorize,
    "GetDownloadUrlForLayer": lambda ecr: ecr.layers.download_url,
    "GetLifecyclePolicy": lambda ecr: ecr.lifecycle.get,
    "GetLifecyclePolicyPreview": lambda ecr: ecr.lifecycle.get_preview,
    "GetRegistryPolicy": lambda ecr: ecr.policies.get_for_registry,
    "GetRepositoryPolicy": lambda ecr: ecr.policies.get,
    "InitiateLayerUpload": lambda ecr: ecr.layers.initiate,
    "ListImageReferrers": lambda ecr: ecr.images.list_referrers,
    "ListImages": lambda ecr: ecr.images.list,
    "ListPullTimeUpdateExclusions": lambda ecr: ecr.pull_exclusions.list,
    "ListTagsForResource": lambda ecr: ecr.repositories.list_tags,
    "PutAccountSetting": lambda ecr: ecr.registry.put_setting,
    "PutImage": lambda ecr: ecr.images.put,
    "PutImageScanningConfiguration": lambda ecr: ecr.repositories.put_scanning,
    "PutImageTagMutability": lambda ecr: ecr.repositories.put_mutability,
    "PutLifecyclePolicy": lambda ecr: ecr.lifecycle.put,
    "PutRegistryPolicy": lambda ecr: ecr.policies.put_for_registry,
    "RegisterPullTimeUpdateExclusion": lambda ecr: ecr.pull_exclusions.register,
    "SetRepositoryPolicy": lambda ecr: ecr.policies.set,
    "StartLifecyclePolicyPreview": lambda ecr: ecr.lifecycle.start_preview,
    "TagResource": lambda ecr: ecr.repositories.tag,
    "UntagResource": lambda ecr: ecr.repositories.untag,
    "UpdateImageStorageClass": lambda ecr: ecr.images.update_storage_class,
    "UploadLayerPart": lambda ecr: ecr.layers.upload_part,
}
"""The offered operations; a table of its own, so that it can be read without a database."""


def ecr_service(ecr: EcrPerformers) -> Service:
    """ECR, with every operation that is offered."""
    return offer("ecr", Operations({name: performer(ecr) for name, performer in ECR_OFFERED.items()}))
