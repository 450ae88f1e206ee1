"""Which portfolios a wave is of, as a file says it: ids one a line, or a table with `portfolio_id`, `policy` and `deadline`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from portopt.domain.errors import DataError, FileNotReadable
from portopt.runs.waves.start import Asked, deadline_of

ID, POLICY, DEADLINE = "portfolio_id", "policy", "deadline"
KNOWN = (ID, POLICY, DEADLINE)


def read_portfolios(path: Path, zone: str, now: datetime) -> list[Asked]:
    """In the order of the file; empty lines are none. Raises FileNotReadable, and DataError naming line and column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        fixes = ["name a text or CSV file"]
        raise FileNotReadable(f"{path}: {why}", field="--portfolios", value=str(path), fixes=fixes) from None
    rows = _rows(text)
    header = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    if ID not in header:
        _require_no_more(path, rows, 1, "no column is called portfolio_id")
        return [Asked(row[0].strip()) for _, row in rows]
    _require_known(path, header)
    _require_no_more(path, rows, len(header), "the first row names no such column")
    return [_asked(path, number, dict(zip(header, row, strict=False)), zone, now) for number, row in rows[1:]]


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Rows that say something, each with the line of the file that it begins on, counted from 1."""
    reader, found, first = csv.reader(io.StringIO(text)), list[tuple[int, list[str]]](), 1
    for row in reader:
        if any(cell.strip() for cell in row):
            found.append((first, row))
        first = reader.line_num + 1
    return found


def _require_no_more(path: Path, rows: Sequence[tuple[int, Sequence[str]]], count: int, why: str) -> None:
    """Nothing that a row says beyond its first cells is passed by in silence."""
    for number, row in rows:
        more = [cell.strip() for cell in row[count:] if cell.strip()]
        if more:
            raise DataError(
                f"{path}, line {number}: {more[0]!r} is in column {count + 1}, and {why}", field="--portfolios", value=number,
                fixes=[f"name the columns in the first row: {', '.join(KNOWN)}"],
            )  # fmt: skip


def _require_known(path: Path, header: Sequence[str]) -> None:
    for name in header:
        if name not in KNOWN:
            raise DataError(
                f"{path}: nothing is known of a column {name!r}", field="--portfolios", value=name,
                fixes=[f"the columns are {', '.join(KNOWN)}"],
            )  # fmt: skip


def _asked(path: Path, number: int, row: dict[str, str], zone: str, now: datetime) -> Asked:
    said = {name: (row.get(name) or "").strip() for name in KNOWN}
    if not said[ID]:
        raise DataError(f"{path}, line {number}: there is no {ID}", field="--portfolios", value=number)
    return Asked(said[ID], said[POLICY] or None, deadline_of(said[DEADLINE] or None, zone, now))
