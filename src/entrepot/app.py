"""Wires the program together; the only place that knows which adapter stands behind a port."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from entrepot.aws.endpoint import Endpoint
from entrepot.console.door import ConsoleDoor
from entrepot.console.files import BUILT, BuiltFiles
from entrepot.decoding.process import ConfinedReader
from entrepot.domain.audit import operator
from entrepot.identity.accounts import Accounts
from entrepot.identity.audit_trail import AuditTrail
from entrepot.identity.auditing import AuditedStore
from entrepot.identity.authorities import Authorities
from entrepot.identity.credentials import Credentials, new_unique_id
from entrepot.identity.decisions import Decisions
from entrepot.identity.directory import Directory
from entrepot.identity.explanations import Explanations
from entrepot.identity.issuer_keys import IssuerKeys
from entrepot.identity.key_uses import KeyUses
from entrepot.identity.policies import IdentityPolicies, PolicyLibrary
from entrepot.identity.providers import OidcProviders
from entrepot.identity.refusals import Refusals
from entrepot.identity.revocation import Revocations
from entrepot.identity.sessions import Sessions
from entrepot.identity.signing import Signer
from entrepot.identity.tokens import Tokens
from entrepot.identity.user_keys import UserKeys
from entrepot.identity.web_sessions import WebSessions
from entrepot.keys import ring_file
from entrepot.keys.data_keys import DataKeys
from entrepot.keys.ring import KeyRing
from entrepot.oci.access import Access
from entrepot.oci.front import OciFront, UseCases
from entrepot.oci.layer_door import LayerDoor
from entrepot.oci.transfer import Transfers
from entrepot.outbound.https import HttpsDocuments
from entrepot.outbound.issuers import DiscoveredKeys
from entrepot.ports.blobs import BlobLinks, BlobPlace, BlobStore, Leftovers
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.ports.reports import DatabaseReports, NoReports, Reports
from entrepot.registry.archiving import StorageClasses
from entrepot.registry.blob_moves import BlobMove, Manner, Progress
from entrepot.registry.catalog import Catalog
from entrepot.registry.collection import Collector, Grace
from entrepot.registry.deletion_estimates import DeletionEstimates
from entrepot.registry.deletion_protection import DeletionProtection
from entrepot.registry.deletions import Deletions
from entrepot.registry.inspection import Depth, Inspector
from entrepot.registry.layer_files import LayerFiles
from entrepot.registry.layers import Layers
from entrepot.registry.leftovers import LeftoverCollector
from entrepot.registry.lifecycle_explanations import LifecycleExplanations
from entrepot.registry.lifecycle_policies import LifecyclePolicies
from entrepot.registry.lifecycle_previews import LifecyclePreviews
from entrepot.registry.lifecycle_runs import LifecycleRuns, PushedRepositories
from entrepot.registry.listings import Listings
from entrepot.registry.mounts import Mounts
from entrepot.registry.orders import Orders
from entrepot.registry.pins import Pins
from entrepot.registry.pull_exclusions import PullExclusions
from entrepot.registry.pull_times import PullTimes
from entrepot.registry.pulls import Pulls
from entrepot.registry.pushes import Pushes
from entrepot.registry.read_only import ReadOnlyBlobs, ReadOnlyStore
from entrepot.registry.recycle_bin import RecycleBin
from entrepot.registry.registry_totals import RegistryTotals
from entrepot.registry.repair import Repairer
from entrepot.registry.repository_totals import RepositoryTotals
from entrepot.registry.resource_policies import RegistryPolicies, RepositoryPolicies
from entrepot.registry.restorations import Restorations
from entrepot.registry.restoring import StorageClassRuns
from entrepot.registry.sealed_tokens import SealedTokens
from entrepot.registry.settings import AccountSettings
from entrepot.registry.shared_layers import SharedLayers
from entrepot.registry.statistics import Statistics
from entrepot.registry.tag_history import TagHistory
from entrepot.registry.tier_moves import TierMover
from entrepot.registry.totals import Totals
from entrepot.registry.upload_holds import RowHolds
from entrepot.registry.uploads import LayerUploads
from entrepot.registry.usage import UsageReports
from entrepot.services.access import CallAuthorizer, KeyBook
from entrepot.services.auditing import CallAudit
from entrepot.services.cloudtrail.service import LookupOperations, cloudtrail_questions, cloudtrail_service
from entrepot.services.ecr.archive_events import activation_events
from entrepot.services.ecr.images import ImageOperations
from entrepot.services.ecr.layers import LayerOperations
from entrepot.services.ecr.lifecycle import LifecycleOperations
from entrepot.services.ecr.policies import PolicyOperations
from entrepot.services.ecr.policy_events import dry_run_events, policy_events
from entrepot.services.ecr.pull_exclusions import PullExclusionOperations
from entrepot.services.ecr.questions import EcrQuestions
from entrepot.services.ecr.registry_settings import RegistryOperations
from entrepot.services.ecr.repositories import RepositoryOperations
from entrepot.services.ecr.service import EcrPerformers, ecr_service
from entrepot.services.entrepot.accounts import AccountOperations
from entrepot.services.entrepot.bin_questions import BinQuestions
from entrepot.services.entrepot.explanations import ExplanationOperations
from entrepot.services.entrepot.layer_files import LayerFileOperations
from entrepot.services.entrepot.lifecycle import LifecycleExplanationOperations
from entrepot.services.entrepot.orders import OrderOperations
from entrepot.services.entrepot.pins import PinOperations
from entrepot.services.entrepot.questions import EntrepotQuestions
from entrepot.services.entrepot.recycling import RecyclingOperations
from entrepot.services.entrepot.service import EntrepotPerformers, entrepot_service
from entrepot.services.entrepot.sessions import SessionOperations
from entrepot.services.entrepot.statistics import StatisticsOperations
from entrepot.services.entrepot.usage import UsageOperations
from entrepot.services.iam.questions import IamQuestions
from entrepot.services.iam.service import IamUseCases, iam_service
from entrepot.services.sts.service import TokenOperations, sts_questions, sts_service
from entrepot.settings import Settings
from entrepot.storage.blobs.fallback import FallbackBlobs
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.blobs.large_buffers import give_back_at_once
from entrepot.storage.blobs.locations import Bucket as BucketLocation
from entrepot.storage.blobs.locations import Folder, Location
from entrepot.storage.blobs.reporting import ReportedBlobs
from entrepot.storage.blobs.s3.bucket import Bucket
from entrepot.storage.blobs.s3.presigning import PresignedBlobs
from entrepot.storage.blobs.s3.store import S3Blobs
from entrepot.storage.blobs.tiers import ArchiveBlobs, TieredBlobs
from entrepot.storage.copying.row_copy import CopyProgress, RowCopy
from entrepot.storage.metadata.connection import Database
from entrepot.storage.metadata.drivers import connect, database_file
from entrepot.storage.metadata.drivers.sqlite import find_damage
from entrepot.storage.metadata.migrate import is_migrated, migrate, packaged
from entrepot.storage.metadata.node_stamp import NodeStamp
from entrepot.storage.metadata.revision_watch import watching
from entrepot.storage.metadata.store import SqlStore
from entrepot.workers.archiving import archiving_jobs
from entrepot.workers.auditing import retention_jobs
from entrepot.workers.collection import collection_jobs
from entrepot.workers.leftovers import leftover_job
from entrepot.workers.lifecycle import lifecycle_jobs
from entrepot.workers.measuring import measuring_jobs
from entrepot.workers.recycling import history_jobs, recycling_jobs
from entrepot.workers.runner import Kind, Runner
from entrepot.workers.statistics import statistics_jobs

_DISK_THREADS = 8  # reading, writing, hashing and sealing; more only wait for the disk and the cores
_PART_THREADS = 8  # hashing and sealing for a bucket, and waiting for it
_SEND_THREADS = 16  # each moves bytes while its client takes them; slow readers hold none
_LEFTOVERS_SHARE = 4  # they take a listing of the bucket, so one round to so many of the collector's
_JOB_POLL = timedelta(seconds=1)
_SILENT = NoReports()
_WATCH_CONNECTIONS = 2  # one looks while the other may still be hanging
_MIGRATION_SECONDS = 3600.0  # an index over a large table, or waiting for the node that builds it
_READY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Application:
    """One process's share of the server."""

    aws: Endpoint
    oci: OciFront
    layers: LayerDoor
    console: ConsoleDoor
    runner: Runner
    gatherings: tuple[PullTimes, KeyUses, PushedRepositories]
    refusals: Refusals
    totals: Totals
    store: Store
    blobs: BlobPlace

    async def clock_lead(self) -> timedelta:
        """How far this machine's clock is before the database's; raises where that does not answer soon.

        Nor may it have left unconfirmed for long what is kept of it.
        """
        async with asyncio.timeout(_READY_SECONDS):
            self.store.version()
            return now() - await self.store.read(_read_clock)


