"""The AWS front: one door for all services, and the order of what a request meets, written down once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol, TypeVar

from entrepot.aws import query_protocol, refusals, sigv4
from entrepot.aws.codec import Params
from entrepot.aws.faults import Fault, fault, internal_failure, unavailable
from entrepot.aws.json_protocol import JsonProtocol
from entrepot.aws.model import DEFAULT_BODY_LIMIT, OperationModel, ServiceModel, load_service
from entrepot.aws.operations import ANONYMOUS, Call, Handler, Operations
from entrepot.aws.query_protocol import QueryProtocol
from entrepot.aws.redaction import without_sensitive
from entrepot.aws.wire import WireRequest, WireResponse, parse_parameters
from entrepot.domain.errors import NotOffered, Refusal, TooLarge
from entrepot.domain.principals import Principal
from entrepot.ports.outages import Outage, Unsettled, told

_DENIED_CODES = frozenset({"AccessDeniedException", "UnrecognizedClientException"})
_UNPROVEN_CODES = frozenset({"InvalidSignatureException", "UnrecognizedClientException"})
UNSIGNED_BODY_LIMIT = 64 * 1024
"""What is read of a caller who has proven nothing: STS's largest web identity token has 20,000 bytes."""

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """An access key as the wire needs it: who it is, and what proves it.

    `session_token_sha256` is None for a long-lived key, whose requests then carry no token.
    """

    principal: Principal
    secret: str = field(repr=False)
    session_token_sha256: bytes | None = field(repr=False)
    is_active: bool


class Credentials(Protocol):
    """Access keys, by id."""

    async def find(self, access_key_id: str) -> KeyRecord | None:
        """The key, expired or inactive ones included; None where there is none."""


class Authorizer(Protocol):
    """The decision on every call."""

    async def authorize(self, call: Call, action: str, params: Mapping[str, object]) -> None:
        """Return where the call may go on; raise `AccessDenied` where not. Action is "ecr:PutImage"."""


class Audit(Protocol):
    """Who did what, for those who ask later."""

    def over(
        self, call: Call, action: str, params: Callable[[], Mapping[str, object]]
    ) -> AbstractContextManager[None]:
        """What is changed meanwhile is changed by this call; `params` gives those that are not secret."""

    def refused(self, code: str, message: str) -> None:
        """The call that is under way was refused to its caller, who is known."""

    def unproven(self, address: str, access_key_id: str, account: str) -> None:
        """A request was not signed as the key's owner would; `account` is "" where there is no such key."""


class NoAudit:
    """The audit of whoever keeps none."""

    def over(
        self, call: Call, action: str, params: Callable[[], Mapping[str, object]]
    ) -> AbstractContextManager[None]:
        del call, action, params
        return nullcontext()

    def refused(self, code: str, message: str) -> None: ...

    def unproven(self, address: str, access_key_id: str, account: str) -> None: ...


class WireProtocol(Protocol):
    """How one service writes requests and answers; raises refusals for what it cannot read."""

    def decode(self, operation: str, body: bytes, query: Sequence[tuple[bytes, bytes]]) -> Params: ...

    def answer(self, operation: str, result: Mapping[str, object], request_id: str) -> WireResponse: ...

    def refuse(self, fault: Fault, request_id: str) -> WireResponse: ...


_NO_AUDIT = NoAudit()


@dataclass(frozen=True, slots=True)
class Service:
    """One offered service: its model, its wire form, and those who perform its operations."""

    name: str
    model: ServiceModel
    protocol: WireProtocol
    operations: Operations

    def __post_init__(self) -> None:
        unknown = sorted(set(self.operations) - set(self.model.operations))
        if unknown:
            raise ValueError(f"{self.name} has no operation {', '.join(unknown)}")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a service offers and what it does not, for docs/compatibility.md."""

    service: str
    title: str
    api_version: str
    offered: tuple[str, ...]
    missing: tuple[str, ...]


def offer(name: str, operations: Operations, *, folder: Path | None = None) -> Service:
    """A service of botocore's data, or of a folder laid out like that, compiled."""
    return service_of(load_service(name, folder=folder), operations)


