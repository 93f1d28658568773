"""Breaks things under load for as long as it is told, and prints the table of docs/reliability.md."""

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.cluster.figures import Figures, read_figures

ROOT = Path(__file__).resolve().parent.parent
TESTS = (
    "tests/faults/cluster/test_faults.py",
    "tests/faults/cluster/test_collector.py",
    "tests/faults/serving/test_collector.py",
    "tests/faults/serving/test_repair.py",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each kind of fault (default 60)")
    parser.add_argument("--only", default="", metavar="TEXT", help="faults whose test's name has this text")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: the run ends too
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "figures"
        given = {"ENTREPOT_SOAK_SECONDS": str(options.seconds), "TEST_FIGURES": str(kept)}
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "--quiet", "-k", options.only, *TESTS],
            cwd=ROOT,
            env=os.environ | given,
            check=False,
        )
        if kept.exists():
            print_table(read_figures(kept))
    return ended.returncode


def print_table(figures: Sequence[Figures]) -> None:
    machine = f"{os.cpu_count()} processors, Linux {platform.release()}, Python {platform.python_version()}"
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, {machine}\n")
    print("| fault | seconds | times | operations | errors that clients saw | recovery |")
    print("|---|--:|--:|--:|---|--:|")
    for one in figures:
        errors = ", ".join(f"{what} {count}" for what, count in one.setbacks.items()) or "none"
        print(
            f"| {one.fault.replace('_', ' ')} | {one.seconds} | {one.times} | {one.operations} "
            f"| {errors} | {one.recovery_seconds} s |"
        )


if __name__ == "__main__":
    sys.exit(main())
