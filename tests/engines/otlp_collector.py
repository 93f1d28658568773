"""A collector of OpenTelemetry traces over HTTP: keeps what it is sent, or behaves as badly as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(slots=True)
class Collector:
    """What arrived so far, and how the next is answered."""

    port: int = 0
    status: int = 200
    hangs: bool = False
    spans: list[Span] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    raw: bytes = b""
    _arrived: threading.Condition = field(default_factory=threading.Condition)
    _released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        with self._arrived:
            self.raw += body
            for each in request.resource_spans:
                self.resources.append({a.key: a.value.string_value for a in each.resource.attributes})
                for scope in each.scope_spans:
                    self.spans.extend(scope.spans)
            self._arrived.notify_all()

    def wait_for(self, name: str, *, count: int = 1, seconds: float = 60) -> list[Span]:
        """Spans of that name, at least so many."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self._named(name)) >= count, seconds), (
                f"no {name} among {sorted({span.name for span in self.spans})}"
            )
            return self._named(name)

    def children_of(self, span: Span) -> list[Span]:
        return [each for each in self.spans if each.parent_span_id == span.span_id]

    def hang(self) -> None:
        self._released.wait()

    def release(self) -> None:
        self._released.set()

    def _named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


def attributes_of(span: Span) -> dict[str, str]:
    """The attributes as text."""
    return {each.key: each.value.string_value or str(each.value.int_value) for each in span.attributes}


@contextmanager
def otlp_collector() -> Iterator[Collector]:
    """A collector on a port of this machine."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if collector.hangs:
                collector.hang()
            if collector.status == 200:
                collector.take(body)
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.release()
        server.shutdown()
        thread.join()
        server.server_close()