async def _read_clock(records: Records) -> datetime:
    await records.accounts.page(after="", limit=1)  # that there are tables, too
    return await records.clock.now()


@dataclass(frozen=True, slots=True)
class _Opened:
    """A store of blobs, and the extra powers that it has."""

    blobs: BlobStore
    links: BlobLinks | None
    leftovers: Leftovers | None
    tiers: TieredBlobs | None = None
    archive: ArchiveBlobs | None = None


@dataclass(frozen=True, slots=True)
class _Adapters:
    """What stands behind the ports."""

    store: Store
    blobs: ReportedBlobs
    links: BlobLinks | None
    leftovers: Leftovers | None
    tiers: TieredBlobs | None
    ring: KeyRing
    disk: ThreadPoolExecutor
    sending: ThreadPoolExecutor
    clock: Clock
    reports: Reports


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """The database, closed afterwards."""
    async with _closed(await connect(settings.database)) as database:
        yield SqlStore(database)


@asynccontextmanager
async def _open_watched_store(
    settings: Settings, stamp: NodeStamp, reports: DatabaseReports
) -> AsyncIterator[Store]:
    """The database for long, where what was read may be kept as long as its version stands."""
    async with _closed(await connect(settings.database, reports=reports)) as database:
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


def check_blobs(location: Location | None) -> None:
    """Raise BucketUnfit unless the bucket can be used, where it is one."""
    if isinstance(location, BucketLocation):
        with closing(Bucket(location)) as bucket:
            bucket.check()


