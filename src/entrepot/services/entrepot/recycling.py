"""Operations on the recycle bin, on the history of tags, and on what protects repositories."""

from typing import TYPE_CHECKING, cast

from entrepot.aws.operations import Call
from entrepot.domain.digests import parse_digest
from entrepot.domain.errors import InvalidParameter
from entrepot.domain.names import Registry, RepositoryName, Tag, parse_tag
from entrepot.domain.recycling import DeletedImage, Deletion, Protection, TagEvent
from entrepot.domain.repositories import Repository
from entrepot.registry.catalog import Catalog
from entrepot.registry.deletion_protection import DeletionProtection
from entrepot.registry.recycle_bin import ListedRepository, RecycleBin
from entrepot.registry.restorations import KeptTag, Restorations, RestoredImage
from entrepot.registry.tag_history import TagHistory
from entrepot.services.entrepot.shapes import Member, Params

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAGE = 100  # as ECR's lists where nobody says how much


class RecyclingOperations:
    """Lists, restores and erases what was deleted."""

    def __init__(
        self,
        catalog: Catalog,
        recycle_bin: RecycleBin,
        restorations: Restorations,
        history: TagHistory,
        protection: DeletionProtection,
    ) -> None:
        self._catalog = catalog
        self._bin = recycle_bin
        self._restorations = restorations
        self._history = history
        self._protection = protection

    async def describe(self, call: Call, params: Params) -> Member:
        """DescribeRecycleBin."""
        repository = await self._repository(call, params) if "repositoryName" in params else None
        found = await self._bin.describe(registry_of(call), repository)
        contents = [found.images] if found.repositories is None else [found.images, found.repositories]
        return {
            "retentionDays": found.days,
            "imageCount": found.images.count,
            "imageSizeInBytes": found.images.size_bytes,
            "repositoryCount": found.repositories.count if found.repositories is not None else None,
            "repositorySizeInBytes": found.repositories.size_bytes
            if found.repositories is not None
            else None,
            "oldestDeletedAt": min(
                (each.oldest for each in contents if each.oldest is not None), default=None
            ),
        }

    async def put_settings(self, call: Call, params: Params) -> Member:
        """PutRecycleBinSettings."""
        days = cast("int", params["retentionDays"])
        await self._bin.keep_for(registry_of(call), days)
        return {"retentionDays": days}

    async def list_images(self, call: Call, params: Params) -> Member:
        """ListDeletedImages."""
        repository = await self._repository(call, params)
        page = await self._bin.images(repository, token=_token(params), limit=_limit(params))
        return {"deletedImages": [_image(each) for each in page.entries], "nextToken": page.next_token}

    async def list_repositories(self, call: Call, params: Params) -> Member:
        """ListDeletedRepositories."""
        name = _name(params) if "repositoryName" in params else None
        page = await self._bin.repositories(
            registry_of(call), name, token=_token(params), limit=_limit(params)
        )
        return {
            "deletedRepositories": [_repository(each) for each in page.entries],
            "nextToken": page.next_token,
        }

    async def list_history(self, call: Call, params: Params) -> Member:
        """ListTagHistory."""
        repository = await self._repository(call, params)
        tag = parse_tag(str(params["imageTag"])) if "imageTag" in params else None
        page = await self._history.page(repository, tag, token=_token(params), limit=_limit(params))
        return {"events": [_event(each) for each in page.entries], "nextToken": page.next_token}

    async def restore_image(self, call: Call, params: Params) -> Member:
        """RestoreImage."""
        repository = await self._repository(call, params)
        digest = parse_digest(str(params["imageDigest"]))
        restored = await self._restorations.image(
            repository, digest, tags=chosen_tags(params), move=bool(params.get("moveTags"))
        )
        return {
            "repositoryName": repository.name,
            "imageDigest": digest,
            "restoredImages": [_restored(each) for each in restored.images],
            "keptTags": [_kept(each) for each in restored.kept],
        }

    async def restore_tag(self, call: Call, params: Params) -> Member:
        """RestoreTag."""
        repository = await self._repository(call, params)
        tag, named = parse_tag(str(params["imageTag"])), params.get("imageDigest")
        digest = parse_digest(str(named)) if named is not None else None
        restored = await self._restorations.tag(repository, tag, digest)
        return {
            "repositoryName": repository.name,
            "imageTag": tag,
            "imageDigest": restored.digest,
            "previousImageDigest": restored.previous,
            "restoredImages": [_restored(each) for each in restored.images],
        }

    async def restore_repository(self, call: Call, params: Params) -> Member:
        """RestoreRepository."""
        restored = await self._restorations.repository(
            registry_of(call),
            _name(params),
            new_name=restored_name(params),
            deletion_id=cast("str | None", params.get("deletionId")),
        )
        return {
            "repositoryName": restored.name,
            "repositoryArn": restored.arn,
            "deletionId": restored.id,
        }

    async def purge(self, call: Call, params: Params) -> Member:
        """PurgeRecycleBin."""
        _check_one(params, "repositoryName", "deletionId", "everything")
        digests = cast("Sequence[str] | None", params.get("imageDigests"))
        if digests is not None and "repositoryName" not in params:
            raise InvalidParameter("imageDigests", "must come with repositoryName")
        images = repositories = 0
        if "repositoryName" in params:
            repository = await self._repository(call, params)
            named = None if digests is None else [parse_digest(each) for each in digests]
            images = await self._bin.purge_images(repository, named)
        elif "deletionId" in params:
            await self._bin.purge_repository(registry_of(call), str(params["deletionId"]))
            repositories = 1
        else:
            images, repositories = await self._bin.purge_everything(registry_of(call))
        return {"imageCount": images, "repositoryCount": repositories}

    async def get_protection(self, call: Call, params: Params) -> Member:
        """GetDeletionProtection."""
        found = await self._protection.find(registry_of(call), _name(params))
        return _protection(_name(params), found)

    async def put_protection(self, call: Call, params: Params) -> Member:
        """PutDeletionProtection."""
        registry, name = registry_of(call), _name(params)
        if params["enabled"]:
            return _protection(name, await self._protection.begin(registry, name))
        await self._protection.end(registry, name)
        return _protection(name, None)

    async def _repository(self, call: Call, params: Params) -> Repository:
        return await self._catalog.get(registry_of(call), _name(params))


