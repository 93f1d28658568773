"""A SeaweedFS of the tests' own: PyPI's `weed`, one process with a folder and ports that nobody else has."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.engines.entrepot import session_that_knows_us
from tests.engines.programs import find_program

REGION = "us-east-1"
_ACCESS_KEY_ID = "entrepot-tests"
_SECRET_ACCESS_KEY = "a-secret-of-the-object-storage-0123456789"
_READY_SECONDS = 60
_STOP_SECONDS = 2  # SIGTERM takes 25 s to end it, and its files survive a kill
_POLL_SECONDS = 0.05
_PROBE = "probe"
_PORTS = ("master", "volume", "filer", "s3")


@dataclass(slots=True)
class SeaweedFS:
    """One server. It keeps its ports, buckets and objects over `kill9`, `stop` and `restart`."""

    program: Path
    folder: Path
    ports: dict[str, int]
    environment: dict[str, str] = field(default_factory=dict)
    volumes: Path | None = None
    """Where the bytes of objects lie if that is not the data folder, which has their names in any case."""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports['s3']}"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def credentials(self) -> dict[str, str]:
        """What a process has in its environment to be let in."""
        return {"AWS_ACCESS_KEY_ID": _ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": _SECRET_ACCESS_KEY}

    def blobs_url(self, bucket: str, prefix: str = "", **parameters: str) -> str:
        """What `entrepot serve --blobs` takes."""
        query = urlencode({"endpoint": self.endpoint, "region": REGION, "path_style": "true"} | parameters)
        return f"s3://{bucket}{f'/{prefix}' if prefix else ''}?{query}"

    def start(self) -> None:
        """Return once S3 answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env={**os.environ, "GOMEMLIMIT": "300MiB", **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """Ask it to end, and end it when it takes its time. One that is not running stays so."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill9(self) -> None:
        process, self._process = self._process, None
        assert process is not None, "SeaweedFS is not running"
        process.kill()
        process.wait()

    def pause(self) -> None:
        """Let it hold every connection and answer nothing, until `go_on`."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        self.stop()
        self.start()

    def create_bucket(self) -> str:
        """The name of a new, empty bucket."""
        return self.ensure_bucket(f"test-{uuid4().hex}")

    def ensure_bucket(self, bucket: str) -> str:
        """The name of this bucket, made where there is none yet."""
        with closing(self.client()) as client, suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=bucket)
        return bucket

    def client(self) -> Any:
        """A new boto3 client, to be closed."""
        return session_that_knows_us().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=_ACCESS_KEY_ID,
            aws_secret_access_key=_SECRET_ACCESS_KEY,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1},
                connect_timeout=5,
                read_timeout=30,
            ),
        )

    def _command(self) -> list[str]:
        ports = []
        for name in _PORTS:
            ports += [f"-{name}.port={self.ports[name]}", f"-{name}.port.grpc={self.ports[f'{name}.grpc']}"]
        return [
            str(self.program),
            "server",
            f"-dir={self.volumes or self.folder / 'data'}",
            f"-master.dir={self.folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            *ports,
            "-master.telemetry=false",  # it would report to its makers
            "-master.electionTimeout=1s",  # one that starts again waits so long for others
            "-master.volumeSizeLimitMB=1024",
            "-volume.max=4000",  # each bucket takes seven, and they take no room before they hold something
            "-volume.minFreeSpace=0",
            "-filer",
            "-s3",
            f"-s3.config={self.folder / 's3.json'}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        ]

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        last = time.monotonic() + _READY_SECONDS
        with closing(self.client()) as client:
            while time.monotonic() < last:
                with suppress(subprocess.TimeoutExpired):
                    status = process.wait(timeout=_POLL_SECONDS)
                    raise AssertionError(f"SeaweedFS ended with status {status}:\n{self._tail()}")
                with suppress(BotoCoreError, ClientError):
                    _write_and_read(client)
                    return
        self.kill9()
        raise AssertionError(f"SeaweedFS is not ready after {_READY_SECONDS} s:\n{self._tail()}")

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "SeaweedFS is not running"
        self._process.send_signal(number)

    def _tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]


@contextmanager
def seaweedfs_server(folder: Path | None = None, *, volumes: Path | None = None) -> Iterator[SeaweedFS]:
    """A ready server, stopped at the end; its files go too unless a folder is given to keep them in.

    `volumes` is a folder that only the bytes of objects lie in.
    """
    program = find_program("weed")
    own = Path(tempfile.mkdtemp(prefix="entrepot-s3-")) if folder is None else folder
    try:
        (own / "data").mkdir(parents=True, exist_ok=True)
        (own / "s3.json").write_text(json.dumps(_identities()))
        names = [f"{name}{suffix}" for name in _PORTS for suffix in ("", ".grpc")]
        server = SeaweedFS(
            program, own, dict(zip(names, _free_ports(len(names)), strict=True)), volumes=volumes
        )
        try:
            server.start()
            yield server
        finally:
            server.stop()
            for port in server.ports.values():  # a kill leaves its sockets, and not all of them can be moved
                for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                    left.unlink()
    finally:
        if folder is None:
            shutil.rmtree(own)


def _write_and_read(client: Any) -> None:
    """Lists are answered seconds before the volumes are there."""
    with suppress(client.exceptions.BucketAlreadyExists, client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=_PROBE)
    client.put_object(Bucket=_PROBE, Key="probe", Body=b"probe")
    client.get_object(Bucket=_PROBE, Key="probe")["Body"].read()


def _identities() -> dict[str, object]:
    credentials = [{"accessKey": _ACCESS_KEY_ID, "secretKey": _SECRET_ACCESS_KEY}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return {"identities": [{"name": "entrepot", "credentials": credentials, "actions": actions}]}


def _free_ports(count: int) -> list[int]:
    """Ports that are all free at once."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
