"""What deploy/ sets is what Entrepot knows."""

import re
from pathlib import Path

import pytest

from entrepot.installation.first_start import ACCESS_KEY_VARIABLE, SECRET_VARIABLE
from entrepot.settings import OPTIONS
from tests.engines.programs import ROOT

KNOWN = {option.variable for option in OPTIONS} | {ACCESS_KEY_VARIABLE, SECRET_VARIABLE}

# Options on their way from other branches, rendered only where a value asks for them.
AWAITED = {
    "ENTREPOT_DRAIN_DELAY_SECONDS",
    "ENTREPOT_METRICS_LISTEN",
    "ENTREPOT_PROXY_PROTOCOL",
    "ENTREPOT_READ_ONLY",
    "ENTREPOT_TRUSTED_PROXY",
}

FILES = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file() and path.suffix != ".pyc")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_variable_is_an_option(file: Path) -> None:
    named = set(re.findall(r"\bENTREPOT_[A-Z_]*[A-Z]\b", file.read_text()))

    assert named <= KNOWN | AWAITED


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_switch_is_an_option(file: Path) -> None:
    served = re.findall(r"entrepot serve((?: --[a-z-]+(?:[ =]\S+)?)*)", file.read_text())

    known = {f"--{option.name}" for option in OPTIONS}
    assert {switch for line in served for switch in re.findall(r"--[a-z-]+", line)} <= known


def test_no_option_is_awaited_that_is_there() -> None:
    assert not AWAITED & KNOWN, "take these out of AWAITED"
