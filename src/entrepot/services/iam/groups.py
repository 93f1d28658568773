"""Operations on groups."""

from typing import TYPE_CHECKING

from entrepot.aws.operations import Call
from entrepot.domain.identities import IdentityKind
from entrepot.identity.directory import Directory, NewIdentity
from entrepot.services.iam.identity_lists import page_of
from entrepot.services.iam.pages import asked, cut
from entrepot.services.iam.shapes import Member, group_member, user_member

if TYPE_CHECKING:
    from types_boto3_iam import type_defs as iam

GROUP = IdentityKind.GROUP


class GroupOperations:
    """Create, get, list, rename and delete groups; put users in and take them out."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def create(self, call: Call, params: "iam.CreateGroupRequestTypeDef") -> Member:
        """CreateGroup."""
        asked_for = NewIdentity(call.account, GROUP, params["GroupName"], path=params.get("Path", "/"))
        return {"Group": group_member(await self._directory.create(asked_for))}

    async def get(self, call: Call, params: "iam.GetGroupRequestTypeDef") -> Member:
        """GetGroup, with its users."""
        page = asked(params)
        group, users = await self._directory.users_in(
            call.account, params["GroupName"], after=page.after, limit=page.fetched
        )
        part = cut(users, page, lambda user: user.id)
        members = [user_member(user, is_whole=False) for user in part.entries]
        return {"Group": group_member(group), "Users": members, **part.members}

    async def list(self, call: Call, params: "iam.ListGroupsRequestTypeDef") -> Member:
        """ListGroups."""
        part = await page_of(self._directory, GROUP, call, params)
        return {"Groups": [group_member(group) for group in part.entries], **part.members}

    async def update(self, call: Call, params: "iam.UpdateGroupRequestTypeDef") -> Member:
        """UpdateGroup."""
        await self._directory.rename(
            call.account,
            GROUP,
            params["GroupName"],
            new_name=params.get("NewGroupName"),
            new_path=params.get("NewPath"),
        )
        return {}

    async def delete(self, call: Call, params: "iam.DeleteGroupRequestTypeDef") -> Member:
        """DeleteGroup."""
        await self._directory.delete(call.account, GROUP, params["GroupName"])
        return {}

    async def add_user(self, call: Call, params: "iam.AddUserToGroupRequestTypeDef") -> Member:
        """AddUserToGroup."""
        await self._directory.join(call.account, params["UserName"], params["GroupName"])
        return {}

    async def remove_user(self, call: Call, params: "iam.RemoveUserFromGroupRequestTypeDef") -> Member:
        """RemoveUserFromGroup."""
        await self._directory.leave(call.account, params["UserName"], params["GroupName"])
        return {}
