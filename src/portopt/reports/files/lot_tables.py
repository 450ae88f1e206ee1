"""Lots as a file that is read back the same: a row a lot, open ones and closed ones."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from portopt.dialects.lots import CLOSED, write_tax_beside
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue
from portopt.domain.lots import says_a_year
from portopt.domain.tax import TaxRecord
from portopt.reports.files.exports import csv_cell, json_text, write_whole


def write_lots(tax: TaxRecord, path: Path) -> Path:
    """By its ending, .csv or .json. Raises InvalidValue for another one, and for a tax year, which no row of a table tells."""
    kind = path.suffix.lower()
    if kind == ".json":
        return write_whole(path, json_text(write_tax_beside(tax)).encode())
    if kind != ".csv":
        raise InvalidValue("--output", str(path), "is neither .csv nor .json", fix="name it lots.csv or lots.json")
    if says_a_year(tax):
        why = "is a table of lots, and has no place for what was realized this year"
        raise InvalidValue("--output", str(path), why, fix=f"name it {path.with_suffix('.json').name}")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CLOSED)
    for row in [plain(lot) for lot in (*tax.lots, *tax.closed)]:
        writer.writerow([csv_cell(row.get(name)) for name in CLOSED])
    return write_whole(path, out.getvalue().encode())
