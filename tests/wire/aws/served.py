"""The whole app over in-memory adapters, asked through its endpoint or by boto3 over a port."""

import socket
from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ParamSpec, cast
from uuid import uuid4

import orjson
from aiohttp import web
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.engines.entrepot import session_that_knows_us
from tests.unit.aws.builders import signed
from tests.unit.identity.issuers import MemoryIssuers

from entrepot.aws.endpoint import Endpoint, Service
from entrepot.aws.faults import COMMON_CODES
from entrepot.aws.wire import WireRequest, WireResponse
from entrepot.console.door import ConsoleDoor
from entrepot.console.files import BUILT, BuiltFiles
from entrepot.decoding.process import ConfinedReader
from entrepot.domain.addresses import Addresses
from entrepot.domain.identities import IdentityKind
from entrepot.identity.accounts import Accounts
from entrepot.identity.audit_trail import AuditTrail
from entrepot.identity.auditing import AuditedStore
from entrepot.identity.authorities import Authorities
from entrepot.identity.credentials import Credentials, IssuedKey, new_key, new_unique_id
from entrepot.identity.decisions import Decisions
from entrepot.identity.directory import Directory, NewIdentity
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
from entrepot.keys.data_keys import DataKeys
from entrepot.keys.ring import KeyRing
from entrepot.keys.ring_text import RootKey
from entrepot.oci.access import Access
from entrepot.oci.front import OciFront, UseCases
from entrepot.oci.layer_door import LayerDoor
from entrepot.oci.transfer import Transfers
from entrepot.registry.archiving import StorageClasses
from entrepot.registry.catalog import Catalog
from entrepot.registry.deletion_estimates import DeletionEstimates
from entrepot.registry.deletion_protection import DeletionProtection
from entrepot.registry.deletions import Deletions
from entrepot.registry.layer_files import LayerFiles
from entrepot.registry.layers import Layers
from entrepot.registry.lifecycle_explanations import LifecycleExplanations
from entrepot.registry.lifecycle_policies import LifecyclePolicies
from entrepot.registry.lifecycle_previews import LifecyclePreviews
from entrepot.registry.lifecycle_runs import LifecycleRuns
from entrepot.registry.listings import Listings
from entrepot.registry.mounts import Mounts
from entrepot.registry.orders import Orders
from entrepot.registry.pins import Pins
from entrepot.registry.pull_exclusions import PullExclusions
from entrepot.registry.pull_times import PullTimes
from entrepot.registry.pulls import Pulls
from entrepot.registry.pushes import Pushes
from entrepot.registry.recycle_bin import RecycleBin
from entrepot.registry.resource_policies import RegistryPolicies, RepositoryPolicies
from entrepot.registry.restorations import Restorations
from entrepot.registry.restoring import StorageClassRuns
from entrepot.registry.sealed_tokens import SealedTokens
from entrepot.registry.settings import AccountSettings
from entrepot.registry.shared_layers import SharedLayers
from entrepot.registry.statistics import Statistics
from entrepot.registry.tag_history import TagHistory
from entrepot.registry.tier_moves import TierMover
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
from entrepot.services.entrepot.model import NAME
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
from entrepot.serving.connections import PatientServer
from entrepot.serving.front import Front
from entrepot.storage.blobs.memory import MemoryBlobs
from entrepot.storage.blobs.tiers import ArchiveBlobs, TieredBlobs
from entrepot.storage.metadata.drivers.sqlite import open_memory
from entrepot.storage.metadata.migrate import migrate, packaged
from entrepot.storage.metadata.store import SqlStore
from entrepot.telemetry.meters import Meters
from entrepot.workers.archiving import archiving_jobs
from entrepot.workers.lifecycle import lifecycle_jobs
from entrepot.workers.runner import Runner

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient
    from types_boto3_iam import IAMClient
    from types_boto3_sts import STSClient
    from types_boto3_sts.type_defs import CredentialsTypeDef

P = ParamSpec("P")

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
REGION = "eu-west-1"
LONGEST_LINE = 16 * 1024
TARGET = "AmazonEC2ContainerRegistry_V20150921"

