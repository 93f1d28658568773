"""The Entrepot service: which of its operations are offered, and who performs each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from entrepot.aws.endpoint import Service, offer
from entrepot.aws.operations import AnyHandler, Operations
from entrepot.services.entrepot.accounts import AccountOperations
from entrepot.services.entrepot.explanations import ExplanationOperations
from entrepot.services.entrepot.layer_files import LayerFileOperations
from entrepot.services.entrepot.lifecycle import LifecycleExplanationOperations
from entrepot.services.entrepot.model import FOLDER, NAME
from entrepot.services.entrepot.orders import OrderOperations
from entrepot.services.entrepot.pins import PinOperations
from entrepot.services.entrepot.recycling import RecyclingOperations
from entrepot.services.entrepot.sessions import SessionOperations
from entrepot.services.entrepot.statistics import StatisticsOperations
from entrepot.services.entrepot.usage import UsageOperations


@dataclass(frozen=True, slots=True)
class EntrepotPerformers:
    """Everybody who performs operations of the service."""

    sessions: SessionOperations
    accounts: AccountOperations
    explanations: ExplanationOperations
    layer_files: LayerFileOperations
    recycling: RecyclingOperations
    statistics: StatisticsOperations
    orders: OrderOperations
    pins: PinOperations
    usage: UsageOperations
    lifecycle: LifecycleExplanationOperations


ENTREPOT_OFFERED: Mapping[str, Callable[[EntrepotPerformers], AnyHandler]] = {
    "CreateAccount": lambda own: own.accounts.create,
    "CreateConsoleSession": lambda own: own.sessions.create_for_console,
    "DescribeImageStatistics": lambda own: own.statistics.of_images,
    "DescribeRecycleBin": lambda own: own.recycling.describe,
    "DescribeRegistryStatistics": lambda own: own.statistics.of_registry,
    "DescribeRepositoryStatistics": lambda own: own.statistics.of_repositories,
    "DescribeSharedLayers": lambda own: own.statistics.shared_layers,
    "DescribeUsage": lambda own: own.usage.describe,
    "EstimateDeletion": lambda own: own.statistics.estimate_deletion,
    "ExplainAccess": lambda own: own.explanations.explain,
    "ExplainLifecycle": lambda own: own.lifecycle.explain,
    "GetDeletionProtection": lambda own: own.recycling.get_protection,
    "ListAccounts": lambda own: own.accounts.list,
    "ListDeletedImages": lambda own: own.recycling.list_images,
    "ListDeletedRepositories": lambda own: own.recycling.list_repositories,
    "ListImageStatistics": lambda own: own.orders.images,
    "ListLayerFiles": lambda own: own.layer_files.list,
    "ListPins": lambda own: own.pins.list,
    "ListRepositoryStatistics": lambda own: own.orders.repositories,
    "ListSessions": lambda own: own.sessions.list,
    "ListStatisticsHistory": lambda own: own.statistics.history,
    "ListTagHistory": lambda own: own.recycling.list_history,
    "ListUsage": lambda own: own.usage.list,
    "PinImage": lambda own: own.pins.pin,
    "PurgeRecycleBin": lambda own: own.recycling.purge,
    "PutDeletionProtection": lambda own: own.recycling.put_protection,
    "PutRecycleBinSettings": lambda own: own.recycling.put_settings,
    "ReportUsage": lambda own: own.usage.report,
    "RestoreImage": lambda own: own.recycling.restore_image,
    "RestoreRepository": lambda own: own.recycling.restore_repository,
    "RestoreTag": lambda own: own.recycling.restore_tag,
    "RevokeSession": lambda own: own.sessions.revoke,
    "RevokeTokens": lambda own: own.sessions.revoke_tokens,
    "UnpinImage": lambda own: own.pins.unpin,
}
"""The offered operations; a table of its own, so that it can be read without a database."""


def entrepot_service(own: EntrepotPerformers) -> Service:
    """Our own service, with every operation that is offered."""
    operations = Operations({name: performer(own) for name, performer in ENTREPOT_OFFERED.items()})
    return offer(NAME, operations, folder=FOLDER)
