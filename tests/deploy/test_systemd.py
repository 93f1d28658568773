"""The systemd unit: systemd reads it, and its sandbox is tight."""

import re
from pathlib import Path

import pytest

from entrepot.serving import supervisor
from entrepot.settings import OPTIONS
from tests.engines.programs import ROOT, find_program, run_program

UNIT = ROOT / "deploy" / "systemd" / "entrepot.service"


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is there: systemd asks for that too."""
    file = tmp_path / "entrepot.service"
    file.write_text(UNIT.read_text().replace("/opt/entrepot/bin/entrepot", "/bin/true"))
    return file


def test_systemd_has_nothing_against_the_unit(unit: Path) -> None:
    assert run_program(find_program("systemd-analyze"), "verify", "--man=no", unit) == ""


def test_service_is_exposed_little(unit: Path) -> None:
    """2.0 of 10: what is left is the network and its own files."""
    run_program(find_program("systemd-analyze"), "security", "--offline=yes", "--threshold=20", unit)


def test_service_has_the_time_that_draining_takes() -> None:
    [drain] = [int(option.default) for option in OPTIONS if option.name == "drain-seconds"]
    found = re.search(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(), re.MULTILINE)

    assert found is not None
    assert int(found[1]) > drain + supervisor._LAST_SECONDS
