"""Small tables people keep by hand (holdings, universes, benchmarks): rows of text, each with its place in the file."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from portopt.adapters.providers.reading import unreadable
from portopt.adapters.providers.tables import plain_name
from portopt.domain.errors import DataError, FileNotReadable, MalformedDocument, UnknownField
from portopt.domain.universe import CASH

MAX_BYTES = 64 << 20
KINDS = (".csv", ".txt", ".tsv", ".xlsx", ".parquet", ".json")
MAX_ROWS = 200_000
LISTED = 10
EXPOSURE = "attribute_"  # attribute_beta, attribute_duration: linear exposures that limits may speak of


@dataclass(frozen=True, slots=True)
class Row:
    """number: the line or row a person would look for; cells: text by column name as the reader asked for it."""

    number: int
    cells: Mapping[str, str]

    def get(self, name: str) -> str | None:
        return self.cells.get(name) or None


def read_rows(path: str | Path, columns: Mapping[str, Sequence[str]], ignored: Sequence[str], what: str) -> list[Row]:
    """Rows of a CSV, JSON, XLSX or Parquet file; "-" is CSV or JSON on standard input.

    Args:
        columns: the reader's name of each column and its spellings; the asset's first, then the number's.
        ignored: columns that may be there. A column attribute_NAME is kept under that name, whatever NAME is.
        what: "holdings", "universe", "benchmark": for messages.
    Raises:
        FileNotReadable, MalformedDocument; UnknownField for a column nobody knows; DataError for no rows at all.
    """
    name, numbered = _numbered(path, columns[list(columns)[1]][0], what)
    spellings = {spelling: wanted for wanted, known in columns.items() for spelling in known}
    rows: list[Row] = []
    for number, cells in numbered:
        named: dict[str, str] = {}
        for column, text in cells.items():
            spelling = plain_name(column)
            if spelling in spellings:
                if spellings[spelling] in named:
                    raise DataError(f"{name}: two columns hold the {spellings[spelling]} ({', '.join(cells)})", field=what)
                named[spellings[spelling]] = text.strip()
            elif spelling.startswith(EXPOSURE) and len(spelling) > len(EXPOSURE):
                named[spelling] = text.strip()
            elif spelling not in ignored:
                raise UnknownField(column, [*spellings, *ignored], path=what)
        if any(named.values()):
            rows.append(Row(number, named))
    if not rows:
        raise DataError(
            f"{name} holds no {what}: not one row below its header",
            field=what,
            fixes=[f"add a row for each asset, with the columns {', '.join(known[0] for known in columns.values())}"],
        )
    return rows


def require(rows: Sequence[Row], names: Iterable[str], columns: Mapping[str, Sequence[str]], where: str) -> None:
    """Raises DataError for a column that no row has."""
    for name in names:
        if not any(name in row.cells for row in rows):
            found = ", ".join(dict.fromkeys(column for row in rows for column in row.cells)) or "none that are known"
            raise DataError(
                f"{where} has no column for the {name}; it has: {found}",
                field=name,
                measured={"columns": found},
                fixes=[f"name one column {' or '.join(columns[name])}"],
            )


def finish(problems: Sequence[str], where: str, what: str) -> None:
    """Raises DataError naming every row and column that was wrong."""
    if problems:
        more = [f"and {len(problems) - LISTED} more"] if len(problems) > LISTED else []
        raise DataError(
            f"{where}: {'; '.join([*problems[:LISTED], *more])}",
            field=what,
            measured={"problems": list(problems), "count": len(problems)},
            fixes=[f"correct the rows named in {where}"],
        )


def decimal_of(text: str) -> Decimal | None:
    """The number as written, exactly; None for what is not a finite number of sensible size."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if "_" in text or not value.is_finite() or abs(value) >= Decimal("1e15"):
        return None
    exponent = value.as_tuple().exponent
    return value if isinstance(exponent, int) and exponent >= -30 else None


def file_name(path: str | Path) -> str:
    return "standard input" if str(path) == "-" else Path(path).name