@asynccontextmanager
async def open_audit_trail(settings: Settings) -> AsyncIterator[AuditTrail]:
    """What reads the audit, closed afterwards."""
    async with open_store(settings) as store:
        yield AuditTrail(store)


async def is_current(settings: Settings) -> bool:
    """Whether the database's tables are those that this program needs; changes nothing."""
    async with _closed(await connect(settings.database)) as database:
        return await is_migrated(database, packaged())


def is_database_missing(settings: Settings) -> bool:
    """Whether the rows would lie in a file that is not there; a server that does not answer is none."""
    file = database_file(settings.database)
    return file is not None and not file.exists()


def database_damage(settings: Settings, *, is_deep: bool) -> list[str]:
    """What is wrong in the database's own file, in sentences; servers look after theirs. Blocks."""
    file = database_file(settings.database)
    return [] if file is None else find_damage(file, is_deep=is_deep)


async def migrate_database(settings: Settings) -> None:
    """Bring the database's tables up to what this program needs; may run in several places at once."""
    opened = await connect(settings.database, statement_seconds=_MIGRATION_SECONDS)
    async with _closed(opened) as database:
        await migrate(database, packaged(), now=now())


@asynccontextmanager
async def open_inspector(settings: Settings, depth: Depth) -> AsyncIterator[Inspector]:
    """What checks the store and the blobs, closed afterwards."""
    with ThreadPoolExecutor(_DISK_THREADS, "disk") as disk:
        async with open_store(settings) as store, _open_blobs(settings, store, disk) as opened:
            yield Inspector(
                store,
                opened.blobs,
                DataKeys(ring_file.load(settings.root_key_file)),
                now,
                depth,
                archive=opened.archive,
            )


@asynccontextmanager
async def open_repairer(settings: Settings) -> AsyncIterator[Repairer]:
    """What mends what was found in the store and the blobs, closed afterwards; the audit is told of it."""
    with ThreadPoolExecutor(_DISK_THREADS, "disk") as disk:
        async with open_store(settings) as bare, _open_blobs(settings, bare, disk) as opened:
            store = AuditedStore(bare, now)
            grace = Grace.of(timedelta(seconds=settings.grace_seconds))
            collector = Collector(store, opened.blobs, now, grace)
            data_keys = DataKeys(ring_file.load(settings.root_key_file))
            yield Repairer(store, opened.blobs, data_keys, collector, now)


