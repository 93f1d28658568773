"""Terraform's AWS provider, as far as it speaks of ECR's policies and settings, and how it compares policies.

From its source: in `internal/service/ecr` `repository_policy.go`, `registry_policy.go`, `account_setting.go`,
and `internal/verify/json.go`, which compares with HashiCorp's `awspolicyequivalence`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient


@dataclass(frozen=True, slots=True)
class RepositoryPolicy:
    """An `aws_ecr_repository_policy` in the state; its id is the repository's name."""

    repository: str
    policy: str
    registry_id: str


@dataclass(frozen=True, slots=True)
class RepositoryPolicies:
    """The resource's calls."""

    ecr: "ECRClient"

    def put(self, repository: str, policy: str) -> RepositoryPolicy:
        """Create and update alike. What it says of a bad policy the provider would repeat for two minutes."""
        self.ecr.set_repository_policy(repositoryName=repository, policyText=normal(policy))
        state = self.read(repository, policy)
        assert state is not None  # the provider would ask again
        return state

    def read(self, repository: str, policy: str) -> RepositoryPolicy | None:
        """`policy` is the state's, which stays where the answer means the same; None leaves the state."""
        errors = self.ecr.exceptions
        try:
            found = self.ecr.get_repository_policy(repositoryName=repository)
        except (errors.RepositoryNotFoundException, errors.RepositoryPolicyNotFoundException):
            return None
        return RepositoryPolicy(
            found["repositoryName"], unless_equivalent(policy, found["policyText"]), found["registryId"]
        )

    def delete(self, state: RepositoryPolicy) -> None:
        errors = self.ecr.exceptions
        try:
            self.ecr.delete_repository_policy(registryId=state.registry_id, repositoryName=state.repository)
        except (errors.RepositoryNotFoundException, errors.RepositoryPolicyNotFoundException):
            return


@dataclass(frozen=True, slots=True)
class RegistryPolicies:
    """`aws_ecr_registry_policy`; its id is the registry's."""

    ecr: "ECRClient"

    def put(self, policy: str) -> tuple[str, str]:
        """Id and policy."""
        made = self.ecr.put_registry_policy(policyText=normal(policy))["registryId"]
        found = self.read(policy)
        assert found is not None
        assert found[0] == made
        return found

    def read(self, policy: str) -> tuple[str, str] | None:
        try:
            found = self.ecr.get_registry_policy()
        except self.ecr.exceptions.RegistryPolicyNotFoundException:
            return None
        return found["registryId"], unless_equivalent(policy, found["policyText"])

    def delete(self) -> None:
        try:
            self.ecr.delete_registry_policy()
        except self.ecr.exceptions.RegistryPolicyNotFoundException:
            return


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """`aws_ecr_account_setting`; its id is the name. Destroying it calls nothing and leaves the value."""

    ecr: "ECRClient"

    def put(self, name: str, value: str) -> str:
        answered = self.ecr.put_account_setting(name=name, value=value)
        assert (answered["name"], answered["value"]) == (name, value)
        return self.read(name)

    def read(self, name: str) -> str:
        return self.ecr.get_account_setting(name=name)["value"]


def unless_equivalent(old: str, new: str) -> str:
    """What the provider keeps of a policy that it read: the old text where both mean the same."""
    if not new.strip() or not old.strip():
        return new
    return old if are_equivalent(json.loads(old), json.loads(new)) else new


def are_equivalent(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """As the provider does: one text and a list of it are the same, order is nothing."""
    heads = [(each.get("Version", ""), each.get("Id", "")) for each in (one, other)]
    return heads[0] == heads[1] and _statements(one) == _statements(other)


def _statements(policy: Mapping[str, Any]) -> list[str]:
    return sorted(json.dumps(_sorted(each), sort_keys=True) for each in _listed(policy["Statement"]))


def _sorted(statement: Mapping[str, Any]) -> dict[str, Any]:
    """With every value as a sorted list, accounts as their roots, and conditions as they are compared."""
    made: dict[str, Any] = {}
    for name, value in statement.items():
        if name in ("Principal", "NotPrincipal") and isinstance(value, dict):
            made[name] = {kind: sorted(map(_root, _listed(who))) for kind, who in value.items()}
        elif name in ("Principal", "NotPrincipal"):
            made[name] = {"AWS": ["*"]} if value == "*" else value
        elif name == "Condition":
            made[name] = {
                operator: {key: sorted(map(str, _listed(values))) for key, values in keys.items()}
                for operator, keys in value.items()
            }
        else:
            made[name] = sorted(_listed(value)) if name != "Sid" else value
    return made


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _root(principal: str) -> str:
    is_account = len(principal) == 12 and principal.isdigit()
    return f"arn:aws:iam::{principal}:root" if is_account else principal


def normal(policy: str) -> str:
    """Without the white space between, and members by name, as Go writes JSON."""
    return json.dumps(json.loads(policy), separators=(",", ":"), sort_keys=True)
