"""Operations that list repositories and images with what is known of them, in an order."""

from typing import cast

from entrepot.aws.operations import Call
from entrepot.domain.names import RepositoryName, repository_arn
from entrepot.identity.decisions import Decisions
from entrepot.ports.orders import ImageOrder, RepositoryOrder
from entrepot.registry.catalog import Catalog
from entrepot.registry.orders import ListedImage, Orders
from entrepot.services.contexts import context_of
from entrepot.services.ecr.registries import registry_of, repository_of
from entrepot.services.entrepot.shapes import Member, Params, limit_of, token_of
from entrepot.services.entrepot.statistics import OF_REPOSITORY, repository_statistics

_REPOSITORY_ORDERS = {
    "REPOSITORY_NAME": RepositoryOrder.NAME,
    "IMAGE_COUNT": RepositoryOrder.IMAGES,
    "SIZE": RepositoryOrder.SIZE,
    "PULL_COUNT": RepositoryOrder.PULLS,
    "LAST_PUSHED": RepositoryOrder.LAST_PUSH,
    "LAST_PULLED": RepositoryOrder.LAST_PULL,
}
_IMAGE_ORDERS = {"IMAGE_DIGEST": ImageOrder.DIGEST, "PULL_COUNT": ImageOrder.PULLS}


class OrderOperations:
    """Lists them, to those who may know of them."""

    def __init__(self, catalog: Catalog, orders: Orders, decisions: Decisions) -> None:
        self._catalog = catalog
        self._orders = orders
        self._decisions = decisions

    async def repositories(self, call: Call, params: Params) -> Member:
        """ListRepositoryStatistics; only of repositories whose statistics the caller may be told."""
        registry, context = registry_of(call, params), context_of(call)

        async def may_be_named(name: RepositoryName) -> bool:
            return await self._decisions.allows_of_many(
                call.caller,
                OF_REPOSITORY,
                account=registry.account,
                resource=repository_arn(registry, name),
                context=context,
            )

        page = await self._orders.repositories(
            registry,
            _REPOSITORY_ORDERS[cast("str", params.get("sortBy", "REPOSITORY_NAME"))],
            is_descending=_is_descending(params),
            token=token_of(params),
            limit=limit_of(params),
            may_be_named=may_be_named,
        )
        return {
            "repositories": [repository_statistics(each) for each in page.entries],
            "nextToken": page.next_token,
        }

    async def images(self, call: Call, params: Params) -> Member:
        """ListImageStatistics."""
        repository = await repository_of(self._catalog, call, params)
        page = await self._orders.images(
            repository,
            _IMAGE_ORDERS[cast("str", params.get("sortBy", "IMAGE_DIGEST"))],
            is_descending=_is_descending(params),
            token=token_of(params),
            limit=limit_of(params),
        )
        return {"images": [_image(listed) for listed in page.entries], "nextToken": page.next_token}


def _is_descending(params: Params) -> bool:
    return params.get("sortOrder") == "DESCENDING"


def _image(listed: ListedImage) -> Member:
    image = listed.image
    return {
        "imageDigest": image.digest,
        "imageTags": list(listed.tags) or None,
        "imageManifestMediaType": image.media_type,
        "artifactMediaType": image.artifact_type,
        "imageSizeInBytes": image.size_bytes,
        "imagePushedAt": image.pushed_at,
        "imageStatus": image.status.value,
        "lastPulledAt": image.last_pulled_at,
        "pullCount": image.pulls,
    }
