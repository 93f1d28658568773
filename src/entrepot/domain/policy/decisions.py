"""An answer of the evaluator, with its reason in AWS's words."""

from dataclasses import dataclass, field
from enum import StrEnum

from entrepot.domain.policy.documents import Kind
from entrepot.domain.policy.explanations import Look, explain
from entrepot.domain.policy.policies import Applicable, Placed
from entrepot.domain.policy.requests import Request


class Outcome(StrEnum):
    """The three answers, as IAM's simulator calls them."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer to one request.

    `because` is the clause that an AccessDenied closes with, "" where allowed. `decided_by` is the statement
    that allowed or denied; None where nothing did, or where the caller is the account's root and needs
    nothing.
    """

    outcome: Outcome
    because: str
    decided_by: Placed | None
    _request: Request = field(repr=False)
    _applicable: Applicable = field(repr=False)

    @property
    def is_allowed(self) -> bool:
        """Whether the caller may go on."""
        return self.outcome is Outcome.ALLOWED

    def looks(self) -> tuple[Look, ...]:
        """Every statement of every policy, and why it did not fit: the whole evaluation once more."""
        return explain(self._request, self._applicable)


# AWS's guide, "Troubleshoot access denied error messages". It has one word for the policies of all resources.
_RESOURCE_BASED = "resource-based policy"
_WORDS = {Kind.REPOSITORY: _RESOURCE_BASED, Kind.REGISTRY: _RESOURCE_BASED}
_ARTICLES = {Kind.IDENTITY: "an", Kind.TRUST: "the"}


def denied_by(kind: Kind) -> str:
    """The clause for a Deny that fits."""
    return f"with an explicit deny in {_ARTICLES.get(kind, 'a')} {_WORDS.get(kind, kind.value)}"


def not_allowed_by(kind: Kind, action: str) -> str:
    """The clause for want of an Allow in policies of the kind."""
    return f"no {_WORDS.get(kind, kind.value)} allows the {action} action"
