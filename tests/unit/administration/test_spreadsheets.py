"""Tables as CSV hold no formulas, whatever somebody wrote."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.administration.spreadsheets import csv_cell, csv_rows

CELLS = json.loads((Path(__file__).parent / "csv_cells.json").read_text("utf-8"))


@pytest.mark.parametrize(("cell", "written"), CELLS)
def test_attack_48_a_cell_is_written_by_the_rule(cell: Any, written: str) -> None:
    assert csv_cell(cell) == written


@given(st.lists(st.text(alphabet="=+-@;,\"'\t\r\n ab＝", max_size=8), min_size=2, max_size=4))  # noqa: RUF001
def test_attack_48_no_text_begins_as_a_formula_wherever_lines_are_split(row: list[str]) -> None:
    (line,) = csv_rows([row])
    (read,) = csv.reader(io.StringIO(line, newline=""))
    assert len(read) == len(row)
    for cell in read:
        for part in cell.replace("\t", ";").replace("\r", ";").replace("\n", ";").split(";"):
            assert not part.lstrip(" ").startswith(("=", "+", "-", "@", "＝")) or part.startswith(" ")  # noqa: RUF001
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))  # noqa: RUF001


def test_times_are_told_in_utc() -> None:
    assert csv_cell(datetime(2026, 11, 26, 2, 30, tzinfo=UTC)) == "2026-11-26T02:30:00Z"
