"""A containerd of the tests' own, with `ctr` for its client, and the door at which kubelet calls."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engines.entrepot import end_process, tail
from tests.engines.programs import PATH, find_program, require_root, run_program

_READY_SECONDS = 60
_STOP_SECONDS = 30
_POLL_SECONDS = 0.1

# Registries over plain HTTP are named in files under certs.d, as Kubernetes nodes have them.
_CONFIGURATION = """\
version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
  address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{folder}/certs.d"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/opt"
"""


@dataclass(frozen=True, slots=True)
class Containerd:
    """A running daemon whose socket, content and configuration lie in one folder."""

    client: Path
    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "containerd.sock"

    def run(self, *arguments: str | Path, is_expected_to_fail: bool = False) -> str:
        """What `ctr` printed."""
        return run_program(
            self.client,
            f"--address={self.socket}",
            *arguments,
            environment={"PATH": PATH, "HOME": str(self.folder), "CONTAINERD_SNAPSHOTTER": "native"},
            is_expected_to_fail=is_expected_to_fail,
        )

    def pull(self, name: str, password: str, *options: str) -> None:
        """`ctr` keeps no login, the password goes with each command."""
        self.run("images", "pull", "--plain-http", f"--user=AWS:{password}", *options, name)

    def push(self, name: str, password: str) -> None:
        self.run("images", "push", "--plain-http", f"--user=AWS:{password}", name)

    def forget(self, *names: str) -> None:
        """Remove images with their content, so that a pull has to fetch it."""
        self.run("images", "remove", "--sync", *names)

    def digest(self, name: str) -> str:
        """What the image of this name is."""
        listed = self.run("images", "list").splitlines()
        [line] = [line for line in listed if line.startswith(f"{name} ")]
        return line.split()[2]

    def allow_plain_http(self, registry: str) -> None:
        """For CRI; `ctr` is told each time."""
        hosts = self.folder / "certs.d" / registry / "hosts.toml"
        hosts.parent.mkdir(parents=True, exist_ok=True)
        hosts.write_text(f'server = "http://{registry}"\n')


@contextmanager
def containerd_daemon() -> Iterator[Containerd]:
    """A ready daemon that goes with all it holds."""
    require_root("containerd")
    client, daemon = find_program("ctr"), find_program("containerd")
    # Not in pytest's folder: the path of a socket must stay under 108 bytes.
    with tempfile.TemporaryDirectory(prefix="entrepot-containerd-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "config.toml").write_text(_CONFIGURATION.format(folder=folder))
        containerd = Containerd(client, folder)
        with (folder / "containerd.log").open("wb") as log:
            process = subprocess.Popen(
                [str(daemon), f"--config={folder}/config.toml"],
                env={**os.environ, "PATH": PATH},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            _wait_until_ready(containerd, process)
            yield containerd
        finally:
            end_process(process, seconds=_STOP_SECONDS)


def _wait_until_ready(containerd: Containerd, process: subprocess.Popen[bytes]) -> None:
    log = containerd.folder / "containerd.log"
    for _ in range(int(_READY_SECONDS / _POLL_SECONDS)):
        try:
            process.wait(timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if "containerd successfully booted" in tail(log):
                return
        else:
            break
    raise AssertionError(f"containerd did not become ready:\n{tail(log)}")
