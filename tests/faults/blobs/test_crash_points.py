"""Crashes at every point of a resumed part and of its finish."""

import subprocess
import sys
from pathlib import Path

import pytest

MIB = 1 << 20
REPOSITORY = Path(__file__).parents[3]


SCENARIOS = [("power", at) for at in (0, 7, MIB, MIB + 7)] + [("kill", MIB + 7)]


@pytest.mark.parametrize("form", ["sealed", "plain"])
@pytest.mark.parametrize(("mode", "acknowledged"), SCENARIOS)
def test_attack_11_crash_anywhere_loses_nothing_that_was_acknowledged(
    tmp_path: Path, mode: str, form: str, acknowledged: int
) -> None:
    command = [sys.executable, "-m", "tests.faults.blobs.crash_points", str(tmp_path / "root")]
    command += ["--acknowledged", str(acknowledged), "--part", str(MIB + 10), "--mode", mode]
    command += ["--sealed"] if form == "sealed" else []
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 10