def service_of(model: ServiceModel, operations: Operations) -> Service:
    """A service of any model, compiled."""
    protocol = JsonProtocol(model) if model.protocol == "json" else QueryProtocol(model)
    return Service(model.name, model, protocol, operations)


def describe(model: ServiceModel, offered: Iterable[str]) -> Coverage:
    """The operations of a service, offered and missing, by name; nobody has to perform them for that."""
    known = frozenset(offered)
    return Coverage(
        service=model.name,
        title=model.title,
        api_version=model.api_version,
        offered=tuple(sorted(known)),
        missing=tuple(sorted(set(model.operations) - known)),
    )


@dataclass(slots=True)
class _Exchange:
    """One request on its way through the steps; each step fills in what the later ones use."""

    request: WireRequest
    now: datetime
    held: AsyncExitStack
    query: list[tuple[bytes, bytes]] = field(default_factory=list)
    service: Service | None = None
    operation: OperationModel | None = None
    claim: sigv4.Claim | None = None
    claimed: KeyRecord | None = None
    key: KeyRecord | None = None
    body: bytes = b""
    params: Params = field(default_factory=dict)
    call: Call | None = None
    handler: Handler[Params] | None = None
    result: Mapping[str, object] = field(default_factory=dict)
    response: WireResponse | None = None
    refusal: str = ""


