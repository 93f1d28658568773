"""Programs of the machine that tests run: found, or the test is skipped with what to install."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools" / "bin"

# Debian keeps daemons in /usr/sbin; its docker client goes before any other, for it is the daemon's match.
PATH = os.pathsep.join(
    [str(ROOT / ".venv" / "bin"), "/usr/bin", "/bin", "/usr/sbin", os.environ.get("PATH", "")]
)


def find_program(name: str) -> Path:
    """The program's path; where it is missing the test is skipped, which in CI is a failure."""
    found = shutil.which(name, path=os.pathsep.join([str(TOOLS), PATH]))
    if found is None:
        pytest.skip(f"{name} is not installed; as root `tools/install-test-tools` does it")
    return Path(found)


def require_root(what: str) -> None:
    if os.geteuid() != 0:
        pytest.skip(f"{what} needs root")


def run_program(
    *command: str | Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: str | None = None,
    is_expected_to_fail: bool = False,
    seconds: float = 300,
) -> str:
    """Run to the end and return what it printed, on both streams; an outcome not expected fails the test."""
    done = subprocess.run(
        [str(part) for part in command],
        env=None if environment is None else dict(environment),
        cwd=folder,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert (done.returncode != 0) == is_expected_to_fail, (
        f"{command} ended with {done.returncode}:\n{done.stdout}"
    )
    return done.stdout
