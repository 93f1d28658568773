"""Wires the program together; the only place that knows which adapter stands behind a port."""

import logging
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

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
from entrepot.ports.blobs import BlobLinks, Blobs, BlobUploads, Leftovers
from entrepot.ports.clock import Clock
from entrepot.ports.records import Store
from entrepot.registry.catalog import Catalog
from entrepot.registry.collection import Collector, Grace
from entrepot.registry.deletions import Deletions
from entrepot.registry.layers import Layers
from entrepot.registry.leftovers import LeftoverCollector
from entrepot.registry.listings import Listings
from entrepot.registry.mounts import Mounts
from entrepot.registry.pull_times import PullTimes
from entrepot.registry.pulls import Pulls
from entrepot.registry.pushes import Pushes
from entrepot.registry.settings import AccountSettings
from entrepot.registry.upload_holds import RowHolds
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
from entrepot.storage.blobs.large_buffers import give_back_at_once
from entrepot.storage.blobs.locations import Bucket as BucketLocation
from entrepot.storage.blobs.locations import Folder
from entrepot.storage.blobs.s3.bucket import Bucket
from entrepot.storage.blobs.s3.presigning import PresignedBlobs
from entrepot.storage.blobs.s3.store import S3Blobs
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.migrate import migrate, packaged
from entrepot.storage.metadata.store import SqlStore
from entrepot.workers.collection import collection_jobs
from entrepot.workers.leftovers import leftover_job
from entrepot.workers.runner import Runner

logger = logging.getLogger(__name__)

_DISK_THREADS = 8  # reading, writing, hashing and sealing; more only wait for the disk and the cores
_PART_THREADS = 8  # hashing and sealing for a bucket, and waiting for it
_SEND_THREADS = 16  # each moves bytes while its client takes them; slow readers hold none
_JOB_POLL = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Application:
    """One process's share of the server."""

    aws: Endpoint
    oci: OciFront
    layers: LayerDoor
    runner: Runner
    pull_times: PullTimes
    store: Store

    async def is_ready(self) -> bool:
        """Whether the database answers."""
        try:
            await self.store.read(lambda records: records.accounts.page(after="", limit=1))
        except Exception:
            logger.exception("the database does not answer")
            return False
        return True


class BlobStore(BlobUploads, Blobs, Protocol):
    """Content on its way in, and finished."""


@dataclass(frozen=True, slots=True)
class _Adapters:
    """What stands behind the ports."""

    store: Store
    blobs: BlobStore
    links: BlobLinks | None
    leftovers: Leftovers | None
    ring: KeyRing
    disk: ThreadPoolExecutor
    sending: ThreadPoolExecutor
    clock: Clock


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """The database, closed afterwards."""
    database = await connect(settings.database)
    try:
        yield SqlStore(database)
    finally:
        await database.close()


def check_blobs(settings: Settings) -> None:
    """Raise BucketUnfit unless the bucket can be used, where layers lie in one."""
    if isinstance(settings.blobs, BucketLocation):
        with closing(Bucket(settings.blobs)) as bucket:
            bucket.check()


async def migrate_database(settings: Settings) -> None:
    """Bring the database's tables up to what this program needs; may run in several places at once."""
    database = await connect(settings.database)
    try:
        await migrate(database, packaged(), now=now())
    finally:
        await database.close()


@asynccontextmanager
async def open_application(settings: Settings) -> AsyncIterator[Application]:
    """Everything one process needs to answer requests and run jobs, closed afterwards."""
    with (
        ThreadPoolExecutor(_DISK_THREADS, "disk") as disk,
        ThreadPoolExecutor(_SEND_THREADS, "send") as sending,
    ):
        async with open_store(settings) as store, _open_blobs(settings, store, disk) as opened:
            blobs, links, leftovers = opened
            ring = ring_file.load(settings.root_key_file)
            adapters = _Adapters(store, blobs, links, leftovers, ring, disk, sending, now)
            yield _wire(settings, adapters)


@asynccontextmanager
async def _open_blobs(
    settings: Settings, store: Store, disk: ThreadPoolExecutor
) -> AsyncIterator[tuple[BlobStore, BlobLinks | None, Leftovers | None]]:
    """The store of blobs with the extra powers that it has here, closed afterwards."""
    match settings.blobs:
        case Folder(path=path):
            yield FilesystemBlobs(path, pool=disk), None, None
        case BucketLocation() as location:
            give_back_at_once()
            # threads of its own: they wait for the storage, and others on `disk` must not wait with them
            with ThreadPoolExecutor(_PART_THREADS, "parts") as parts, closing(Bucket(location)) as bucket:
                blobs = S3Blobs(bucket, RowHolds(store, now), pool=parts)
                links = PresignedBlobs(bucket, now, endpoint=settings.blob_redirect_endpoint)
                yield blobs, links if settings.has_blob_redirects else None, blobs


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
    layers = Layers(store, blobs, data_keys, adapters.links)
    account_settings = AccountSettings(store)
    mounts = Mounts(store, account_settings, decisions, clock)
    jobs = [*collection_jobs(Collector(store, blobs, clock, Grace()), credentials)]
    if adapters.leftovers is not None:
        jobs.append(leftover_job(LeftoverCollector(store, adapters.leftovers, clock, Grace().uploads)))
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
        runner=Runner(store, jobs, clock, new_id, poll=_JOB_POLL),
        pull_times=pull_times,
        store=store,
    )


def now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def new_id() -> str:
    """A random UUID."""
    return str(uuid.uuid4())
