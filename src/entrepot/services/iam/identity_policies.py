"""Operations on the policies, boundaries and tags of users, groups and roles: the same for all three."""

from collections.abc import Mapping

from entrepot.aws.operations import Call
from entrepot.domain.errors import EntityNotFound
from entrepot.domain.identities import IdentityKind
from entrepot.identity.directory import Directory
from entrepot.identity.policies import IdentityPolicies
from entrepot.services.iam.pages import asked, cut_all
from entrepot.services.iam.shapes import Member, document_member, keys_in, tag_members, tags_in

Params = Mapping[str, object]


class IdentityPolicyOperations:
    """What `PutUserPolicy`, `AttachRolePolicy`, `TagUser` … do, for one kind of identity."""

    def __init__(self, kind: IdentityKind, directory: Directory, policies: IdentityPolicies) -> None:
        self._kind = kind
        self._member = f"{kind.capitalize()}Name"
        self._directory = directory
        self._policies = policies

    async def put(self, call: Call, params: Params) -> Member:
        """PutUserPolicy."""
        policy, document = str(params["PolicyName"]), str(params["PolicyDocument"])
        await self._policies.put(call.account, self._kind, self._name(params), policy, document)
        return {}

    async def get(self, call: Call, params: Params) -> Member:
        """GetUserPolicy."""
        name, policy = self._name(params), str(params["PolicyName"])
        document = (await self._policies.of(call.account, self._kind, name)).get(policy)
        if document is None:
            raise EntityNotFound(f"{self._kind} policy", policy)
        return {self._member: name, "PolicyName": policy, "PolicyDocument": document_member(document)}

    async def list(self, call: Call, params: Params) -> Member:
        """ListUserPolicies."""
        names = await self._policies.of(call.account, self._kind, self._name(params))
        part = cut_all([*names], asked(params), str)
        return {"PolicyNames": part.entries, **part.members}

    async def delete(self, call: Call, params: Params) -> Member:
        """DeleteUserPolicy."""
        policy = str(params["PolicyName"])
        await self._policies.delete(call.account, self._kind, self._name(params), policy)
        return {}

    async def attach(self, call: Call, params: Params) -> Member:
        """AttachUserPolicy."""
        await self._policies.attach(call.account, self._kind, self._name(params), str(params["PolicyArn"]))
        return {}

    async def detach(self, call: Call, params: Params) -> Member:
        """DetachUserPolicy."""
        await self._policies.detach(call.account, self._kind, self._name(params), str(params["PolicyArn"]))
        return {}

    async def list_attached(self, call: Call, params: Params) -> Member:
        """ListAttachedUserPolicies."""
        arns = await self._policies.attached(call.account, self._kind, self._name(params))
        prefix = str(params.get("PathPrefix", "/"))
        kept = [arn for arn in arns if arn.partition(":policy")[2].startswith(prefix)]
        part = cut_all(kept, asked(params), str)
        members = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in part.entries]
        return {"AttachedPolicies": members, **part.members}

    async def put_boundary(self, call: Call, params: Params) -> Member:
        """PutUserPermissionsBoundary."""
        arn = str(params["PermissionsBoundary"])
        await self._directory.set_boundary(call.account, self._kind, self._name(params), arn)
        return {}

    async def delete_boundary(self, call: Call, params: Params) -> Member:
        """DeleteUserPermissionsBoundary."""
        await self._directory.set_boundary(call.account, self._kind, self._name(params), None)
        return {}

    async def tag(self, call: Call, params: Params) -> Member:
        """TagUser."""
        await self._directory.tag(call.account, self._kind, self._name(params), tags_in(params))
        return {}

    async def untag(self, call: Call, params: Params) -> Member:
        """UntagUser."""
        await self._directory.untag(call.account, self._kind, self._name(params), keys_in(params))
        return {}

    async def list_tags(self, call: Call, params: Params) -> Member:
        """ListUserTags."""
        identity = await self._directory.get(call.account, self._kind, self._name(params))
        part = cut_all([*identity.tags], asked(params), str)
        return {"Tags": tag_members({key: identity.tags[key] for key in part.entries}), **part.members}

    def _name(self, params: Params) -> str:
        return str(params[self._member])
