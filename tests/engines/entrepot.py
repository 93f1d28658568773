"""Entrepot itself as its users meet it: a process with a port, a data folder and a log."""

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from entrepot.services.entrepot.model import FOLDER, NAME
from tests.engines.programs import PATH, ROOT

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient
    from types_boto3_iam import IAMClient
    from types_boto3_sts import STSClient

ACCOUNT = "123456789012"
REGION = "us-east-1"
PROGRAM = ROOT / ".venv" / "bin" / "entrepot"
ROOT_KEYS = {
    "ENTREPOT_ROOT_ACCESS_KEY_ID": "AKIAENTREPOTTESTROOT",
    "ENTREPOT_ROOT_SECRET_ACCESS_KEY": "a-secret-that-only-the-tests-know-0123456",
}

_READY_SECONDS = 30
# More than the 30 s in which a server lets running transfers finish.
_STOP_SECONDS = 45
_POLL_SECONDS = 0.02


def session_that_knows_us() -> boto3.session.Session:
    """A session with the model of our own service beside AWS's."""
    core = botocore.session.Session()
    core.register_component("data_loader", _models())
    return boto3.session.Session(botocore_session=core)


@cache
def _models() -> Loader:
    """Read once for all sessions: for a loader of its own, a session reads a sixth of a second."""
    return Loader(extra_search_paths=[str(FOLDER)])


@dataclass(slots=True)
class Endpoint:
    """An Entrepot as its clients meet it: an address and a credential, whatever stands behind them."""

    folder: Path
    port: int
    host: str = "127.0.0.1"
    account: str = ACCOUNT
    access_key_id: str = ROOT_KEYS["ENTREPOT_ROOT_ACCESS_KEY_ID"]
    secret_access_key: str = ROOT_KEYS["ENTREPOT_ROOT_SECRET_ACCESS_KEY"]
    _session: boto3.session.Session = field(default_factory=session_that_knows_us)
    _clients: ExitStack = field(default_factory=ExitStack)

    @property
    def registry(self) -> str:
        """The host that a registry client logs in to."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.registry}"

    @property
    def logs(self) -> Sequence[Path]:
        """What the servers behind it wrote."""
        return [self.folder / "entrepot.log"]

    def ecr(
        self,
        region: str = REGION,
        *,
        access_key_id: str = "",
        secret_access_key: str = "",
        session_token: str = "",
    ) -> "ECRClient":
        """A new client, signing with the root credential unless another is given."""
        return cast("ECRClient", self._client("ecr", region, access_key_id, secret_access_key, session_token))

    def iam(
        self, region: str = REGION, *, access_key_id: str = "", secret_access_key: str = ""
    ) -> "IAMClient":
        return cast("IAMClient", self._client("iam", region, access_key_id, secret_access_key))

    def sts(
        self, region: str = REGION, *, access_key_id: str = "", secret_access_key: str = ""
    ) -> "STSClient":
        return cast("STSClient", self._client("sts", region, access_key_id, secret_access_key))

    def own(self, region: str = REGION, *, access_key_id: str = "", secret_access_key: str = "") -> Any:
        """The same for our own service, which no stubs describe."""
        return self._client(NAME, region, access_key_id, secret_access_key)

    def password(self, region: str = REGION, *, access_key_id: str = "", secret_access_key: str = "") -> str:
        """A registry password for this region, of the root unless keys are given."""
        ecr = self.ecr(region, access_key_id=access_key_id, secret_access_key=secret_access_key)
        return registry_password(ecr, account=self.account)

    def create_repository(self, name: str, *, region: str = REGION) -> str:
        """Make an ordinary repository and return its name."""
        return self.ecr(region).create_repository(repositoryName=name)["repository"]["repositoryName"]

    def client_environment(self, home: Path, region: str = REGION) -> dict[str, str]:
        """What a shell has in which command line clients are to meet this server and nothing else."""
        return {
            "PATH": PATH,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL_ECR": self.url,
            "AWS_ENDPOINT_URL_ENTREPOT": self.url,
            "AWS_ENDPOINT_URL_IAM": self.url,
            "AWS_ENDPOINT_URL_STS": self.url,
            "AWS_ENDPOINT_URL_CLOUDTRAIL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _client(
        self,
        service: str,
        region: str,
        access_key_id: str,
        secret_access_key: str,
        session_token: str = "",
    ) -> object:
        client = self._session.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=access_key_id or self.access_key_id,
            aws_secret_access_key=secret_access_key or self.secret_access_key,
            aws_session_token=session_token or None,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=60),
        )
        return self._clients.enter_context(closing(client))

    def close(self) -> None:
        """Let go of the clients' connections."""
        self._clients.close()


