"""Terraform's AWS provider, as far as it speaks to IAM: each resource's calls, made by boto3.

From its source, `internal/service/iam`. `read` gives None for what leaves the state; `delete` of what is gone
is no error. The provider asks again after it has made something; here the first answer has to be right.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from tests.clients.terraform_policies import normal, unless_equivalent

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_iam.literals import StatusTypeType
    from types_boto3_iam.type_defs import TagTypeDef

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class User:
    """An `aws_iam_user`; `unique_id` is None until it is made, as in all of these."""

    name: str
    path: str = "/"
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    unique_id: str | None = None


@dataclass(frozen=True, slots=True)
class Users:
    """The resource's calls."""

    iam: "IAMClient"

    def create(self, user: User) -> User:
        boundary: Any = {"PermissionsBoundary": user.boundary} if user.boundary else {}
        tagged: Any = {"Tags": tag_list(user.tags)} if user.tags else {}
        self.iam.create_user(UserName=user.name, Path=user.path, **boundary, **tagged)
        return _made(self.read(user))

    def read(self, user: User) -> User | None:
        try:
            found = self.iam.get_user(UserName=user.name)["User"]
        except self.iam.exceptions.NoSuchEntityException:
            return None
        return User(
            found["UserName"],
            found["Path"],
            found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            tag_dict(found.get("Tags", [])),
            found["UserId"],
        )

    def update(self, old: User, new: User) -> User:
        if (old.name, old.path) != (new.name, new.path):
            self.iam.update_user(UserName=old.name, NewUserName=new.name, NewPath=new.path)
        if old.boundary != new.boundary and new.boundary:
            self.iam.put_user_permissions_boundary(UserName=new.name, PermissionsBoundary=new.boundary)
        elif old.boundary != new.boundary:
            self.iam.delete_user_permissions_boundary(UserName=new.name)
        removed, changed = tag_changes(old.tags, new.tags)
        if removed:
            self.iam.untag_user(UserName=new.name, TagKeys=removed)
        if changed:
            self.iam.tag_user(UserName=new.name, Tags=changed)
        return _made(self.read(new))

    def delete(self, user: User) -> None:
        with suppress(self.iam.exceptions.NoSuchEntityException):
            for group in self.iam.list_groups_for_user(UserName=user.name)["Groups"]:
                self.iam.remove_user_from_group(GroupName=group["GroupName"], UserName=user.name)
        with suppress(self.iam.exceptions.NoSuchEntityException):
            self.iam.delete_user(UserName=user.name)


@dataclass(frozen=True, slots=True)
class Role:
    """An `aws_iam_role` with its `managed_policy_arns` and `inline_policy` blocks, by name."""

    name: str
    trust: str
    path: str = "/"
    description: str = ""
    max_session_duration: int = 3600
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    attached: frozenset[str] = frozenset()
    inline: Mapping[str, str] = field(default_factory=dict)
    unique_id: str | None = None


