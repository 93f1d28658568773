"""Operations on managed policies and their versions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from entrepot.aws.operations import Call
from entrepot.domain.errors import EntityNotFound
from entrepot.domain.identities import IdentityKind, ManagedPolicy
from entrepot.identity.aws_policies import AWS_POLICIES
from entrepot.identity.policies import PolicyLibrary, of_aws
from entrepot.services.iam.pages import asked, cut, cut_all
from entrepot.services.iam.shapes import (
    Member,
    keys_in,
    policy_member,
    tag_members,
    tags_in,
    version_id,
    version_member,
)

if TYPE_CHECKING:
    from types_boto3_iam import type_defs as iam

    from entrepot.ports.identities import Attached

_COUNTED = 1000  # attachments that GetPolicy counts to
_ENTITIES = {IdentityKind.GROUP: "Group", IdentityKind.ROLE: "Role", IdentityKind.USER: "User"}


class ManagedPolicyOperations:
    """Create, get, list, version, tag and delete policies."""

    def __init__(self, library: PolicyLibrary) -> None:
        self._library = library

    async def create(self, call: Call, params: "iam.CreatePolicyRequestTypeDef") -> Member:
        """CreatePolicy."""
        policy = await self._library.create(
            call.account,
            params["PolicyName"],
            params["PolicyDocument"],
            path=params.get("Path", "/"),
            description=params.get("Description"),
            tags=tags_in(params),
        )
        return {"Policy": policy_member(policy, 0)}

    async def get(self, call: Call, params: "iam.GetPolicyRequestTypeDef") -> Member:
        """GetPolicy."""
        policy = await self._library.get(call.account, params["PolicyArn"])
        attached, bounded = await self._count(call, policy), await self._count_bounded(call, policy)
        return {"Policy": policy_member(policy, attached, bounded)}

    async def list(self, call: Call, params: "iam.ListPoliciesRequestTypeDef") -> Member:
        """ListPolicies: the account's, then AWS's; where asked, those in use as policies or boundaries."""
        scope, prefix, page = params.get("Scope", "All"), params.get("PathPrefix", "/"), asked(params)
        found: list[ManagedPolicy] = []
        if scope in ("All", "Local"):
            own = await self._library.page(
                call.account, path_prefix=prefix, after=page.after, limit=page.fetched
            )
            found += own
        if scope in ("All", "AWS") and len(found) < page.fetched and prefix == "/":
            found += sorted(
                (
                    of_aws(policy)
                    for policy in AWS_POLICIES.values()
                    if policy.name.lower() > page.after.lower()
                ),
                key=lambda policy: policy.name,
            )
        found = sorted(found, key=lambda policy: policy.name.lower())[: page.fetched]
        part = cut(found, page, lambda policy: policy.name)
        counts = {policy.arn: await self._count(call, policy) for policy in part.entries}
        members = [
            policy_member(policy, counts[policy.arn])
            for policy in part.entries
            if counts[policy.arn] or not params.get("OnlyAttached", False)
            if params.get("PolicyUsageFilter") != "PermissionsBoundary"
            or await self._count_bounded(call, policy)
        ]
        return {"Policies": members, **part.members}

    async def delete(self, call: Call, params: "iam.DeletePolicyRequestTypeDef") -> Member:
        """DeletePolicy."""
        await self._library.delete(call.account, params["PolicyArn"])
        return {}

    async def create_version(self, call: Call, params: "iam.CreatePolicyVersionRequestTypeDef") -> Member:
        """CreatePolicyVersion."""
        policy, version = await self._library.add_version(
            call.account,
            params["PolicyArn"],
            params["PolicyDocument"],
            is_default=params.get("SetAsDefault", False),
        )
        return {"PolicyVersion": version_member(policy, version, has_document=False)}

    async def get_version(self, call: Call, params: "iam.GetPolicyVersionRequestTypeDef") -> Member:
        """GetPolicyVersion."""
        policy, versions = await self._library.versions(call.account, params["PolicyArn"])
        for version in versions:
            if version_id(version.number) == params["VersionId"]:
                return {"PolicyVersion": version_member(policy, version, has_document=True)}
        raise EntityNotFound("policy version", params["VersionId"])

    async def list_versions(self, call: Call, params: "iam.ListPolicyVersionsRequestTypeDef") -> Member:
        """ListPolicyVersions: five at most, so all of them."""
        policy, versions = await self._library.versions(call.account, params["PolicyArn"])
        members = [version_member(policy, version, has_document=False) for version in versions]
        return {"Versions": members, "IsTruncated": False}

    async def set_default(self, call: Call, params: "iam.SetDefaultPolicyVersionRequestTypeDef") -> Member:
        """SetDefaultPolicyVersion."""
        number = _number(params["VersionId"])
        await self._library.set_default(call.account, params["PolicyArn"], number)
        return {}

    async def delete_version(self, call: Call, params: "iam.DeletePolicyVersionRequestTypeDef") -> Member:
        """DeletePolicyVersion."""
        number = _number(params["VersionId"])
        await self._library.delete_version(call.account, params["PolicyArn"], number)
        return {}

    async def tag(self, call: Call, params: Mapping[str, object]) -> Member:
        """TagPolicy."""
        arn = str(params["PolicyArn"])
        await self._library.tag(call.account, arn, tags_in(params), without=frozenset())
        return {}

    async def untag(self, call: Call, params: Mapping[str, object]) -> Member:
        """UntagPolicy."""
        arn = str(params["PolicyArn"])
        await self._library.tag(call.account, arn, {}, without=frozenset(keys_in(params)))
        return {}

    async def list_tags(self, call: Call, params: Mapping[str, object]) -> Member:
        """ListPolicyTags."""
        policy = await self._library.get(call.account, str(params["PolicyArn"]))
        part = cut_all([*policy.tags], asked(params), str)
        return {"Tags": tag_members({key: policy.tags[key] for key in part.entries}), **part.members}

    async def list_entities(self, call: Call, params: "iam.ListEntitiesForPolicyRequestTypeDef") -> Member:
        """ListEntitiesForPolicy: whose policy it is, and whose boundary; where asked, one of the two."""
        page, wanted, usage = asked(params), params.get("EntityFilter"), params.get("PolicyUsageFilter")
        found: dict[str, Attached] = {}
        for look, told in (
            (self._library.users_of, "PermissionsPolicy"),
            (self._library.bounded_by, "PermissionsBoundary"),
        ):
            if usage in (None, told):
                users = await look(call.account, params["PolicyArn"], after=page.after, limit=page.fetched)
                found |= {each.identity_id: each for each in users}
        part = cut([found[key] for key in sorted(found)][: page.fetched], page, lambda each: each.identity_id)
        members: dict[str, list[Member]] = {f"Policy{word}s": [] for word in _ENTITIES.values()}
        for each in part.entries:
            word = _ENTITIES[each.kind]
            if wanted in (None, word) and each.path.startswith(params.get("PathPrefix", "/")):
                members[f"Policy{word}s"].append({f"{word}Name": each.name, f"{word}Id": each.identity_id})
        return {**members, **part.members}

    async def _count(self, call: Call, policy: ManagedPolicy) -> int:
        return len(await self._library.users_of(call.account, policy.arn, after="", limit=_COUNTED))

    async def _count_bounded(self, call: Call, policy: ManagedPolicy) -> int:
        return len(await self._library.bounded_by(call.account, policy.arn, after="", limit=_COUNTED))


def _number(version: str) -> int:
    """The number in `v2`, whose form the model has checked; a suffix after a dot names no version here."""
    digits = version.removeprefix("v")
    if not digits.isdecimal() or len(digits) > 9:
        raise EntityNotFound("policy version", version)
    return int(digits)
