"""Wires the program together; the only place that knows which adapter stands behind a port."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from entrepot.aws.endpoint import Endpoint
from entrepot.identity.authorities import Authorities
from entrepot.identity.credentials import Credentials, new_unique_id
from entrepot.identity.decisions import Decisions
from entrepot.identity.directory import Directory
from entrepot.identity.key_uses import KeyUses
from entrepot.identity.policies import IdentityPolicies, PolicyLibrary
from entrepot.identity.sessions import Sessions
from entrepot.identity.signing import Signer
from entrepot.identity.tokens import Tokens
from entrepot.identity.user_keys import UserKeys
from entrepot.keys import ring_file
from entrepot.keys.data_keys import DataKeys
from entrepot.keys.ring import KeyRing
from entrepot.oci.access import Access
from entrepot.oci.front import OciFront, UseCases
from entrepot.oci.layer_door import LayerDoor
from entrepot.oci.transfer import Transfers
from entrepot.ports.clock import Clock
from entrepot.ports.records import Store
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
from entrepot.registry.uploads import LayerUploads
from entrepot.services.access import CallAuthorizer, KeyBook
from entrepot.services.ecr.images import ImageOperations
from entrepot.services.ecr.layers import LayerOperations
from entrepot.services.ecr.questions import EcrQuestions
from entrepot.services.ecr.registry_settings import RegistryOperations
from entrepot.services.ecr.repositories import RepositoryOperations
from entrepot.services.ecr.service import ecr_service
from entrepot.services.iam.questions import IamQuestions
from entrepot.services.iam.service import iam_service
from entrepot.services.sts.service import TokenOperations, sts_questions, sts_service
from entrepot.settings import Settings
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.metadata.connection import Database
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.migrate import migrate, packaged
from entrepot.storage.metadata.node_stamp import NodeStamp
from entrepot.storage.metadata.revision_watch import watching
from entrepot.storage.metadata.store import SqlStore
from entrepot.workers.collection import collection_jobs
from entrepot.workers.runner import Runner

logger = logging.getLogger(__name__)

_DISK_THREADS = 8  # reading, writing, hashing and sealing; more only wait for the disk and the cores
_SEND_THREADS = 16  # each moves bytes while its client takes them; slow readers hold none
_JOB_POLL = timedelta(seconds=1)
_WATCH_CONNECTIONS = 2  # one looks while the other may still be hanging
_MIGRATION_SECONDS = 3600.0  # an index over a large table, or waiting for the node that builds it
_READY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Application:
    """One process's share of the server."""

    aws: Endpoint
    oci: OciFront
    layers: LayerDoor
    runner: Runner
    gatherings: tuple[PullTimes, KeyUses]
    store: Store

    async def is_ready(self) -> bool:
        """Whether the database answers soon, and has confirmed what is kept of it."""
        try:
            async with asyncio.timeout(_READY_SECONDS):
                self.store.version()
                await self.store.read(lambda records: records.accounts.page(after="", limit=1))
        except Exception:
            logger.exception("the database does not answer")
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Adapters:
    """What stands behind the ports."""

    store: Store
    blobs: FilesystemBlobs
    ring: KeyRing
    disk: ThreadPoolExecutor
    sending: ThreadPoolExecutor
    clock: Clock


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """The database, closed afterwards."""
    async with _closed(await connect(settings.database)) as database:
        yield SqlStore(database)


@asynccontextmanager
async def _open_watched_store(settings: Settings, stamp: NodeStamp) -> AsyncIterator[Store]:
    """The database for long, where what was read may be kept as long as its version stands."""
    async with _closed(await connect(settings.database)) as database:
        if database.version() is not None:
            yield SqlStore(database)
            return
        watched = await connect(settings.database, connections=_WATCH_CONNECTIONS)
        async with _closed(watched), watching(watched, stamp) as watch:
            yield SqlStore(database, watch)


@asynccontextmanager
async def _closed(database: Database) -> AsyncIterator[Database]:
    try:
        yield database
    finally:
        await database.close()


async def migrate_database(settings: Settings) -> None:
    """Bring the database's tables up to what this program needs; may run in several places at once."""
    opened = await connect(settings.database, statement_seconds=_MIGRATION_SECONDS)
    async with _closed(opened) as database:
        await migrate(database, packaged(), now=now())


@asynccontextmanager
async def open_application(settings: Settings, stamp: NodeStamp) -> AsyncIterator[Application]:
    """Everything one process needs to answer requests and run jobs, closed afterwards.

    `stamp` is the node's, made before its processes were forked.
    """
    with (
        ThreadPoolExecutor(_DISK_THREADS, "disk") as disk,
        ThreadPoolExecutor(_SEND_THREADS, "send") as sending,
    ):
        async with _open_watched_store(settings, stamp) as store:
            blobs = FilesystemBlobs(settings.blobs_dir, pool=disk)
            ring = ring_file.load(settings.root_key_file)
            yield _wire(settings, _Adapters(store, blobs, ring, disk, sending, now))


def _wire(settings: Settings, adapters: _Adapters) -> Application:
    store, blobs, clock, addresses = adapters.store, adapters.blobs, adapters.clock, settings.addresses
    data_keys = DataKeys(adapters.ring)
    credentials = Credentials(store, adapters.ring, clock)
    decisions = Decisions(store, Authorities(store), clock)
    key_uses = KeyUses(store, clock)
    directory = Directory(store, clock, new_unique_id)
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
                iam_service(
                    directory,
                    UserKeys(store, credentials),
                    IdentityPolicies(store),
                    PolicyLibrary(store, clock, new_unique_id),
                ),
                sts_service(TokenOperations(credentials, Sessions(store, credentials, decisions, clock))),
            ],
            KeyBook(credentials),
            CallAuthorizer(
                decisions,
                key_uses,
                {
                    "ecr": EcrQuestions(listings).of,
                    "iam": IamQuestions(directory).of,
                    "sts": sts_questions,
                },
            ),
            threads=adapters.disk,
            clock=clock,
            region_of=addresses.api_region,
        ),
        oci=OciFront(use_cases, Access(addresses, tokens, decisions, listings), transfers),
        layers=LayerDoor(catalog, layers, transfers, tokens, decisions),
        runner=Runner(
            store,
            collection_jobs(Collector(store, blobs, clock, Grace()), credentials),
            clock,
            new_id,
            poll=_JOB_POLL,
        ),
        gatherings=(pull_times, key_uses),
        store=store,
    )


def now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def new_id() -> str:
    """A random UUID."""
    return str(uuid.uuid4())
