"""Tables as CSV (RFC 4180) for spreadsheets: nothing that anybody wrote is a formula in them (attack 48).

One rule, here and in console/src/domain/csv.ts; tests/unit/administration/csv_cells.json shows what it gives:

- A number is written as it is, a negative one too.
- Text that begins with = + - @, one of these in full width, a tab, CR or LF gets an apostrophe before it:
  spreadsheets then take it as text. So does such a sign within a text behind ; tab, CR or LF, for there
  spreadsheets of another locale may begin a new cell.
- Then text with a comma, a semicolon, a quotation mark, a tab, CR or LF is quoted.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

Cell = str | int | datetime | None

_SIGNS = "=+\\-@＝＋－＠"  # noqa: RUF001
_LEADING = re.compile(f"\\A(?=[{_SIGNS}\\t\\r\\n])")
_WITHIN = re.compile(f"([;\\t\\r\\n] *)(?=[{_SIGNS}])")
_QUOTED = re.compile(r'[,;"\t\r\n]')


def csv_rows(rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """A line for each row, without its end."""
    for row in rows:
        yield ",".join(csv_cell(cell) for cell in row)


def csv_cell(cell: Cell) -> str:
    """The cell as the rule has it: "" for None, times in UTC as ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = _LEADING.sub("'", _WITHIN.sub(r"\1'", cell))
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