_session = session_that_knows_us()  # its loader keeps the models that it has read


@dataclass(frozen=True, slots=True)
class Answer:
    """What a raw request got: a status and a JSON document."""

    status: int
    document: Mapping[str, Any]

    @property
    def code(self) -> str:
        """The error's code, "" where it is none."""
        return cast("str", self.document.get("__type", ""))

    @property
    def message(self) -> str:
        """The error's sentence."""
        return cast("str", self.document["message"])


@dataclass(frozen=True, slots=True)
class Refused:
    """An error as boto3 raised it; `members` are those of its shape."""

    code: str
    status: int
    message: str
    members: Mapping[str, Any]


class WatchedEndpoint(Endpoint):
    """Remembers every error code that an operation answered with."""

    def __init__(self, services: list[Service], *parts: Any, **named: Any) -> None:
        super().__init__(services, *parts, **named)
        self._models = {s.model.target_prefix: s.model for s in services if s.model.protocol == "json"}
        self.codes: set[tuple[str, str]] = set()
        self.strange: set[tuple[str, str]] = set()

    async def answer(self, request: WireRequest) -> WireResponse:
        response = await super().answer(request)
        prefix, _, name = "".join(request.headers.all("x-amz-target")).rpartition(".")
        model = self._models.get(prefix)
        if response.status != 200 and model is not None and name in model.operations:
            code = orjson.loads(response.body)["__type"]
            self.codes.add((name, code))
            if code not in COMMON_CODES and code not in model.operations[name].errors:
                self.strange.add((name, code))
        return response


