"""Operations on the list of users and roles whose pulls do not count."""

from typing import TYPE_CHECKING

from entrepot.aws.operations import Call
from entrepot.domain.names import Registry
from entrepot.registry.pull_exclusions import PullExclusions
from entrepot.services.ecr.shapes import Member

if TYPE_CHECKING:
    from types_boto3_ecr import type_defs as ecr

DEFAULT_PAGE = 100  # ListPullTimeUpdateExclusions, ecr model


class PullExclusionOperations:
    """Register, deregister and list; the list is that of the caller's own registry."""

    def __init__(self, exclusions: PullExclusions) -> None:
        self._exclusions = exclusions

    async def register(
        self, call: Call, params: "ecr.RegisterPullTimeUpdateExclusionRequestTypeDef"
    ) -> Member:
        """RegisterPullTimeUpdateExclusion."""
        created_at = await self._exclusions.register(_own_registry(call), params["principalArn"])
        return {"principalArn": params["principalArn"], "createdAt": created_at}

    async def deregister(
        self, call: Call, params: "ecr.DeregisterPullTimeUpdateExclusionRequestTypeDef"
    ) -> Member:
        """DeregisterPullTimeUpdateExclusion."""
        await self._exclusions.deregister(_own_registry(call), params["principalArn"])
        return {"principalArn": params["principalArn"]}

    async def list(self, call: Call, params: "ecr.ListPullTimeUpdateExclusionsRequestTypeDef") -> Member:
        """ListPullTimeUpdateExclusions."""
        page = await self._exclusions.page(
            _own_registry(call), token=params.get("nextToken"), limit=params.get("maxResults", DEFAULT_PAGE)
        )
        return {"pullTimeUpdateExclusions": page.entries, "nextToken": page.next_token}


def _own_registry(call: Call) -> Registry:
    return Registry(call.account, call.region)
