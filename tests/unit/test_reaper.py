"""A run of tests leaves no process behind, whatever ends it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.serving.processes import is_running, wait_until

# A run that starts an engine in a session of its own, says which, and then hangs.
_RUN = """
import subprocess, sys
from tests.engines.reaper import mark_this_run
mark_this_run()
engine = subprocess.Popen(["sleep", "600"], start_new_session=True, stdout=subprocess.DEVNULL)
print(engine.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL, None])
def test_what_a_run_started_ends_with_it(end: signal.Signals | None) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", _RUN],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": "."},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with run:
        assert run.stdout is not None
        engine = int(run.stdout.readline())
        assert is_running(engine)
        if end is not None:
            run.send_signal(end)
        assert run.stdin is not None
        run.stdin.close()
    wait_until(lambda: not is_running(engine), "the engine has ended")
