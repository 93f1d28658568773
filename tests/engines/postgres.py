"""A PostgreSQL of the tests' own: Debian's binaries, a throwaway cluster, one server a test run."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

_BINARIES = Path("/usr/lib/postgresql")
_STANDBY_SECONDS = 30
UNPRIVILEGED = "postgres"  # the server refuses to run as root; Debian's package makes this user


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server on a port and socket folder of its own."""

    binaries: Path
    folder: Path
    port: int
    is_durable: bool = False
    """Whether it is to outlive a power cut, which no test needs."""
    also_at: str = ""
    """An address beside 127.0.0.1 at which it is reached."""

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start, and return once it accepts connections."""
        addresses = ",".join(filter(None, ("127.0.0.1", self.also_at)))
        options = (
            f"-p {self.port} -c listen_addresses={addresses} -c unix_socket_directories= "
            "-c max_connections=200 -c shared_buffers=32MB"
        )
        if not self.is_durable:
            options += " -c fsync=off -c full_page_writes=off"
        self._control("start", "-w", "-o", options, "-l", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is a crash; `fast` ends every connection."""
        self._control("stop", "-w", "-m", mode)

    def kill9(self) -> None:
        """End every process of the server at once, as the loss of its machine does."""
        note = self.folder / "data" / "postmaster.pid"
        leader = int(note.read_text().split()[0])
        others = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
        for process in (leader, *map(int, others)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        note.unlink()  # else a leader that nobody has buried yet would count as running

    def is_running(self) -> bool:
        try:
            self._control("status")
        except subprocess.CalledProcessError:
            return False
        return True

    def promote(self) -> None:
        """Make a standby the primary; returns once it takes writes."""
        self._control("promote", "-w")

    def follow(self, primary: "PostgresServer") -> None:
        """Become a standby of the other, with its data in place of one's own.

        Returns once the other's commits wait for it.
        """
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        _run_unprivileged(
            [
                str(primary.binaries / "pg_basebackup"),
                "--no-sync",
                "--checkpoint=fast",
                "--write-recovery-conf",
                f"--dbname={primary.url()}?application_name=standby",
                f"--pgdata={self.folder / 'data'}",
            ]
        )
        self.start()
        asyncio.run(_await_standby(primary))

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    async def create_database(self) -> str:
        """The URL of a new, empty database, in an order of text that is not by bytes where there is one."""
        return await self.ensure_database(f"test_{uuid4().hex}")

    async def ensure_database(self, name: str) -> str:
        """The URL of the database of this name, made where there is none yet."""
        connection = await asyncpg.connect(self.url())
        try:
            with suppress(asyncpg.DuplicateDatabaseError):
                await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()
        return self.url(name)

    async def drop_database(self, url: str) -> None:
        connection = await asyncpg.connect(self.url())
        try:
            await connection.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')
        finally:
            await connection.close()

    def _control(self, action: str, *arguments: str) -> None:
        _run_unprivileged(
            [str(self.binaries / "pg_ctl"), "-D", str(self.folder / "data"), *arguments, action]
        )


@contextmanager
def postgres_server(folder: Path | None = None, *, also_at: str = "") -> Iterator[PostgresServer]:
    """A server that nobody else uses; skips the test where PostgreSQL is not installed, but never in CI.

    With a folder its data lie there, durably, and stay. `also_at` is an address of a test's own network,
    whose neighbours are let in.
    """
    binaries = _require_binaries()
    own = Path(tempfile.mkdtemp(prefix="entrepot-pg-")) if folder is None else folder
    try:
        own.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(own, UNPRIVILEGED, UNPRIVILEGED)
        if not (own / "data" / "PG_VERSION").exists():
            _make_cluster(binaries, own / "data")
        if also_at:
            with (own / "data" / "pg_hba.conf").open("a") as rules:
                rules.write("host all all samenet trust\n")
        server = PostgresServer(binaries, own, _free_port(), is_durable=folder is not None, also_at=also_at)
        server.start()
        try:
            yield server
        finally:
            if server.is_running():
                server.stop("immediate" if folder is None else "fast")
    finally:
        if folder is None:
            shutil.rmtree(own)


def _make_cluster(binaries: Path, data: Path) -> None:
    """Empty files of a server, in an order of text that is not by bytes."""
    _run_unprivileged(
        [
            str(binaries / "initdb"),
            "--no-sync",
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale-provider=icu",
            "--icu-locale=en-US",
            "--locale=C.UTF-8",
            f"--pgdata={data}",
        ]
    )


@contextmanager
def synchronous_standby(primary: PostgresServer) -> Iterator[PostgresServer]:
    """A copy that has every commit before the primary acknowledges it; reads are all it takes."""
    folder = Path(tempfile.mkdtemp(prefix="entrepot-pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, UNPRIVILEGED, UNPRIVILEGED)
        standby = PostgresServer(primary.binaries, folder, _free_port())
        try:
            standby.follow(primary)
            yield standby
        finally:
            if standby.is_running():
                standby.stop("immediate")
    finally:
        shutil.rmtree(folder)


async def _await_standby(primary: PostgresServer) -> None:
    """Make commits wait for the standby, and wait until they do."""
    connection = await asyncpg.connect(primary.url())
    try:
        await connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        await connection.execute("SELECT pg_reload_conf()")
        async with asyncio.timeout(_STANDBY_SECONDS):
            while await connection.fetchval("SELECT sync_state FROM pg_stat_replication") != "sync":
                await connection.execute("SELECT pg_sleep(0.02)")
    finally:
        await connection.close()


def _require_binaries() -> Path:
    versions = sorted(_BINARIES.glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    if versions:
        return versions[-1].parent
    if os.environ.get("CI") == "true":
        pytest.fail("PostgreSQL is not installed, and in CI nothing is skipped")
    pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run_unprivileged(command: Sequence[str]) -> None:
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    subprocess.run(
        command,
        check=True,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