@asynccontextmanager
async def open_blob_move(
    settings: Settings,
    source: Location,
    target: Location,
    *,
    target_name: str,
    manner: Manner,
    report: Callable[[Progress], None],
) -> AsyncIterator[BlobMove]:
    """What moves the blobs of the store's rows between two places, closed afterwards."""
    with ThreadPoolExecutor(_DISK_THREADS, "disk") as disk:
        async with (
            open_store(settings) as store,
            _open_location(settings, source, store, disk) as old,
            _open_location(settings, target, store, disk) as new,
        ):
            yield BlobMove(
                store,
                ArchiveBlobs(old.blobs, disk) if manner.is_archive else old.blobs,
                ArchiveBlobs(new.blobs, disk) if manner.is_archive else new.blobs,
                DataKeys(ring_file.load(settings.root_key_file)),
                now,
                target_name=target_name,
                manner=manner,
                report=report,
            )


@asynccontextmanager
async def open_row_copy(
    source: str, target: str, report: Callable[[CopyProgress], None]
) -> AsyncIterator[RowCopy]:
    """What copies all rows from one database to another, both closed afterwards."""
    async with _closed(await connect(source)) as old, _closed(await connect(target)) as new:
        yield RowCopy(old, new, now, report)


@asynccontextmanager
async def open_application(
    settings: Settings, stamp: NodeStamp, *, reports: Reports = _SILENT
) -> AsyncIterator[Application]:
    """Everything one process needs to answer requests and run jobs, closed afterwards.

    `stamp` is the node's, made before its processes were forked.
    """
    with (
        ThreadPoolExecutor(_DISK_THREADS, "disk") as disk,
        ThreadPoolExecutor(_SEND_THREADS, "send") as sending,
    ):
        async with (
            _open_watched_store(settings, stamp, reports) as store,
            _open_blobs(settings, store, disk, reports) as there,
        ):
            opened = _read_only(there) if settings.is_read_only else there
            adapters = _Adapters(
                store=ReadOnlyStore(store) if settings.is_read_only else store,
                blobs=ReportedBlobs(opened.blobs, reports),
                links=opened.links,
                leftovers=opened.leftovers,
                tiers=opened.tiers,
                ring=ring_file.load(settings.root_key_file),
                disk=disk,
                sending=sending,
                clock=now,
                reports=reports,
            )
            yield _wire(settings, adapters)


@asynccontextmanager
async def _open_blobs(
    settings: Settings, store: Store, disk: ThreadPoolExecutor, reports: Reports = _SILENT
) -> AsyncIterator[_Opened]:
    """The store of blobs, with the archive tier where there is one."""
    async with _open_standard(settings, store, disk, reports) as standard:
        if settings.archive is None:
            yield standard
            return
        async with _open_location(settings, settings.archive, store, disk, reports) as opened:
            archive = ArchiveBlobs(opened.blobs, disk)
            tiers = TieredBlobs(standard.blobs, archive, disk)
            yield replace(standard, blobs=tiers, tiers=tiers, archive=archive)


@asynccontextmanager
async def _open_standard(
    settings: Settings, store: Store, disk: ThreadPoolExecutor, reports: Reports
) -> AsyncIterator[_Opened]:
    """The store of blobs, with the one it takes over from while blobs move between them."""
    async with _open_location(settings, settings.blobs, store, disk, reports) as new:
        if settings.blobs_fallback is None:
            yield new
            return
        async with _open_location(settings, settings.blobs_fallback, store, disk, reports) as old:
            # no links: the address of a blob that still lies in the old store would lead nowhere
            yield replace(new, blobs=FallbackBlobs(new.blobs, old.blobs), links=None)