class Endpoint:
    """Answers every AWS request, refusals and bugs included, in the dialect of its service.

    At most `large_bodies` bodies over 1 MiB are in memory at once, each hashed and decoded on `threads`.
    `region_of` tells the region that a Host header names; a call there has to be signed for it.
    """

    def __init__(
        self,
        services: Sequence[Service],
        credentials: Credentials,
        authorizer: Authorizer,
        *,
        threads: Executor,
        large_bodies: int = 4,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        region_of: Callable[[str], str | None] = lambda _host: None,
        audit: Audit = _NO_AUDIT,
    ) -> None:
        self._by_target = _by_target(services)
        self._queried = [s for s in services if s.model.protocol == "query"]
        self._credentials = credentials
        self._authorizer = authorizer
        self._threads = threads
        self._large = asyncio.Semaphore(large_bodies)
        self._clock = clock
        self._region_of = region_of
        self._audit = audit
        self._nobody = _fallbacks()
        self._steps: list[Callable[[_Exchange], Awaitable[None]]] = [
            self._find_service,
            self._parse_claim,
            self._find_queried_service,
            self._check_scope,
            self._look_up_key,
            self._read_body,
            self._verify_signature,
            self._find_operation,
            self._decode,
            self._authorize,
            self._handle,
            self._encode,
        ]

    async def answer(self, request: WireRequest) -> WireResponse:
        """The response; never raises but for cancellation."""
        async with AsyncExitStack() as held:
            exchange = _Exchange(request, self._clock(), held)
            response = await self._respond(exchange)
            return replace(response, operation=_action(exchange), refusal=exchange.refusal)

    async def _respond(self, exchange: _Exchange) -> WireResponse:
        request = exchange.request
        try:
            for step in self._steps:
                await step(exchange)
            return _present(exchange.response)
        except Refusal as refusal:
            exchange.refusal, said = _name_of(refusal), fault(refusal)
            self._tell(exchange, said)
            return self._dialect(exchange).refuse(said, request.request_id)
        except (Outage, Unsettled) as outage:
            logger.warning(
                "request met an outage", extra={"request_id": request.request_id, "outage": told(outage)}
            )
            return self._dialect(exchange).refuse(unavailable(), request.request_id)
        except Exception:
            logger.exception("request %s failed", request.request_id)
            said = internal_failure(_failure_code(exchange))
            return self._dialect(exchange).refuse(said, request.request_id)

    def _tell(self, exchange: _Exchange, said: Fault) -> None:
        """Tell the audit of a refusal that is about who asked."""
        if exchange.call is not None:
            if exchange.key is not None and said.code in _DENIED_CODES:
                self._audit.refused("AccessDenied", said.message)
        elif exchange.claim is not None and said.code in _UNPROVEN_CODES:
            account = exchange.claimed.principal.account if exchange.claimed is not None else ""
            self._audit.unproven(exchange.request.remote, exchange.claim.access_key_id, account)

    def _dialect(self, exchange: _Exchange) -> WireProtocol:
        if exchange.service is not None:
            return exchange.service.protocol
        return self._nobody["json" if exchange.request.headers.all("x-amz-target") else "query"]

    async def _find_service(self, exchange: _Exchange) -> None:
        """By target, for JSON services; the operation is known with it."""
        exchange.query = parse_parameters(exchange.request.raw_query)
        targets = exchange.request.headers.all("x-amz-target")
        if not targets:
            return
        prefix, _, name = targets[0].rpartition(".")
        service = self._by_target.get(prefix)
        if service is None or len(targets) > 1 or exchange.request.method != "POST":
            raise refusals.unknown_operation(name)
        exchange.service = service
        exchange.operation = _operation(service, name)

    async def _parse_claim(self, exchange: _Exchange) -> None:
        # A Query operation may still turn out to be one that needs no signature.
        if exchange.service is not None or sigv4.is_signed(exchange.request):
            exchange.claim = sigv4.parse(exchange.request)

    async def _find_queried_service(self, exchange: _Exchange) -> None:
        """By credential scope, else by Version where that is in the query string."""
        if exchange.service is not None:
            return
        if exchange.claim is not None:
            name = exchange.claim.service
            exchange.service = next((s for s in self._queried if s.model.signing_name == name), None)
            if exchange.service is None:
                raise refusals.unknown_operation(query_protocol.find(exchange.query, b"Action") or "")
        else:
            exchange.service = self._of_version(exchange.query)

    def _of_version(self, pairs: Sequence[tuple[bytes, bytes]]) -> Service | None:
        version = query_protocol.find(pairs, b"Version")
        return next((s for s in self._queried if s.model.api_version == version), None)

    async def _check_scope(self, exchange: _Exchange) -> None:
        if exchange.claim is not None:
            service = _present(exchange.service)
            sigv4.check_scope(exchange.claim, service.model.signing_name, exchange.now)
            named = self._region_of(exchange.request.host)
            if named is not None and named != exchange.claim.region:
                raise refusals.foreign_region(exchange.claim.region)

    async def _look_up_key(self, exchange: _Exchange) -> None:
        if exchange.claim is None:
            return
        exchange.claimed = key = await self._credentials.find(exchange.claim.access_key_id)
        if key is None or not key.is_active:
            raise refusals.unrecognized_client()
        sigv4.check_session_token(exchange.claim, key.session_token_sha256)
        if key.principal.expires_at is not None and key.principal.expires_at <= exchange.now:
            raise refusals.expired_token()
        exchange.key = key

    async def _read_body(self, exchange: _Exchange) -> None:
        limit = _body_limit(exchange)
        announced = _announced_length(exchange.request)
        if announced is not None and announced > limit:
            raise TooLarge(limit)
        if limit > DEFAULT_BODY_LIMIT and (announced is None or announced > DEFAULT_BODY_LIMIT):
            await exchange.held.enter_async_context(self._large)
        exchange.body = await exchange.request.read_body(limit)

    async def _verify_signature(self, exchange: _Exchange) -> None:
        if exchange.claim is None:
            return
        body = exchange.body
        digest = await self._run(exchange, lambda: sha256(body).hexdigest())
        secret = _present(exchange.key).secret
        sigv4.verify(exchange.claim, exchange.request, secret, digest, exchange.now)

    async def _find_operation(self, exchange: _Exchange) -> None:
        """Query services may have it in the body; unsigned calls of signed operations end here."""
        if exchange.operation is None:
            pairs = [*exchange.query, *query_protocol.form(exchange.body)]
            action = query_protocol.find(pairs, b"Action") or ""
            exchange.service = exchange.service or self._of_version(pairs)
            if exchange.service is None:
                raise refusals.unknown_operation(action)
            exchange.operation = _operation(exchange.service, action)
        if exchange.claim is None and not exchange.operation.is_unsigned:
            raise refusals.missing_token()
        service, name = _present(exchange.service), exchange.operation.name
        exchange.handler = service.operations.find(name)
        if exchange.handler is None:
            raise NotOffered(f"{service.model.signing_name}:{name}")

    async def _decode(self, exchange: _Exchange) -> None:
        protocol, name = _present(exchange.service).protocol, _present(exchange.operation).name
        body, query = exchange.body, exchange.query
        exchange.params = await self._run(exchange, lambda: protocol.decode(name, body, query))
        exchange.body = b""

    async def _authorize(self, exchange: _Exchange) -> None:
        exchange.call = call = _call(exchange, _present(exchange.operation).name)
        exchange.held.enter_context(self._audit.over(call, _action(exchange), lambda: _shown(exchange)))
        await self._authorizer.authorize(call, _action(exchange), exchange.params)

    async def _handle(self, exchange: _Exchange) -> None:
        handler = _present(exchange.handler)
        exchange.result = await handler(_present(exchange.call), exchange.params)

    async def _encode(self, exchange: _Exchange) -> None:
        protocol, name = _present(exchange.service).protocol, _present(exchange.operation).name
        exchange.response = protocol.answer(name, exchange.result, exchange.request.request_id)

    async def _run(self, exchange: _Exchange, work: Callable[[], T]) -> T:
        """Small bodies here, large ones on a thread, so that they hold nobody else up."""
        if len(exchange.body) <= DEFAULT_BODY_LIMIT:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _operation(service: Service, name: str) -> OperationModel:
    operation = service.model.operations.get(name)
    if operation is None:
        raise refusals.unknown_operation(name)
    return operation


