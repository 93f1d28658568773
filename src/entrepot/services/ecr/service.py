"""The ECR service: which of its operations are offered, and who performs each."""

from entrepot.aws.endpoint import Service, offer
from entrepot.aws.operations import Operations
from entrepot.services.ecr.images import ImageOperations
from entrepot.services.ecr.layers import LayerOperations
from entrepot.services.ecr.registry_settings import RegistryOperations
from entrepot.services.ecr.repositories import RepositoryOperations


def ecr_service(
    repositories: RepositoryOperations,
    images: ImageOperations,
    layers: LayerOperations,
    registry: RegistryOperations,
) -> Service:
    """ECR, with every operation that is offered."""
    return offer(
        "ecr",
        Operations(
            {
                "BatchCheckLayerAvailability": layers.check_availability,
                "BatchDeleteImage": images.delete,
                "BatchGetImage": images.get,
                "CompleteLayerUpload": layers.complete,
                "CreateRepository": repositories.create,
                "DeleteRepository": repositories.delete,
                "DescribeImages": images.describe,
                "DescribeRegistry": registry.describe,
                "DescribeRepositories": repositories.describe,
                "GetAccountSetting": registry.get_setting,
                "GetAuthorizationToken": registry.authorize,
                "GetDownloadUrlForLayer": layers.download_url,
                "InitiateLayerUpload": layers.initiate,
                "ListImageReferrers": images.list_referrers,
                "ListImages": images.list,
                "ListTagsForResource": repositories.list_tags,
                "PutAccountSetting": registry.put_setting,
                "PutImage": images.put,
                "PutImageScanningConfiguration": repositories.put_scanning,
                "PutImageTagMutability": repositories.put_mutability,
                "TagResource": repositories.tag,
                "UntagResource": repositories.untag,
                "UploadLayerPart": layers.upload_part,
            }
        ),
    )
