"""Members that several answers of IAM share."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast
from urllib.parse import quote

from entrepot.domain.identities import Identity, ManagedPolicy, PolicyVersion

Member = Mapping[str, object]


def user_member(user: Identity, *, is_whole: bool = True) -> Member:
    """IAM's User; lists leave out tags and boundary."""
    member = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created_at,
    }
    return {**member, **_more(user)} if is_whole else member


def group_member(group: Identity) -> Member:
    """IAM's Group."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.created_at,
    }


def role_member(role: Identity, *, is_whole: bool = True) -> Member:
    """IAM's Role; lists leave out tags and boundary."""
    terms = role.terms
    if terms is None:
        raise LookupError(f"{role.arn} is no role")
    member = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created_at,
        "AssumeRolePolicyDocument": document_member(terms.trust_policy),
        "Description": terms.description,
        "MaxSessionDuration": int(terms.max_session.total_seconds()),
    }
    return {**member, **_more(role), "RoleLastUsed": {}} if is_whole else member


def policy_member(policy: ManagedPolicy, attachments: int, boundaries: int | None = None) -> Member:
    """IAM's Policy; lists leave out for how many it is the boundary."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": version_id(policy.default_version),
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": boundaries,
        "IsAttachable": True,
        "Description": policy.description,
        "CreateDate": policy.created_at,
        "UpdateDate": policy.updated_at,
        "Tags": tag_members(policy.tags) or None,
    }


def version_member(policy: ManagedPolicy, version: PolicyVersion, *, has_document: bool) -> Member:
    """IAM's PolicyVersion."""
    return {
        "Document": document_member(version.document) if has_document else None,
        "VersionId": version_id(version.number),
        "IsDefaultVersion": version.number == policy.default_version,
        "CreateDate": version.created_at,
    }


def version_id(number: int) -> str:
    """What callers know a version by."""
    return f"v{number}"


def document_member(text: str) -> str:
    """A document in an answer: percent-encoded as by RFC 3986, as IAM's API reference says."""
    return quote(text, safe="")


def tag_members(tags: Mapping[str, str]) -> list[Member]:
    """Tags in the order of their keys."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def tags_in(params: Mapping[str, object]) -> dict[str, str]:
    """The tags that a caller gives; the last one counts where a key comes twice."""
    given = cast("Sequence[Mapping[str, str]]", params.get("Tags", ()))
    return {tag["Key"]: tag["Value"] for tag in given}


def keys_in(params: Mapping[str, object]) -> Iterable[str]:
    """The keys of tags that a caller wants gone."""
    return cast("Iterable[str]", params.get("TagKeys", ()))


def _more(identity: Identity) -> Member:
    boundary = identity.boundary and {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": identity.boundary,
    }
    return {"PermissionsBoundary": boundary, "Tags": tag_members(identity.tags) or None}
