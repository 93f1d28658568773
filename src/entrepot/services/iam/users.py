"""Operations on users."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from entrepot.aws import refusals
from entrepot.aws.operations import Call
from entrepot.domain.errors import EntityNotFound
from entrepot.domain.identities import IdentityKind
from entrepot.identity.directory import Directory, NewIdentity
from entrepot.services.iam.identity_lists import page_of
from entrepot.services.iam.pages import asked, cut_all
from entrepot.services.iam.shapes import Member, group_member, tags_in, user_member

if TYPE_CHECKING:
    from types_boto3_iam import type_defs as iam

USER = IdentityKind.USER


class UserOperations:
    """Create, get, list, rename and delete users."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def create(self, call: Call, params: "iam.CreateUserRequestTypeDef") -> Member:
        """CreateUser."""
        user = await self._directory.create(
            NewIdentity(
                call.account,
                USER,
                params["UserName"],
                path=params.get("Path", "/"),
                tags=tags_in(params),
                boundary=params.get("PermissionsBoundary"),
            )
        )
        return {"User": user_member(user)}

    async def get(self, call: Call, params: "iam.GetUserRequestTypeDef") -> Member:
        """GetUser: the caller itself where no name is given."""
        name = params.get("UserName") or own_name(call)
        if name is None:
            return {"User": {"UserId": call.account, "Arn": call.caller.arn, "CreateDate": call.received_at}}
        return {"User": user_member(await self._directory.get(call.account, USER, name))}

    async def list(self, call: Call, params: "iam.ListUsersRequestTypeDef") -> Member:
        """ListUsers."""
        part = await page_of(self._directory, USER, call, params)
        return {"Users": [user_member(user, is_whole=False) for user in part.entries], **part.members}

    async def update(self, call: Call, params: "iam.UpdateUserRequestTypeDef") -> Member:
        """UpdateUser."""
        await self._directory.rename(
            call.account,
            USER,
            params["UserName"],
            new_name=params.get("NewUserName"),
            new_path=params.get("NewPath"),
        )
        return {}

    async def delete(self, call: Call, params: "iam.DeleteUserRequestTypeDef") -> Member:
        """DeleteUser."""
        await self._directory.delete(call.account, USER, params["UserName"])
        return {}

    async def list_groups(self, call: Call, params: "iam.ListGroupsForUserRequestTypeDef") -> Member:
        """ListGroupsForUser."""
        groups = await self._directory.groups_of(call.account, params["UserName"])
        part = cut_all(groups, asked(params), lambda group: group.name)
        return {"Groups": [group_member(group) for group in part.entries], **part.members}

    async def list_none(self, call: Call, params: Mapping[str, object]) -> Member:
        """What Terraform asks for before it deletes a user, and which no user has here."""
        name = params.get("UserName")
        if name is not None:
            await self._directory.get(call.account, USER, str(name))
        return {_NEVER[call.operation]: []}

    async def refuse_password(self, call: Call, params: Mapping[str, object]) -> Member:
        """GetLoginProfile and DeleteLoginProfile: nobody has a password here."""
        user = await self._directory.get(
            call.account, USER, str(params.get("UserName") or own_name(call) or "")
        )
        raise EntityNotFound("login profile", user.name)


_NEVER = {
    "ListMFADevices": "MFADevices",
    "ListSSHPublicKeys": "SSHPublicKeys",
    "ListServiceSpecificCredentials": "ServiceSpecificCredentials",
    "ListSigningCertificates": "Certificates",
    "ListVirtualMFADevices": "VirtualMFADevices",
}


def own_name(call: Call) -> str | None:
    """The name of the user who calls, None for the root; refuses a session of a role."""
    if call.caller.is_root:
        return None
    if call.caller.is_role_session:
        raise refusals.validation("Must specify userName when calling with non-User credentials")
    return call.caller.arn.rpartition("/")[2]
