"""Small tables people keep by hand or a broker writes (holdings, universes, benchmarks): rows of text, each with its place."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from portopt.domain.errors import DataError, FileNotReadable, MalformedDocument, UnknownField
from portopt.domain.universe import CASH
from portopt.intake.account import Account, in_words, shown
from portopt.intake.files import read_file, unreadable
from portopt.intake.head import score_of
from portopt.intake.names import INDEX, plain_name
from portopt.intake.numbers import MISSING, advice, decimal_of, evidence_of, numbers_of, undecided
from portopt.intake.separated import table_of
from portopt.intake.table import Table
from portopt.intake.text import cleaned_column, text_of

MAX_BYTES = 64 << 20
KINDS = (".csv", ".txt", ".tsv", ".xlsx", ".parquet", ".json")
MAX_ROWS = 200_000
EXPOSURE = "attribute_"  # attribute_beta, attribute_duration: linear exposures that limits may speak of
NEAR = 0.8  # a column this like a known one, and not it, is a slip of a key rather than another column
TOTALS = ("total", "totals", "sum", "subtotal", "sub total", "grand total", "account total", "portfolio total",
          "total portfolio", "summe", "gesamt", "total value", "account value", "net worth")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """number: the line or row a person would look for; cells: text by column name as the reader asked for it."""

    number: int
    cells: Mapping[str, str]

    def get(self, name: str) -> str | None:
        return self.cells.get(name) or None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks of a table.

    columns: its name of each column and the spellings; the asset's first, then the number's. required: without these it is
    none. numbers: columns that hold numbers; they come as decimals with a point. percent: those in which 5% is 0.05.
    beside: columns that are known and not read here. what: "holdings", "universe", "benchmark", for messages.
    """

    columns: Mapping[str, Sequence[str]]
    required: Sequence[str]
    numbers: Sequence[str]
    beside: Sequence[str]
    what: str
    percent: Sequence[str] = ()


def read_rows(path: str | Path, wanted: Wanted, said: Account) -> list[Row]:
    """Rows of a CSV, JSON, XLSX or Parquet file; "-" is CSV or JSON on standard input.

    A column attribute_NAME is kept under that name. What is wrong with single cells is said to `said`, for the caller to
    finish; what leaves no table is raised: FileNotReadable, MalformedDocument, UnknownField, DataError.
    """
    table = _cleaned(_table(path, wanted, said), said)
    _bounded(table.height, said.where)
    columns = _chosen(table, wanted, said)
    _require(columns, table, wanted, said)
    rows = _rows(table, columns, wanted, said)
    if not rows:
        said.finish(wanted.what)
        raise DataError(
            f"{said.where} holds no {wanted.what}: not one row below its header",
            field=wanted.what,
            fixes=[f"add a row for each asset, with the columns {', '.join(known[0] for known in wanted.columns.values())}"],
        )
    return rows


def file_name(path: str | Path) -> str:
    return "standard input" if str(path) == "-" else Path(path).name


# --- columns ------------------------------------------------------------------------------------------------------


def _cleaned(table: Table, said: Account) -> Table:
    columns = tuple(
        cleaned_column(values, name, said) if values.dtype == pl.String else values
        for name, values in zip(table.names, table.columns, strict=True)
    )
    return Table(table.names, columns, table.rows, table.mark)


