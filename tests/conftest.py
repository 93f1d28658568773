"""What every suite shares: no settings of the machine it runs on, and skipping that only a laptop may do."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines.reaper import mark_this_run

_TOLD = "told"


def pytest_configure() -> None:
    """Clients and servers get endpoint, keys and region from the test alone, whoever's machine this is."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ENTREPOT_"))]:
        if name != "ENTREPOT_SOAK_SECONDS":  # says how long a test takes, and nothing to a server
            del os.environ[name]
    nowhere = Path(__file__).with_name("no-such-folder") / "aws"  # a device could be overwritten by a bug
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(nowhere)
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is stopped
    mark_this_run()


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or os.environ.get("CI") != "true":
        return
    if reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keeps a figure that the test is run for: the summary has it, whichever process ran the test.

    As `record_property` would, which warns where results are written as xunit2.
    """
    properties: list[tuple[str, object]] = request.node.user_properties
    return lambda figure: properties.append((_TOLD, figure))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, figure in report.user_properties:
                if name == _TOLD:
                    terminalreporter.write_line(f"{report.nodeid}: {figure}")
    if os.environ.get("CI") != "true":
        return
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        terminalreporter.write_line(f"FAILED in CI, for it was skipped: {report.nodeid}: {reason}", red=True)
