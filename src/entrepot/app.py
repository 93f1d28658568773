"""Wires the program together; the only place that knows which adapter stands behind a port."""

import logging
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from entrepot.aws.endpoint import Endpoint
from entrepot.identity.credentials import Credentials
from entrepot.identity.decisions import Decisions
from entrepot.identity.signing import Signer
from entrepot.identity.tokens import Tokens
from entrepot.keys import ring_file
from entrepot.keys.data_keys import DataKeys
from entrepot.keys.ring import KeyRing
from entrepot.oci.access import Access
from entrepot.oci.front import OciFront, UseCases
from entrepot.oci.layer_door import LayerDoor
from entrepot.oci.transfer import Transfers
from entrepot.ports.clock import Clock
from entrepot.ports.records import Store
from entrepot.ports.reports import DatabaseReports, NoReports, Reports
from entrepot.registry.catalog import Catalog
from entrepot.registry.collection import Collector, Grace
from entrepot.registry.deletions import Deletions
from entrepot.registry.layers import Layers
from entrepot.registry.listings import Listings
from entrepot.registry.mounts import Mounts
from entrepot.registry.pull_times import PullTimes
from entrepot.registry.pulls import Pulls
from entrepot.registry.pushes import Pushes
from entrepot.registry.settings import AccountSettings
from entrepot.registry.totals import Totals
from entrepot.registry.uploads import LayerUploads
from entrepot.services.access import CallAuthorizer, KeyBook
from entrepot.services.ecr.images import ImageOperations
from entrepot.services.ecr.layers import LayerOperations
from entrepot.services.ecr.registry_settings import RegistryOperations
from entrepot.services.ecr.repositories import RepositoryOperations
from entrepot.services.ecr.service import ecr_service
from entrepot.services.sts.service import TokenOperations, sts_service
from entrepot.settings import Settings
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.blobs.reporting import BlobStore, ReportedBlobs
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.migrate import migrate, packaged
from entrepot.storage.metadata.store import SqlStore
from entrepot.workers.collection import collection_jobs
from entrepot.workers.measuring import measuring_jobs
from entrepot.workers.runner import Runner

logger = logging.getLogger(__name__)

_DISK_THREADS = 8  # reading, writing, hashing and sealing; more only wait for the disk and the cores
_SEND_THREADS = 16  # each moves bytes while its client takes them; slow readers hold none
_JOB_POLL = timedelta(seconds=1)
_SILENT = NoReports()


@dataclass(frozen=True, slots=True)
class Application:
    """One process's share of the server."""

    aws: Endpoint
    oci: OciFront
    layers: LayerDoor
    runner: Runner
    pull_times: PullTimes
    totals: Totals
    store: Store
    blobs: BlobStore

    async def is_ready(self) -> bool:
        """Whether the database answers."""
        try:
            await self.store.read(lambda records: records.accounts.page(after="", limit=1))
        except Exception:
            logger.exception("the database does not answer")
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Adapters:
    """What stands behind the ports."""

    store: Store
    blobs: BlobStore
    ring: KeyRing
    disk: ThreadPoolExecutor
    sending: ThreadPoolExecutor
    clock: Clock
    reports: Reports


@asynccontextmanager
async def open_store(settings: Settings, reports: DatabaseReports = _SILENT) -> AsyncIterator[Store]:
    """The database, closed afterwards."""
    database = await connect(settings.database, reports=reports)
    try:
        yield SqlStore(database)
    finally:
        await database.close()


async def migrate_database(settings: Settings) -> None:
    """Bring the database's tables up to what this program needs; may run in several places at once."""
    database = await connect(settings.database)
    try:
        await migrate(database, packaged(), now=now())
    finally:
        await database.close()


@asynccontextmanager
async def open_application(settings: Settings, *, reports: Reports = _SILENT) -> AsyncIterator[Application]:
    """Everything one process needs to answer requests and run jobs, closed afterwards."""
    with (
        ThreadPoolExecutor(_DISK_THREADS, "disk") as disk,
        ThreadPoolExecutor(_SEND_THREADS, "send") as sending,
    ):
        async with open_store(settings, reports) as store:
            folder = FilesystemBlobs(settings.blobs_dir, pool=disk, meter=reports.blob_bytes)
            blobs = ReportedBlobs(folder, reports)
            ring = ring_file.load(settings.root_key_file)
            yield _wire(settings, _Adapters(store, blobs, ring, disk, sending, now, reports))


def _wire(settings: Settings, adapters: _Adapters) -> Application:
    store, blobs, clock, addresses = adapters.store, adapters.blobs, adapters.clock, settings.addresses
    data_keys = DataKeys(adapters.ring)
    credentials = Credentials(store, adapters.ring, clock)
    decisions = Decisions()
    tokens = Tokens(Signer(store, adapters.ring, clock), credentials, clock)
    catalog = Catalog(store, clock, new_id)
    pushes = Pushes(store, data_keys, clock, allow_sparse=settings.allow_sparse)
    pull_times = PullTimes(store, clock)
    pulls, listings = Pulls(store, data_keys, pull_times), Listings(store)
    deletions = Deletions(store, clock)
    uploads = LayerUploads(
        store, blobs, data_keys, clock=clock, new_id=new_id, is_sealed=not settings.is_storage_encrypted
    )
    layers = Layers(store, blobs, data_keys)
    account_settings = AccountSettings(store)
    totals = Totals(store, clock)
    mounts = Mounts(store, account_settings, decisions, clock)
    use_cases = UseCases(catalog, pushes, pulls, listings, deletions, uploads, layers, mounts)
    transfers = Transfers(adapters.sending)
    return Application(
        aws=Endpoint(
            [
                ecr_service(
                    RepositoryOperations(catalog, addresses),
                    ImageOperations(catalog, pushes, pulls, listings, deletions),
                    LayerOperations(catalog, layers, uploads, tokens, addresses),
                    RegistryOperations(tokens, account_settings, addresses),
                ),
                sts_service(TokenOperations(credentials)),
            ],
            KeyBook(credentials),
            CallAuthorizer(decisions),
            threads=adapters.disk,
            clock=clock,
            region_of=addresses.api_region,
        ),
        oci=OciFront(use_cases, Access(addresses, tokens, decisions), transfers),
        layers=LayerDoor(catalog, layers, transfers, tokens, decisions),
        runner=Runner(
            store,
            [
                *collection_jobs(Collector(store, blobs, clock, Grace()), credentials, adapters.reports),
                *measuring_jobs(totals),
            ],
            clock,
            new_id,
            poll=_JOB_POLL,
            reports=adapters.reports,
        ),
        pull_times=pull_times,
        totals=totals,
        store=store,
        blobs=blobs,
    )


def now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def new_id() -> str:
    """A random UUID."""
    return str(uuid.uuid4())
