"""The door over real use cases and in-memory adapters, served on a port of this machine."""

import base64
import hashlib
import json
import ssl
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from aiohttp import web

from entrepot.domain.addresses import Addresses
from entrepot.domain.media_types import OCI_INDEX, OCI_MANIFEST
from entrepot.domain.mutability import TagMutability
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.principals import Principal
from entrepot.domain.repositories import Encryption, Repository
from entrepot.identity.authorities import Authorities
from entrepot.identity.credentials import Credentials, new_key, root_principal
from entrepot.identity.decisions import Decisions
from entrepot.identity.signing import Signer
from entrepot.identity.tokens import Tokens
from entrepot.keys.data_keys import DataKeys
from entrepot.keys.ring import KeyRing
from entrepot.keys.ring_text import RootKey
from entrepot.oci.access import Access
from entrepot.oci.front import OciFront, UseCases
from entrepot.oci.layer_door import LayerDoor
from entrepot.oci.transfer import Transfers
from entrepot.ports.blobs import Blobs, BlobUploads
from entrepot.registry.catalog import Catalog
from entrepot.registry.deletions import Deletions
from entrepot.registry.layers import Layers
from entrepot.registry.listings import Listings
from entrepot.registry.mounts import Mounts
from entrepot.registry.pull_times import PullTimes
from entrepot.registry.pulls import Pulls
from entrepot.registry.pushes import Pushes
from entrepot.registry.settings import AccountSettings
from entrepot.registry.uploads import LayerUploads
from entrepot.storage.metadata.drivers.sqlite import open_memory
from entrepot.storage.metadata.migrate import migrate, packaged
from entrepot.storage.metadata.store import SqlStore
from tests.wire.oci.raw_http import Answer, Line, Lines, line_to

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
REGION = "eu-west-1"
HOME = Registry(ACCOUNT, REGION)


class BlobStore(BlobUploads, Blobs, Protocol):
    """What one adapter gives: content on its way in, and finished."""


class Clock:
    """A clock that only a test turns."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by


@dataclass(slots=True)
class World:
    """A served door with one repository, and everything that a test may reach behind it."""

    port: int
    clock: Clock
    store: SqlStore
    use_cases: UseCases
    settings: AccountSettings
    tokens: Tokens
    token: str
    principals: Mapping[str, Principal]
    access_log: list[dict[str, str]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    under_way: int = 0
    tls: ssl.SSLContext | None = None

    @asynccontextmanager
    async def line(self, receive_bytes: int = 1 << 20) -> AsyncIterator[Line]:
        """A connection."""
        async with line_to(self.port, tls=self.tls, receive_bytes=receive_bytes) as line:
            yield line

    async def ask(
        self,
        method: str,
        target: str,
        lines: Lines = (),
        body: bytes | None = None,
        *,
        is_chunked: bool = False,
        token: str | None = None,
    ) -> Answer:
        """A request on a connection of its own, with a good token unless another is given ("" for none)."""
        async with self.line() as line:
            credentials = self.basic(token) if token != "" else []
            return await line.ask(method, target, [*credentials, *lines], body, is_chunked=is_chunked)

    def basic(self, token: str | None = None, user: str = "AWS") -> list[tuple[str, str]]:
        """The header of a client that is logged in."""
        pair = f"{user}:{token or self.token}".encode()
        return [("Authorization", "Basic " + base64.b64encode(pair).decode("ascii"))]

    async def issue(self, account: str, region: str = REGION) -> str:
        """A token of an account's root."""
        issued = await self.tokens.issue(self.principals[account], Registry(account, region))
        return issued.token

    async def create(
        self, name: str, registry: Registry = HOME, mutability: TagMutability | None = None
    ) -> Repository:
        """A repository."""
        return await self.use_cases.catalog.create(
            registry,
            RepositoryName(name),
            mutability=mutability or TagMutability(),
            scan_on_push=False,
            encryption=Encryption(),
            tags={},
        )

    async def begin(self, name: str = "team/app") -> str:
        """The address of a fresh upload."""
        begun = await self.ask("POST", f"/v2/{name}/blobs/uploads/", body=b"")
        assert begun.status == 202, begun.body
        return begun.headers["location"]

    async def push_blob(self, content: bytes, name: str = "team/app", algorithm: str = "sha256") -> str:
        """A blob put in one request; its digest."""
        digest = digest_of(content, algorithm)
        put = await self.ask("PUT", f"{await self.begin(name)}?digest={digest}", body=content)
        assert put.status == 201, put.body
        return digest

    async def push_image(self, tag: str, name: str = "team/app", **members: object) -> str:
        """An image of one small layer under a tag; its digest."""
        content = await self.image(name, **members)
        put = await self.put_manifest(tag, content, name=name)
        assert put.status == 201, put.body
        return digest_of(content)

    async def image(self, name: str = "team/app", **members: object) -> bytes:
        """The manifest of an image whose blobs are in the repository."""
        config, layer = b"{}", b"a layer"
        await self.push_blob(config, name)
        await self.push_blob(layer, name)
        return manifest(config=config, layers=[layer], **members)

    async def put_manifest(
        self, reference: str, content: bytes, media_type: str = OCI_MANIFEST, name: str = "team/app"
    ) -> Answer:
        """PUT of a manifest."""
        lines = [("Content-Type", media_type)]
        return await self.ask("PUT", f"/v2/{name}/manifests/{reference}", lines, content)


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    """`algorithm:hex`."""
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def descriptor(content: bytes, media_type: str = "application/octet-stream") -> dict[str, object]:
    """What a manifest says of a blob."""
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def manifest(*, config: bytes = b"{}", layers: Sequence[bytes] = (), **members: object) -> bytes:
    """An OCI image manifest; `members` come on top."""
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(config, "application/vnd.oci.image.config.v1+json"),
            "layers": [descriptor(layer, "application/vnd.oci.image.layer.v1.tar") for layer in layers],
            **members,
        }
    ).encode()


