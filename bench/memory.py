"""The memory that a tree of processes takes, shared pages counted once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_INTERVAL_SECONDS = 0.25
_PROC = Path("/proc")


@dataclass(slots=True)
class Peak:
    """The most that was seen so far."""

    pss_bytes: int = 0


@contextmanager
def watched(pid: int) -> Iterator[Peak]:
    """Look at the process and all its descendants four times a second, until the end of the block."""
    peak, is_over = Peak(), threading.Event()

    def watch() -> None:
        while not is_over.wait(_INTERVAL_SECONDS):
            peak.pss_bytes = max(peak.pss_bytes, tree_pss_bytes(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        is_over.set()
        watcher.join()


def tree_pss_bytes(pid: int) -> int:
    """Proportional set size of the process and its descendants; one that ends meanwhile counts nothing."""
    total = 0
    # A process may end between any two looks at it; read(2) then says ESRCH.
    with suppress(FileNotFoundError, ProcessLookupError):
        total += _pss_bytes(_PROC / str(pid) / "smaps_rollup")
        for thread in (_PROC / str(pid) / "task").iterdir():
            for child in (thread / "children").read_text().split():
                total += tree_pss_bytes(int(child))
    return total


def _pss_bytes(rollup: Path) -> int:
    for line in rollup.read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