@asynccontextmanager
async def _open_location(
    settings: Settings,
    location: Location,
    store: Store,
    disk: ThreadPoolExecutor,
    reports: Reports = _SILENT,
) -> AsyncIterator[_Opened]:
    """A store of blobs with the extra powers that it has here, closed afterwards."""
    match location:
        case Folder(path=path):
            yield _Opened(FilesystemBlobs(path, pool=disk, meter=reports.blob_bytes), None, None)
        case BucketLocation():
            give_back_at_once()
            # threads of its own: they wait for the storage, and others on `disk` must not wait with them
            with (
                ThreadPoolExecutor(_PART_THREADS, "parts") as parts,
                closing(Bucket(location, reports)) as bucket,
            ):
                blobs = S3Blobs(bucket, RowHolds(store, now), pool=parts, meter=reports.blob_bytes)
                links = PresignedBlobs(bucket, now, endpoint=settings.blob_redirect_endpoint)
                yield _Opened(blobs, links if settings.has_blob_redirects else None, blobs)


def _read_only(opened: _Opened) -> _Opened:
    """The same store, which takes no change whoever asks; what would clear a bucket is left out."""
    return replace(opened, blobs=ReadOnlyBlobs(opened.blobs), leftovers=None, tiers=None)


def _wire(settings: Settings, adapters: _Adapters) -> Application:
    blobs, clock, addresses = adapters.blobs, adapters.clock, settings.addresses
    store = AuditedStore(adapters.store, clock)
    refusals, trail = Refusals(adapters.store, clock, adapters.reports), AuditTrail(store)
    data_keys = DataKeys(adapters.ring)
    credentials = Credentials(store, adapters.ring, clock)
    authorities = Authorities(store)
    decisions = Decisions(store, authorities, clock)
    key_uses = KeyUses(adapters.store, clock)
    directory = Directory(store, clock, new_unique_id)
    life = timedelta(seconds=settings.token_seconds)
    tokens = Tokens(Signer(adapters.store, adapters.ring, clock), credentials, clock, life=life)
    sessions, revocations = Sessions(store, credentials, decisions, clock), Revocations(store, clock)
    published = DiscoveredKeys(HttpsDocuments(adapters.disk, settings.oidc_ca_file))
    web_sessions = WebSessions(store, sessions, decisions, IssuerKeys(published, clock), clock)
    catalog = Catalog(store, clock, new_id)
    pushed_repositories = PushedRepositories(adapters.store, clock)
    pushes = Pushes(
        store, data_keys, clock, allow_sparse=settings.allow_sparse, on_push=pushed_repositories.note
    )
    pull_times = PullTimes(adapters.store, clock)
    pulls, listings = Pulls(store, data_keys, pull_times), Listings(store)
    deletions = Deletions(store, clock)
    uploads = LayerUploads(
        store, blobs, data_keys, clock=clock, new_id=new_id, is_sealed=not settings.is_storage_encrypted
    )
    layers = Layers(store, blobs, data_keys, adapters.links)
    recycle_bin, history = RecycleBin(store, clock, new_id), TagHistory(store)
    restorations = Restorations(store, clock, new_id, allow_sparse=settings.allow_sparse)
    account_settings = AccountSettings(store)
    totals = Totals(store, clock)
    mounts = Mounts(store, account_settings, decisions, clock)
    grace = Grace.of(timedelta(seconds=settings.grace_seconds))
    every = timedelta(seconds=settings.collect_seconds)
    collector = Collector(store, blobs, clock, grace)
    usage = UsageReports(store, clock, new_id)
    explanations = LifecycleExplanations(store, clock, adapters.disk)
    previews = LifecyclePreviews(store, clock, new_id, adapters.disk, event=dry_run_events(clock))
    runs = LifecycleRuns(store, deletions, clock, new_id, threads=adapters.disk, event=policy_events(clock))
    worker = operator(settings.account_id, "entrepot worker")
    jobs = [
        *collection_jobs(collector, credentials, adapters.reports, every=every, actor=worker),
        *lifecycle_jobs(runs, previews, usage),
        *_archiving_jobs(settings, adapters, store, data_keys),
        *recycling_jobs(recycle_bin, adapters.reports, actor=worker),
        *statistics_jobs(RepositoryTotals(store, clock), RegistryTotals(store, clock)),
    ]
    if settings.audit_days:
        kept = timedelta(days=settings.audit_days)
        jobs += retention_jobs(trail, clock, adapters.reports, kept=kept)
        jobs += history_jobs(history, clock, adapters.reports, kept=kept)
    if settings.metrics_listen is not None:
        jobs += measuring_jobs(totals)
    if adapters.leftovers is not None:
        leftovers = LeftoverCollector(store, adapters.leftovers, clock, grace.uploads)
        jobs.append(leftover_job(leftovers, every=_LEFTOVERS_SHARE * every))
    use_cases = UseCases(catalog, pushes, pulls, listings, deletions, uploads, layers, mounts)
    transfers = Transfers(adapters.sending)
    return Application(
        aws=Endpoint(
            [
                ecr_service(
                    EcrPerformers(
                        RepositoryOperations(catalog, addresses),
                        ImageOperations(
                            catalog,
                            pushes,
                            pulls,
                            listings,
                            deletions,
                            storage_classes=StorageClasses(store, clock, new_id),
                        ),
                        LayerOperations(catalog, layers, uploads, tokens, addresses),
                        RegistryOperations(tokens, account_settings, addresses),
                        PolicyOperations(RepositoryPolicies(store, decisions), RegistryPolicies(store)),
                        LifecycleOperations(LifecyclePolicies(store, clock, new_id), previews),
                        PullExclusionOperations(PullExclusions(store, clock)),
                    )
                ),
                iam_service(
                    IamUseCases(
                        directory,
                        UserKeys(store, credentials),
                        IdentityPolicies(store),
                        PolicyLibrary(store, clock, new_unique_id),
                        OidcProviders(store, clock),
                        authorities,
                    ),
                ),
                sts_service(TokenOperations(credentials, sessions, web_sessions)),
                cloudtrail_service(LookupOperations(trail)),
                entrepot_service(
                    EntrepotPerformers(
                        SessionOperations(sessions, revocations),
                        AccountOperations(Accounts(store, credentials, clock)),
                        ExplanationOperations(Explanations(store, directory, decisions, clock)),
                        LayerFileOperations(
                            catalog, LayerFiles(pulls, layers, ConfinedReader(), adapters.disk)
                        ),
                        RecyclingOperations(
                            catalog, recycle_bin, restorations, history, DeletionProtection(store, clock)
                        ),
                        StatisticsOperations(
                            catalog,
                            Statistics(store, clock),
                            SharedLayers(store),
                            DeletionEstimates(store, clock),
                            decisions,
                        ),
                        OrderOperations(catalog, Orders(store, SealedTokens(adapters.ring)), decisions),
                        PinOperations(Pins(store, clock)),
                        UsageOperations(usage, decisions),
                        LifecycleExplanationOperations(explanations, decisions),
                    )
                ),
            ],
            KeyBook(credentials),
            CallAuthorizer(
                decisions,
                key_uses,
                {
                    "ecr": EcrQuestions(listings).of,
                    "entrepot": EntrepotQuestions(
                        revocations, BinQuestions(recycle_bin, restorations), settings.account_id
                    ).of,
                    "iam": IamQuestions(directory).of,
                    "sts": sts_questions,
                    "cloudtrail": cloudtrail_questions,
                },
            ),
            threads=adapters.disk,
            clock=clock,
            region_of=addresses.api_region,
            audit=CallAudit(refusals),
        ),
        oci=OciFront(use_cases, Access(addresses, tokens, decisions, listings), transfers, refusals),
        layers=LayerDoor(catalog, layers, transfers, tokens, decisions, refusals=refusals),
        console=ConsoleDoor(BuiltFiles(BUILT)),
        runner=Runner(
            store,
            jobs,
            clock,
            new_id,
            poll=_JOB_POLL,
            reports=adapters.reports,
            patience=timedelta(seconds=settings.drain_seconds),
        ),
        gatherings=(pull_times, key_uses, pushed_repositories),
        refusals=refusals,
        totals=totals,
        store=store,
        blobs=blobs,
    )


def _archiving_jobs(
    settings: Settings, adapters: _Adapters, store: Store, data_keys: DataKeys
) -> Sequence[Kind]:
    """What follows a change of storage class, and moves layers where there is an archive tier."""
    clock, mover = adapters.clock, None
    if adapters.tiers is not None:
        is_sealed = not settings.is_storage_encrypted
        mover = TierMover(store, adapters.tiers, data_keys, clock, is_sealed=is_sealed)
    bring_back = mover.bring_back if mover else None
    runs = StorageClassRuns(store, clock, bring_back, event=activation_events(clock))
    return archiving_jobs(runs, mover)


def now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def new_id() -> str:
    """A random UUID."""
    return str(uuid.uuid4())
