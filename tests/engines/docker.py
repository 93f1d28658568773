"""A docker daemon of the tests' own, and its client."""

import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engines.entrepot import end_process, tail
from tests.engines.private_network import PrivateNetwork
from tests.engines.programs import PATH, find_program, require_root, run_program

_READY_SECONDS = 60
_STOP_SECONDS = 30
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Docker:
    """The client, bound to the private daemon and to a configuration folder of its own."""

    client: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """With this a shell's `docker` is this client."""
        return {
            "PATH": PATH,
            "HOME": str(self.folder),
            "DOCKER_HOST": f"unix://{self.folder}/docker.sock",
            "DOCKER_CONFIG": str(self.folder / "config"),
        }

    def run(self, *arguments: str, stdin: str | None = None, is_expected_to_fail: bool = False) -> str:
        return run_program(
            self.client,
            *arguments,
            environment=self.environment,
            stdin=stdin,
            is_expected_to_fail=is_expected_to_fail,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """The client at work; as a context it ends with that."""
        return subprocess.Popen(
            [self.client, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def login(self, registry: str, password: str) -> None:
        self.run("login", "--username", "AWS", "--password-stdin", registry, stdin=password)

    def import_image(self, name: str, files: dict[str, bytes]) -> None:
        """An image of one layer that holds these files; no base image, nothing is run."""
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as archive:
            for path, content in files.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        source = self.folder / "layer.tar"
        source.write_bytes(layer.getvalue())
        self.run("import", str(source), name)

    def push(self, name: str) -> str:
        """The digest that the registry gave the manifest."""
        printed = self.run("push", name)
        # The last line is `TAG: digest: sha256:… size: N`.
        return printed.rsplit("digest: ", 1)[1].split()[0]

    def digest(self, name: str) -> str:
        """The digest under which the daemon knows a pulled or pushed image in the name's repository."""
        inspected = json.loads(self.run("image", "inspect", name))
        repository = name.rpartition("@")[0] or name.rpartition(":")[0]
        for known in inspected[0]["RepoDigests"]:
            known_repository, _, digest = known.partition("@")
            if known_repository == repository:
                return str(digest)
        raise AssertionError(f"the daemon knows no digest of {name}: {inspected[0]['RepoDigests']}")

    def image_id(self, name: str) -> str:
        return self.run("image", "inspect", "--format", "{{.Id}}", name).strip()


@contextmanager
def docker_daemon(
    network: PrivateNetwork | None = None, *, publishes_ports: bool = False
) -> Iterator[Docker]:
    """A ready daemon whose socket, images and process files lie in a folder that goes with it.

    In a private network it is the daemon that meets the registries there; containers have no network,
    unless it publishes their ports there.
    """
    require_root("a docker daemon")
    client, daemon = find_program("docker"), find_program("dockerd")
    # Not in pytest's folder: the path of a socket must stay under 108 bytes.
    with tempfile.TemporaryDirectory(prefix="entrepot-docker-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        docker = Docker(client, folder)
        process = _start(daemon, folder, network, publishes_ports=publishes_ports)
        try:
            _wait_until_ready(docker, process, folder / "dockerd.log")
            yield docker
        finally:
            end_process(process, seconds=_STOP_SECONDS)
            shutil.rmtree(folder / "data", ignore_errors=True)


def _start(
    daemon: Path, folder: Path, network: PrivateNetwork | None, *, publishes_ports: bool
) -> subprocess.Popen[bytes]:
    # --bridge=none deletes a docker0 that another daemon may be using; where there is one, it is shared.
    has_bridge = Path("/sys/class/net/docker0").exists() if network is None else publishes_ports
    command = [
        str(daemon),
        f"--host=unix://{folder}/docker.sock",
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid",
        "--storage-driver=vfs",
        "--iptables=false",
        *([] if has_bridge else ["--bridge=none"]),
    ]
    with (folder / "dockerd.log").open("wb") as log:
        return subprocess.Popen(
            command if network is None else network.inside(*command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait_until_ready(docker: Docker, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(int(_READY_SECONDS / _POLL_SECONDS)):
        try:
            process.wait(timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if _answers(docker):
                return
        else:
            break
    raise AssertionError(f"dockerd did not become ready:\n{tail(log)}")


def _answers(docker: Docker) -> bool:
    asked = subprocess.run(
        [str(docker.client), "version"], env=docker.environment, capture_output=True, check=False, timeout=30
    )
    return asked.returncode == 0
