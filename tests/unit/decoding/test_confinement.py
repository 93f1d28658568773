"""The process that reads archives can do nothing but read and write what is open: it is asked to try."""

import subprocess
import sys

import pytest

LIMITS = "memory_bytes=1 << 29, cpu_seconds=2"
IMPORTS = "import os, signal, socket, ctypes, sys; from entrepot.decoding.confinement import confine"


def run(attempt: str) -> subprocess.CompletedProcess[str]:
    """A process that confines itself, then attempts something; it writes the failure."""
    script = f"""
{IMPORTS}
is_filtered = confine({LIMITS})
try:
    {attempt}
except (OSError, MemoryError) as failure:
    print(type(failure).__name__, getattr(failure, "errno", ""), flush=True)
else:
    print("done", is_filtered, flush=True)
os._exit(0)
"""
    path = [entry for entry in sys.path if entry]
    command = [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = sys.argv[1:]\n{script}", *path]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_it_can_read_write_and_compute() -> None:
    assert run("sum(range(1000)); bytes(1 << 24)").stdout.startswith("done")


def test_linux_filters_its_calls() -> None:
    if sys.platform == "linux":
        assert run("pass").stdout == "done True\n"


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd')",
        "open('made', 'w')",
        "os.listdir('/')",
        "socket.socket()",
        "os.pipe()",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), signal.SIGCONT)",
        "os.dup(1)",
        "os.unlink('made')",
        "os.stat('/')",
    ],
)
def test_attack_37_nothing_else_can_be_reached(attempt: str) -> None:
    ended = run(attempt)
    assert ended.stdout.startswith(("OSError", "PermissionError", "BlockingIOError")), ended


def test_attack_37_memory_has_an_end() -> None:
    assert run("bytes(1 << 30)").stdout.startswith("MemoryError")


def test_attack_37_processor_time_has_an_end() -> None:
    ended = run("any(iter(int, 1))")
    assert (ended.returncode, ended.stdout) != (0, "done True\n")
    assert ended.returncode < 0
