"""Operations that tell how much there is and how it is used."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from entrepot.aws.operations import Call
from entrepot.domain.days import start_of
from entrepot.domain.images import ImageId
from entrepot.domain.names import Registry, RepositoryName, parse_repository_name, repository_arn
from entrepot.identity.decisions import Decisions
from entrepot.ports.statistics import DayPoint, Ranking
from entrepot.registry.catalog import Catalog
from entrepot.registry.deletion_estimates import DeletionEstimates
from entrepot.registry.shared_layers import SharedLayer, SharedLayers
from entrepot.registry.statistics import RepositoryStatistics, Statistics
from entrepot.services.contexts import context_of
from entrepot.services.ecr.registries import registry_of, repository_of
from entrepot.services.ecr.shapes import failure_member, image_id_member, image_ids
from entrepot.services.entrepot.shapes import Member, Params

if TYPE_CHECKING:
    from datetime import datetime

    from types_boto3_ecr.type_defs import ImageIdentifierTypeDef

_DEFAULT_REPOSITORIES = 10  # of each order
_DEFAULT_LAYERS = 100  # a page
_DEFAULT_IMAGES = 10  # named of each layer
_OF_REGISTRY = "entrepot:DescribeRegistryStatistics"
OF_REPOSITORY = "entrepot:DescribeRepositoryStatistics"
_OF_IMAGES = "ecr:DescribeImages"


class StatisticsOperations:
    """Describes repositories, images, the registry and its days."""

    def __init__(
        self,
        catalog: Catalog,
        statistics: Statistics,
        shared_layers: SharedLayers,
        estimates: DeletionEstimates,
        decisions: Decisions,
    ) -> None:
        self._catalog = catalog
        self._statistics = statistics
        self._shared_layers = shared_layers
        self._estimates = estimates
        self._decisions = decisions

    async def of_repositories(self, call: Call, params: Params) -> Member:
        """DescribeRepositoryStatistics."""
        names = [parse_repository_name(name) for name in cast("Sequence[str]", params["repositoryNames"])]
        repositories = await self._catalog.get_all(registry_of(call, params), names)
        found = await self._statistics.of_repositories(repositories)
        return {"repositories": [repository_statistics(each) for each in found]}

    async def of_images(self, call: Call, params: Params) -> Member:
        """DescribeImageStatistics."""
        repository = await repository_of(self._catalog, call, params)
        found, failures = await self._statistics.of_images(repository, ids_of(params))
        images = [
            {
                "imageId": image_id_member(image_id),
                "pullCount": pulls.pulls,
                "lastPulledAt": pulls.last_pulled_at,
            }
            for image_id, pulls in found
        ]
        return {"images": images, "failures": [failure_member(failure) for failure in failures]}

    async def of_registry(self, call: Call, params: Params) -> Member:
        """DescribeRegistryStatistics."""
        registry = registry_of(call, params)

        async def may_be_named(name: RepositoryName) -> bool:
            return await self._allows(call, OF_REPOSITORY, registry, name)

        limit = cast("int", params.get("maxRepositories", _DEFAULT_REPOSITORIES))
        found = await self._statistics.of_registry(registry, limit=limit, may_be_named=may_be_named)
        lists = {
            ranking: [repository_statistics(each) for each in ranked]
            for ranking, ranked in found.ranked.items()
        }
        members: dict[str, object] = {
            "registryId": registry.account,
            "largestRepositories": lists[Ranking.LARGEST],
            "mostPulledRepositories": lists[Ranking.MOST_PULLED],
            "neverPulledRepositories": lists[Ranking.NEVER_PULLED],
        }
        if found.total is not None:
            added_up, stored = found.total.sum, found.total.stored
            members |= {
                "repositoryCount": added_up.repositories,
                "imageCount": added_up.holding.images,
                "tagCount": added_up.holding.tags,
                "logicalBytes": added_up.holding.size_bytes,
                "pullCount": added_up.pulls,
                "computedAt": found.total.added_up_at,
                "storedBytes": stored.size_bytes if stored else None,
                "sharedBytes": stored.shared_bytes if stored else None,
                "storedBytesComputedAt": stored.computed_at if stored else None,
            }
        return members

    async def history(self, call: Call, params: Params) -> Member:
        """ListStatisticsHistory."""
        since = cast("datetime | None", params.get("startTime"))
        until = cast("datetime | None", params.get("endTime"))
        if "repositoryName" in params:
            repository = await repository_of(self._catalog, call, params)
            points = await self._statistics.days_of_repository(repository, since=since, until=until)
        else:
            registry = registry_of(call, params)
            points = await self._statistics.days_of_registry(registry, since=since, until=until)
        return {"points": [_point(point) for point in points]}

    async def shared_layers(self, call: Call, params: Params) -> Member:
        """DescribeSharedLayers."""
        repository = await repository_of(self._catalog, call, params)

        async def may_describe(name: RepositoryName) -> bool:
            return await self._allows(call, _OF_IMAGES, repository.registry, name)

        (image_id,) = image_ids([cast("ImageIdentifierTypeDef", params["imageId"])])
        digest, page = await self._shared_layers.of_image(
            repository,
            image_id,
            may_describe,
            token=cast("str | None", params.get("nextToken")),
            limit=cast("int", params.get("maxResults", _DEFAULT_LAYERS)),
            most_images=cast("int", params.get("maxImages", _DEFAULT_IMAGES)),
        )
        return {
            "imageDigest": digest,
            "layers": [_shared_layer(shared) for shared in page.entries],
            "nextToken": page.next_token,
        }

    async def estimate_deletion(self, call: Call, params: Params) -> Member:
        """EstimateDeletion; what others hold is told to those who may ask what the registry stores."""
        repository = await repository_of(self._catalog, call, params)
        estimate = await self._estimates.of(repository, ids_of(params))
        knows_others = await self._allows(call, _OF_REGISTRY, repository.registry)
        return {
            "images": [
                {
                    "imageDigest": each.image.digest,
                    "imageTags": list(each.tags) or None,
                    "sizeBytes": each.image.size_bytes,
                }
                for each in estimate.images
            ],
            "imageIds": [image_id_member(image_id) for image_id in estimate.ids],
            "failures": [failure_member(failure) for failure in estimate.failures],
            "sizeBytes": sum(each.image.size_bytes for each in estimate.images),
            "releasedBytes": estimate.released_bytes,
            "freedBytes": estimate.freed_bytes if knows_others else None,
        }

    async def _allows(
        self, call: Call, action: str, registry: Registry, name: RepositoryName | None = None
    ) -> bool:
        """Of the repository, or of the registry as a whole."""
        decision = await self._decisions.decide(
            call.caller,
            action,
            account=registry.account,
            resource="*" if name is None else repository_arn(registry, name),
            context=context_of(call),
        )
        return decision.is_allowed


def ids_of(params: Params) -> Sequence[ImageId]:
    """The images that a call names."""
    return image_ids(cast("Sequence[ImageIdentifierTypeDef]", params["imageIds"]))


def repository_statistics(found: RepositoryStatistics) -> Member:
    """RepositoryStatistics; counts are left out until there was a first one."""
    total = found.total
    members: dict[str, object] = {
        "registryId": found.registry.account,
        "repositoryName": found.name,
        "repositoryArn": repository_arn(found.registry, found.name),
        "lastPushedAt": total.pushed_at,
        "lastPulledAt": total.pulled_at,
        "pullCount": total.pulls,
    }
    if total.counts:
        members |= {
            "imageCount": total.holding.images,
            "tagCount": total.holding.tags,
            "sizeBytes": total.holding.size_bytes,
        }
    if total.unique is not None:
        members |= {
            "uniqueBytes": total.unique.size_bytes,
            "uniqueBytesComputedAt": total.unique.computed_at,
        }
    return members


def _shared_layer(shared: SharedLayer) -> Member:
    return {
        "layerDigest": shared.layer.digest,
        "mediaType": shared.layer.media_type,
        "sizeBytes": shared.layer.size_bytes,
        "imageCount": shared.count,
        "hasMore": shared.has_more,
        "images": [
            {
                "repositoryName": image.repository,
                "imageDigest": image.digest,
                "imageTags": list(image.tags) or None,
            }
            for image in shared.images
        ],
    }


def _point(point: DayPoint) -> Member:
    return {
        "day": start_of(point.day),
        "repositoryCount": point.repositories,
        "imageCount": point.holding.images,
        "tagCount": point.holding.tags,
        "sizeBytes": point.holding.size_bytes,
        "storedBytes": point.stored_bytes,
        "pullCount": point.pulls,
    }
