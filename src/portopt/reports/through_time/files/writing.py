"""The tables as files in a folder. Each is there whole or not at all, and the same document gives the same bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.reports.files.exports import csv_cell, json_text, write_whole
from portopt.reports.files.workbook import Column, Sheet, book_bytes
from portopt.reports.through_time.files.judged_tables import tables_of
from portopt.reports.through_time.files.tables import Table
from portopt.reports.through_time.page import write_backtest_report

Row = Mapping[str, Any]
SHEET_ROWS = 100_000  # a spreadsheet opens them in seconds; it ends at a million in any case
FORMATS = ("csv", "parquet", "xlsx", "json", "html")


def write_backtest_files(document: Row, folder: Path | str, formats: Sequence[str] = FORMATS) -> list[Path]:
    """The files written: a table each as CSV and Parquet, one workbook, the JSON of every figure, the page.

    Raises InvalidValue for a format that there is not, before anything is written, and for a folder that may not be written to.
    """
    strange = [name for name in formats if name not in FORMATS]
    if strange:
        raise InvalidValue("formats", strange[0], "is no format of these files", fix=f"choose among {', '.join(FORMATS)}")
    return [path for name in dict.fromkeys(formats) for path in _WRITERS[name](document, Path(folder))]


def _csv_files(document: Row, folder: Path) -> list[Path]:
    return [write_whole(folder / f"{table.name}.csv", csv_text(table, document).encode()) for table in tables_of(document)]


def csv_text(table: Table, document: Row) -> str:
    """Numbers and money as the document spells them; text that a spreadsheet would run as a formula gets a leading '."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    keys = [column.key for column in table.columns]
    writer.writerow(keys)
    writer.writerows([csv_cell(row.get(key)) for key in keys] for row in table.rows(document))
    return out.getvalue()


def _parquet_files(document: Row, folder: Path) -> list[Path]:
    return [write_whole(folder / f"{table.name}.parquet", parquet_bytes(table, document)) for table in tables_of(document)]


def parquet_bytes(table: Table, document: Row) -> bytes:
    """Dates as dates, numbers as floats, whole ones as integers, the rest as text."""
    import polars as pl

    kinds = {"date": pl.String, "text": pl.String, "whole": pl.Int64}
    rows = list(table.rows(document))
    columns = {
        c.key: pl.Series(c.key, _values(c, rows), dtype=kinds.get(c.reads, pl.Float64), strict=False) for c in table.columns
    }
    frame = pl.DataFrame(columns).with_columns(pl.col(c.key).str.to_date() for c in table.columns if c.reads == "date")
    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd")
    return out.getvalue()


def _values(column: Column, rows: Iterable[Row]) -> list[Any]:
    values = [row.get(column.key) for row in rows]
    if column.reads == "text":
        return [None if v is None else str(v) for v in values]
    if column.reads in ("date", "whole"):
        return values
    return [None if v is None else float(v) for v in values]  # money may be written as decimal strings


def _workbook(document: Row, folder: Path) -> list[Path]:
    made = book_bytes(
        str(document["run_id"]), str(document["data"]["last"]), [_sheet(t, document) for t in tables_of(document)]
    )
    return [write_whole(folder / f"{document['kind']}.xlsx", made)]


def _sheet(table: Table, document: Row) -> Sheet:
    """A table too long for a sheet says so in its name: the other files have all of it."""
    rows = list(islice(table.rows(document), SHEET_ROWS + 1))
    cut = len(rows) > SHEET_ROWS
    title = f"{table.name.capitalize()} (first {SHEET_ROWS:,})" if cut else table.name.capitalize()
    blank = dict.fromkeys(column.key for column in table.columns)
    return Sheet(title, table.columns, [{**blank, **row} for row in rows[:SHEET_ROWS]])


def _json_file(document: Row, folder: Path) -> list[Path]:
    return [write_whole(folder / f"{document['kind']}.json", json_text(document).encode())]


def _page(document: Row, folder: Path) -> list[Path]:
    return [write_backtest_report(document, folder / "report.html")]


_WRITERS: dict[str, Callable[[Row, Path], list[Path]]] = {
    "csv": _csv_files,
    "parquet": _parquet_files,
    "xlsx": _workbook,
    "json": _json_file,
    "html": _page,
}
