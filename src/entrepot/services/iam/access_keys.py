"""Operations on the access keys of users."""

from typing import TYPE_CHECKING

from entrepot.aws.operations import Call
from entrepot.domain.errors import NotOffered
from entrepot.domain.identities import Identity, IdentityKind
from entrepot.identity.directory import Directory
from entrepot.identity.user_keys import UserKeys
from entrepot.services.iam.pages import asked, cut_all
from entrepot.services.iam.shapes import Member
from entrepot.services.iam.users import own_name

if TYPE_CHECKING:
    from types_boto3_iam import type_defs as iam

_STATUS = {True: "Active", False: "Inactive"}
_NEVER = "N/A"  # what IAM says of a key that was not used yet


class AccessKeyOperations:
    """Create, list, switch and delete access keys."""

    def __init__(self, directory: Directory, keys: UserKeys) -> None:
        self._directory = directory
        self._keys = keys

    async def create(self, call: Call, params: "iam.CreateAccessKeyRequestTypeDef") -> Member:
        """CreateAccessKey: the only answer that holds the secret."""
        user = await self._user(call, params.get("UserName"))
        issued, key = await self._keys.create(user)
        return {
            "AccessKey": {
                "UserName": user.name,
                "AccessKeyId": issued.access_key_id,
                "Status": "Active",
                "SecretAccessKey": issued.secret,
                "CreateDate": key.created_at,
            }
        }

    async def list(self, call: Call, params: "iam.ListAccessKeysRequestTypeDef") -> Member:
        """ListAccessKeys: the caller's own where no user is named, also of the root."""
        name, arn = params.get("UserName") or own_name(call), call.caller.arn
        if name is not None:
            user = await self._directory.get(call.account, IdentityKind.USER, name)
            name, arn = user.name, user.arn
        part = cut_all(await self._keys.of(arn), asked(params), lambda key: key.principal.access_key_id)
        members = [
            {
                "UserName": name,
                "AccessKeyId": key.principal.access_key_id,
                "Status": _STATUS[key.is_active],
                "CreateDate": key.created_at,
            }
            for key in part.entries
        ]
        return {"AccessKeyMetadata": members, **part.members}

    async def update(self, call: Call, params: "iam.UpdateAccessKeyRequestTypeDef") -> Member:
        """UpdateAccessKey; a deactivated key ends what was made with it."""
        user = await self._user(call, params.get("UserName"))
        await self._keys.set_active(user, params["AccessKeyId"], is_active=params["Status"] == "Active")
        return {}

    async def delete(self, call: Call, params: "iam.DeleteAccessKeyRequestTypeDef") -> Member:
        """DeleteAccessKey, which ends what was made with it."""
        await self._keys.delete(await self._user(call, params.get("UserName")), params["AccessKeyId"])
        return {}

    async def last_used(self, call: Call, params: "iam.GetAccessKeyLastUsedRequestTypeDef") -> Member:
        """GetAccessKeyLastUsed, to the minute."""
        key, use = await self._keys.last_use(call.account, params["AccessKeyId"])
        member = {
            "LastUsedDate": use.used_at if use else None,
            "ServiceName": use.service if use else _NEVER,
            "Region": use.region if use else _NEVER,
        }
        name = None if key.principal.is_root else key.principal.arn.rpartition("/")[2]
        return {"UserName": name, "AccessKeyLastUsed": member}

    async def _user(self, call: Call, name: str | None) -> Identity:
        name = name or own_name(call)
        if name is None:
            raise NotOffered(f"iam:{call.operation} for the root, whose key `entrepot credentials` replaces")
        return await self._directory.get(call.account, IdentityKind.USER, name)
