"""What deploy/ sets is what Entrepot knows."""

import re
from pathlib import Path

import pytest

from entrepot.installation.first_start import ACCESS_KEY_VARIABLE, SECRET_VARIABLE
from entrepot.settings import OPTIONS
from tests.engines.programs import ROOT

KNOWN = {option.variable for option in OPTIONS} | {ACCESS_KEY_VARIABLE, SECRET_VARIABLE}

FILES = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file() and path.suffix != ".pyc")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_variable_is_an_option(file: Path) -> None:
    named = set(re.findall(r"\bENTREPOT_[A-Z_]*[A-Z]\b", file.read_text()))

    assert named <= KNOWN


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_switch_is_an_option(file: Path) -> None:
    served = re.findall(r"entrepot serve((?: --[a-z-]+(?:[ =]\S+)?)*)", file.read_text())

    known = {f"--{option.name}" for option in OPTIONS}
    assert {switch for line in served for switch in re.findall(r"--[a-z-]+", line)} <= known
