"""Operations on roles."""

from datetime import timedelta
from typing import TYPE_CHECKING

from entrepot.aws.operations import Call
from entrepot.domain.identities import IdentityKind, RoleTerms
from entrepot.identity.directory import Directory, NewIdentity
from entrepot.services.iam.identity_lists import page_of
from entrepot.services.iam.shapes import Member, role_member, tags_in

if TYPE_CHECKING:
    from types_boto3_iam import type_defs as iam

ROLE = IdentityKind.ROLE
_DEFAULT_SESSION = 3600  # MaxSessionDuration, IAM API, CreateRole


class RoleOperations:
    """Create, get, list, change and delete roles."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def create(self, call: Call, params: "iam.CreateRoleRequestTypeDef") -> Member:
        """CreateRole."""
        terms = RoleTerms(
            params["AssumeRolePolicyDocument"],
            timedelta(seconds=params.get("MaxSessionDuration", _DEFAULT_SESSION)),
            params.get("Description"),
        )
        role = await self._directory.create(
            NewIdentity(
                call.account,
                ROLE,
                params["RoleName"],
                path=params.get("Path", "/"),
                tags=tags_in(params),
                boundary=params.get("PermissionsBoundary"),
                terms=terms,
            )
        )
        return {"Role": role_member(role)}

    async def get(self, call: Call, params: "iam.GetRoleRequestTypeDef") -> Member:
        """GetRole."""
        return {"Role": role_member(await self._directory.get(call.account, ROLE, params["RoleName"]))}

    async def list(self, call: Call, params: "iam.ListRolesRequestTypeDef") -> Member:
        """ListRoles."""
        part = await page_of(self._directory, ROLE, call, params)
        return {"Roles": [role_member(role, is_whole=False) for role in part.entries], **part.members}

    async def update(self, call: Call, params: "iam.UpdateRoleRequestTypeDef") -> Member:
        """UpdateRole."""
        seconds = params.get("MaxSessionDuration")
        await self._directory.change_role(
            call.account,
            params["RoleName"],
            max_session=timedelta(seconds=seconds) if seconds is not None else None,
            description=params.get("Description"),
        )
        return {}

    async def update_description(
        self, call: Call, params: "iam.UpdateRoleDescriptionRequestTypeDef"
    ) -> Member:
        """UpdateRoleDescription."""
        role = await self._directory.change_role(
            call.account, params["RoleName"], description=params["Description"]
        )
        return {"Role": role_member(role)}

    async def update_trust(self, call: Call, params: "iam.UpdateAssumeRolePolicyRequestTypeDef") -> Member:
        """UpdateAssumeRolePolicy."""
        await self._directory.change_role(
            call.account, params["RoleName"], trust_policy=params["PolicyDocument"]
        )
        return {}

    async def delete(self, call: Call, params: "iam.DeleteRoleRequestTypeDef") -> Member:
        """DeleteRole; its sessions end with it."""
        await self._directory.delete(call.account, ROLE, params["RoleName"])
        return {}

    async def list_instance_profiles(
        self, call: Call, params: "iam.ListInstanceProfilesForRoleRequestTypeDef"
    ) -> Member:
        """ListInstanceProfilesForRole, which Terraform asks for before it deletes a role: there are none."""
        await self._directory.get(call.account, ROLE, params["RoleName"])
        return {"InstanceProfiles": [], "IsTruncated": False}
