"""What a request meets first: which door it belongs to, its id, its line in the log."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable

from aiohttp import web

from entrepot.aws.endpoint import Endpoint
from entrepot.aws.wire import Headers, WireRequest
from entrepot.domain.errors import BodyCutShort, TooLarge
from entrepot.oci.front import OciFront
from entrepot.oci.layer_door import LayerDoor
from entrepot.serving.access_log import log_request

logger = logging.getLogger(__name__)

_FORM = "application/x-www-form-urlencoded"
_BODY_IDLE_SECONDS = 60.0
_REQUEST_ID = "x-amzn-RequestId"

Answer = Callable[[web.BaseRequest, str, dict[str, str]], Awaitable[web.StreamResponse]]


class Front:
    """One handler for everything that arrives on the port."""

    def __init__(
        self, aws: Endpoint, oci: OciFront, layers: LayerDoor, is_ready: Callable[[], Awaitable[bool]]
    ) -> None:
        self._aws = aws
        self._oci = oci
        self._layers = layers
        self._is_ready = is_ready

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The response to any request; a bug becomes a 500 that says nothing but its id."""
        request_id = str(uuid.uuid4())
        started = time.perf_counter()
        notes: dict[str, str] = {}
        status = 499  # the client went away before there was an answer
        try:
            response = await self._door(request)(request, request_id, notes)
            status = response.status
            if not response.prepared:
                response.headers.setdefault(_REQUEST_ID, request_id)
        except (ConnectionResetError, asyncio.CancelledError):
            raise
        except Exception:
            logger.exception("request failed", extra={"request_id": request_id})
            status = 500
            return _failure(request_id)
        else:
            return response
        finally:
            log_request(request, request_id, status, time.perf_counter() - started, notes)

    def _door(self, request: web.BaseRequest) -> Answer:
        """Which door, in the order of the design's first table."""
        path = request.rel_url.raw_path
        if "X-Amz-Target" in request.headers or _is_query_protocol(request):
            return self._answer_aws
        if path == "/v2" or path.startswith("/v2/"):
            return self._oci.answer
        if path.startswith("/layers/"):
            return self._layers.answer
        if path in ("/healthz", "/readyz"):
            return self._answer_health
        return _answer_nothing

    async def _answer_aws(
        self, request: web.BaseRequest, request_id: str, notes: dict[str, str]
    ) -> web.StreamResponse:
        async def read_body(limit: int) -> bytes:
            return await _read_body(request, limit)

        raw_path, _, raw_query = request.raw_path.partition("?")
        wire = WireRequest(
            method=request.method,
            raw_path=raw_path,
            raw_query=raw_query,
            headers=Headers(request.headers.items()),
            scheme=request.scheme,
            host=request.host,
            remote=request.remote or "",
            request_id=request_id,
            read_body=read_body,
        )
        answer = await self._aws.answer(wire)
        notes["operation"] = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        return web.Response(status=answer.status, headers=dict(answer.headers), body=answer.body)

    async def _answer_health(
        self, request: web.BaseRequest, _request_id: str, _notes: dict[str, str]
    ) -> web.StreamResponse:
        """Liveness is that we answer; readiness that the database does too."""
        is_well = request.rel_url.raw_path == "/healthz" or await self._is_ready()
        return web.Response(status=200 if is_well else 503, text="ok\n" if is_well else "not ready\n")


async def _answer_nothing(
    request: web.BaseRequest, _request_id: str, _notes: dict[str, str]
) -> web.StreamResponse:
    status = 404 if request.method in ("GET", "HEAD") else 405
    return web.Response(status=status, text="Entrepot answers the ECR API at / and the registry at /v2/\n")


def _is_query_protocol(request: web.BaseRequest) -> bool:
    """Whether this is an AWS Query call: `Action` in the query string, or a form, whatever it holds."""
    if "Action" in request.rel_url.query:
        return True
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return request.method == "POST" and content_type == _FORM and not request.raw_path.startswith("/v2/")


async def _read_body(request: web.BaseRequest, limit: int) -> bytes:
    """The whole body; TooLarge beyond the limit, BodyCutShort when the client stops sending."""
    pieces, size = [], 0
    try:
        while chunk := await asyncio.wait_for(request.content.readany(), _BODY_IDLE_SECONDS):
            size += len(chunk)
            if size > limit:
                raise TooLarge(limit)
            pieces.append(chunk)
    except (TimeoutError, web.RequestPayloadError) as cause:
        raise BodyCutShort from cause
    return b"".join(pieces)


def _failure(request_id: str) -> web.Response:
    return web.json_response(
        {"errors": [{"code": "UNKNOWN", "message": "internal error", "detail": request_id}]},
        status=500,
        headers={_REQUEST_ID: request_id},
    )
