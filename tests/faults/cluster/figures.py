"""The figures of a run under faults: told, and kept as a line of JSON where TEST_FIGURES names a file."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.cluster.load import Load


@dataclass(frozen=True, slots=True)
class Figures:
    """What clients saw while one kind of fault was done to a cluster."""

    fault: str
    seconds: float
    times: int
    operations: int
    setbacks: dict[str, int]
    recovery_seconds: float
    """The longest time from a fault to the last error that a client saw of it."""


def figures_of(test: str, load: Load) -> Figures:
    return Figures(
        fault=test.removeprefix("test_attack_45_"),
        seconds=round(load.seconds, 1),
        times=len(load.faults),
        operations=load.operations,
        setbacks=load.kinds(),
        recovery_seconds=round(load.worst_recovery(), 2),
    )


def note_figures(figures: Figures, tell: Callable[[str], None]) -> None:
    line = json.dumps(asdict(figures))
    tell(line)
    if file := os.environ.get("TEST_FIGURES"):
        with Path(file).open("a") as kept:
            kept.write(f"{line}\n")


def read_figures(file: Path) -> list[Figures]:
    """Those that a run has kept."""
    return [Figures(**json.loads(line)) for line in file.read_text().splitlines()]
