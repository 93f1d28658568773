"""A registry in memory, under a clock that tests set, and content to put into it."""

import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

from entrepot.domain.digests import Digest, digest_of
from entrepot.domain.images import Image
from entrepot.domain.layers import Layer
from entrepot.domain.manifests import Descriptor
from entrepot.domain.media_types import OCI_INDEX, OCI_MANIFEST
from entrepot.domain.mutability import TagMutability
from entrepot.domain.names import Registry, RepositoryName, Tag
from entrepot.domain.principals import Principal, root_arn
from entrepot.domain.repositories import Encryption, Repository
from entrepot.identity.authorities import Authorities
from entrepot.identity.credentials import Credentials, new_key, new_unique_id, root_principal
from entrepot.identity.decisions import Decisions
from entrepot.identity.directory import Directory
from entrepot.keys.data_keys import DataKeys
from entrepot.keys.ring import KeyRing
from entrepot.keys.ring_text import RootKey
from entrepot.registry.catalog import Catalog
from entrepot.registry.collection import Collector, Grace
from entrepot.registry.deletion_protection import DeletionProtection
from entrepot.registry.deletions import Deletions, ServiceEvent
from entrepot.registry.layers import Layers
from entrepot.registry.lifecycle_explanations import LifecycleExplanations
from entrepot.registry.lifecycle_policies import LifecyclePolicies
from entrepot.registry.lifecycle_previews import LifecyclePreviews
from entrepot.registry.lifecycle_runs import LifecycleRuns
from entrepot.registry.listings import Listings
from entrepot.registry.pins import Pins
from entrepot.registry.pull_exclusions import PullExclusions
from entrepot.registry.pull_times import PullTimes
from entrepot.registry.pulls import Pulls
from entrepot.registry.pushes import Pushes
from entrepot.registry.recycle_bin import RecycleBin
from entrepot.registry.restorations import Restorations
from entrepot.registry.settings import AccountSettings
from entrepot.registry.tag_history import TagHistory
from entrepot.registry.uploads import LayerUploads
from entrepot.registry.usage import UsageReports
from entrepot.services.ecr.policy_events import policy_events
from entrepot.storage.blobs.memory import MemoryBlobs
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.migrate import migrate, packaged
from entrepot.storage.metadata.store import SqlStore

P = ParamSpec("P")
T = TypeVar("T")

ACCOUNT = "123456789012"
REGISTRY = Registry(ACCOUNT, "eu-west-1")
ROOT = Principal(ACCOUNT, root_arn(ACCOUNT), ACCOUNT, "AKIAROOT234567ROOT23")
USER = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/eve", "AIDAEVE", "AKIAEVE2345672EVE234")
START = datetime(2026, 11, 2, 3, 0, 0, 999_999, tzinfo=UTC)

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


