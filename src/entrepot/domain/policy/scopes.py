"""In which requests a registry's policy has a say: in every one of ECR, or in three of them only."""

from enum import StrEnum

from entrepot.domain.policy.documents import Document

REGISTRY_POLICY_SCOPE = "REGISTRY_POLICY_SCOPE"
"""The account setting that chooses the scope."""

# ECR user guide, "Private registry permissions": all that is enforced in version 1.
_IN_V1 = ("ecr:replicateimage", "ecr:batchimportupstreamimage", "ecr:createrepository")


class RegistryScope(StrEnum):
    """The scopes, by the values of the account setting; the first is that of a new registry."""

    V2 = "V2"
    V1 = "V1"

    def governs(self, action: str) -> bool:
        """Whether the registry's policy counts for an action of ECR."""
        return self is RegistryScope.V2 or action.lower() in _IN_V1

    def takes(self, document: Document) -> bool:
        """Whether the policy may be written: in V1 each action that it names has to be one of the three.

        `ecr:*` stands for all of them, so it is taken, and counts for no more than them.
        """
        if self is RegistryScope.V2:
            return True
        return not any(statement.actions.names_beside(_IN_V1) for statement in document.statements)
