"""Traces over OpenTelemetry, sent to the collector that the standard OTEL_* variables name.

Only imported where they name one: the library is slow to import. Made after the fork, for its thread
would not survive one. Spans hold route templates, operations, statuses and request ids; no names,
queries, headers or bodies.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from entrepot import __version__

_CLOSE_SECONDS = 3.0  # for the last spans to reach the collector

_PROPAGATOR = TraceContextTextMapPropagator()


class Traces:
    """The traces of one process; what cannot be sent is dropped, and hurts nobody."""

    def __init__(self, process: str) -> None:
        """Endpoint, headers, sampling and batching are read from the environment by the library."""
        self._provider = TracerProvider(resource=_resource(process))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("entrepot", __version__)

    @contextmanager
    def request(self, headers: Mapping[str, str], *, is_trusted: bool) -> Iterator["RequestSpan"]:
        """Surrounds one request; its trace goes on from the caller's only where that is trusted."""
        parent = _PROPAGATOR.extract(headers) if is_trusted else context.Context()
        span = self._tracer.start_span("request", parent, SpanKind.SERVER)
        with _within(span):
            yield RequestSpan(span)

    @contextmanager
    def job(self, kind: str) -> Iterator[None]:
        """Surrounds one run of a job."""
        span = self._tracer.start_span(f"job {kind}", context.Context(), SpanKind.CONSUMER)
        with _within(span):
            try:
                yield
            except BaseException as failure:
                span.set_status(Status(StatusCode.ERROR, type(failure).__name__))
                raise

    def piece(self, name: str, began: float, attributes: Mapping[str, str], *, is_failure: bool) -> None:
        """A span that has just ended, where there is one around it that is sampled."""
        if not trace.get_current_span().is_recording():
            return
        ended = time.time_ns()
        started = ended - int((time.perf_counter() - began) * 1e9)
        span = self._tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes=dict(attributes), start_time=started
        )
        if is_failure:
            span.set_status(StatusCode.ERROR)
        span.end(ended)

    def close(self) -> None:
        """Send what is left, within a few seconds: a collector that hangs must not hold up the end."""
        # a daemon: the library waits for the collector as long as it likes
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(_CLOSE_SECONDS)


class RequestSpan:
    """The span of a request under way."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    def tell(self, name: str, status: int, attributes: Mapping[str, str]) -> None:
        """What the request turned out to be."""
        if not self._span.is_recording():
            return
        self._span.update_name(name)
        self._span.set_attributes({**attributes, "http.response.status_code": status})
        if status >= 500:
            self._span.set_status(StatusCode.ERROR)


@contextmanager
def _within(span: Span) -> Iterator[None]:
    token = context.attach(trace.set_span_in_context(span))
    try:
        yield
    finally:
        context.detach(token)
        span.end()


def _resource(process: str) -> Resource:
    """What the environment says of this service, and what it leaves out."""
    ours = {"service.version": __version__, "service.instance.id": f"{os.uname().nodename}/{process}"}
    named = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    if not os.environ.get("OTEL_SERVICE_NAME") and "service.name=" not in named:
        ours["service.name"] = "entrepot"
    return Resource.create({name: value for name, value in ours.items() if f"{name}=" not in named})
