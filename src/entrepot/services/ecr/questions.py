"""What a call of ECR needs to be allowed: its own action, on each resource and tag that it names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from entrepot.aws.operations import Call
from entrepot.domain.digests import Digest
from entrepot.domain.names import RepositoryName, parse_repository_arn, repository_arn
from entrepot.domain.policy.requests import Context
from entrepot.registry.listings import Listings
from entrepot.services.contexts import Question, context_of
from entrepot.services.ecr.registries import registry_of

# Operations that ask for the permission of another one (extensions.md, 5).
PERMISSIONS = {"ecr:ListImageReferrers": "ecr:BatchGetImage"}
_ABOUT_ONE_TAG = frozenset(
    {"ecr:PutImage", "ecr:BatchGetImage", "ecr:BatchDeleteImage", "ecr:UpdateImageStorageClass"}
)
_TAKE_AWAY = frozenset({"ecr:BatchDeleteImage", "ecr:UpdateImageStorageClass"})  # from whoever uses any tag


class EcrQuestions:
    """The questions of each call."""

    def __init__(self, listings: Listings) -> None:
        self._listings = listings

    async def of(self, call: Call, action: str, params: Mapping[str, object]) -> Sequence[Question]:
        """One for each repository and image tag; of a registry as a whole, one about `*`."""
        permission, base = PERMISSIONS.get(action, action), _context(call, params)
        contexts = [base]
        if action in _ABOUT_ONE_TAG:
            tags = await self._tags(call, action, params)
            contexts = [replace(base, image_tag=tag) for tag in tags] or contexts
        questions = [
            Question(permission, account, resource, context)
            for account, resource in _resources(call, action, params)
            for context in contexts
        ]
        if action == "ecr:CreateRepository" and params.get("tags"):
            questions += [replace(question, action="ecr:TagResource") for question in questions]
        return questions

    async def _tags(self, call: Call, action: str, params: Mapping[str, object]) -> list[str | None]:
        """Each tag that is named, and of images that go by digest every tag that would go with them.

        None stands for an image that is named without a tag.
        """
        if action == "ecr:PutImage":
            return [cast("str | None", params.get("imageTag"))]
        named = params.get("imageIds") or [params.get("imageId", {})]
        ids = cast("Sequence[Mapping[str, str]]", named)
        tags: dict[str | None, None] = {image.get("imageTag"): None for image in ids}
        digests = [Digest(image["imageDigest"]) for image in ids if image.get("imageDigest")]
        if action in _TAKE_AWAY and digests:
            registry, name = registry_of(call, params), RepositoryName(str(params["repositoryName"]))
            tags |= dict.fromkeys(await self._listings.tags_of(registry, name, digests))
        return list(tags)


def _context(call: Call, params: Mapping[str, object]) -> Context:
    context = context_of(call)
    given = params.get("tags")
    if isinstance(given, list):
        tags = {tag["Key"]: tag["Value"] for tag in cast("list[dict[str, str]]", given)}
        context = replace(context, request_tags=tags, tag_keys=tuple(tags))
    keys = params.get("tagKeys")
    if isinstance(keys, list):
        context = replace(context, tag_keys=tuple(keys))
    if call.operation in ("GetAccountSetting", "PutAccountSetting"):
        context = replace(context, account_setting=str(params["name"]))
    return context


def _resources(call: Call, action: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(owning account, ARN) of everything the call is about; the account's `*` where it names nothing."""
    arn = params.get("resourceArn")
    if isinstance(arn, str):
        yield parse_repository_arn(arn)[0].account, arn
        return
    registry = registry_of(call, params)
    if action == "ecr:GetAuthorizationToken":
        # Also for other accounts' registries: what the token may do there is decided when it is used.
        yield call.account, "*"
        return
    names = [*params.get("repositoryNames", []), *filter(None, [params.get("repositoryName")])]
    for name in names:
        yield registry.account, repository_arn(registry, str(name))
    if not names:
        is_about_repositories = action == "ecr:DescribeRepositories"
        yield registry.account, repository_arn(registry, "*") if is_about_repositories else "*"
