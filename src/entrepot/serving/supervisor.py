"""The parent of the server's processes: opens the port, starts them, replaces those that die."""

import errno
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import FrameType

from entrepot.serving.access_log import set_up_logging
from entrepot.serving.deliveries import is_anything_unsent
from entrepot.serving.process import BACKLOG, Place, run_job_worker, run_metrics_worker, run_request_worker
from entrepot.settings import Settings
from entrepot.storage.metadata.node_stamp import NodeStamp
from entrepot.telemetry import families
from entrepot.telemetry.meters import Meters
from entrepot.telemetry.sheets import Ledger

logger = logging.getLogger(__name__)

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_RESTART_SECONDS = 1.0  # between the death of a process and its successor
_LOOK_SECONDS = 0.1
_LAST_SECONDS = 10  # after the drain time, before what still runs is killed

_PARENT = "parent"


@dataclass(frozen=True, slots=True)
class _Post:
    """What one child is there for. A `last` one is told to end when no other is left."""

    name: str
    work: Callable[[Place], None]
    is_last: bool = False


class CannotListen(Exception):
    """The port cannot be opened; the text says why."""


class Supervisor:
    """Runs request workers, one job worker and perhaps one that shows metrics, until SIGTERM or SIGINT.

    Children are forked before any thread or event loop exists here, so they share the imported
    program's memory. They drain and end when this process does, however it ends.
    """

    def __init__(
        self,
        settings: Settings,
        sockets: Sequence[socket.socket],
        metrics_sockets: Sequence[socket.socket] = (),
    ) -> None:
        """The sockets listen already; they are closed when the server stops."""
        self._settings = settings
        self._sockets = sockets
        self._stamp = NodeStamp()
        self._metrics_sockets = metrics_sockets
        self._posts = [
            *(_Post(f"requests-{number + 1}", self._answer_requests) for number in range(settings.workers)),
            # each job writes, if only that it was taken
            *([] if settings.is_read_only else [_Post("jobs", self._run_jobs)]),
            *([_Post("metrics", self._show_metrics, is_last=True)] if metrics_sockets else []),
        ]
        self._ledger = Ledger([_PARENT, *(post.name for post in self._posts)])
        self._restarts = Meters(self._ledger.sheet(_PARENT)).counters(families.RESTARTS)
        self._children: dict[int, _Post] = {}
        self._is_stopping = False
        self._is_impatient = False
        self._lifeline = os.pipe()  # a child that reads its end learns that the other one is gone

    def run(self) -> None:
        """Serve until told to stop; returns when every process has ended."""
        set_up_logging(self._settings.log_level)
        for number in _STOPPING:
            signal.signal(number, self._stop)
        gc.collect()
        gc.freeze()  # a child's collector would write to every object it passes, and unshare its page
        for post in self._posts:
            self._start(post)
        while self._children:
            self._await_child()
        self._await_deliveries()
        for number in _STOPPING:
            signal.signal(number, signal.SIG_IGN)  # one that comes too late is not what ended us

    def _answer_requests(self, place: Place) -> None:
        _close(self._metrics_sockets)
        run_request_worker(self._settings, self._sockets, place)

    def _run_jobs(self, place: Place) -> None:
        _close(self._sockets)  # else the port stays open until the last job is done
        _close(self._metrics_sockets)
        run_job_worker(self._settings, place)

    def _show_metrics(self, place: Place) -> None:
        _close(self._sockets)
        run_metrics_worker(self._settings, self._metrics_sockets, place)

    def _start(self, post: _Post) -> None:
        """Fork a child for the post, unless the end has begun; a signal comes before that or after it."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
        try:
            if self._is_stopping:
                return
            sys.stdout.flush()
            sys.stderr.flush()
            child = os.fork()
            if child == 0:
                os.close(self._lifeline[1])
                _become(partial(post.work, Place(post.name, self._stamp, self._ledger, self._lifeline[0])))
            self._children[child] = post
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)

    def _await_child(self) -> None:
        ended, status = os.waitpid(-1, 0)
        post = self._children.pop(ended, None)
        if post is not None and not self._is_stopping:
            logger.error("process %d ended with %d, another starts", ended, os.waitstatus_to_exitcode(status))
            self._restarts.of(post.name).add()
            time.sleep(_RESTART_SECONDS)
            self._start(post)
        elif self._is_stopping and all(post.is_last for post in self._children.values()):
            self._tell(signal.SIGTERM)

    def _await_deliveries(self) -> None:
        """Let clients take what was written for them, until the end of patience."""
        while not self._is_impatient and is_anything_unsent(self._settings.port):
            time.sleep(_LOOK_SECONDS)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        """Ask every process to end; a second signal, or the end of patience, ends them."""
        last = signal.SIGKILL if self._is_stopping else signal.SIGTERM
        self._is_impatient = self._is_stopping
        if not self._is_stopping:
            signal.signal(signal.SIGALRM, self._stop)
            patience = self._settings.drain_delay_seconds + self._settings.drain_seconds + _LAST_SECONDS
            signal.alarm(patience)
            _close(self._sockets)  # else clients would wait in a queue that nobody serves
        self._is_stopping = True
        spares_last = last is signal.SIGTERM and not all(post.is_last for post in self._children.values())
        self._tell(last, spares_last=spares_last)

    def _tell(self, number: signal.Signals, *, spares_last: bool = False) -> None:
        for child, post in list(self._children.items()):
            if not (spares_last and post.is_last):
                try:
                    os.kill(child, number)
                except ProcessLookupError:
                    continue


def _close(sockets: Sequence[socket.socket]) -> None:
    for listening in sockets:
        listening.close()


def _become(work: Callable[[], None]) -> None:
    """Be the child: do its work, and leave without running what the parent would run at its end."""
    status = 1
    try:
        for number in _STOPPING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
        work()
        status = 0
    except KeyboardInterrupt:
        status = 0
    finally:
        if status:
            sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(status)


def listen(host: str, port: int) -> list[socket.socket]:
    """Listening sockets on every address of the host, all on one port; 0 takes any free one.

    An address family that this machine lacks is left out; raises CannotListen.
    """
    sockets: list[socket.socket] = []
    for family, address in _listening_addresses(host):
        listening = _listen_on(family, address, sockets[0].getsockname()[1] if sockets else port)
        if listening is not None:
            sockets.append(listening)
    if not sockets:
        raise CannotListen(f"{host} is no address of this machine")
    return sockets


def _listening_addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    if host == "localhost":  # not every machine's hosts file knows ::1
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    try:
        found = socket.getaddrinfo(host or None, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as cause:
        raise CannotListen(f"{host} has no address") from cause
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _listen_on(family: socket.AddressFamily, address: str, port: int) -> socket.socket | None:
    try:
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return None
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        listening.bind((address, port))
    except OSError as failure:
        listening.close()
        if failure.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return None
        hint = ": name another port" if failure.errno == errno.EADDRINUSE else ""
        raise CannotListen(f"cannot listen on {address} port {port}: {failure.strerror}{hint}") from failure
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return listening
