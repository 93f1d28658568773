"""`python -m bench.profile`: what each microsecond of Entrepot's four hottest paths is spent on.

One request worker is put under the benchmark's load and looked at from outside by py-spy, twice: every
thread, whether it runs or waits, and only whoever holds the GIL.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.engines.programs import ROOT

from bench.content import REPOSITORY, Blob
from bench.generator import Crowd, Report, put_load
from bench.rivals import Rival, entrepot
from bench.rooms import ROOMS, Rooms, sort_stacks
from bench.work import (
    MANIFEST_BY_TAG,
    MANY,
    MIB,
    REPOSITORIES,
    describe_repositories,
    fill_with_an_image,
    fill_with_repositories,
    pushes,
    requests,
)

_PY_SPY = ROOT / ".venv" / "bin" / "py-spy"
_SAMPLES_A_SECOND = 100  # the process stands still during each; 200 cost a third of a push
_ALONE_SECONDS = 2.0
_SPARE_SECONDS = 3.0  # of load beyond both recordings: py-spy takes its time to begin and to write


@dataclass(frozen=True, slots=True)
class Way:
    """One path through the server: what has to be there, who walks it, and what one walk is called."""

    name: str
    work: str
    fill: Callable[[Rival], None]
    crowd: Callable[[Rival], Crowd]


@dataclass(frozen=True, slots=True)
class Profile:
    """What was seen in `ticks` looks: all threads, and in as many again the holders of the GIL.

    The reports are of the load before, when nobody looked, and meanwhile.
    """

    ticks: int
    threads: Rooms
    holders: Rooms
    alone: Report
    watched: Report


def ways() -> tuple[Way, ...]:
    blob = Blob(64 * MIB)
    return (
        Way(
            "manifest",
            f"manifest GET by tag, {MANY} connections",
            fill_with_an_image,
            lambda _: requests("GET", MANIFEST_BY_TAG, MANY),
        ),
        Way(
            "sealed",
            "64 MiB blob GET, sealed, 1 connection",
            lambda rival: rival.put_blob(blob),
            lambda _: requests("GET", f"/v2/{REPOSITORY}/blobs/{blob.digest}", 1),
        ),
        Way(
            "push",
            "64 MiB push, chunked, 1 connection",
            lambda _: None,
            lambda _: pushes(blob.size_bytes, 1, is_chunked=True),
        ),
        Way(
            "describe-repositories",
            f"DescribeRepositories of {REPOSITORIES}, signed, {MANY} connections",
            fill_with_repositories,
            describe_repositories,
        ),
    )


def main() -> int:
    arguments = _arguments()
    arguments.stacks.mkdir(parents=True, exist_ok=True)
    for way in ways():
        if not arguments.paths or way.name in arguments.paths:
            print("\n" + draw(way, profile(way, arguments.seconds, arguments.stacks)), flush=True)
    print(f"\nthe stacks are in {arguments.stacks}")
    return 0


def profile(way: Way, seconds: int, stacks: Path) -> Profile:
    """Record the path for `seconds`, twice, on a server of its own."""
    with tempfile.TemporaryDirectory(dir=stacks) as name, entrepot(Path(name), "--workers=1") as rival:
        way.fill(rival)
        worker = _request_worker(rival.pid)
        crowd = way.crowd(rival)
        alone = put_load(rival, crowd, seconds=_ALONE_SECONDS)[0]
        with ThreadPoolExecutor(max_workers=1) as beside:
            load = beside.submit(put_load, rival, crowd, seconds=2 * seconds + _SPARE_SECONDS)
            threads = _record(worker, seconds, stacks / f"{way.name}.threads", "--idle")
            holders = _record(worker, seconds, stacks / f"{way.name}.gil", "--gil")
            watched = load.result()[0]
    for report in (alone, watched):
        if report.failures:
            raise RuntimeError(f"{way.name}: {report.failures} failures, the first: {report.first_failure}")
    return Profile(seconds * _SAMPLES_A_SECOND, threads, holders, alone, watched)


def draw(way: Way, seen: Profile) -> str:
    """A Markdown table: microseconds of a request and per cent of its time, by room.

    The shares are those that were seen, of the time that a request takes when nobody looks.
    """
    rate = seen.alone.requests_per_second
    request_us = 1e6 / rate
    watched = seen.watched.requests_per_second
    lines = [
        f"{way.work}: {rate:,.1f}/s, {request_us:,.1f} us each; {watched:,.1f}/s while watched",
        "",
        "| room | event loop | | other threads | | holding the GIL | |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    holders = seen.holders.loop + seen.holders.others
    loop, others = seen.threads.loop, seen.threads.others
    shown = [room for room in ROOMS if loop[room] or others[room] or holders[room]]
    rows = [(room, loop[room], others[room], holders[room]) for room in shown]
    for room, *counts in [*rows, ("all", loop.total(), others.total(), holders.total())]:
        shares = [count / seen.ticks for count in counts]
        cells = [f"{share * request_us:,.1f} | {share:.1%}" for share in shares]
        lines.append(f"| {room} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _request_worker(supervisor: int) -> int:
    """The process that answers: of the supervisor's children the first, the other runs jobs."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return int(children[0])


def _record(process: int, seconds: int, stacks: Path, *options: str) -> Rooms:
    """Watch the process; frames of compiled code are told too, for much of the time is spent in it."""
    command = [str(_PY_SPY), "record", "--native", "--threads", f"--pid={process}", *options]
    form = ["--format=raw", f"--rate={_SAMPLES_A_SECOND}", f"--duration={seconds}", f"--output={stacks}"]
    done = subprocess.run(
        [*command, *form],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=4 * seconds + 30,
    )
    if done.returncode:
        raise RuntimeError(f"py-spy ended with {done.returncode}; it may need root:\n{done.stdout}")
    return sort_stacks(stacks.read_text().splitlines())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make profile ARGS=…", description=__doc__)
    names = [way.name for way in ways()]
    parser.add_argument("--paths", nargs="+", choices=names, default=[], help="all by default")
    parser.add_argument("--seconds", type=int, default=5, help="of each of two recordings (default 5)")
    parser.add_argument(
        "--stacks",
        type=Path,
        default=ROOT / "build" / "profile",
        help="folder for what py-spy saw, and for the data meanwhile (default build/profile)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