def registry_of(call: Call) -> Registry:
    """The caller's own, in the region that is asked."""
    return Registry(call.account, call.region)


def restored_name(params: Params) -> RepositoryName:
    """What a restored repository is called from now on."""
    return RepositoryName(str(params.get("newRepositoryName") or params["repositoryName"]))


def chosen_tags(params: Params) -> frozenset[Tag] | None:
    """The tags that are to come back; None for all of them."""
    named = cast("Sequence[str] | None", params.get("imageTags"))
    return None if named is None else frozenset(parse_tag(each) for each in named)


def _name(params: Params) -> RepositoryName:
    return RepositoryName(str(params["repositoryName"]))


def _token(params: Params) -> str | None:
    return cast("str | None", params.get("nextToken"))


def _limit(params: Params) -> int:
    return cast("int", params.get("maxResults", _PAGE))


def _check_one(params: Params, *members: str) -> None:
    """Raises InvalidParameter unless exactly one of the members is given."""
    given = [member for member in members if params.get(member)]
    if len(given) != 1:
        raise InvalidParameter(members[0], f"exactly one of {', '.join(members)} must be given")


def _image(deleted: DeletedImage) -> Member:
    image = deleted.image
    return {
        "imageDigest": image.digest,
        "imageTags": list(deleted.tags),
        "imageManifestMediaType": image.media_type,
        "artifactMediaType": image.artifact_type,
        "subjectManifestDigest": image.subject_digest,
        "imageSizeInBytes": image.size_bytes,
        "imagePushedAt": image.pushed_at,
        "cause": "CALL" if deleted.deletion.rule_priority is None else "LIFECYCLE_POLICY",
        "rulePriority": deleted.deletion.rule_priority,
        **_deletion(deleted.deletion),
    }


def _repository(listed: ListedRepository) -> Member:
    repository = listed.deleted.repository
    return {
        "deletionId": repository.id,
        "repositoryName": repository.name,
        "createdAt": repository.created_at,
        "imageCount": listed.images,
        "imageSizeInBytes": listed.size_bytes,
        **_deletion(listed.deleted.deletion),
    }


def _deletion(deletion: Deletion) -> Member:
    return {"deletedAt": deletion.at, "deletedBy": deletion.by, "restorableUntil": deletion.until}


def _event(event: TagEvent) -> Member:
    return {
        "imageTag": event.tag,
        "change": event.change.value,
        "imageDigest": event.digest,
        "previousImageDigest": event.previous,
        "at": event.at,
        "by": event.by,
        "rulePriority": event.rule_priority,
    }


def _restored(image: RestoredImage) -> Member:
    return {"imageDigest": image.digest, "imageTags": list(image.tags)}


def _kept(kept: KeptTag) -> Member:
    return {"imageTag": kept.tag, "imageDigest": kept.digest, "reason": kept.reason.value}


def _protection(name: RepositoryName, found: Protection | None) -> Member:
    return {
        "repositoryName": name,
        "enabled": found is not None,
        "changedAt": found.at if found is not None else None,
        "changedBy": found.by if found is not None else None,
    }
