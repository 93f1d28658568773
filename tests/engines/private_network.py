"""A network and a file tree of a test's own, in which any address, any port and AWS's names may be used."""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engines.programs import find_program, require_root, run_program

ADDRESS = "192.0.2.1"  # RFC 5737: is nobody's; and no loopback, whose registries docker trusts unseen

# Where programs look for authorities to trust.
TRUSTED = (
    "/etc/docker",
    "/etc/containers",
    "/etc/containerd",
    "/etc/ssl/certs",
    "/usr/local/share/ca-certificates",
)

_SETUP = """
set -eu
ip link set lo up
ip address add {address}/32 dev lo
mount --bind {folder}/hosts /etc/hosts
for trusted in {trusted}; do
    mkdir -p $trusted
    mount -t tmpfs tmpfs $trusted
done
echo ready
exec sleep infinity
"""


@dataclass(frozen=True, slots=True)
class PrivateNetwork:
    """The kernel's namespaces, held open by a process; programs are run in them."""

    holder: int

    def inside(self, *command: str | Path, folder: Path | None = None) -> list[str]:
        """The command line that runs this one in here, in the folder."""
        enter = ["nsenter", f"--target={self.holder}", "--mount", "--net", "--"]
        change = ["env", f"--chdir={folder}"] if folder is not None else []
        return [*enter, *change, *(str(part) for part in command)]

    def run(
        self,
        *command: str | Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        stdin: str | None = None,
        is_expected_to_fail: bool = False,
    ) -> str:
        """As `run_program`."""
        return run_program(
            *self.inside(*command, folder=folder),
            environment=environment,
            stdin=stdin,
            is_expected_to_fail=is_expected_to_fail,
        )


@contextmanager
def private_network(folder: Path, names: Sequence[str]) -> Iterator[PrivateNetwork]:
    """A network whose only machine has ADDRESS and these names; the folder keeps its /etc/hosts.

    The folders of TRUSTED are empty in there. Everything ends with the last process that runs inside.
    """
    require_root("a network of its own")
    find_program("ip")
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n{ADDRESS} {' '.join(names)}\n")
    setup = _SETUP.format(address=ADDRESS, folder=folder, trusted=" ".join(TRUSTED))
    holder = subprocess.Popen(
        ["unshare", "--mount", "--net", "sh", "-c", setup],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "ready\n", "the namespaces could not be made"
            yield PrivateNetwork(holder.pid)
        finally:
            holder.send_signal(signal.SIGKILL)
