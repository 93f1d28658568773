"""`python -m bench`: measures Entrepot beside other registries and prints the table."""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.engines.programs import ROOT, find_program

from bench.rivals import Rival
from bench.table import FOOT, Result, draw
from bench.work import GIB, Group, Measure, Row, Sample, groups

_RESULTS = ROOT / "bench" / "results.json"


@dataclass(frozen=True, slots=True)
class Effort:
    """How often each side of a row is measured, and for how long each time."""

    rounds: int
    seconds: float


def main() -> int:
    arguments = _arguments()
    chosen = [found for group in groups() if (found := _choose(group, arguments.rows)).rows]
    if arguments.list:
        print("\n".join(row.name for group in chosen for row in group.rows))
        return 0
    if not chosen:
        print(f"no row begins with {' or '.join(arguments.rows)}; --list names them", file=sys.stderr)
        return 2
    arguments.folder.mkdir(parents=True, exist_ok=True)
    needed = max(group.disk_bytes for group in chosen)
    if shutil.disk_usage(arguments.folder).free < needed:
        print(f"these rows need {needed / GIB:.0f} GiB in {arguments.folder}; see --folder", file=sys.stderr)
        return 2

    # Ended from outside, it still ends its servers and removes their folders.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    began, machine = time.monotonic(), _machine()
    effort = Effort(arguments.rounds, arguments.seconds)
    results = [result for group in chosen for result in run_group(group, effort, arguments.folder)]
    report = {
        "machine": machine,
        "rounds": effort.rounds,
        "seconds": effort.seconds,
        "foot": FOOT,
        "results": [result.document() for result in results],
    }
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    arguments.results.write_text(json.dumps(report, indent=1) + "\n")
    print("\n" + draw(results))
    print(", ".join(f"{name}: {value}" for name, value in machine.items()))
    print(f"{(time.monotonic() - began) / 60:.1f} minutes; {arguments.results} has every sample")
    return 0


def run_group(group: Group, effort: Effort, parent: Path) -> list[Result]:
    """Start and fill the servers, measure the rows one after another, and leave nothing behind."""
    with tempfile.TemporaryDirectory(dir=parent) as name, ExitStack() as running:
        rivals: dict[str, Rival] = {}
        for number, server in enumerate(group.servers):
            folder = Path(name) / str(number)
            folder.mkdir()
            rival = running.enter_context(server(folder))
            rivals[rival.name] = rival
            group.fill(rival)
        return [run_row(row, rivals, effort) for row in group.rows]


def run_row(row: Row, rivals: dict[str, Rival], effort: Effort) -> Result:
    """Measure the sides in alternation; who begins changes from round to round."""
    result = Result(row, tuple([] for _ in row.sides))
    for number in range(row.rounds or effort.rounds):
        turns = list(zip(row.sides, result.samples, strict=True))
        for side, samples in turns if number % 2 == 0 else reversed(turns):
            samples.append(_measure(side.measure, rivals[side.server], effort.seconds))
    print(" ".join(cell for cell in result.cells() if cell), flush=True)
    for failure in result.failures:
        print(f"  {failure}", flush=True)
    return result


def _measure(measure: Measure, rival: Rival, seconds: float) -> Sample:
    os.sync()  # what one server has left to write must not be written in the other's time
    return measure(rival, seconds)


def _choose(group: Group, prefixes: Sequence[str]) -> Group:
    rows = tuple(row for row in group.rows if not prefixes or row.name.startswith(tuple(prefixes)))
    return replace(group, rows=rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--rows", nargs="+", default=[], metavar="NAME", help="only rows that begin so")
    parser.add_argument("--list", action="store_true", help="name the rows and measure nothing")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each side (default 3)")
    parser.add_argument("--seconds", type=float, default=2, help="length of each (default 2)")
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / "build" / "bench",
        help="on the disk to measure, 20 GiB free (default build/bench)",
    )
    parser.add_argument(
        "--results", type=Path, default=_RESULTS, help="where to write them (default bench/results.json)"
    )
    return parser.parse_args()


def _machine() -> dict[str, str]:
    """Where and of what the figures are."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    locked = (ROOT / "bench" / "requirements.lock").read_text().splitlines()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processors": f"{os.cpu_count()} x {model[0].partition(':')[2].strip() if model else 'unknown'}",
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "Entrepot": _revision(),
        "distribution": _printed(str(find_program("docker-registry")), "--version").split()[-1],
        "skopeo": _printed(str(find_program("skopeo")), "--version").split()[-1],
        "moto": next(line.split("==")[1].split()[0] for line in locked if line.startswith("moto==")),
    }


def _revision() -> str:
    """The commit, marked where files differ from it; outside of a repository nobody can tell."""
    asked = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"


def _printed(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