@dataclass(frozen=True, slots=True)
class Roles:
    """The resource's calls."""

    iam: "IAMClient"

    def create(self, role: Role) -> Role:
        given: dict[str, Any] = {"MaxSessionDuration": role.max_session_duration}
        if role.description:
            given["Description"] = role.description
        if role.boundary:
            given["PermissionsBoundary"] = role.boundary
        if role.tags:
            given["Tags"] = tag_list(role.tags)
        trust = normal(role.trust)
        self.iam.create_role(RoleName=role.name, Path=role.path, AssumeRolePolicyDocument=trust, **given)
        self._set_policies(replace(role, attached=frozenset(), inline={}), role)
        return _made(self.read(role))

    def read(self, role: Role) -> Role | None:
        try:
            found = self.iam.get_role(RoleName=role.name)["Role"]
        except self.iam.exceptions.NoSuchEntityException:
            return None
        names = self.iam.list_role_policies(RoleName=role.name)["PolicyNames"]
        attached = self.iam.list_attached_role_policies(RoleName=role.name)["AttachedPolicies"]
        return Role(
            found["RoleName"],
            unless_equivalent(role.trust, json.dumps(found["AssumeRolePolicyDocument"])),
            found["Path"],
            found.get("Description", ""),
            found["MaxSessionDuration"],
            found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            tag_dict(found.get("Tags", [])),
            frozenset(each["PolicyArn"] for each in attached),
            {name: self._inline(role, name) for name in names},
            found["RoleId"],
        )

    def _inline(self, role: Role, name: str) -> str:
        found = self.iam.get_role_policy(RoleName=role.name, PolicyName=name)["PolicyDocument"]
        return unless_equivalent(role.inline.get(name, ""), json.dumps(found))

    def update(self, old: Role, new: Role) -> Role:
        if old.trust != new.trust:
            self.iam.update_assume_role_policy(RoleName=old.name, PolicyDocument=normal(new.trust))
        if old.description != new.description:
            self.iam.update_role_description(RoleName=old.name, Description=new.description)
        if old.max_session_duration != new.max_session_duration:
            self.iam.update_role(RoleName=old.name, MaxSessionDuration=new.max_session_duration)
        if old.boundary != new.boundary and new.boundary:
            self.iam.put_role_permissions_boundary(RoleName=old.name, PermissionsBoundary=new.boundary)
        elif old.boundary != new.boundary:
            self.iam.delete_role_permissions_boundary(RoleName=old.name)
        self._set_policies(old, new)
        removed, changed = tag_changes(old.tags, new.tags)
        if removed:
            self.iam.untag_role(RoleName=old.name, TagKeys=removed)
        if changed:
            self.iam.tag_role(RoleName=old.name, Tags=changed)
        return _made(self.read(new))

    def _set_policies(self, old: Role, new: Role) -> None:
        for name in [name for name in old.inline if old.inline[name] != new.inline.get(name)]:
            with suppress(self.iam.exceptions.NoSuchEntityException):
                self.iam.delete_role_policy(RoleName=old.name, PolicyName=name)
        for name in [name for name in new.inline if new.inline[name] != old.inline.get(name)]:
            self.iam.put_role_policy(RoleName=old.name, PolicyName=name, PolicyDocument=new.inline[name])
        for arn in old.attached - new.attached:
            with suppress(self.iam.exceptions.NoSuchEntityException):
                self.iam.detach_role_policy(RoleName=old.name, PolicyArn=arn)
        for arn in new.attached - old.attached:
            self.iam.attach_role_policy(RoleName=old.name, PolicyArn=arn)

    def delete(self, role: Role) -> None:
        with suppress(self.iam.exceptions.NoSuchEntityException):
            assert self.iam.list_instance_profiles_for_role(RoleName=role.name)["InstanceProfiles"] == []
            self._set_policies(role, replace(role, attached=frozenset(), inline={}))
            self.iam.delete_role(RoleName=role.name)


@dataclass(frozen=True, slots=True)
class Policy:
    """An `aws_iam_policy`; its id is the ARN."""

    name: str
    policy: str
    path: str = "/"
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    arn: str = ""


@dataclass(frozen=True, slots=True)
class Policies:
    """The resource's calls. Some releases make a new version the default one by a call of its own."""

    iam: "IAMClient"
    sets_default_later: bool = False

    def create(self, policy: Policy) -> Policy:
        tagged: Any = {"Tags": tag_list(policy.tags)} if policy.tags else {}
        made = self.iam.create_policy(
            PolicyName=policy.name,
            Path=policy.path,
            Description=policy.description,
            PolicyDocument=normal(policy.policy),
            **tagged,
        )
        return _made(self.read(replace(policy, arn=made["Policy"]["Arn"])))

    def read(self, policy: Policy) -> Policy | None:
        try:
            found = self.iam.get_policy(PolicyArn=policy.arn)["Policy"]
            version = self.iam.get_policy_version(PolicyArn=policy.arn, VersionId=found["DefaultVersionId"])
        except self.iam.exceptions.NoSuchEntityException:
            return None
        document = version["PolicyVersion"]["Document"]
        return Policy(
            found["PolicyName"],
            unless_equivalent(policy.policy, json.dumps(document)),
            found["Path"],
            found.get("Description", ""),
            tag_dict(found.get("Tags", [])),
            found["Arn"],
        )

    def update(self, old: Policy, new: Policy) -> Policy:
        arn, document = old.arn, normal(new.policy)
        if old.policy != new.policy:
            self._prune(arn)
            made = self.iam.create_policy_version(
                PolicyArn=arn, PolicyDocument=document, SetAsDefault=not self.sets_default_later
            )
            if self.sets_default_later:
                version = made["PolicyVersion"]["VersionId"]
                self.iam.set_default_policy_version(PolicyArn=arn, VersionId=version)
        removed, changed = tag_changes(old.tags, new.tags)
        if removed:
            self.iam.untag_policy(PolicyArn=arn, TagKeys=removed)
        if changed:
            self.iam.tag_policy(PolicyArn=arn, Tags=changed)
        return _made(self.read(replace(new, arn=arn)))

    def _prune(self, arn: str) -> None:
        """Of five versions the oldest goes that is not the default one."""
        versions = self.iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= 5:
            others = [each for each in versions if not each["IsDefaultVersion"]]
            oldest = min(others, key=lambda each: each["CreateDate"])
            self.iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])

    def delete(self, policy: Policy) -> None:
        with suppress(self.iam.exceptions.NoSuchEntityException):
            for version in self.iam.list_policy_versions(PolicyArn=policy.arn)["Versions"]:
                if not version["IsDefaultVersion"]:
                    self.iam.delete_policy_version(PolicyArn=policy.arn, VersionId=version["VersionId"])
            self.iam.delete_policy(PolicyArn=policy.arn)