@dataclass(slots=True)
class Entrepot(Endpoint):
    """One server. It keeps its port and its data over `kill9`, `stop` and `restart`."""

    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    launcher: Sequence[str] = ()
    """What its command line begins with, such as a program that puts it into a namespace."""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def data_folder(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server wrote on both streams since the first start."""
        [log] = self.logs
        return log

    @property
    def credential_file(self) -> Path:
        """Where its first start writes the root credential, unless one is given in the environment."""
        return self.data_folder / "credentials" / f"{self.account}.json"

    @property
    def pid(self) -> int:
        return self._running().pid

    def start(self) -> None:
        """Return when the server is ready."""
        command = [
            *self.launcher,
            str(PROGRAM),
            "serve",
            f"--host={self.host}",
            f"--port={self.port}",
            f"--data-dir={self.data_folder}",
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *self.options],
                cwd=self.folder,
                env={**os.environ, **ROOT_KEYS, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until_ready(self._process, self.host, self.port, self.log)

    def take_credential(self) -> None:
        """Sign with what the file holds from now on."""
        held = json.loads(self.credential_file.read_bytes())
        self.access_key_id, self.secret_access_key = held["accessKeyId"], held["secretAccessKey"]

    def stop(self) -> int:
        """Ask it to drain and end; the status it ended with. A server that is not running stays so."""
        self.close()
        process, self._process = self._process, None
        return 0 if process is None else end_process(process, seconds=_STOP_SECONDS)

    def kill9(self) -> None:
        """End every process of the server at once, as a power cut would end the program."""
        process, self._process = self._running(), None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the server is not running"
        return self._process


@contextmanager
def served(
    folder: Path,
    *options: str,
    port: int | None = None,
    host: str = "127.0.0.1",
    environment: Mapping[str, str] | None = None,
) -> Iterator[Entrepot]:
    """A ready server with its data in the folder, `entrepot serve` with these options; stopped at the end."""
    server = Entrepot(
        folder, port or free_port(), host=host, options=options, environment=dict(environment or {})
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()


def registry_password(ecr: "ECRClient", *, account: str = ACCOUNT) -> str:
    """What the client's credential logs in with to the registry of the account; the user is AWS."""
    granted = ecr.get_authorization_token(registryIds=[account])["authorizationData"][0]
    user, _, password = base64.b64decode(granted["authorizationToken"]).decode().partition(":")
    assert user == "AWS"
    return password


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(
    process: subprocess.Popen[bytes], host: str, port: int, log: Path, *, seconds: int = _READY_SECONDS
) -> None:
    """Return when /readyz answers 200; a process that ends, or is not ready in time, fails with its log."""
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        try:
            status = process.wait(timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if _is_ready(host, port):
                return
        else:
            raise AssertionError(f"ended with status {status} before it was ready:\n{tail(log)}")
    end_process(process, seconds=_STOP_SECONDS)
    raise AssertionError(f"not ready after {seconds} s:\n{tail(log)}")


def end_process(process: subprocess.Popen[bytes], *, seconds: float) -> int:
    """SIGTERM, and SIGKILL to what is left of its group after that; the process leads a group of its own."""
    process.terminate()
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def log_entries(node: Entrepot, event: str) -> list[dict[str, Any]]:
    """The lines of its log with this event."""
    lines = (line for line in node.log.read_text().splitlines() if line.startswith("{"))
    return [entry for entry in map(json.loads, lines) if entry["event"] == event]


def tail(log: Path) -> str:
    return log.read_text(errors="replace")[-4000:]


def _is_ready(host: str, port: int) -> bool:
    with closing(http.client.HTTPConnection(host, port, timeout=5)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
