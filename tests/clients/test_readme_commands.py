"""The commands of the README, as they stand there, in a fresh clone on the port that they name."""

import fcntl
import json
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engines.docker import Docker
from tests.engines.entrepot import ACCOUNT, end_process, wait_until_ready
from tests.engines.programs import ROOT, find_program, run_program

PORT = 5050
REGIONS = ("eu-west-1", "ap-southeast-2")

SERVE = "make serve"
SETTINGS = 'eval "$(.venv/bin/entrepot env)"'
CONFIGURE = ".venv/bin/entrepot configure --profile entrepot"
IDENTITY = "aws sts get-caller-identity"
CREATE = "aws ecr create-repository --repository-name team/app --region eu-west-1"
LOGIN = (
    "aws ecr get-login-password --region eu-west-1"
    " | docker login --username AWS --password-stdin localhost:5050"
)
PUSH = (
    "docker build -t app . && docker tag app localhost:5050/team/app:1.0"
    " && docker push localhost:5050/team/app:1.0"
)
IMPORT = "tar -c README.md | docker import - app"
PULL = "docker rmi localhost:5050/team/app:1.0 && docker pull localhost:5050/team/app:1.0"
DESCRIBE = "aws ecr describe-images --repository-name team/app --region eu-west-1"
DELETE = "aws ecr batch-delete-image --repository-name team/app --image-ids imageTag=1.0 --region eu-west-1"


@dataclass(frozen=True, slots=True)
class Terminal:
    """A shell in the clone; it keeps its variables from one command to the next."""

    folder: Path
    variables: dict[str, str]

    def type(self, command: str, *, folder: Path | None = None) -> str:
        kept = Path(self.variables["HOME"]) / "variables"
        script = f"set -euo pipefail\n{command}\nenv -0 > {shlex.quote(str(kept))}"
        printed = run_program(
            "/bin/bash", "-c", script, environment=self.variables, folder=folder or self.folder
        )
        self.variables.clear()
        for name, _, value in (line.partition("=") for line in kept.read_text().split("\0") if line):
            self.variables[name] = value
        return printed


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh clone in which `make serve` is running."""
    folder = tmp_path_factory.mktemp("clone") / "entrepot"
    git = find_program("git")
    run_program(git, "-c", "safe.directory=*", "clone", "--quiet", "--no-local", ROOT, folder)
    with alone_on_port(), (folder.parent / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            shlex.split(SERVE),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_until_ready(process, "localhost", PORT, Path(log.name), seconds=300)
            yield folder
        finally:
            end_process(process, seconds=45)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def alone_on_port() -> Iterator[None]:
    """Only one run of these tests at a time can have the port; another program on it is no reason to skip."""
    with (Path(tempfile.gettempdir()) / f"entrepot-port-{PORT}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with closing(socket.socket()) as probe:
            assert probe.connect_ex(("127.0.0.1", PORT)) != 0, f"something else listens on port {PORT}"
        yield


@pytest.fixture
def terminal(clone: Path, docker_engine: Docker, tmp_path: Path) -> Terminal:
    find_program("aws")
    return Terminal(clone, {**docker_engine.environment, "HOME": str(tmp_path), "LANG": "C.UTF-8"})


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """A folder with a Dockerfile that needs nothing from elsewhere."""
    folder = tmp_path / "application"
    folder.mkdir()
    shutil.copy(find_program("busybox"), folder / "busybox")
    (folder / "noise").write_bytes(os.urandom(1000))
    (folder / "Dockerfile").write_text(
        'FROM scratch\nCOPY busybox noise /bin/\nCMD ["/bin/busybox", "true"]\n'
    )
    return folder


@pytest.mark.parametrize("region", REGIONS)
def test_commands_work_as_written_in_any_region(terminal: Terminal, application: Path, region: str) -> None:
    def type_in_region(command: str) -> str:
        return terminal.type(command.replace("eu-west-1", region), folder=application)

    terminal.type(SETTINGS)
    assert json.loads(type_in_region(IDENTITY))["Account"] == ACCOUNT
    made = json.loads(type_in_region(CREATE))["repository"]
    assert made["repositoryUri"] == "localhost:5050/team/app"
    assert f":{region}:" in made["repositoryArn"]
    assert "Login Succeeded" in type_in_region(LOGIN)
    assert terminal.type(IMPORT).startswith("sha256:")
    pushed = type_in_region(PUSH).rsplit("digest: ", 1)[1].split()[0]
    assert pushed in type_in_region(PULL)
    [image] = json.loads(type_in_region(DESCRIBE))["imageDetails"]
    assert (image["imageDigest"], image["imageTags"]) == (pushed, ["1.0"])
    assert json.loads(type_in_region(DELETE))["failures"] == []
    assert json.loads(type_in_region(DESCRIBE))["imageDetails"] == []


def test_settings_do_not_take_other_services_along(terminal: Terminal) -> None:
    terminal.type(SETTINGS)

    assert terminal.variables["AWS_ENDPOINT_URL_ECR"] == "http://localhost:5050"
    assert terminal.variables["AWS_ENDPOINT_URL_STS"] == "http://localhost:5050"
    assert "AWS_ENDPOINT_URL" not in terminal.variables


def test_configured_profile_works_without_any_variable(terminal: Terminal) -> None:
    terminal.type(CONFIGURE)

    printed = terminal.type(f"{IDENTITY} --profile entrepot")

    assert json.loads(printed)["Account"] == ACCOUNT


def test_second_start_installs_nothing(clone: Path) -> None:
    assert run_program("tools/environment", "requirements.lock", folder=clone) == ""


@pytest.mark.parametrize(
    "command", [SERVE, SETTINGS, CONFIGURE, IDENTITY, CREATE, LOGIN, IMPORT, PUSH, PULL, DESCRIBE, DELETE]
)
def test_readme_shows_the_command(command: str) -> None:
    assert command in (ROOT / "README.md").read_text()
