"""Runs the suites of tests/ one after another, each within its minutes, and closes with one line for all."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Suite:
    """Tests that run together, the time after which they count as hung, and how many processes share them.

    `folder` is the one of tests/, that of the suite's name by default; `left_out` are files and folders that
    are not run; `site` is one of tests/engines/sites.py.
    """

    name: str
    minutes: int
    workers: int = 1
    folder: str = ""
    left_out: tuple[str, ...] = ()
    site: str = ""

    def arguments(self) -> list[str]:
        """What pytest is told to run."""
        return [f"tests/{self.folder or self.name}", *(f"--ignore=tests/{path}" for path in self.left_out)]


# Left out on every site but the default one, for they would find the same thing there: each starts a server
# of its own, to follow a page of the documents, to wear AWS's own names, or with some setting.
ABOUT_ONE_MACHINE = (
    "clients/test_administration.py",
    "clients/test_audit.py",
    "clients/test_balancers.py",
    "clients/test_docker_policies.py",
    "clients/test_docker_tokens.py",
    "clients/test_howto.py",
    "clients/test_iam_processes.py",
    "clients/test_object_storage.py",
    "clients/test_prometheus.py",
    "clients/test_read_only.py",
    "clients/test_readme_commands.py",
    "clients/test_traces.py",
    "clients/test_web_identity.py",
    "clients/aws_names",
)


def end_to_end(site: str, *, workers: int = 1) -> Suite:
    """The suite of real clients on this site; each process has a site of its own."""
    return Suite(
        f"clients-{site}",
        minutes=10,
        workers=workers,
        folder="clients",
        left_out=ABOUT_ONE_MACHINE,
        site=site,
    )


# The budget of CI: these minutes for all, six for installing, one for `make check` and two for the bench
# make 60. Those of a suite are the time after which it counts as hung; what is left of all is the most.
MINUTES = 51
SUITES = (
    Suite("unit", minutes=7, workers=2),
    Suite("contract", minutes=12, workers=2),
    Suite("wire", minutes=9, workers=2),
    Suite("faults", minutes=13, workers=2, left_out=("faults/cluster",)),
    Suite("console", minutes=9, workers=2),
    Suite("clients", minutes=15),
    Suite("conformance", minutes=5),
    Suite("deploy", minutes=6),
    Suite("faults-cluster", minutes=11, folder="faults/cluster"),
    end_to_end("sqlite-s3", workers=2),
    end_to_end("postgres-file", workers=2),
    end_to_end("postgres-s3", workers=2),
    end_to_end("cluster"),
    Suite("conformance-cluster", minutes=5, folder="conformance", site="cluster"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one suite came to; `error` says what no test reported: a crash, a time-out, an empty folder."""

    suite: str
    seconds: float
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    error: str = ""

    @property
    def is_good(self) -> bool:
        return not (self.failed or self.error or (self.skipped and is_ci()))


def main() -> int:
    names = [suite.name for suite in SUITES]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "suites", nargs="*", metavar="suite", help=f"one or more of {', '.join(names)}; all by default"
    )
    chosen = parser.parse_args().suites or names
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        parser.error(f"no such suite: {', '.join(unknown)}")

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: the suite under way ends too
    last = time.monotonic() + 60 * MINUTES
    outcomes = [run(suite, last) for suite in SUITES if suite.name in chosen]
    report(outcomes)
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def run(suite: Suite, last: float) -> Outcome:
    """Run it until it ends or is out of time: its own, or that of all, which end at `last`."""
    began = time.monotonic()
    seconds = max(1, min(suite.minutes * 60, int(last - began)))
    print(f"\n{suite.name}: at most {seconds / 60:.0f} min", flush=True)
    with tempfile.TemporaryDirectory(prefix="entrepot-tests-") as folder:
        results = Path(folder) / "results.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            *suite.arguments(),
            "--quiet",
            "--durations=3",
            f"--junitxml={results}",
        ]
        if suite.workers > 1:
            command += [f"--numprocesses={suite.workers}", "--dist=loadscope"]
        error = execute(command, seconds=seconds, site=suite.site)
        took = time.monotonic() - began
        if not results.exists():
            return Outcome(suite.name, took, error=error or "no results")
        return read_results(suite.name, took, results, error)


def execute(command: list[str], *, seconds: int, site: str) -> str:
    """Run in a process group of its own, ended whole when the time is up; what went wrong, or nothing."""
    environment = os.environ | {"TEST_SITE": site}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        status = process.wait(timeout=seconds)
    except BaseException as interruption:
        end(process)
        if isinstance(interruption, subprocess.TimeoutExpired):
            return f"hung: ended after {seconds // 60} min"
        raise
    if status == 5:
        return "no tests"
    return "" if status in {0, 1} else f"pytest ended with status {status}"


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask first: an interrupted pytest names the test that hung, and stops the daemons it started."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def read_results(suite: str, seconds: float, results: Path, error: str) -> Outcome:
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    document = ET.parse(results)  # noqa: S314 - written by the pytest just run
    for part in document.getroot().iter("testsuite"):
        for name in counts:
            counts[name] += int(part.get(name, "0"))
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    return Outcome(suite, seconds, passed, failed, counts["skipped"], error)


def report(outcomes: list[Outcome]) -> None:
    print(f"\n{'suite':<24}{'passed':>8}{'failed':>8}{'skipped':>8}{'seconds':>9}")
    for one in outcomes:
        print(
            f"{one.suite:<24}{one.passed:>8}{one.failed:>8}{one.skipped:>8}{one.seconds:>9.1f}  {one.error}"
        )
    passed, failed, skipped = (
        sum(getattr(one, count) for one in outcomes) for count in ("passed", "failed", "skipped")
    )
    if is_ci() and skipped:
        print("In CI nothing may be skipped; the reasons stand in the summaries above.")
    # A suite that ended without a word must not look green to whoever reads only the last line.
    failed += sum(1 for one in outcomes if one.error)
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)


def is_ci() -> bool:
    return os.environ.get("CI") == "true"


if __name__ == "__main__":
    sys.exit(main())