@dataclass(frozen=True, slots=True)
class Provider:
    """An `aws_iam_openid_connect_provider`; its URL is read without a scheme, which is no difference."""

    url: str
    client_ids: frozenset[str]
    thumbprints: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    arn: str = ""


@dataclass(frozen=True, slots=True)
class Providers:
    """The resource's calls."""

    iam: "IAMClient"

    def create(self, provider: Provider) -> Provider:
        given: dict[str, Any] = {"ClientIDList": sorted(provider.client_ids)}
        if provider.thumbprints:
            given["ThumbprintList"] = list(provider.thumbprints)
        if provider.tags:
            given["Tags"] = tag_list(provider.tags)
        made = self.iam.create_open_id_connect_provider(Url=provider.url, **given)
        return _made(self.read(replace(provider, arn=made["OpenIDConnectProviderArn"])))

    def read(self, provider: Provider) -> Provider | None:
        try:
            found = self.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider.arn)
        except self.iam.exceptions.NoSuchEntityException:
            return None
        is_same = provider.url == f"https://{found['Url']}"
        return Provider(
            provider.url if is_same else found["Url"],
            frozenset(found["ClientIDList"]),
            tuple(found["ThumbprintList"]),
            tag_dict(found.get("Tags", [])),
            provider.arn,
        )

    def update(self, old: Provider, new: Provider) -> Provider:
        arn = old.arn
        if old.thumbprints != new.thumbprints and new.thumbprints:
            self.iam.update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=arn, ThumbprintList=list(new.thumbprints)
            )
        for client in new.client_ids - old.client_ids:
            self.iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client)
        for client in old.client_ids - new.client_ids:
            self.iam.remove_client_id_from_open_id_connect_provider(
                OpenIDConnectProviderArn=arn, ClientID=client
            )
        return _made(self.read(replace(new, arn=arn)))

    def delete(self, provider: Provider) -> None:
        with suppress(self.iam.exceptions.NoSuchEntityException):
            self.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider.arn)


def key_status(iam: "IAMClient", user: str, key: str) -> "StatusTypeType | None":
    """What `aws_iam_access_key` reads; None leaves the state, as a user does who is gone."""
    try:
        pages = iam.get_paginator("list_access_keys").paginate(UserName=user)
        found = [each for page in pages for each in page["AccessKeyMetadata"]]
    except iam.exceptions.NoSuchEntityException:
        return None
    return next((each["Status"] for each in found if each["AccessKeyId"] == key), None)


def tag_list(tags: Mapping[str, str]) -> "list[TagTypeDef]":
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_dict(tags: "list[TagTypeDef]") -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def tag_changes(old: Mapping[str, str], new: Mapping[str, str]) -> "tuple[list[str], list[TagTypeDef]]":
    """The keys to take off, and the tags to put on."""
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    return [key for key in old if key not in new], tag_list(changed)


def _made(found: T | None) -> T:
    assert found is not None, "the provider would ask again"
    return found
