"""Operations on an account as a whole, which the console and Terraform ask for."""

from collections.abc import Mapping

from entrepot.aws.operations import Call
from entrepot.identity.directory import GROUPS_A_USER
from entrepot.identity.documents import INLINE_LIMITS, MANAGED_LIMIT, TRUST_LIMIT
from entrepot.identity.policies import POLICIES_AN_IDENTITY, VERSIONS_A_POLICY
from entrepot.identity.user_keys import KEYS_A_USER
from entrepot.services.iam.shapes import Member

_QUOTAS = {
    "AccessKeysPerUserQuota": KEYS_A_USER,
    "GroupsPerUserQuota": GROUPS_A_USER,
    "AttachedPoliciesPerUserQuota": POLICIES_AN_IDENTITY,
    "AttachedPoliciesPerGroupQuota": POLICIES_AN_IDENTITY,
    "AttachedPoliciesPerRoleQuota": POLICIES_AN_IDENTITY,
    "VersionsPerPolicyQuota": VERSIONS_A_POLICY,
    "PolicySizeQuota": MANAGED_LIMIT,
    "AssumeRolePolicySizeQuota": TRUST_LIMIT,
    **{f"{kind.capitalize()}PolicySizeQuota": limit for kind, limit in INLINE_LIMITS.items()},
}


class AccountOperations:
    """What can be said of an account without counting its rows."""

    async def summary(self, _call: Call, _params: Mapping[str, object]) -> Member:
        """GetAccountSummary: the quotas that hold here."""
        return {"SummaryMap": _QUOTAS}

    async def aliases(self, _call: Call, _params: Mapping[str, object]) -> Member:
        """ListAccountAliases: accounts have none."""
        return {"AccountAliases": [], "IsTruncated": False}