@dataclass(slots=True)
class Served:
    """The app on a port, with the root keys of two accounts, and the issuers that it can reach."""

    port: int
    endpoint: WatchedEndpoint
    store: SqlStore
    ring: KeyRing
    credentials: Credentials
    tokens: Tokens
    key_uses: KeyUses
    pull_times: PullTimes
    runner: Runner
    refusals: Refusals
    roots: Mapping[str, IssuedKey]
    issuers: MemoryIssuers
    _clients: list["ECRClient | IAMClient | STSClient"] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the app listens."""
        return f"http://127.0.0.1:{self.port}"

    def ecr(self, account: str = ACCOUNT, region: str = REGION, keys: IssuedKey | None = None) -> "ECRClient":
        """A real client, the account's root where no keys are given."""
        return cast("ECRClient", self._client("ecr", region, keys or self.roots[account]))

    def sts(self, account: str = ACCOUNT, region: str = REGION, keys: IssuedKey | None = None) -> "STSClient":
        """The same for STS."""
        return cast("STSClient", self._client("sts", region, keys or self.roots[account]))

    def iam(self, account: str = ACCOUNT, keys: IssuedKey | None = None) -> "IAMClient":
        """The same for IAM."""
        return cast("IAMClient", self._client("iam", REGION, keys or self.roots[account]))

    def unsigned_sts(self, region: str = REGION) -> "STSClient":
        """A client of STS without any keys."""
        return cast("STSClient", self._client("sts", region, None))

    def own(self, account: str = ACCOUNT, keys: IssuedKey | None = None) -> Any:
        """The same for the service of our own, which no stubs describe."""
        return self._client(NAME, REGION, keys or self.roots[account])

    def session_ecr(self, given: "CredentialsTypeDef") -> "ECRClient":
        """A client with what STS gave."""
        keys = IssuedKey(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], given["Expiration"]
        )
        return self.ecr(keys=keys)

    def _client(self, service: str, region: str, keys: IssuedKey | None) -> Any:
        client = _session.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=keys and keys.access_key_id,
            aws_secret_access_key=keys and keys.secret,
            aws_session_token=keys and keys.session_token,
            config=Config(
                retries={"max_attempts": 0},
                parameter_validation=False,
                proxies={},
                signature_version=None if keys else UNSIGNED,
            ),
        )
        self._clients.append(client)
        return client

    def cloudtrail(self, account: str = ACCOUNT, region: str = REGION, keys: IssuedKey | None = None) -> Any:
        """The same for CloudTrail; boto3's types for it are not installed."""
        return self._client("cloudtrail", region, keys or self.roots[account])

    def close_clients(self) -> None:
        """Give their connections back."""
        for client in self._clients:
            client.close()

    async def ask(
        self,
        operation: str,
        body: object = None,
        *,
        keys: IssuedKey | None = None,
        region: str = REGION,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A signed call of ECR that no client would make: any body, in bytes or as JSON."""
        given = keys or self.roots[ACCOUNT]
        request = signed(
            url=f"{self.url}/",
            headers={
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": f"{TARGET}.{operation}",
                **(headers or {}),
            },
            body=body if isinstance(body, bytes) else orjson.dumps(body or {}),
            region=region,
            key_id=given.access_key_id,
            secret=given.secret,
            token=given.session_token,
        )
        return await self.send(request)

    async def send(self, request: WireRequest) -> Answer:
        """Any request to the endpoint."""
        response = await self.endpoint.answer(request)
        return Answer(response.status, orjson.loads(response.body))

    async def add_user(self, name: str, account: str = ACCOUNT, *documents: str) -> IssuedKey:
        """A user with these inline policies and an access key."""
        asked = NewIdentity(account, IdentityKind.USER, name)
        user = await Directory(self.store, now, new_unique_id).create(asked)
        policies = IdentityPolicies(self.store)
        for number, document in enumerate(documents):
            await policies.put(account, IdentityKind.USER, name, f"policy-{number}", document)
        issued, _ = await UserKeys(self.store, self.credentials).create(user)
        return issued


async def refusal(call: Callable[P, object], *args: P.args, **params: P.kwargs) -> Refused:
    """The error that a client's call ends in."""
    try:
        answer = await to_thread(call, *args, **params)
    except ClientError as error:
        return Refused(
            code=error.response["Error"]["Code"],
            status=error.response["ResponseMetadata"]["HTTPStatusCode"],
            message=error.response["Error"]["Message"],
            members=error.response,
        )
    raise AssertionError(f"the call was not refused: {answer}")


def bare(answer: Mapping[str, object]) -> dict[str, object]:
    """An answer's own members, without what boto3 adds."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid4())


@asynccontextmanager
async def open_served() -> AsyncIterator[Served]:
    """Everything, closed afterwards."""
    listening = socket.create_server(("127.0.0.1", 0))
    port: int = listening.getsockname()[1]
    database = open_memory()
    await migrate(database, packaged(), now=now())
    with ThreadPoolExecutor(2) as threads:
        served, front = await _wire(SqlStore(database), port, threads)
        server = PatientServer(
            front.answer,
            header_seconds=30,
            meters=Meters.alone(),
            access_log=None,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
            auto_decompress=False,
        )
        runner = web.ServerRunner(server, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
            yield served
        finally:
            served.close_clients()
            await runner.cleanup()
            await database.close()


async def _wire(rows: SqlStore, port: int, threads: ThreadPoolExecutor) -> tuple[Served, Front]:
    """As app.py does, with other adapters."""
    store, refusals = AuditedStore(rows, now), Refusals(rows, now)
    ring = KeyRing((RootKey(version=1, key=b"k" * 32, created_at=now()),))
    addresses = Addresses(scheme="http", host="127.0.0.1", port=port, domain=None, default_account=ACCOUNT)
    data_keys = DataKeys(ring)
    blobs = TieredBlobs(MemoryBlobs(), ArchiveBlobs(MemoryBlobs(), threads), threads)
    authorities, key_uses = Authorities(store), KeyUses(rows, now)
    decisions = Decisions(store, authorities, now)
    directory = Directory(store, now, new_unique_id)
    credentials = Credentials(store, ring, now)
    tokens = Tokens(Signer(rows, ring, now), credentials, now)
    sessions, revocations = Sessions(store, credentials, decisions, now), Revocations(store, now)
    issuers = MemoryIssuers()
    web_sessions = WebSessions(store, sessions, decisions, IssuerKeys(issuers, now), now)
    catalog, settings = Catalog(store, now, _new_id), AccountSettings(store)
    pushes = Pushes(store, data_keys, now, allow_sparse=False)
    pull_times = PullTimes(rows, now)
    pulls, listings = Pulls(store, data_keys, pull_times), Listings(store)
    deletions = Deletions(store, now)
    recycle_bin = RecycleBin(store, now, _new_id)
    restorations = Restorations(store, now, _new_id, allow_sparse=False)
    usage = UsageReports(store, now, _new_id)
    explanations = LifecycleExplanations(store, now, threads)
    previews = LifecyclePreviews(store, now, _new_id, threads, event=dry_run_events(now))
    runs = LifecycleRuns(store, deletions, now, _new_id, threads=threads, event=policy_events(now))
    mover = TierMover(store, blobs, data_keys, now)
    jobs = [
        *lifecycle_jobs(runs, previews, usage),
        *archiving_jobs(StorageClassRuns(store, now, mover.bring_back, event=activation_events(now)), mover),
    ]
    layers = Layers(store, blobs, data_keys)
    uploads = LayerUploads(store, blobs, data_keys, clock=now, new_id=_new_id)
    endpoint = WatchedEndpoint(
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
                        storage_classes=StorageClasses(store, now, _new_id),
                    ),
                    LayerOperations(catalog, layers, uploads, tokens, addresses),
                    RegistryOperations(tokens, settings, addresses),
                    PolicyOperations(RepositoryPolicies(store, decisions), RegistryPolicies(store)),
                    LifecycleOperations(LifecyclePolicies(store, now, _new_id), previews),
                    PullExclusionOperations(PullExclusions(store, now)),
                )
            ),
            iam_service(
                IamUseCases(
                    directory,
                    UserKeys(store, credentials),
                    IdentityPolicies(store),
                    PolicyLibrary(store, now, new_unique_id),
                    OidcProviders(store, now),
                    authorities,
                ),
            ),
            sts_service(TokenOperations(credentials, sessions, web_sessions)),
            cloudtrail_service(LookupOperations(AuditTrail(rows))),
            entrepot_service(
                EntrepotPerformers(
                    SessionOperations(sessions, revocations),
                    AccountOperations(Accounts(store, credentials, now)),
                    ExplanationOperations(Explanations(store, directory, decisions, now)),
                    LayerFileOperations(catalog, LayerFiles(pulls, layers, ConfinedReader(), threads)),
                    RecyclingOperations(
                        catalog, recycle_bin, restorations, TagHistory(store), DeletionProtection(store, now)
                    ),
                    StatisticsOperations(
                        catalog,
                        Statistics(store, now),
                        SharedLayers(store),
                        DeletionEstimates(store, now),
                        decisions,
                    ),
                    OrderOperations(catalog, Orders(store, SealedTokens(ring)), decisions),
                    PinOperations(Pins(store, now)),
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
                    revocations, BinQuestions(recycle_bin, restorations), ACCOUNT
                ).of,
                "iam": IamQuestions(directory).of,
                "sts": sts_questions,
                "cloudtrail": cloudtrail_questions,
            },
        ),
        threads=threads,
        audit=CallAudit(refusals),
    )
    mounts = Mounts(store, settings, decisions, now)
    use_cases = UseCases(catalog, pushes, pulls, listings, deletions, uploads, layers, mounts)
    transfers = Transfers(threads)
    front = Front(
        endpoint,
        OciFront(use_cases, Access(addresses, tokens, decisions, listings), transfers, refusals),
        LayerDoor(catalog, layers, transfers, tokens, decisions, refusals=refusals),
        ConsoleDoor(BuiltFiles(BUILT)),
        _is_ready,
    )
    roots = {account: new_key() for account in (ACCOUNT, OTHER_ACCOUNT)}
    for account, key in roots.items():
        await credentials.add_first_root_key(account, key)
    runner = Runner(rows, jobs, now, _new_id, poll=timedelta(0))
    parts = (rows, ring, credentials, tokens, key_uses, pull_times, runner, refusals, roots, issuers)
    served = Served(port, endpoint, *parts)
    return served, front


async def _is_ready() -> bool:
    return True