def _chosen(table: Table, wanted: Wanted, said: Account) -> dict[str, int]:
    """Position by the reader's name. A column that nobody asked for is noted; one that may have been meant is a problem."""
    spellings = {spelling: name for name, known in wanted.columns.items() for spelling in known}
    plain = [plain_name(name) for name in table.names]
    chosen: dict[str, int] = {}
    left = []
    for i, name in enumerate(plain):
        ours = spellings.get(name) or (name if name.startswith(EXPOSURE) and len(name) > len(EXPOSURE) else None)
        if ours is None:
            if name not in wanted.beside and not _is_count(name, table.columns[i]):
                left.append(i)
        elif ours in chosen:
            said.wrong(
                f"two columns hold the {ours} ({table.names[chosen[ours]]}, {table.names[i]})", f"keep one column of the {ours}"
            )
        else:
            chosen[ours] = i
    missing = [spelling for spelling, ours in spellings.items() if ours not in chosen]
    for i in list(left):
        near = difflib.get_close_matches(plain[i], missing, n=1, cutoff=NEAR)
        if near:
            error = UnknownField(table.names[i], [*spellings, *wanted.beside], path=wanted.what)
            said.wrong(
                f"column {shown(table.names[i])} is not known; did you mean {near[0]!r}?",
                f"rename {table.names[i]!r} to {near[0]!r}, or take it out",
                error=error,
            )
            left.remove(i)
    if left:
        said.note(f"column{'s' if len(left) > 1 else ''} {in_words([shown(table.names[i]) for i in left])} "
                  f"{'were' if len(left) > 1 else 'was'} not read")  # fmt: skip
    return chosen


def _is_count(name: str, values: pl.Series) -> bool:
    """An index that a frame wrote beside its columns."""
    if name not in INDEX:
        return False
    numbers = values.cast(pl.Int64, strict=False)
    return numbers.null_count() == 0 and bool((numbers.diff().drop_nulls() == 1).all())


def _require(columns: Mapping[str, int], table: Table, wanted: Wanted, said: Account) -> None:
    """Raises DataError for a column that the table does not have."""
    gone = [name for name in wanted.required if name not in columns]
    if not gone or (not table.names and not said.problems):
        return
    if said.alone is not None:
        raise said.alone
    found = ", ".join(table.names[i] for i in range(len(table.names))) or "none"
    known = ", ".join(dict.fromkeys(columns)) or "none that are known"
    for name in gone:
        said.wrong(
            f"{said.where} has no column for the {name}; it has: {known}" if not said.problems else f"no column for the {name}",
            f"name one column {' or '.join(wanted.columns[name][:2])}",
        )
    raise DataError(
        "; ".join(said.problems), field=gone[0], measured={"columns": found, "count": len(said.problems)}, fixes=said.fixes
    )


# --- rows ---------------------------------------------------------------------------------------------------------


def _rows(table: Table, columns: Mapping[str, int], wanted: Wanted, said: Account) -> list[Row]:
    texts: dict[str, list[str | None]] = {}
    numeric = {name for name in columns if name in wanted.numbers or name.startswith(EXPOSURE)}
    kept = _kept(table, columns, wanted, said)
    other = evidence_of([values.gather(kept) for values in table.columns])
    for name, i in columns.items():
        values = _as_text(table.columns[i]).gather(kept)
        texts[name] = _numbers(values, table, kept, name, other, wanted, said) if name in numeric else _words(values)
    return [
        Row(table.row(position), {name: cells[k] or "" for name, cells in texts.items()}) for k, position in enumerate(kept)
    ]


def _words(values: pl.Series) -> list[str | None]:
    return [None if text is None else text.strip() for text in values.to_list()]


