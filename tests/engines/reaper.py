"""What ends with a test run, however that ends: every process that was started in its environment.

A run that is killed, or that crashes, can stop nothing itself, and engines lead sessions of their own. So a
process of its own waits for the end of a pipe that only the run holds, and then kills whatever still has the
run's mark among its environment variables: `python -m tests.engines.reaper MARK`.
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

_NAME = "TEST_RUN"
_ROUNDS = 5  # some have children while they are looked for


def mark_this_run() -> None:
    """From now on whatever this process starts ends with it, unless it has been ended before."""
    os.environ[_NAME] = mark = uuid4().hex
    its_end, _ours = os.pipe()  # ours stays open as long as this process lives, and is not inherited
    os.posix_spawn(
        sys.executable,
        [sys.executable, "-S", __file__, mark],
        {},  # no mark: it is no part of the run
        file_actions=[(os.POSIX_SPAWN_DUP2, its_end, 0)],
        setsid=True,
    )
    os.close(its_end)


def reap(mark: str) -> None:
    """Kill every process with the mark."""
    for _ in range(_ROUNDS):
        for process in _marked(f"{_NAME}={mark}".encode()):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def _marked(entry: bytes) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            if entry in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


if __name__ == "__main__":
    sys.stdin.buffer.read()
    reap(sys.argv[1])
