"""What a request meets first: which door it belongs to, its id, its line in the log."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from entrepot.aws.endpoint import Endpoint
from entrepot.aws.wire import Headers, WireRequest
from entrepot.console.door import ConsoleDoor, is_for_console
from entrepot.oci.bodies import Body
from entrepot.oci.front import OciFront
from entrepot.oci.layer_door import LayerDoor
from entrepot.oci.routes import split_target
from entrepot.ports.outages import Outage, Unsettled, told
from entrepot.serving.connections import IncomingRequest
from entrepot.serving.watch import RequestWatch, Sight
from entrepot.telemetry.meters import Meters

logger = logging.getLogger(__name__)

_FORM = "application/x-www-form-urlencoded"
_BODY_IDLE_SECONDS = 60.0
_FAILURES = {500: "internal error", 503: "temporarily unavailable"}
_LONGEST_NOTE = 64  # more than the name of any operation

Door = Callable[[IncomingRequest, Sight], Awaitable[web.StreamResponse]]


class Front:
    """One handler for everything that arrives on the port."""

    def __init__(
        self,
        aws: Endpoint,
        oci: OciFront,
        layers: LayerDoor,
        console: ConsoleDoor,
        is_ready: Callable[[], Awaitable[bool]],
        *,
        watch: RequestWatch | None = None,
    ) -> None:
        self._aws = aws
        self._oci = oci
        self._layers = layers
        self._console = console
        self._is_ready = is_ready
        self._watch = watch or RequestWatch(Meters.alone())

    async def answer(self, request: IncomingRequest) -> web.StreamResponse:
        """The response to any request; a bug becomes a 500, an outage a 503, that say nothing but its id."""
        with self._watch.over(request) as sight:
            try:
                sight.door, answer = self._door(request)
                sight.response = await answer(request, sight)
            except (Outage, Unsettled) as outage:
                logger.warning(
                    "request met an outage", extra={"request_id": request.id, "outage": told(outage)}
                )
                sight.response = _failure(request, 503)
            except Exception as failure:
                if isinstance(failure, ConnectionError) and _is_gone(request):
                    raise
                logger.exception("request failed", extra={"request_id": request.id})
                sight.response = _failure(request, 500)
            return sight.response

    def _door(self, request: web.BaseRequest) -> tuple[str, Door]:
        """Which door, in the order of the design's first table, and what metrics call it."""
        path = request.rel_url.raw_path
        if "X-Amz-Target" in request.headers or _is_query_protocol(request):
            return "aws", self._answer_aws
        if _is_registry(request):
            return "oci", self._answer_registry
        if path.startswith("/layers/"):
            return "layers", self._answer_layer
        if path in ("/healthz", "/readyz"):
            return "health", self._answer_health
        if is_for_console(request):
            return "console", self._answer_console
        return "none", _answer_nothing

    async def _answer_registry(self, request: IncomingRequest, sight: Sight) -> web.StreamResponse:
        return await self._oci.answer(request, request.id, sight.notes)

    async def _answer_layer(self, request: IncomingRequest, sight: Sight) -> web.StreamResponse:
        return await self._layers.answer(request, request.id, sight.notes)

    async def _answer_aws(self, request: IncomingRequest, sight: Sight) -> web.StreamResponse:
        body = Body(request, idle_seconds=_BODY_IDLE_SECONDS)
        raw_path, raw_query = split_target(request.raw_path)
        wire = WireRequest(
            method=request.method,
            raw_path=raw_path,
            raw_query=raw_query,
            headers=Headers(request.headers.items()),
            scheme=request.scheme,
            host=request.host,
            remote=request.remote or "",
            request_id=request.id,
            read_body=body.read,
        )
        sight.notes["operation"] = request.headers.get("X-Amz-Target", "").rpartition(".")[2][:_LONGEST_NOTE]
        answer = await self._aws.answer(wire)
        sight.action = answer.operation
        if answer.refusal:
            sight.notes["refusal"] = answer.refusal
        response = web.Response(status=answer.status, headers=dict(answer.headers), body=answer.body)
        if not await body.drain():
            response.force_close()
        return response

    async def _answer_health(self, request: IncomingRequest, _sight: Sight) -> web.StreamResponse:
        """Liveness is that we answer; readiness that what we depend on does too, and that we go on."""
        if request.method not in ("GET", "HEAD"):
            return _answer_plainly(405)
        is_well = request.rel_url.raw_path == "/healthz" or await self._is_ready()
        return web.Response(status=200 if is_well else 503, text="ok\n" if is_well else "not ready\n")

    async def _answer_console(self, request: IncomingRequest, _sight: Sight) -> web.StreamResponse:
        return self._console.answer(request)


async def _answer_nothing(request: IncomingRequest, _sight: Sight) -> web.StreamResponse:
    return _answer_plainly(404 if request.method in ("GET", "HEAD") else 405)


def _answer_plainly(status: int) -> web.Response:
    headers = {"Allow": "GET, HEAD"} if status == 405 else {}
    text = "Entrepot answers the ECR API at /, the registry at /v2/ and people at /console/\n"
    response = web.Response(status=status, headers=headers, text=text)
    if status == 405:
        response.force_close()  # nobody reads the body that came along
    return response


def _is_query_protocol(request: web.BaseRequest) -> bool:
    """Whether this is an AWS Query call: `Action` in the query string, or a form, whatever it holds."""
    if "Action" in request.rel_url.query:
        return True
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return request.method == "POST" and content_type == _FORM and not _is_registry(request)


def _is_registry(request: web.BaseRequest) -> bool:
    path = request.rel_url.raw_path
    return path == "/v2" or path.startswith("/v2/")


def _is_gone(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()


def _failure(request: IncomingRequest, status: int) -> web.Response:
    """What is said of a bug or an outage; an answer that had begun ends with its connection."""
    if request.writer.output_size > 0 and request.transport is not None:
        request.transport.abort()
    response = web.json_response(
        {"errors": [{"code": "UNKNOWN", "message": _FAILURES[status], "detail": request.id}]}, status=status
    )
    response.force_close()
    return response
