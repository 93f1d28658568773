"""A PgBouncer of the tests' own: Debian's program before a throwaway PostgreSQL, in transaction mode."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engines.entrepot import end_process, free_port, tail
from tests.engines.postgres import UNPRIVILEGED, PostgresServer
from tests.engines.programs import find_program

_READY_SECONDS = 30
_STOP_SECONDS = 10
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class PgBouncer:
    """A pooler that gives each transaction whichever connection to the server is free."""

    port: int

    def url(self, direct: str) -> str:
        """The way through the pooler to the database of a server's own URL."""
        return (
            f"postgresql://postgres@127.0.0.1:{self.port}/{direct.rpartition('/')[2]}?statement_cache_size=0"
        )


@contextmanager
def pgbouncer(server: PostgresServer, *, connections: int = 4) -> Iterator[PgBouncer]:
    """A pooler with fewer connections to the server than its clients open; ended at the end."""
    program = find_program("pgbouncer")
    folder = Path(tempfile.mkdtemp(prefix="entrepot-pgbouncer-", dir="/tmp"))
    user = UNPRIVILEGED if os.geteuid() == 0 else None  # it refuses to run as root, like the server
    port, log = free_port(), folder / "log"
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        "[databases]\n"
        f"* = host=127.0.0.1 port={server.port} user=postgres\n"
        "[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        "auth_type = any\npool_mode = transaction\n"
        f"default_pool_size = {connections}\nmax_client_conn = 500\n"
    )
    try:
        if user:
            shutil.chown(folder, user, user)
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [program, settings],
                user=user,
                group=user,
                extra_groups=[] if user else None,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        try:
            _wait_until_listening(process, port, log)
            yield PgBouncer(port)
        finally:
            end_process(process, seconds=_STOP_SECONDS)
    finally:
        shutil.rmtree(folder)


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    last = time.monotonic() + _READY_SECONDS
    while time.monotonic() < last:
        try:
            process.wait(timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
        else:
            break
    raise AssertionError(f"PgBouncer does not listen:\n{tail(log)}")
