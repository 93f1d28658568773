"""What is seen of each request: its line in the log, its numbers, and its span where traces are collected."""

import time
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from aiohttp import web

from entrepot.oci.routes import split_target, template_of
from entrepot.serving.access_log import log_request
from entrepot.serving.connections import IncomingRequest
from entrepot.telemetry import families
from entrepot.telemetry.meters import Counter, Histogram, Meters
from entrepot.telemetry.reports import status_class

if TYPE_CHECKING:
    from entrepot.telemetry.tracing import RequestSpan, Traces

_GONE = 499  # in the log: the client went away before there was an answer
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
# Why a request was refused for who asked, by our name of the refusal or AWS's code.
_REASONS = {
    "AccessDenied": "denied",
    "TokenElsewhere": "elsewhere",
    "TokenExpired": "expired",
    "TokenRejected": "bad_signature",
    "Unauthenticated": "bad_credentials",
    "AccessDeniedException": "denied",
    "ExpiredTokenException": "expired",
    "IncompleteSignatureException": "malformed",
    "InvalidSignatureException": "bad_signature",
    "MissingAuthenticationTokenException": "no_credentials",
    "UnrecognizedClientException": "bad_credentials",
}


class RequestWatch:
    """Watches the requests of one process."""

    def __init__(
        self, meters: Meters, traces: "Traces | None" = None, *, names_repositories: bool = False
    ) -> None:
        self._traces = traces
        self._names_repositories = names_repositories
        self.in_flight = meters.counters(families.IN_FLIGHT).of()
        self._requests = meters.counters(families.REQUESTS)
        self._seconds = meters.histograms(families.REQUEST_SECONDS)
        self._received = meters.counters(families.REQUEST_BYTES)
        self._sent = meters.counters(families.RESPONSE_BYTES)
        self._refused = meters.counters(families.AUTHENTICATION_REFUSALS)
        self._found: dict[tuple[str, str, str, str], tuple[Counter, Histogram]] = {}
        self._outages = meters.counters(families.OUTAGES)
        self._failures = meters.counters(families.FAILURES)
        self._of_repositories = meters.counters(families.REPOSITORY_REQUESTS)

    def over(self, request: IncomingRequest) -> "Sight":
        """Surrounds the making of the answer."""
        span = (
            None
            if self._traces is None
            else self._traces.request(request.headers, is_trusted=request.is_from_proxy)
        )
        return Sight(self, request, span)

    def count(self, sight: "Sight", seconds: float) -> None:
        """Put the numbers of an answered request where they belong."""
        request, door, action, response = sight.request, sight.door, sight.action, sight.response
        status = "gone" if response is None else status_class(response.status)
        method = request.method if request.method in _METHODS else "other"
        key = (door, action, method, status)
        answers, times = self._found.get(key) or self._find(key)
        answers.add()
        times.observe(seconds)
        received = request.content.total_bytes
        if received:
            self._received.of(door).add(received)
        if response is not None:
            self._count_answer(sight, response)

    def _find(self, key: tuple[str, str, str, str]) -> tuple[Counter, Histogram]:
        """Both series of a kind of request, found together from now on: that is where the time went."""
        door, action, _, _ = key
        found = self._found[key] = self._requests.of(*key), self._seconds.of(door, action)
        return found

    def _count_answer(self, sight: "Sight", response: web.StreamResponse) -> None:
        door, refusal = sight.door, sight.notes.get("refusal")
        sent = _body_bytes(sight.request, response)
        if sent:
            self._sent.of(door).add(sent)
        reason = None if refusal is None else _REASONS.get(refusal)
        if reason is not None:
            is_bare = refusal == "Unauthenticated" and "Authorization" not in sight.request.headers
            self._refused.of(door, "no_credentials" if is_bare else reason).add()
        elif response.status == 503 and door != "health":
            self._outages.of(door).add()
        elif response.status == 500:
            self._failures.of(door).add()
        elif self._names_repositories and "repository" in sight.notes:
            names = (sight.notes[name] for name in ("account", "region", "repository"))
            self._of_repositories.of(*names, sight.action).add()


class Sight:
    """One request under way: its door fills in what it finds out.

    `notes` go into the log, `action` is an operation's name that no caller made up.
    """

    __slots__ = ("_held", "_span", "_watch", "action", "door", "notes", "request", "response")

    def __init__(
        self,
        watch: RequestWatch,
        request: IncomingRequest,
        span: "AbstractContextManager[RequestSpan] | None",
    ) -> None:
        self._watch = watch
        self._held: ExitStack | None = None
        self._span: RequestSpan | None = None
        if span is not None:
            self._held = ExitStack()
            self._span = self._held.enter_context(span)
        self.request = request
        self.door = "none"
        self.action = ""
        self.notes: dict[str, str] = {}
        self.response: web.StreamResponse | None = None

    def __enter__(self) -> Self:
        self._watch.in_flight.add()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _failure: BaseException | None, _trace: TracebackType | None
    ) -> None:
        request, seconds = self.request, time.perf_counter() - self.request.arrived
        status = _GONE if self.response is None else self.response.status
        if self.door in ("oci", "layers"):
            self.action = self.notes.get("operation", "")
        log_request(request, request.id, status, seconds, self.notes)
        self._watch.in_flight.add(-1)
        self._watch.count(self, seconds)
        if self._held is not None and self._span is not None:
            route = _route(self)
            attributes = {
                "http.request.method": request.method if request.method in _METHODS else "_OTHER",
                "http.route": route,
                "url.scheme": request.scheme,
                "entrepot.door": self.door,
                "entrepot.operation": self.action,
                "entrepot.request_id": request.id,
            }
            name = self.action if self.door == "aws" else f"{attributes['http.request.method']} {route}"
            self._span.tell(name or self.door, status, attributes)
            self._held.close()


def _route(sight: Sight) -> str:
    """The path without what callers put into it."""
    match sight.door:
        case "aws":
            return "/"
        case "oci":
            return template_of(split_target(sight.request.raw_path)[0]) or "/v2/…"
        case "layers":
            return "/layers/{token}"
        case "health":
            return sight.request.rel_url.raw_path
        case _:
            return "…"


def _body_bytes(request: IncomingRequest, response: web.StreamResponse) -> int:
    """What the answer's body comes to; a streamed one counts with its headers."""
    if request.method == "HEAD":
        return 0
    if response.prepared:
        return request.writer.output_size
    return response.content_length or 0
