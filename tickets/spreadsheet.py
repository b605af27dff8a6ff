"""Tables for a spreadsheet: RFC 4180, every cell quoted, and none that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

Cell = str | int | float | date | Sequence[str] | None

# How a cell begins that would be run. The wide forms are there because some programs fold them before they look.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


def cell(value: Cell) -> str:
    """A value as a cell shows it. A list becomes one text; nothing becomes an empty cell."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    shown = value if isinstance(value, str) else str(value) if isinstance(value, (int, float)) else "; ".join(value)
    safe = f"'{shown}" if shown.startswith(_FORMULA) else shown
    return safe.replace("\0", "\ufffd")


def written(heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The table with its heading; lines end with CR LF, also the last one."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()