def _body_limit(exchange: _Exchange) -> int:
    if exchange.claim is None:
        return UNSIGNED_BODY_LIMIT
    return exchange.operation.body_limit if exchange.operation is not None else DEFAULT_BODY_LIMIT


def _announced_length(request: WireRequest) -> int | None:
    """The Content-Length; the door has refused those that are no number or do not hold."""
    values = request.headers.all("content-length")
    return int(values[0]) if len(values) == 1 and values[0].isdecimal() and len(values[0]) < 19 else None


def _call(exchange: _Exchange, operation: str) -> Call:
    request, claim, key = exchange.request, exchange.claim, exchange.key
    caller = key.principal if key is not None else ANONYMOUS
    return Call(
        operation=operation,
        account=caller.account,
        region=claim.region if claim is not None else "",
        caller=caller,
        request_id=request.request_id,
        received_at=exchange.now,
        host=request.host,
        scheme=request.scheme,
        source_ip=request.remote,
        user_agent=next(iter(request.headers.all("user-agent")), None),
    )


def _shown(exchange: _Exchange) -> Mapping[str, object]:
    """The parameters without what the model calls sensitive."""
    model = _present(exchange.service).model
    return without_sensitive(model.shapes, _present(exchange.operation).input, exchange.params)


def _action(exchange: _Exchange) -> str:
    """What the call asks for, "" as long as that is not known."""
    if exchange.service is None or exchange.operation is None:
        return ""
    return f"{exchange.service.model.signing_name}:{exchange.operation.name}"


def _name_of(refusal: Refusal) -> str:
    return refusal.code if isinstance(refusal, refusals.WireFault) else type(refusal).__name__


def _failure_code(exchange: _Exchange) -> str:
    models_it = exchange.service is not None and "ServerException" in exchange.service.model.errors
    return "ServerException" if models_it else "InternalFailure"


def _present(value: T | None) -> T:
    """What an earlier step has filled in."""
    if value is None:
        raise LookupError("a step ran before the one it builds on")
    return value


def _by_target(services: Sequence[Service]) -> dict[str, Service]:
    """JSON services by what stands before the operation in `X-Amz-Target`.

    In botocore's model CloudTrail's is `com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101`. Clients that
    are made of Smithy's model send its last part alone, as the AWS SDK for JavaScript 3.1137 does.
    """
    served = [service for service in services if service.model.protocol == "json"]
    whole = {service.model.target_prefix: service for service in served}
    return {prefix.rpartition(".")[2]: service for prefix, service in whole.items()} | whole


def _fallbacks() -> Mapping[str, WireProtocol]:
    """Dialects for requests that reach no service."""
    empty = ServiceModel(
        name="",
        title="",
        api_version="",
        protocol="json",
        json_version="1.1",
        target_prefix="",
        signing_name="",
        xml_namespace="https://sts.amazonaws.com/doc/2011-06-15/",
        style="coral",
        parameter_names={},
        operations={},
        errors={},
        shapes={},
    )
    return {"json": JsonProtocol(empty), "query": QueryProtocol(empty)}