def _numbered(path: str | Path, value: str, what: str) -> tuple[str, Iterable[tuple[int, Mapping[str, str]]]]:
    if str(path) == "-":
        text = sys.stdin.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise FileNotReadable(f"standard input is larger than {MAX_BYTES:,} characters", field="path", value="-")
        return file_name(path), _json_rows(text, "standard input", value, what) if text.lstrip()[:1] in (
            "[",
            "{",
        ) else _csv_rows(text, "-")
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileNotReadable(f"{path} is larger than {MAX_BYTES:,} bytes", field="path", value=str(path))
        kind = path.suffix.lower()
        if kind in (".csv", ".txt", ".tsv"):
            return path.name, _csv_rows(path.read_text(encoding="utf-8-sig"), path.name)
        if kind == ".json":
            return path.name, _json_rows(path.read_text(encoding="utf-8-sig"), path.name, value, what)
        if kind in (".parquet", ".xlsx"):
            return path.name, _frame_rows(path, kind)
    except OSError as error:
        raise unreadable(path, error, KINDS, field=what) from error
    except UnicodeDecodeError as error:
        raise FileNotReadable(f"{path}: not UTF-8 text", field="path", value=str(path), fixes=["save as UTF-8"]) from error
    raise FileNotReadable(
        f"{path}: holdings are read from .csv, .xlsx, .parquet and .json files", field="path", value=str(path)
    )


def _csv_rows(text: str, where: str) -> list[tuple[int, Mapping[str, str]]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows: list[tuple[int, Mapping[str, str]]] = []
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = cells
                continue
            if len(cells) > len(header):
                raise DataError(
                    f"{where}, row {reader.line_num}: {len(cells)} cells under {len(header)} columns",
                    field="row",
                    value=reader.line_num,
                    fixes=["quote text that holds the separator"],
                )
            rows.append((reader.line_num, dict(zip(header, cells, strict=False))))
            _bounded(rows, where)
    except csv.Error as error:
        raise FileNotReadable(f"{where}, row {reader.line_num}: {error}", field="path", value=where) from error
    return rows


def _json_rows(text: str, where: str, value: str, what: str) -> list[tuple[int, Mapping[str, str]]]:
    """A list of objects, one an asset, or {asset: number}; also under "holdings", "assets" or "weights", beside "cash"."""
    try:
        # Numbers stay as written: 0.1 shares are a tenth, not its nearest binary fraction.
        document = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise MalformedDocument(f"{where} is not JSON: {error}", field="path", value=where) from error
    extra: list[dict[str, Any]] = []
    inner = next((key for key in ("holdings", "assets", "weights") if isinstance(document, dict) and key in document), None)
    if inner is not None:
        for key in document.keys() - {inner, "cash"}:
            raise UnknownField(key, [inner, "cash"], path=what)
        extra = [{"asset_id": CASH, value: document["cash"]}] if "cash" in document else []
        document = document[inner]
    if isinstance(document, dict):
        document = [{"asset_id": key, value: number} for key, number in document.items()]
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise MalformedDocument(f"{where}: expected a list of objects, one an asset", field="path", value=where)
    rows: list[tuple[int, Mapping[str, str]]] = [
        (i + 1, {str(k): _text(v) for k, v in item.items()}) for i, item in enumerate([*document, *extra])
    ]
    _bounded(rows, where)
    return rows


def _frame_rows(path: Path, kind: str) -> list[tuple[int, Mapping[str, str]]]:
    import fastexcel
    import polars as pl

    try:
        if kind == ".xlsx":
            # As text: a cell's number arrives as Excel shows it, not through a binary float of ours.
            frame = pl.DataFrame(fastexcel.read_excel(path).load_sheet(0, dtypes="string"))
        else:
            frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, fastexcel.FastExcelError) as error:
        why = str(error).splitlines()[0]
        raise FileNotReadable(f"{path}: not a readable {kind} file: {why}", field="path", value=str(path)) from error
    rows: list[tuple[int, Mapping[str, str]]] = [
        (i + 2, {column: _text(value) for column, value in cells.items()})
        for i, cells in enumerate(frame.iter_rows(named=True))
    ]
    _bounded(rows, path.name)
    return rows


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value)


def _bounded(rows: Sequence[object], where: str) -> None:
    if len(rows) > MAX_ROWS:
        raise DataError(f"{where} has more than {MAX_ROWS:,} rows", field="path", value=where)
