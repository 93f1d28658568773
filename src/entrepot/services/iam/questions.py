"""What a call of IAM needs to be allowed: its own action, on the one resource that it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from entrepot.aws.operations import Call
from entrepot.domain.identities import Identity, IdentityKind, identity_arn, policy_arn
from entrepot.identity.directory import Directory
from entrepot.services.contexts import Question, context_of
from entrepot.services.iam.shapes import keys_in, tags_in

Params = Mapping[str, object]

# By the first of these names that a call has; AddUserToGroup and its like are about the group.
_NAMED = (
    ("GroupName", IdentityKind.GROUP),
    ("RoleName", IdentityKind.ROLE),
    ("UserName", IdentityKind.USER),
)
_ARNS = ("PolicyArn", "OpenIDConnectProviderArn", "PolicySourceArn")
# About the caller's own user where no user is named.
_OF_ONESELF = frozenset(
    {
        "GetUser",
        "CreateAccessKey",
        "DeleteAccessKey",
        "UpdateAccessKey",
        "ListAccessKeys",
        "ListMFADevices",
        "ListSSHPublicKeys",
        "ListServiceSpecificCredentials",
        "ListSigningCertificates",
        "GetLoginProfile",
        "DeleteLoginProfile",
    }
)


class IamQuestions:
    """The question of each call."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def of(self, call: Call, action: str, params: Params) -> Sequence[Question]:
        """One question, and for a new name or path one about that too.

        Unknown names get the ARN that they would have, so that nobody learns who exists.
        """
        identity, resource = await self._resource(call, params)
        others: dict[str, str | tuple[str, ...]] = {}
        if "PolicyArn" in params:
            others["iam:policyarn"] = str(params["PolicyArn"])
        boundary = params.get("PermissionsBoundary") or (identity.boundary if identity is not None else None)
        if boundary is not None:
            others["iam:permissionsboundary"] = str(boundary)
        tags = tags_in(params)
        context = replace(
            context_of(call),
            request_tags=tags,
            tag_keys=tuple(tags) or tuple(keys_in(params)) or None,
            resource_tags=dict(identity.tags) if identity is not None else {},
            others=others,
        )
        renamed = _renamed(identity, params)
        resources = [resource] if renamed is None else [resource, renamed]
        return [Question(action, call.account, each, context) for each in resources]

    async def _resource(self, call: Call, params: Params) -> tuple[Identity | None, str]:
        """The identity, where there is one, and the ARN that the call is about; `*` for lists."""
        for member, kind in _NAMED:
            if member in params:
                return await self._named(call, params, kind, str(params[member]))
        for member in _ARNS:
            if member in params:
                return None, str(params[member])
        if call.operation in _OF_ONESELF:
            return None, call.caller.arn
        path = str(params.get("Path", "/"))
        if call.operation == "CreatePolicy":
            return None, policy_arn(call.account, str(params["PolicyName"]), path=path)
        if call.operation == "CreateOpenIDConnectProvider":
            url = str(params["Url"]).removeprefix("https://")
            return None, f"arn:aws:iam::{call.account}:oidc-provider/{url}"
        return None, "*"

    async def _named(
        self, call: Call, params: Params, kind: IdentityKind, name: str
    ) -> tuple[Identity | None, str]:
        identity = await self._directory.find(call.account, kind, name)
        if identity is not None and not call.operation.startswith("Create"):
            return identity, identity.arn
        return None, identity_arn(call.account, kind, name, path=cast("str", params.get("Path", "/")))


def _renamed(identity: Identity | None, params: Params) -> str | None:
    """The ARN that UpdateUser and UpdateGroup would give; None where nothing is renamed."""
    if identity is None or not {"NewPath", "NewUserName", "NewGroupName"} & {*params}:
        return None
    name = str(params.get("NewUserName") or params.get("NewGroupName") or identity.name)
    path = str(params.get("NewPath") or identity.path)
    return identity_arn(identity.account, identity.kind, name, path=path)
