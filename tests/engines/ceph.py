"""A Ceph of the tests' own with its S3 gateway: Debian's daemons, one of each, in memory."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.engines.entrepot import end_process, free_port, session_that_knows_us, tail
from tests.engines.programs import PATH, find_program, require_root, run_program

_ACCESS_KEY_ID = "entrepot-tests"
_SECRET_ACCESS_KEY = "a-secret-of-the-gateway-0123456789"
_STARTS = 4
_READY_SECONDS = 60  # for each step of a start, which together take some 13 on an idle machine
_STOP_SECONDS = 5
_POLL_SECONDS = 0.2

_CONFIGURATION = """
[global]
fsid = {fsid}
mon host = v1:127.0.0.1:{mon_port}
mon data = {folder}/mon
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
run dir = {folder}
admin socket = {folder}/$name.asok
pid file =
log file = {folder}/$name.log
keyring = {folder}/keyring
auth cluster required = none
auth service required = none
auth client required = none
ms bind msgr2 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
# without it each small answer waits some 40 ms
rgw frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw data = {folder}/rgw
"""


@dataclass(slots=True)
class Ceph:
    """One monitor, one store, one gateway."""

    folder: Path
    port: int
    mon_port: int
    fsid: str = field(default_factory=lambda: str(uuid4()))
    _processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> dict[str, str]:
        """What a process has in its environment to be let in."""
        return {"AWS_ACCESS_KEY_ID": _ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": _SECRET_ACCESS_KEY}

    def blobs_url(self, bucket: str, prefix: str) -> str:
        """What `entrepot serve --blobs` takes."""
        return f"s3://{bucket}/{prefix}?endpoint={self.endpoint}"

    def start(self) -> None:
        """Return once S3 answers."""
        self._configuration.write_text(
            _CONFIGURATION.format(fsid=self.fsid, folder=self.folder, port=self.port, mon_port=self.mon_port)
        )
        (self.folder / "keyring").touch()
        for name in ("mon", "osd", "rgw"):
            (self.folder / name).mkdir()
        monmap = self.folder / "monmap"
        self._run(
            "monmaptool",
            "--create",
            "--fsid",
            self.fsid,
            "--addv",
            "a",
            f"[v1:127.0.0.1:{self.mon_port}]",
            str(monmap),
        )
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", str(monmap))
        self._start("ceph-mon", "-i", "a")
        osd = str(uuid4())
        self._run("ceph", "--connect-timeout=60", "osd", "new", osd)
        self._run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", osd)
        self._start_store()
        self._start("radosgw", "-n", "client.rgw")
        keys = (f"--access-key={_ACCESS_KEY_ID}", f"--secret-key={_SECRET_ACCESS_KEY}")
        self._run("radosgw-admin", "user", "create", "--uid=entrepot", "--display-name=entrepot", *keys)
        self._wait_until_ready()

    def stop(self) -> None:
        for process in reversed(self._processes):
            end_process(process, seconds=_STOP_SECONDS)
        self._processes.clear()

    def remove(self) -> None:
        """Stop it and take away everything in it."""
        self.stop()
        shutil.rmtree(self.folder)

    def create_bucket(self) -> str:
        """The name of a new, empty bucket."""
        bucket = f"test-{uuid4().hex}"
        with closing(self._client()) as client:
            client.create_bucket(Bucket=bucket)
        return bucket

    @property
    def _configuration(self) -> Path:
        return self.folder / "ceph.conf"

    def _run(self, program: str, *arguments: str) -> str:
        return run_program(
            find_program(program),
            f"--conf={self._configuration}",
            *arguments,
            environment={"PATH": PATH},
            seconds=_READY_SECONDS,
        )

    def _start(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{program}.out").open("ab") as out:
            process = subprocess.Popen(
                [find_program(program), f"--conf={self._configuration}", "-f", *arguments],
                cwd=self.folder,
                env={**os.environ, "PATH": PATH},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def _start_store(self) -> None:
        """Return once the monitor counts the store as up.

        A store that asks the monitor before it has the monitor's map is told "wrong fsid" and ends, in one of
        forty starts; where Ceph is at home systemd starts it again. Without a store all that asks for one
        hangs.
        """
        last = time.monotonic() + _READY_SECONDS
        store = self._start("ceph-osd", "-i", "0")
        while time.monotonic() < last:
            if store.poll() is not None:
                self._processes.remove(store)
                store = self._start("ceph-osd", "-i", "0")
            with suppress(AssertionError):  # the same may be said to who asks
                if " 1 up" in self._run("ceph", "--connect-timeout=60", "osd", "stat"):
                    return
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"Ceph's store is not up:\n{tail(self.folder / 'ceph-osd.out')}")

    def _wait_until_ready(self) -> None:
        last = time.monotonic() + _READY_SECONDS
        with closing(self._client()) as client:
            while time.monotonic() < last:
                with suppress(BotoCoreError, ClientError):
                    client.list_buckets()
                    return
                with suppress(subprocess.TimeoutExpired):
                    status = self._processes[-1].wait(timeout=_POLL_SECONDS)
                    raise AssertionError(f"radosgw ended with {status}:\n{tail(self.folder / 'radosgw.out')}")
        raise AssertionError(f"Ceph is not ready:\n{tail(self.folder / 'radosgw.out')}")

    def _client(self) -> Any:
        return session_that_knows_us().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=_ACCESS_KEY_ID,
            aws_secret_access_key=_SECRET_ACCESS_KEY,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1},
                read_timeout=60,
            ),
        )


@contextmanager
def ceph_cluster() -> Iterator[Ceph]:
    """A ready cluster that goes with everything in it."""
    require_root("Ceph's daemons")
    for program in ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin"):
        find_program(program)
    cluster = _start_one()
    try:
        yield cluster
    finally:
        cluster.remove()


def _start_one() -> Ceph:
    """A ready cluster; where one does not come up, another is tried.

    A program that asks the monitor before it has the monitor's map is told "wrong fsid" or EPERM, in one of
    some forty starts. Whoever lives with Ceph asks again.
    """
    for left in reversed(range(_STARTS)):
        cluster = Ceph(Path(tempfile.mkdtemp(prefix="entrepot-ceph-")), free_port(), free_port())
        try:
            cluster.start()
        except (AssertionError, subprocess.TimeoutExpired):
            cluster.remove()
            if not left:
                raise
        except BaseException:
            cluster.remove()
            raise
        else:
            return cluster
    raise AssertionError("unreachable: the last failure was raised")
