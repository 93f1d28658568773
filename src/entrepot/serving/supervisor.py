"""The parent of the server's processes: opens the port, starts them, replaces those that die."""

import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType

from entrepot.serving.process import run_job_worker, run_request_worker
from entrepot.settings import Settings

_BACKLOG = 1024
_RESTART_SECONDS = 1.0  # between the death of a process and its successor
_LAST_SECONDS = 10  # after the drain time, before what still runs is killed


class Supervisor:
    """Runs request workers and one job worker until SIGTERM or SIGINT.

    Children are forked before any thread or event loop exists here, so they share the imported
    program's memory.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sockets = listen(settings.host, settings.port)
        self._children: dict[int, Callable[[], None]] = {}
        self._is_stopping = False

    @property
    def port(self) -> int:
        """The port that is listened on, also where any free one was asked for."""
        port: int = self._sockets[0].getsockname()[1]
        return port

    def run(self) -> None:
        """Serve until told to stop; returns when every process has ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for _ in range(self._settings.workers):
            self._start(lambda: run_request_worker(self._settings, self._sockets))
        self._start(lambda: run_job_worker(self._settings))
        while self._children:
            self._await_child()

    def _start(self, work: Callable[[], None]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            _become(work)
        self._children[child] = work

    def _await_child(self) -> None:
        try:
            ended, _ = os.waitpid(-1, 0)
        except InterruptedError:
            return
        work = self._children.pop(ended, None)
        if work is not None and not self._is_stopping:
            time.sleep(_RESTART_SECONDS)
            if not self._is_stopping:
                self._start(work)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        """Ask every process to end; a second signal, or the end of patience, ends them."""
        last = signal.SIGKILL if self._is_stopping else signal.SIGTERM
        if not self._is_stopping:
            signal.signal(signal.SIGALRM, self._stop)
            signal.alarm(self._settings.drain_seconds + _LAST_SECONDS)
        self._is_stopping = True
        for child in list(self._children):
            try:
                os.kill(child, last)
            except ProcessLookupError:
                continue


def _become(work: Callable[[], None]) -> None:
    """Be the child: do its work, and leave without running what the parent would run at its end."""
    status = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
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

    An address family that this machine lacks is left out; raises OSError where none is left.
    """
    sockets: list[socket.socket] = []
    for family, address in _listening_addresses(host):
        listening = _listen_on(family, address, sockets[0].getsockname()[1] if sockets else port)
        if listening is not None:
            sockets.append(listening)
    if not sockets:
        raise OSError(errno.EADDRNOTAVAIL, f"no address of {host} can be listened on")
    return sockets


def _listening_addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    if host == "localhost":  # not every machine's hosts file knows ::1
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    found = socket.getaddrinfo(host or None, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
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
        raise
    listening.listen(_BACKLOG)
    listening.setblocking(False)
    return listening
