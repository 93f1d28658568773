"""What a call about the recycle bin needs to be allowed: its own action, and what it would else go around.

Who brings an image back puts it: `ecr:PutImage`, for each tag that comes with it. Who brings a repository
back makes it: `ecr:CreateRepository`, of the name that it gets; and its own action of the name that it had,
because under another one its images may be for others to see. Under another name all that it brings is put
there too: images, resource tags, policies.

The tags and the policy of a deleted repository are its own, and not those of one that has its name by now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from entrepot.aws.operations import Call
from entrepot.domain.digests import parse_digest
from entrepot.domain.names import RepositoryName, Tag, parse_tag, repository_arn
from entrepot.domain.policy.requests import Context
from entrepot.domain.recycling import scope_of
from entrepot.registry.recycle_bin import Belongings, RecycleBin
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
        if _is_about_a_deleted_repository(call, params):
            return await self._of_deleted(call, action, params, context)
        own = Question(action, call.account, _resource(call, params), context)
        match call.operation:
            case "RestoreImage":
                return [own, *self._puts(own, context, await self._tags(call, params))]
            case "RestoreTag":
                return [own, *self._puts(own, context, [parse_tag(str(params["imageTag"]))])]
            case _:
                return [own]

    async def _of_deleted(
        self, call: Call, action: str, params: Params, context: Context
    ) -> Sequence[Question]:
        registry, named = registry_of(call), cast("RepositoryName | None", params.get("repositoryName"))
        found = await self._bin.belongings(registry, named, cast("str | None", params.get("deletionId")))
        name = named or (found.repository.name if found is not None else "*")
        tags = found.resource_tags if found is not None else {}
        own = Question(
            action,
            call.account,
            repository_arn(registry, name),
            replace(context, resource_tags=tags),
            repository_policy=(found.policy if found is not None else None) or "",
        )
        if call.operation != "RestoreRepository":
            return [own]
        new_name = restored_name(params)
        made = Question(
            "ecr:CreateRepository",
            call.account,
            repository_arn(registry, new_name),
            replace(context, request_tags=tags, tag_keys=tuple(tags) or None),
        )
        brought = _brought(found) if new_name != name else ()
        return [own, made, *(replace(made, action=each) for each in brought)]

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


def _is_about_a_deleted_repository(call: Call, params: Params) -> bool:
    match call.operation:
        case "RestoreRepository":
            return True
        case "ListDeletedRepositories":
            return "repositoryName" in params
        case _:
            return "deletionId" in params and "repositoryName" not in params


def _resource(call: Call, params: Params) -> str:
    """A repository's ARN, that of all of them, or that of the bin as a whole."""
    registry, name = registry_of(call), params.get("repositoryName")
    if name is not None:
        return repository_arn(registry, str(name))
    if call.operation == "ListDeletedRepositories":
        return repository_arn(registry, "*")
    return scope_of(registry)


def _brought(found: Belongings | None) -> Iterator[str]:
    """What a repository that comes back under another name needs beside being made."""
    yield "ecr:PutImage"
    if found is not None and found.resource_tags:
        yield "ecr:TagResource"
    if found is not None and found.policy is not None:
        yield "ecr:SetRepositoryPolicy"
    if found is not None and found.has_lifecycle_policy:
        yield "ecr:PutLifecyclePolicy"