class SettableClock:
    """A clock that stands until a test moves it."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


def new_id() -> str:
    return str(uuid.uuid4())


def key_ring(*seeds: int) -> KeyRing:
    """A ring with a key for each seed, versions 1 and up."""
    return KeyRing(
        tuple(RootKey(n, bytes([seed]) * 32, START) for n, seed in enumerate(seeds or (1,), start=1))
    )


class AtOnce(Executor):
    """Does what it is given before it returns."""

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future = Future[T]()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as failure:  # noqa: BLE001 (it is the caller's)
            future.set_exception(failure)
        return future


@dataclass(frozen=True, slots=True)
class World:
    """Every use case of the registry over one store and one blob store, both in memory."""

    store: SqlStore
    blobs: MemoryBlobs
    ring: KeyRing
    clock: SettableClock
    pull_times: PullTimes

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.store, self.clock, new_id)

    @property
    def uploads(self) -> LayerUploads:
        return LayerUploads(
            self.store, self.blobs, DataKeys(self.ring), clock=self.clock, new_id=new_id, is_sealed=True
        )

    @property
    def layers(self) -> Layers:
        return Layers(self.store, self.blobs, DataKeys(self.ring))

    @property
    def pushes(self) -> Pushes:
        return self.pushes_that(allow_sparse=False)

    def pushes_that(self, *, allow_sparse: bool) -> Pushes:
        return Pushes(self.store, DataKeys(self.ring), self.clock, allow_sparse=allow_sparse)

    @property
    def pulls(self) -> Pulls:
        return Pulls(self.store, DataKeys(self.ring), self.pull_times)

    @property
    def listings(self) -> Listings:
        return Listings(self.store)

    @property
    def deletions(self) -> Deletions:
        return Deletions(self.store, self.clock)

    @property
    def recycle_bin(self) -> RecycleBin:
        return RecycleBin(self.store, self.clock, new_id)

    @property
    def restorations(self) -> Restorations:
        return Restorations(self.store, self.clock, new_id, allow_sparse=False)

    @property
    def tag_history(self) -> TagHistory:
        return TagHistory(self.store)

    @property
    def deletion_protection(self) -> DeletionProtection:
        return DeletionProtection(self.store, self.clock)

    @property
    def lifecycle_policies(self) -> LifecyclePolicies:
        return LifecyclePolicies(self.store, self.clock, new_id)

    @property
    def lifecycle_previews(self) -> LifecyclePreviews:
        return LifecyclePreviews(self.store, self.clock, new_id, AtOnce())

    @property
    def lifecycle_explanations(self) -> LifecycleExplanations:
        return LifecycleExplanations(self.store, self.clock, AtOnce())

    @property
    def pins(self) -> Pins:
        return Pins(self.store, self.clock)

    @property
    def usage(self) -> UsageReports:
        return UsageReports(self.store, self.clock, new_id)

    def lifecycle_runs(
        self, event: ServiceEvent | None = None, *, deletions: Deletions | None = None
    ) -> LifecycleRuns:
        return LifecycleRuns(
            self.store,
            deletions or self.deletions,
            self.clock,
            new_id,
            threads=AtOnce(),
            event=event or policy_events(self.clock),
        )

    @property
    def pull_exclusions(self) -> PullExclusions:
        return PullExclusions(self.store, self.clock)

    @property
    def settings(self) -> AccountSettings:
        return AccountSettings(self.store)

    @property
    def collector(self) -> Collector:
        return Collector(self.store, self.blobs, self.clock, Grace())

    @property
    def decisions(self) -> Decisions:
        return Decisions(self.store, Authorities(self.store), self.clock)

    @property
    def directory(self) -> Directory:
        return Directory(self.store, self.clock, new_unique_id)

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.store, self.ring, self.clock)

    async def repository(
        self,
        name: str = "team/app",
        *,
        registry: Registry = REGISTRY,
        mutability: TagMutability | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Repository:
        return await self.catalog.create(
            registry,
            RepositoryName(name),
            mutability=mutability or TagMutability(),
            scan_on_push=False,
            encryption=Encryption(),
            tags=tags or {},
        )

    async def layer(
        self, repository: Repository, content: bytes = b"layer", *, principal: Principal = ROOT
    ) -> Layer:
        """Content, uploaded and held."""
        upload = await self.uploads.begin(repository, principal)
        return await self.uploads.finish(
            repository, principal, upload.id, digest_of(content), chunks(content)
        )

    async def image(
        self,
        repository: Repository,
        content: str = "image",
        *,
        tags: Sequence[str] = (),
        subject: Descriptor | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> Image:
        """An image with a config and a layer of its own, pushed."""
        config = await self.layer(repository, f"config of {content}".encode())
        layer = await self.layer(repository, f"layer of {content}".encode())
        manifest = image_manifest([layer], config=config, subject=subject, annotations=annotations)
        return await self.push(repository, manifest, tags=tags)

    async def index(
        self, repository: Repository, children: Sequence[Image], *, tags: Sequence[str] = ()
    ) -> Image:
        return await self.push(repository, index_manifest(children), tags=tags)

    async def push(self, repository: Repository, content: bytes, *, tags: Sequence[str] = ()) -> Image:
        pushed = await self.pushes.put(repository, content, media_type=None, tags=[Tag(tag) for tag in tags])
        return pushed.image


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    """A world of its own, gone afterwards."""
    database = await connect("sqlite://")
    try:
        await migrate(database, packaged(), now=START)
        store, clock = SqlStore(database), SettableClock()
        yield World(store, MemoryBlobs(), key_ring(1), clock, PullTimes(store, clock))
    finally:
        await database.close()


async def add_root(world: World, account: str = ACCOUNT) -> Principal:
    """The account with its root key."""
    issued = new_key()
    await world.credentials.set_root_key(account, issued)
    return root_principal(account, issued.access_key_id)


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def describe(content: bytes, media_type: str = LAYER_TYPE) -> Descriptor:
    return Descriptor(media_type, digest_of(content), len(content))


def descriptor_json(descriptor: Descriptor, **extra: object) -> dict[str, object]:
    return {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size_bytes,
    } | extra


def image_document(
    layers: Sequence[Layer | Descriptor] = (), *, config: Layer | Descriptor | None = None, **extra: object
) -> dict[str, object]:
    """An OCI manifest, to be changed before it is written."""
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor_json(_described(config or describe(b"config", CONFIG_TYPE), CONFIG_TYPE)),
        "layers": [descriptor_json(_described(layer, LAYER_TYPE)) for layer in layers],
    } | extra


def image_manifest(
    layers: Sequence[Layer | Descriptor] = (),
    *,
    config: Layer | Descriptor | None = None,
    subject: Descriptor | None = None,
    annotations: Mapping[str, str] | None = None,
) -> bytes:
    document = image_document(layers, config=config)
    if subject is not None:
        document["subject"] = descriptor_json(subject)
    if annotations is not None:
        document["annotations"] = dict(annotations)
    return json.dumps(document).encode()


def index_document(children: Sequence[Image | Descriptor] = (), **extra: object) -> dict[str, object]:
    """An OCI index, to be changed before it is written."""
    return {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [descriptor_json(_child(child)) for child in children],
    } | extra


def index_manifest(children: Sequence[Image | Descriptor]) -> bytes:
    return json.dumps(index_document(children)).encode()


def absent(content: str = "absent") -> Digest:
    """A digest that nothing has."""
    return digest_of(content.encode())


def _described(thing: Layer | Descriptor, media_type: str) -> Descriptor:
    return thing if isinstance(thing, Descriptor) else Descriptor(media_type, thing.digest, thing.size_bytes)


def _child(thing: Image | Descriptor) -> Descriptor:
    if isinstance(thing, Descriptor):
        return thing
    return Descriptor(thing.media_type, thing.digest, thing.manifest_bytes)
