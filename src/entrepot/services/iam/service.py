"""The IAM service: which of its operations are offered, and who performs each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from entrepot.aws.endpoint import Service, offer
from entrepot.aws.operations import AnyHandler, Operations
from entrepot.identity.authorities import Authorities
from entrepot.identity.directory import Directory
from entrepot.identity.policies import IdentityPolicies, PolicyLibrary
from entrepot.identity.providers import OidcProviders
from entrepot.identity.user_keys import UserKeys
from entrepot.services.iam.access_keys import AccessKeyOperations
from entrepot.services.iam.account import AccountOperations
from entrepot.services.iam.groups import GROUP, GroupOperations
from entrepot.services.iam.identity_policies import IdentityPolicyOperations
from entrepot.services.iam.managed_policies import ManagedPolicyOperations
from entrepot.services.iam.providers import ProviderOperations
from entrepot.services.iam.roles import ROLE, RoleOperations
from entrepot.services.iam.simulation import SimulationOperations
from entrepot.services.iam.users import USER, UserOperations


@dataclass(frozen=True, slots=True)
class IamPerformers:
    """Everybody who performs operations of IAM."""

    users: UserOperations
    groups: GroupOperations
    roles: RoleOperations
    keys: AccessKeyOperations
    of_users: IdentityPolicyOperations
    of_groups: IdentityPolicyOperations
    of_roles: IdentityPolicyOperations
    policies: ManagedPolicyOperations
    account: AccountOperations
    providers: ProviderOperations
    simulation: SimulationOperations


IAM_OFFERED: Mapping[str, Callable[[IamPerformers], AnyHandler]] = {
    "AddClientIDToOpenIDConnectProvider": lambda iam: iam.providers.add_client,
    "AddUserToGroup": lambda iam: iam.groups.add_user,
    "AttachGroupPolicy": lambda iam: iam.of_groups.attach,
    "AttachRolePolicy": lambda iam: iam.of_roles.attach,
    "AttachUserPolicy": lambda iam: iam.of_users.attach,
    "CreateAccessKey": lambda iam: iam.keys.create,
    "CreateGroup": lambda iam: iam.groups.create,
    "CreateOpenIDConnectProvider": lambda iam: iam.providers.create,
    "CreatePolicy": lambda iam: iam.policies.create,
    "CreatePolicyVersion": lambda iam: iam.policies.create_version,
    "CreateRole": lambda iam: iam.roles.create,
    "CreateUser": lambda iam: iam.users.create,
    "DeleteAccessKey": lambda iam: iam.keys.delete,
    "DeleteGroup": lambda iam: iam.groups.delete,
    "DeleteGroupPolicy": lambda iam: iam.of_groups.delete,
    "DeleteLoginProfile": lambda iam: iam.users.refuse_password,
    "DeleteOpenIDConnectProvider": lambda iam: iam.providers.delete,
    "DeletePolicy": lambda iam: iam.policies.delete,
    "DeletePolicyVersion": lambda iam: iam.policies.delete_version,
    "DeleteRole": lambda iam: iam.roles.delete,
    "DeleteRolePermissionsBoundary": lambda iam: iam.of_roles.delete_boundary,
    "DeleteRolePolicy": lambda iam: iam.of_roles.delete,
    "DeleteUser": lambda iam: iam.users.delete,
    "DeleteUserPermissionsBoundary": lambda iam: iam.of_users.delete_boundary,
    "DeleteUserPolicy": lambda iam: iam.of_users.delete,
    "DetachGroupPolicy": lambda iam: iam.of_groups.detach,
    "DetachRolePolicy": lambda iam: iam.of_roles.detach,
    "DetachUserPolicy": lambda iam: iam.of_users.detach,
    "GetAccessKeyLastUsed": lambda iam: iam.keys.last_used,
    "GetAccountSummary": lambda iam: iam.account.summary,
    "GetGroup": lambda iam: iam.groups.get,
    "GetGroupPolicy": lambda iam: iam.of_groups.get,
    "GetLoginProfile": lambda iam: iam.users.refuse_password,
    "GetOpenIDConnectProvider": lambda iam: iam.providers.get,
    "GetPolicy": lambda iam: iam.policies.get,
    "GetPolicyVersion": lambda iam: iam.policies.get_version,
    "GetRole": lambda iam: iam.roles.get,
    "GetRolePolicy": lambda iam: iam.of_roles.get,
    "GetUser": lambda iam: iam.users.get,
    "GetUserPolicy": lambda iam: iam.of_users.get,
    "ListAccessKeys": lambda iam: iam.keys.list,
    "ListAccountAliases": lambda iam: iam.account.aliases,
    "ListAttachedGroupPolicies": lambda iam: iam.of_groups.list_attached,
    "ListAttachedRolePolicies": lambda iam: iam.of_roles.list_attached,
    "ListAttachedUserPolicies": lambda iam: iam.of_users.list_attached,
    "ListEntitiesForPolicy": lambda iam: iam.policies.list_entities,
    "ListGroupPolicies": lambda iam: iam.of_groups.list,
    "ListGroups": lambda iam: iam.groups.list,
    "ListGroupsForUser": lambda iam: iam.users.list_groups,
    "ListInstanceProfilesForRole": lambda iam: iam.roles.list_instance_profiles,
    "ListMFADevices": lambda iam: iam.users.list_none,
    "ListOpenIDConnectProviders": lambda iam: iam.providers.list,
    "ListPolicies": lambda iam: iam.policies.list,
    "ListPolicyTags": lambda iam: iam.policies.list_tags,
    "ListPolicyVersions": lambda iam: iam.policies.list_versions,
    "ListRolePolicies": lambda iam: iam.of_roles.list,
    "ListRoleTags": lambda iam: iam.of_roles.list_tags,
    "ListRoles": lambda iam: iam.roles.list,
    "ListSSHPublicKeys": lambda iam: iam.users.list_none,
    "ListServiceSpecificCredentials": lambda iam: iam.users.list_none,
    "ListSigningCertificates": lambda iam: iam.users.list_none,
    "ListUserPolicies": lambda iam: iam.of_users.list,
    "ListUserTags": lambda iam: iam.of_users.list_tags,
    "ListUsers": lambda iam: iam.users.list,
    "ListVirtualMFADevices": lambda iam: iam.users.list_none,
    "PutGroupPolicy": lambda iam: iam.of_groups.put,
    "PutRolePermissionsBoundary": lambda iam: iam.of_roles.put_boundary,
    "PutRolePolicy": lambda iam: iam.of_roles.put,
    "PutUserPermissionsBoundary": lambda iam: iam.of_users.put_boundary,
    "PutUserPolicy": lambda iam: iam.of_users.put,
    "RemoveClientIDFromOpenIDConnectProvider": lambda iam: iam.providers.remove_client,
    "RemoveUserFromGroup": lambda iam: iam.groups.remove_user,
    "SetDefaultPolicyVersion": lambda iam: iam.policies.set_default,
    "SimulateCustomPolicy": lambda iam: iam.simulation.custom,
    "SimulatePrincipalPolicy": lambda iam: iam.simulation.principal,
    "TagPolicy": lambda iam: iam.policies.tag,
    "TagRole": lambda iam: iam.of_roles.tag,
    "TagUser": lambda iam: iam.of_users.tag,
    "UntagPolicy": lambda iam: iam.policies.untag,
    "UntagRole": lambda iam: iam.of_roles.untag,
    "UntagUser": lambda iam: iam.of_users.untag,
    "UpdateAccessKey": lambda iam: iam.keys.update,
    "UpdateAssumeRolePolicy": lambda iam: iam.roles.update_trust,
    "UpdateGroup": lambda iam: iam.groups.update,
    "UpdateOpenIDConnectProviderThumbprint": lambda iam: iam.providers.set_thumbprints,
    "UpdateRole": lambda iam: iam.roles.update,
    "UpdateRoleDescription": lambda iam: iam.roles.update_description,
    "UpdateUser": lambda iam: iam.users.update,
}
"""The offered operations; a table of its own, so that it can be read without a database."""


@dataclass(frozen=True, slots=True)
class IamUseCases:
    """What the operations are translated to."""

    directory: Directory
    keys: UserKeys
    policies: IdentityPolicies
    library: PolicyLibrary
    providers: OidcProviders
    authorities: Authorities


def iam_service(use_cases: IamUseCases) -> Service:
    """IAM, with every operation that is offered."""
    directory, policies = use_cases.directory, use_cases.policies
    iam = IamPerformers(
        UserOperations(directory),
        GroupOperations(directory),
        RoleOperations(directory),
        AccessKeyOperations(directory, use_cases.keys),
        IdentityPolicyOperations(USER, directory, policies),
        IdentityPolicyOperations(GROUP, directory, policies),
        IdentityPolicyOperations(ROLE, directory, policies),
        ManagedPolicyOperations(use_cases.library),
        AccountOperations(),
        ProviderOperations(use_cases.providers),
        SimulationOperations(directory, use_cases.authorities),
    )
    return offer("iam", Operations({name: performer(iam) for name, performer in IAM_OFFERED.items()}))
