"""Operations on lifecycle policies and their previews."""

from typing import TYPE_CHECKING

from entrepot.aws.operations import Call
from entrepot.domain.errors import InvalidParameter
from entrepot.domain.lifecycle.policies import Action, StorageClass
from entrepot.domain.names import Registry, RepositoryName, parse_repository_name
from entrepot.ports.lifecycle import Preview, PreviewResult, PreviewStatus
from entrepot.registry.lifecycle_policies import LifecyclePolicies, SetPolicy
from entrepot.registry.lifecycle_previews import LifecyclePreviews
from entrepot.services.ecr.registries import registry_of
from entrepot.services.ecr.shapes import Member, image_ids, tagged_only

if TYPE_CHECKING:
    from types_boto3_ecr import type_defs as ecr

DEFAULT_PAGE = 100  # GetLifecyclePolicyPreview, ecr model


class LifecycleOperations:
    """Put, get and delete the lifecycle policy of a repository; start and read a preview."""

    def __init__(self, policies: LifecyclePolicies, previews: LifecyclePreviews) -> None:
        self._policies = policies
        self._previews = previews

    async def put(self, call: Call, params: "ecr.PutLifecyclePolicyRequestTypeDef") -> Member:
        """PutLifecyclePolicy."""
        registry, name = registry_of(call, params), parse_repository_name(params["repositoryName"])
        text = await self._policies.put(registry, name, params["lifecyclePolicyText"])
        return {**_place(registry, name), "lifecyclePolicyText": text}

    async def get(self, call: Call, params: "ecr.GetLifecyclePolicyRequestTypeDef") -> Member:
        """GetLifecyclePolicy."""
        registry, name = registry_of(call, params), parse_repository_name(params["repositoryName"])
        return {**_place(registry, name), **_policy(await self._policies.get(registry, name))}

    async def delete(self, call: Call, params: "ecr.DeleteLifecyclePolicyRequestTypeDef") -> Member:
        """DeleteLifecyclePolicy."""
        registry, name = registry_of(call, params), parse_repository_name(params["repositoryName"])
        return {**_place(registry, name), **_policy(await self._policies.delete(registry, name))}

    async def start_preview(
        self, call: Call, params: "ecr.StartLifecyclePolicyPreviewRequestTypeDef"
    ) -> Member:
        """StartLifecyclePolicyPreview."""
        registry, name = registry_of(call, params), parse_repository_name(params["repositoryName"])
        preview = await self._previews.start(registry, name, params.get("lifecyclePolicyText"))
        return {**_place(registry, name), **_preview(preview)}

    async def get_preview(self, call: Call, params: "ecr.GetLifecyclePolicyPreviewRequestTypeDef") -> Member:
        """GetLifecyclePolicyPreview: a page of the results, or those of exactly the images named."""
        registry, name = registry_of(call, params), parse_repository_name(params["repositoryName"])
        ids, tagged = params.get("imageIds"), tagged_only(params.get("filter", {}))
        if ids is None:
            page = await self._previews.page(
                registry,
                name,
                token=params.get("nextToken"),
                limit=params.get("maxResults", DEFAULT_PAGE),
                tagged=tagged,
            )
        elif "nextToken" in params or "maxResults" in params:
            raise InvalidParameter("imageIds", "can't be used with nextToken or maxResults")
        else:
            page = await self._previews.of_images(registry, name, image_ids(ids), tagged=tagged)
        is_complete = page.preview.status is PreviewStatus.COMPLETE
        return {
            **_place(registry, name),
            **_preview(page.preview),
            "nextToken": page.next_token,
            "previewResults": [_result(result) for result in page.results],
            "summary": _summary(page.preview) if is_complete else None,
        }


def _place(registry: Registry, name: RepositoryName) -> Member:
    return {"registryId": registry.account, "repositoryName": name}


def _policy(policy: SetPolicy) -> Member:
    return {"lifecyclePolicyText": policy.text, "lastEvaluatedAt": policy.last_evaluated_at}


def _preview(preview: Preview) -> Member:
    return {"lifecyclePolicyText": preview.document, "status": preview.status.value}


# The policy's text says these in lower case, ECR's answers in upper case (facts 2.13).
def _result(result: PreviewResult) -> Member:
    archive = StorageClass.ARCHIVE.upper() if result.action is Action.TRANSITION else None
    return {
        "imageTags": list(result.tags) or None,
        "imageDigest": result.digest,
        "imagePushedAt": result.pushed_at,
        "action": {"type": result.action.upper(), "targetStorageClass": archive},
        "appliedRulePriority": result.priority,
        "storageClass": result.storage_class.upper(),
    }


def _summary(preview: Preview) -> Member:
    archived = {
        "targetStorageClass": StorageClass.ARCHIVE.upper(),
        "imageTotalCount": preview.transitioning,
    }
    return {
        "expiringImageTotalCount": preview.expiring,
        "transitioningImageTotalCounts": [archived] if preview.transitioning else None,
    }
