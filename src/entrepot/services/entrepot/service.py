"""The Entrepot service: which of its operations are offered, and who performs each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from entrepot.aws.endpoint import Service, offer
from entrepot.aws.operations import AnyHandler, Operations
from entrepot.identity.accounts import Accounts
from entrepot.identity.decisions import Decisions
from entrepot.identity.explanations import Explanations
from entrepot.identity.revocation import Revocations
from entrepot.identity.sessions import Sessions
from entrepot.registry.lifecycle_explanations import LifecycleExplanations
from entrepot.registry.pins import Pins
from entrepot.registry.usage import UsageReports
from entrepot.services.entrepot.accounts import AccountOperations
from entrepot.services.entrepot.explanations import ExplanationOperations
from entrepot.services.entrepot.lifecycle import LifecycleExplanationOperations
from entrepot.services.entrepot.model import FOLDER, NAME
from entrepot.services.entrepot.pins import PinOperations
from entrepot.services.entrepot.sessions import SessionOperations
from entrepot.services.entrepot.usage import UsageOperations


@dataclass(frozen=True, slots=True)
class EntrepotPerformers:
    """Everybody who performs operations of the service."""

    sessions: SessionOperations
    accounts: AccountOperations
    explanations: ExplanationOperations
    pins: PinOperations
    usage: UsageOperations
    lifecycle: LifecycleExplanationOperations


@dataclass(frozen=True, slots=True)
class Keeping:
    """Use cases of what keeps images, and of why they are kept."""

    pins: Pins
    usage: UsageReports
    explanations: LifecycleExplanations
    decisions: Decisions


ENTREPOT_OFFERED: Mapping[str, Callable[[EntrepotPerformers], AnyHandler]] = {
    "CreateAccount": lambda own: own.accounts.create,
    "CreateConsoleSession": lambda own: own.sessions.create_for_console,
    "DescribeUsage": lambda own: own.usage.describe,
    "ExplainAccess": lambda own: own.explanations.explain,
    "ExplainLifecycle": lambda own: own.lifecycle.explain,
    "ListAccounts": lambda own: own.accounts.list,
    "ListPins": lambda own: own.pins.list,
    "ListSessions": lambda own: own.sessions.list,
    "ListUsage": lambda own: own.usage.list,
    "PinImage": lambda own: own.pins.pin,
    "ReportUsage": lambda own: own.usage.report,
    "RevokeSession": lambda own: own.sessions.revoke,
    "RevokeTokens": lambda own: own.sessions.revoke_tokens,
    "UnpinImage": lambda own: own.pins.unpin,
}
"""The offered operations; a table of its own, so that it can be read without a database."""


def entrepot_service(
    sessions: Sessions,
    revocations: Revocations,
    accounts: Accounts,
    explanations: Explanations,
    keeping: Keeping,
) -> Service:
    """Our own service, with every operation that is offered."""
    own = EntrepotPerformers(
        SessionOperations(sessions, revocations),
        AccountOperations(accounts),
        ExplanationOperations(explanations),
        PinOperations(keeping.pins),
        UsageOperations(keeping.usage, keeping.decisions),
        LifecycleExplanationOperations(keeping.explanations),
    )
    operations = Operations({name: performer(own) for name, performer in ENTREPOT_OFFERED.items()})
    return offer(NAME, operations, folder=FOLDER)
