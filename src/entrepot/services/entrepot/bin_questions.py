"""What a call about the recycle bin needs to be allowed: its own action, and what it would else go around.

Who brings an image back puts it: `ecr:PutImage`, for each tag that comes with it. Who brings a repository
back makes it: `ecr:CreateRepository`, of the name that it gets; and its own action of the name that it had,
because under another one its images may be for others to see.
"""

from collections.abc import Sequence
from dataclasses import replace

from entrepot.aws.operations import Call
from entrepot.domain.digests import parse_digest
from entrepot.domain.names import RepositoryName, Tag, parse_tag, repository_arn
from entrepot.domain.policy.requests import Context
from entrepot.domain.recycling import scope_of
from entrepot.registry.recycle_bin import RecycleBin
from entrepot.registry.restorations import Restorations
from entrepot.services.contexts import Question, context_of
from entrepot.services.entrepot.recycling import chosen_tags, registry_of, restored_name
from entrepot.services.entrepot.shapes import Params

ABOUT_THE_BIN = frozenset(
    {
        "DescribeRecycleBin",
        "GetDeletionProtection",
        "ListDeletedImages",
        "ListDeletedRepositories",
        "ListTagHistory",
        "PurgeRecycleBin",
        "PutDeletionProtection",
        "PutRecycleBinSettings",
        "RestoreImage",
        "RestoreRepository",
        "RestoreTag",
    }
)


class BinQuestions:
    """The questions of each of these calls."""

    def __init__(self, recycle_bin: RecycleBin, restorations: Restorations) -> None:
        self._bin = recycle_bin
        self._restorations = restorations

    async def of(self, call: Call, action: str, params: Params) -> Sequence[Question]:
        """At least one; the same whether what is named exists or not, but for its tags."""
        context = context_of(call)
        own = Question(action, call.account, await self._resource(call, params), context)
        match call.operation:
            case "RestoreImage":
                return [own, *self._puts(own, context, await self._tags(call, params))]
            case "RestoreTag":
                return [own, *self._puts(own, context, [parse_tag(str(params["imageTag"]))])]
            case "RestoreRepository":
                arn = repository_arn(registry_of(call), restored_name(params))
                return [own, Question("ecr:CreateRepository", call.account, arn, context)]
            case _:
                return [own]

    async def _resource(self, call: Call, params: Params) -> str:
        """A repository's ARN, that of all of them, or that of the bin as a whole."""
        registry, name, deletion_id = (
            registry_of(call),
            params.get("repositoryName"),
            params.get("deletionId"),
        )
        if name is not None:
            return repository_arn(registry, str(name))
        if deletion_id is not None:
            found = await self._bin.find_repository(registry, str(deletion_id))
            return repository_arn(registry, found.repository.name if found is not None else "*")
        if call.operation == "ListDeletedRepositories":
            return repository_arn(registry, "*")
        return scope_of(registry)

    async def _tags(self, call: Call, params: Params) -> Sequence[Tag]:
        """The tags that would come back with an image and what comes with it."""
        name, digest = RepositoryName(str(params["repositoryName"])), parse_digest(str(params["imageDigest"]))
        found = await self._restorations.tags_of(registry_of(call), name, digest)
        chosen = chosen_tags(params)
        return found if chosen is None else [tag for tag in found if tag in chosen]

    @staticmethod
    def _puts(own: Question, context: Context, tags: Sequence[Tag]) -> list[Question]:
        """May the caller put an image with each of these tags, or with none where there are none?"""
        put = replace(own, action="ecr:PutImage")
        return [replace(put, context=replace(context, image_tag=tag)) for tag in tags] or [put]
