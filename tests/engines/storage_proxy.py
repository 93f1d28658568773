"""A proxy between a client and an object storage, which fails requests as a test says and keeps a list.

It passes Host and everything else on as it came, so that signatures hold.
"""

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_PIECE_BYTES = 1 << 20
_SLOW_DOWN = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"""


class Fault(Enum):
    """What may happen to a request."""

    UNAVAILABLE = auto()  # 503 SlowDown; the storage never hears of it
    RESET_BEFORE = auto()  # the connection is reset; the storage never hears of it
    RESET_AFTER = auto()  # the storage does it, and its answer is lost
    CUT_SHORT = auto()  # the answer's body ends in the middle
    HANG = auto()  # the storage does it, and its answer comes when the test lets go


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came; header names are in lower case."""

    number: int
    method: str
    target: str
    headers: Mapping[str, str]


_OF_A_HOP = ("connection", "content-length", "keep-alive", "transfer-encoding")

Plan = Callable[[Seen], Fault | None]


class StorageProxy:
    """One listening port before one storage. `plan` may be changed at any time."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.plan: Plan = no_faults
        self.after: Callable[[Seen], None] = lambda _: None
        self.seen: list[Seen] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def note(self, method: str, target: str, headers: Mapping[str, str]) -> Seen:
        """Number a request and keep it."""
        with self._lock:
            seen = Seen(
                len(self.seen), method, target, {name.lower(): value for name, value in headers.items()}
            )
            self.seen.append(seen)
        return seen


def no_faults(_seen: Seen) -> Fault | None:
    """Every request is passed on."""
    return None


@contextmanager
def storage_proxy(upstream: str) -> Iterator[StorageProxy]:
    """A proxy before the storage at this URL, stopped at the end."""
    proxy = StorageProxy(upstream)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: StorageProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002
        """The list is the log."""

    def pass_on(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        seen = self._proxy.note(self.command, self.path, dict(self.headers.items()))
        fault = self._proxy.plan(seen)
        if len(body) < length or fault is Fault.RESET_BEFORE:
            self._reset()
        elif fault is Fault.UNAVAILABLE:
            self._answer(503, {"Content-Type": "application/xml"}, len(_SLOW_DOWN))
            self.wfile.write(b"" if self.command == "HEAD" else _SLOW_DOWN)
        else:
            self._forward(seen, fault, body)

    def _forward(self, seen: Seen, fault: Fault | None, body: bytes) -> None:
        host, port = self._proxy.upstream.hostname, self._proxy.upstream.port
        with closing(http.client.HTTPConnection(host or "", port, timeout=120)) as connection:
            try:
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in ("connection", "expect"):
                        connection.putheader(name, value)
                connection.endheaders(body)
                answer = connection.getresponse()
            except (OSError, http.client.HTTPException):
                self._reset()  # the storage is down
                return
            self._proxy.after(seen)
            if fault is Fault.HANG:
                self._proxy.released.wait()
            if fault is Fault.RESET_AFTER:
                self._reset()
            else:
                with suppress(OSError, http.client.HTTPException):
                    self._pass_back(answer, is_cut=fault is Fault.CUT_SHORT)

    def _pass_back(self, answer: http.client.HTTPResponse, *, is_cut: bool) -> None:
        declared = answer.getheader("Content-Length")
        head = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_A_HOP}
        if self.command == "HEAD" or declared is not None:
            length = int(declared or 0)
        else:
            whole = answer.read()  # chunked: short lists and the like
            length = len(whole)
        self._answer(answer.status, head, length)
        if self.command == "HEAD":
            return
        if declared is None:
            self.wfile.write(whole)
            return
        left = length // 2 if is_cut else length
        while left > 0 and (piece := answer.read(min(left, _PIECE_BYTES))):
            self.wfile.write(piece)
            left -= len(piece)
        if is_cut:
            self._reset()

    def _answer(self, status: int, headers: Mapping[str, str], length: int) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _reset(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    @property
    def _proxy(self) -> StorageProxy:
        assert isinstance(self.server, _Server)
        return self.server.proxy


for _method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
    setattr(_Handler, f"do_{_method}", _Handler.pass_on)
