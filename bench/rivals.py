"""The servers that are measured: each started fresh on a port and in a folder of its own."""

import asyncio
import base64
import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.engines.entrepot import (
    REGION,
    ROOT_KEYS,
    Entrepot,
    end_process,
    free_port,
    registry_password,
    served,
    tail,
)
from tests.engines.postgres import postgres_server
from tests.engines.programs import ROOT, find_program

from bench.content import MANIFEST_TYPE, REPOSITORY, TAG, Blob, manifest
from bench.policy import POLICIES, STATEMENTS, document, documents_on

MOTO = ROOT / ".tools" / "moto" / "bin" / "moto_server"

_READY_SECONDS = 60
_POLL_SECONDS = 0.05
_STOP_SECONDS = 45
# What filling the server and the rows of small requests need.
_USED = (
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
)
_DESCRIBE_REPOSITORIES = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories",
}


@dataclass(frozen=True, slots=True)
class Rival:
    """A running server, and how a client gets in."""

    name: str
    port: int
    pid: int
    folder: Path
    headers: Mapping[str, str] = field(default_factory=dict)
    password: str = ""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def put_blob(self, blob: Blob) -> None:
        """Store a blob in the repository, in one PUT."""
        place, _ = self._ask("POST", f"/v2/{REPOSITORY}/blobs/uploads/", 202)
        joint = "&" if "?" in place else "?"
        length = {"Content-Length": str(blob.size_bytes), "Content-Type": "application/octet-stream"}
        self._ask("PUT", f"{place}{joint}digest={blob.digest}", 201, blob.chunks(), length)

    def put_manifest(self) -> None:
        """Store the manifest under its tag; its blob is there already."""
        path = f"/v2/{REPOSITORY}/manifests/{TAG}"
        self._ask("PUT", path, 201, manifest(), {"Content-Type": MANIFEST_TYPE})

    def create_repositories(self, count: int) -> None:
        """Make repositories over the AWS API."""
        client = boto3.client(
            "ecr",
            endpoint_url=f"http://{self.address}",
            region_name=REGION,
            aws_access_key_id=ROOT_KEYS["ENTREPOT_ROOT_ACCESS_KEY_ID"],
            aws_secret_access_key=ROOT_KEYS["ENTREPOT_ROOT_SECRET_ACCESS_KEY"],
        )
        with closing(client):
            for number in range(count):
                client.create_repository(repositoryName=f"team-{number:03}/app")

    def sign_describe_repositories(self, body: str) -> dict[str, str]:
        """The headers of a signed call; a signature holds for minutes, and for any number of calls."""
        request = AWSRequest("POST", f"http://{self.address}/", headers=_DESCRIBE_REPOSITORIES, data=body)
        keys = Credentials(
            ROOT_KEYS["ENTREPOT_ROOT_ACCESS_KEY_ID"], ROOT_KEYS["ENTREPOT_ROOT_SECRET_ACCESS_KEY"]
        )
        SigV4Auth(keys, "ecr", REGION).add_auth(request)
        return dict(request.headers.items())

    def _ask(
        self,
        method: str,
        path: str,
        status: int,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[str, bytes]:
        """The Location and the body of an answer that must have this status."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)) as connection:
            connection.request(method, path, body, {**self.headers, **(headers or {})})
            response = connection.getresponse()
            said = response.read()
        if response.status != status:
            raise RuntimeError(f"{self.name}: {method} {path}: {response.status} {said[:300]!r}")
        place = response.headers.get("Location", "")
        return place.removeprefix(f"http://{self.address}"), said


@contextmanager
def distribution(folder: Path) -> Iterator[Rival]:
    """CNCF distribution as Debian sets it up, without passwords: a bcrypt at each request is no baseline."""
    port = free_port()
    settings = folder / "config.json"  # YAML too
    settings.write_text(
        json.dumps(
            {
                "version": 0.1,
                "log": {"fields": {"service": "registry"}},
                "storage": {
                    "cache": {"blobdescriptor": "inmemory"},
                    "filesystem": {"rootdirectory": str(folder / "data")},
                    "delete": {"enabled": True},
                },
                "http": {
                    "addr": f"127.0.0.1:{port}",
                    "headers": {"X-Content-Type-Options": ["nosniff"]},
                },
                "health": {"storagedriver": {"enabled": True, "interval": "10s", "threshold": 3}},
            }
        )
    )
    (folder / "data").mkdir()
    command = [str(find_program("docker-registry")), "serve", str(settings)]
    with running(command, folder, port, "/v2/") as pid:
        yield Rival("distribution", port, pid, folder)


@contextmanager
def entrepot(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Rival]:
    """Entrepot as it is without settings, or with these."""
    with served(folder, *options, environment=environment) as server:
        server.create_repository(REPOSITORY)
        yield asked_by(server, server.password())


@contextmanager
def entrepot_for_a_user(folder: Path) -> Iterator[Rival]:
    """Entrepot as it is without settings, asked by a user whom 20 policies of 10 statements bind."""
    with served(folder) as server:
        server.create_repository(REPOSITORY)
        yield asked_by(server, _bound_user(server))


def asked_by(server: Entrepot, password: str, name: str = "entrepot") -> Rival:
    """A running Entrepot, and a client that logs in with the password."""
    basic = base64.b64encode(f"AWS:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    return Rival(name, server.port, server.pid, server.folder, headers, password)


def _bound_user(server: Entrepot) -> str:
    """The registry password of a user: ten policies are its own, ten of its group.

    Every statement is about the same actions, the last one alone about the repository.
    """
    iam = server.iam()
    iam.create_user(UserName="bound", Tags=[{"Key": "team", "Value": "blue"}])
    iam.create_group(GroupName="team")
    iam.add_user_to_group(GroupName="team", UserName="bound")
    names = [f"team-{number}/*" for number in range(POLICIES * STATEMENTS - 1)]
    for number, text in enumerate(documents_on([*names, REPOSITORY], _USED, network="127.0.0.0/8")):
        made = iam.create_policy(PolicyName=f"policy-{number}", PolicyDocument=text)["Policy"]["Arn"]
        if number % 2:
            iam.attach_user_policy(UserName="bound", PolicyArn=made)
        else:
            iam.attach_group_policy(GroupName="team", PolicyArn=made)
    login = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
    iam.put_user_policy(UserName="bound", PolicyName="login", PolicyDocument=document([login]))
    key = iam.create_access_key(UserName="bound")["AccessKey"]
    return registry_password(
        server.ecr(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    )


@contextmanager
def entrepot_plain(folder: Path) -> Iterator[Rival]:
    """Entrepot on a disk that its operator declared encrypted."""
    with entrepot(folder, "--storage-encrypted") as rival:
        yield rival


@contextmanager
def entrepot_on_postgresql(
    folder: Path, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[Rival]:
    """Entrepot with its rows in a PostgreSQL on the same machine, which takes its share of the processors."""
    with postgres_server() as postgres:
        url = asyncio.run(postgres.create_database())
        with entrepot(folder, f"--database={url}", *options, environment=environment) as rival:
            yield rival


@contextmanager
def moto(folder: Path) -> Iterator[Rival]:
    """moto's server, which keeps everything in memory and checks no signatures."""
    port = free_port()
    command = [str(MOTO), "--host=127.0.0.1", f"--port={port}"]
    with running(command, folder, port, "/moto-api/") as pid:
        yield Rival("moto", port, pid, folder)


@contextmanager
def running(command: list[str], folder: Path, port: int, path: str) -> Iterator[int]:
    """The process of a server that answers, ended at the end."""
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=folder,
            # distribution's S3 driver ends at once where this machine names a CA bundle for AWS's clients
            env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, port, path, log)
        yield process.pid
    finally:
        end_process(process, seconds=_STOP_SECONDS)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    last = time.monotonic() + _READY_SECONDS
    while time.monotonic() < last:
        try:
            process.wait(timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if _is_ready(port, path):
                return
        else:
            break
    raise RuntimeError(f"the server did not become ready:\n{tail(log)}")


def _is_ready(port: int, path: str) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
