"""Operations on images."""

from typing import TYPE_CHECKING

from entrepot.aws.operations import Call
from entrepot.domain.digests import parse_digest
from entrepot.domain.errors import InvalidParameter
from entrepot.domain.images import Image, ImageId, ImageStatus
from entrepot.domain.lifecycle.policies import StorageClass
from entrepot.domain.names import parse_tag
from entrepot.domain.repositories import Repository
from entrepot.registry.archiving import StorageClasses
from entrepot.registry.catalog import Catalog
from entrepot.registry.deletions import Deletions
from entrepot.registry.listings import DescribedImage, Listings
from entrepot.registry.pulls import Pulls
from entrepot.registry.pushes import Pushes
from entrepot.services.ecr.registries import repository_of
from entrepot.services.ecr.shapes import (
    Member,
    failure_member,
    image_id_member,
    image_ids,
    place_members,
    tagged_only,
)

if TYPE_CHECKING:
    from types_boto3_ecr import type_defs as ecr

DEFAULT_PAGE = 100  # DescribeImages and ListImages, ecr model
DEFAULT_REFERRERS = 20  # ListImageReferrers, ecr model


class ImageOperations:
    """Put, get, describe, list, archive and delete images."""

    def __init__(
        self,
        catalog: Catalog,
        pushes: Pushes,
        pulls: Pulls,
        listings: Listings,
        deletions: Deletions,
        *,
        storage_classes: StorageClasses,
    ) -> None:
        self._catalog = catalog
        self._pushes = pushes
        self._pulls = pulls
        self._listings = listings
        self._deletions = deletions
        self._storage_classes = storage_classes

    async def put(self, call: Call, params: "ecr.PutImageRequestTypeDef") -> Member:
        """PutImage."""
        repository = await repository_of(self._catalog, call, params)
        tag, digest = params.get("imageTag"), params.get("imageDigest")
        pushed = await self._pushes.put(
            repository,
            params["imageManifest"].encode("utf-8"),
            media_type=params.get("imageManifestMediaType"),
            tags=[parse_tag(tag)] if tag is not None else [],
            digest=parse_digest(digest) if digest is not None else None,
            refuse_repeat=True,
        )
        image = {
            **place_members(repository),
            "imageId": image_id_member(ImageId(pushed.image.digest, tag)),
            "imageManifest": params["imageManifest"],
            "imageManifestMediaType": pushed.image.media_type,
        }
        return {"image": image}

    async def get(self, call: Call, params: "ecr.BatchGetImageRequestTypeDef") -> Member:
        """BatchGetImage; a manifest is given as it is stored, whatever media types are accepted.

        A look by the console is no pull: lifecycle rules that count from the last one must not see it.
        """
        repository = await repository_of(self._catalog, call, params)
        puller = None if call.caller.is_console else call.caller.arn
        found, failures = await self._pulls.get_batch(
            repository, image_ids(params["imageIds"]), puller=puller
        )
        images = [
            {
                **place_members(repository),
                "imageId": image_id_member(ImageId(pulled.image.digest, asked.tag)),
                "imageManifest": pulled.content.decode("utf-8"),
                "imageManifestMediaType": pulled.image.media_type,
            }
            for asked, pulled in found
        ]
        return {"images": images, "failures": [failure_member(failure) for failure in failures]}

    async def describe(self, call: Call, params: "ecr.DescribeImagesRequestTypeDef") -> Member:
        """DescribeImages: a page of the repository, or exactly those named, whatever their status."""
        repository = await repository_of(self._catalog, call, params)
        ids = params.get("imageIds")
        if ids is not None:
            if "nextToken" in params or "maxResults" in params:
                raise InvalidParameter("imageIds", "can't be used with nextToken or maxResults")
            described = await self._listings.describe(repository, image_ids(ids))
            return {"imageDetails": [_detail(repository, image) for image in described]}
        page = await self._listings.images(
            repository,
            token=params.get("nextToken"),
            limit=params.get("maxResults", DEFAULT_PAGE),
            tagged=tagged_only(params.get("filter", {})),
            status=_status(params.get("filter", {}).get("imageStatus")),
        )
        details = [_detail(repository, image) for image in page.entries]
        return {"imageDetails": details, "nextToken": page.next_token}

    async def list(self, call: Call, params: "ecr.ListImagesRequestTypeDef") -> Member:
        """ListImages."""
        repository = await repository_of(self._catalog, call, params)
        page = await self._listings.image_ids(
            repository,
            token=params.get("nextToken"),
            limit=params.get("maxResults", DEFAULT_PAGE),
            tagged=tagged_only(params.get("filter", {})),
            status=_status(params.get("filter", {}).get("imageStatus")),
        )
        ids = [image_id_member(ImageId(row.digest, row.tag)) for row in page.entries]
        return {"imageIds": ids, "nextToken": page.next_token}

    async def delete(self, call: Call, params: "ecr.BatchDeleteImageRequestTypeDef") -> Member:
        """BatchDeleteImage."""
        repository = await repository_of(self._catalog, call, params)
        deleted, failures = await self._deletions.delete_batch(repository, image_ids(params["imageIds"]))
        return {
            "imageIds": [image_id_member(image_id) for image_id in deleted],
            "failures": [failure_member(failure) for failure in failures],
        }

    async def update_storage_class(
        self, call: Call, params: "ecr.UpdateImageStorageClassRequestTypeDef"
    ) -> Member:
        """UpdateImageStorageClass."""
        repository = await repository_of(self._catalog, call, params)
        (asked,) = image_ids([params["imageId"]])
        image = await self._storage_classes.change(
            repository, asked, StorageClass(params["targetStorageClass"].lower())
        )
        return {
            **place_members(repository),
            "imageId": image_id_member(ImageId(image.digest, asked.tag)),
            "imageStatus": image.status.value,
        }

    async def list_referrers(self, call: Call, params: "ecr.ListImageReferrersRequestTypeDef") -> Member:
        """ListImageReferrers; an unknown subject has none."""
        repository = await repository_of(self._catalog, call, params)
        subject = parse_digest(params["subjectId"]["imageDigest"])
        filters = params.get("filter", {})
        page = await self._listings.referrers(
            repository,
            subject,
            token=params.get("nextToken"),
            limit=params.get("maxResults", DEFAULT_REFERRERS),
            artifact_types=filters.get("artifactTypes", []),
            status=_status(filters.get("artifactStatus")),
        )
        return {"referrers": [_referrer(image) for image in page.entries], "nextToken": page.next_token}


def _status(asked: str | None) -> ImageStatus | None:
    """The only status that the filter lets through: ACTIVE where it says nothing, None for any."""
    return None if asked == "ANY" else ImageStatus(asked or ImageStatus.ACTIVE)


def _detail(repository: Repository, described: DescribedImage) -> Member:
    image = described.image
    return {
        **place_members(repository),
        "imageDigest": image.digest,
        "imageTags": described.tags or None,
        "imageSizeInBytes": image.size_bytes,
        "imagePushedAt": image.pushed_at,
        "imageManifestMediaType": image.media_type,
        "artifactMediaType": image.artifact_type,
        "lastRecordedPullTime": image.last_pulled_at,
        "subjectManifestDigest": image.subject_digest,
        "imageStatus": image.status.value,
        "lastArchivedAt": image.archived_at,
        "lastActivatedAt": image.activated_at,
    }


def _referrer(image: Image) -> Member:
    return {
        "digest": image.digest,
        "mediaType": image.media_type,
        "artifactType": image.artifact_type,
        "size": image.manifest_bytes,
        "annotations": image.annotations or None,
        "artifactStatus": image.status.value,
    }