def _as_text(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        return values
    return pl.Series(values.name, [None if value is None else _text(value) for value in values.to_list()], dtype=pl.String)


def _text(value: Any) -> str:
    return str(value)


def _numbers(
    values: pl.Series, table: Table, kept: Sequence[int], name: str, other: str | None, wanted: Wanted, said: Account
) -> list[str | None]:
    """A column of numbers as decimals with a point; what is none is a problem, and empty."""
    read = numbers_of(values, table.mark, other, percent=name in wanted.percent)
    wrong = dict(read.wrong)
    for at, why in read.wrong:
        hint = "" if "may be" not in why else " (write it with a decimal point, without thousands separators)"
        said.wrong(
            f"row {table.row(kept[at])}, column {name}: {shown((values[at] or '').strip())} {why}{hint}",
            advice(values[at] or "", why),
        )
    if read.missing:
        words = in_words([shown(word) for word in read.missing])
        said.note(f"{words} in column {name} {'means' if len(read.missing) == 1 else 'mean'} that it is not given")
    if read.signs and not wrong:
        said.note(f"the sign {read.signs[0]} was left off column {name}")
    if read.mark == ",":
        said.note(f"the comma is the decimal mark of column {name}")
    elif not read.wrong and other is None and (cell := undecided(values)) is not None:
        said.note(f"the point is the decimal mark of column {name}: {cell} is less than a thousand")
    texts = [None if at in wrong else text for at, text in enumerate(read.text.to_list())]
    for at, text in enumerate(texts):
        if text is not None and decimal_of(text) is None:
            said.wrong(f"row {table.row(kept[at])}, column {name}: {shown((values[at] or '').strip())} is not a number",
                       f"correct the cells named in {said.where}")  # fmt: skip
            texts[at] = None
    if read.percent:
        said.note(f"column {name} is in percent, and was divided by 100")
        texts = [None if text is None else str(Decimal(text) / 100) for text in texts]
    return texts


def _kept(table: Table, columns: Mapping[str, int], wanted: Wanted, said: Account) -> list[int]:
    """Positions of the rows that are an asset each; totals and words below the table are noted."""
    cells = [_words(_as_text(values)) for values in table.columns]
    names = list(wanted.columns)
    asset, number = columns.get(names[0]), columns.get(names[1])
    filled = [[i for i, column in enumerate(cells) if column[k]] for k in range(table.height)]
    whole = [k for k in range(table.height) if asset is not None and cells[asset][k] and (number is None or cells[number][k])]
    last = max(whole, default=-1)
    kept: list[int] = []
    for k in range(table.height):
        if not filled[k]:
            continue
        if asset is not None and _is_total(k, cells, asset, number, kept, filled[k]):
            said.note(
                f"row {table.row(k)} ({shown(cells[asset][k] or cells[filled[k][0]][k] or '')}) is a total, and was not read"
            )
        elif last >= 0 and k > last and len(filled[k]) == 1 and len(table.names) > 1 and " " in str(cells[filled[k][0]][k]):
            said.note(f"row {table.row(k)} ({shown(str(cells[filled[k][0]][k]))}) below the table was not read")
        else:
            kept.append(k)
    return kept


def _is_total(
    k: int, cells: Sequence[Sequence[str | None]], asset: int, number: int | None, kept: Sequence[int], filled: Sequence[int]
) -> bool:
    """A row called total is one where it has no number of its own, or exactly the sum of those above it."""
    said = (cells[asset][k] or cells[filled[0]][k] or "").lower().rstrip(":").strip()
    if said not in TOTALS:
        return False
    if number is None or not cells[number][k] or (cells[number][k] or "").lower() in MISSING:
        return number is not None and len(kept) > 0
    above = [decimal_of((cells[number][j] or "").replace(",", "")) for j in kept]
    own = decimal_of((cells[number][k] or "").replace(",", ""))
    return (
        own is not None
        and len(above) > 1
        and all(n is not None for n in above)
        and own == sum(n for n in above if n is not None)
    )


# --- files --------------------------------------------------------------------------------------------------------


def _table(path: str | Path, wanted: Wanted, said: Account) -> Table:
    score = score_of(
        [spelling for known in wanted.columns.values() for spelling in known],
        [wanted.columns[name] for name in wanted.required],
    )
    if str(path) == "-":
        text = sys.stdin.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise FileNotReadable(f"standard input is larger than {MAX_BYTES:,} characters", field="path", value="-")
        text = text_of(text.encode("utf-8", errors="surrogateescape"), said)
        return _of_json(text, said.where, wanted) if text.lstrip()[:1] in ("[", "{") else table_of(text, score, said)
    path = Path(path)
    kind = path.suffix.lower()
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise FileNotReadable(f"{path} is larger than {MAX_BYTES:,} bytes", field="path", value=str(path))
        if kind == ".json":
            return _of_json(text_of(path.read_bytes(), said), path.name, wanted)
    except OSError as error:
        raise unreadable(path, error, KINDS, field=wanted.what) from error
    if kind not in KINDS:
        raise FileNotReadable(
            f"{path}: {wanted.what} are read from .csv, .xlsx, .parquet and .json files",
            field="path",
            value=str(path),
            fixes=["save the table as CSV or XLSX"],
        )
    return read_file(path, score, said, MAX_BYTES, field=wanted.what)


def _of_json(text: str, where: str, wanted: Wanted) -> Table:
    """A list of objects, one an asset, or {asset: number}; also under "holdings", "assets" or "weights", beside "cash"."""
    try:
        # Numbers stay as written: 0.1 shares are a tenth, not its nearest binary fraction.
        document = json.loads(text, parse_float=_Written, parse_int=_Written)
    except (ValueError, RecursionError) as error:
        raise MalformedDocument(
            f"{where} is not JSON: {error}",
            field="path",
            value=where,
            fixes=["correct the JSON at the place named, or use CSV"],
        ) from error
    asset, value = (wanted.columns[name][0] for name in list(wanted.columns)[:2])
    extra: list[dict[str, Any]] = []
    inner = next((key for key in ("holdings", "assets", "weights") if isinstance(document, dict) and key in document), None)
    if inner is not None:
        for key in document.keys() - {inner, "cash"}:
            raise UnknownField(key, [inner, "cash"], path=wanted.what)
        extra = [{asset: CASH, value: document["cash"]}] if "cash" in document else []
        document = document[inner]
    if isinstance(document, dict):
        document = [{asset: key, value: number} for key, number in document.items()]
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise MalformedDocument(f"{where}: expected a list of objects, one an asset", field="path", value=where)
    items = [*document, *extra]
    _bounded(len(items), where)
    return _of_items([_spelled(item, wanted) for item in items], where)


def _spelled(item: Mapping[str, Any], wanted: Wanted) -> Mapping[str, Any]:
    """The object with the first spelling of each name: one object may say symbol, the next asset."""
    first = {spelling: known[0] for known in wanted.columns.values() for spelling in known}
    keys = [first.get(plain_name(key), key) for key in item]
    return item if len(set(keys)) < len(keys) else dict(zip(keys, item.values(), strict=True))


class _Written(str):
    """A JSON number as it was written."""

    __slots__ = ()


def _of_items(items: Sequence[Mapping[str, Any]], where: str) -> Table:
    names = list(dict.fromkeys(str(key) for item in items for key in item))
    for i, item in enumerate(items):
        nested = [key for key, cell in item.items() if isinstance(cell, dict | list)]
        if nested:
            raise MalformedDocument(
                f"{where}, item {i + 1}: {nested[0]} holds a list or an object, not a value",
                field="path",
                value=where,
                fixes=['write one object an asset: {"asset": "AAPL", "shares": 10}'],
            )
    cells = [[None if item.get(name) is None else str(item[name]) for item in items] for name in names]
    typed = all(not isinstance(cell, str) or isinstance(cell, _Written) or not any(c in ".," for c in cell)
                for item in items for cell in item.values())  # fmt: skip
    columns = tuple(pl.Series(name, column, dtype=pl.String) for name, column in zip(names, cells, strict=True))
    # A text "1.234" in JSON was written by a person; a number was not.
    return Table(tuple(names), columns, np.arange(1, len(items) + 1), "." if typed else None)


def _bounded(rows: int, where: str) -> None:
    if rows > MAX_ROWS:
        raise DataError(
            f"{where} has {rows:,} rows, more than {MAX_ROWS:,}", field="path", value=where, fixes=["keep one row an asset"]
        )