def index(*children: bytes, **members: object) -> bytes:
    """An OCI image index of manifests."""
    entries = [descriptor(child, OCI_MANIFEST) for child in children]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries, **members}).encode()


@asynccontextmanager
async def open_world(
    blobs: BlobStore,
    *,
    threads: int = 2,
    tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None,
    is_sealed: bool = True,
    allow_sparse: bool = False,
    idle_seconds: float = 60,
    stall_seconds: float = 60,
) -> AsyncIterator[World]:
    """The world with its repository `team/app`; `tls` is the server's context and the client's."""
    database = open_memory()
    clock = Clock()
    await migrate(database, packaged(), now=clock())
    with ThreadPoolExecutor(threads) as pool:
        world = await _build(SqlStore(database), blobs, clock, is_sealed=is_sealed, allow_sparse=allow_sparse)
        decisions = _decisions(world.store, clock)
        access = Access(_ADDRESSES, world.tokens, decisions, Listings(world.store))
        transfers = Transfers(pool, stall_seconds=stall_seconds)
        front = OciFront(world.use_cases, access, transfers, idle_seconds=idle_seconds)
        door = LayerDoor(world.use_cases.catalog, world.use_cases.layers, transfers, world.tokens, decisions)
        async with _served(world, front, door, tls):
            await world.create("team/app")
            yield world
    await database.close()


_ADDRESSES = Addresses("http", "localhost", 5050, domain=None, default_account=ACCOUNT)


def _decisions(store: SqlStore, clock: Clock) -> Decisions:
    return Decisions(store, Authorities(store), clock)


async def _build(
    store: SqlStore, blobs: BlobStore, clock: Clock, *, is_sealed: bool, allow_sparse: bool
) -> World:
    ring = KeyRing((RootKey(1, bytes(range(32)), clock()),))
    data_keys, credentials, decisions = (
        DataKeys(ring),
        Credentials(store, ring, clock),
        _decisions(store, clock),
    )
    tokens, settings = Tokens(Signer(store, ring, clock), credentials, clock), AccountSettings(store)
    principals = {}
    for account in (ACCOUNT, OTHER_ACCOUNT):
        key = new_key()
        await credentials.set_root_key(account, key)
        principals[account] = root_principal(account, key.access_key_id)
    use_cases = UseCases(
        catalog=Catalog(store, clock, _new_id),
        pushes=Pushes(store, data_keys, clock, allow_sparse=allow_sparse),
        pulls=Pulls(store, data_keys, PullTimes(store, clock)),
        listings=Listings(store),
        deletions=Deletions(store, clock),
        uploads=LayerUploads(store, blobs, data_keys, clock=clock, new_id=_new_id, is_sealed=is_sealed),
        layers=Layers(store, blobs, data_keys),
        mounts=Mounts(store, settings, decisions, clock),
    )
    token = (await tokens.issue(principals[ACCOUNT], HOME)).token
    return World(0, clock, store, use_cases, settings, tokens, token, principals)


@asynccontextmanager
async def _served(
    world: World, front: OciFront, door: LayerDoor, tls: tuple[ssl.SSLContext, ssl.SSLContext] | None
) -> AsyncIterator[None]:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        notes: dict[str, str] = {}
        world.access_log.append(notes)
        world.under_way += 1
        chosen = door.answer if request.raw_path.startswith("/layers/") else front.answer
        try:
            return await chosen(request, "request-1", notes)
        except Exception as failure:
            world.failures.append(failure)
            raise
        finally:
            world.under_way -= 1

    server = web.Server(handle, auto_decompress=False, lingering_time=1)
    runner = web.ServerRunner(server, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls[0] if tls else None)
        await site.start()
        world.port = runner.addresses[0][1]
        world.tls = tls[1] if tls else None
        yield
    finally:
        await runner.cleanup()


def _new_id() -> str:
    return str(uuid.uuid4())
