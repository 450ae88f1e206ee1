"""Small tables people keep by hand or a broker writes (holdings, universes, benchmarks): rows of text, each with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import polars as pl

from portopt.domain.errors import DataError
from portopt.tables.account import Account, in_words, shown
from portopt.tables.decimals import decimal_of
from portopt.tables.delivered import Delivered
from portopt.tables.names import plain_name
from portopt.tables.numbers import MISSING, advice, evidence_of, numbers_of, undecided
from portopt.tables.row_columns import EXPOSURE, Wanted, chosen, require
from portopt.tables.row_files import bounded, hand_table
from portopt.tables.separated import ONE_TABLE, second_table
from portopt.tables.table import Table
from portopt.tables.text import cleaned_table

__all__ = ["EXPOSURE", "Row", "Wanted", "file_name", "read_rows", "rows_in", "rows_of"]

TOTALS = ("total", "totals", "sum", "subtotal", "sub total", "grand total", "account total", "portfolio total",
          "total portfolio", "summe", "gesamt", "total value", "account value", "net worth")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """number: the line or row a person would look for; cells: text by column name as the reader asked for it."""

    number: int
    cells: Mapping[str, str]

    def get(self, name: str) -> str | None:
        return self.cells.get(name) or None


def read_rows(path: str | Path | Delivered, wanted: Wanted, said: Account) -> list[Row]:
    """Rows of a CSV, JSON, XLSX or Parquet file, or of a body that holds what one would; "-" is CSV or JSON on standard input.

    A column attribute_NAME is kept under that name. What is wrong with single cells is said to `said`, for the caller to
    finish; what leaves no table is raised: FileNotReadable, MalformedDocument, UnknownField, DataError.
    """
    return rows_in(hand_table(path, wanted, said), wanted, said)


def rows_in(table: Table, wanted: Wanted, said: Account) -> list[Row]:
    """rows_of, and DataError for a table that has none."""
    rows = rows_of(table, wanted, said)
    if not rows:
        said.finish(wanted.what)
        raise DataError(
            f"{said.where} holds no {wanted.what}: not one row below its header",
            field=wanted.what,
            fixes=[f"add a row for each asset, with the columns {', '.join(known[0] for known in wanted.columns.values())}"],
        )
    return rows


def rows_of(table: Table, wanted: Wanted, said: Account) -> list[Row]:
    """Rows of a table that is read already. Raises UnknownField, DataError for columns that it lacks or has twice."""
    table = cleaned_table(table, said)
    bounded(table.height, said.where)
    columns = chosen(table, wanted, said)
    require(columns, table, wanted, said)
    return _rows(table, columns, wanted, said)


def file_name(path: str | Path | Delivered) -> str:
    if isinstance(path, Delivered):
        return path.name
    return "standard input" if str(path) == "-" else Path(path).name


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
    return pl.Series(values.name, [None if value is None else str(value) for value in values.to_list()], dtype=pl.String)


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
    begun = 0  # in kept: where the part begins that a subtotal would sum
    for k in range(table.height):
        if not filled[k]:
            continue
        if _names_columns([column[k] for column in cells], wanted):
            said.wrong(second_table(table.row(k), [column[k] or "" for column in cells]), ONE_TABLE)
            break
        if asset is not None and _is_total(k, cells, asset, number, (kept, begun), filled[k]):
            begun = len(kept)
            said.note(
                f"row {table.row(k)} ({shown(cells[asset][k] or cells[filled[k][0]][k] or '')}) is a total, and was not read"
            )
        elif last >= 0 and k > last and len(filled[k]) == 1 and len(table.names) > 1 and " " in str(cells[filled[k][0]][k]):
            said.note(f"row {table.row(k)} ({shown(str(cells[filled[k][0]][k]))}) below the table was not read")
        else:
            kept.append(k)
    return kept


def _names_columns(cells: Sequence[str | None], wanted: Wanted) -> bool:
    """Whether a row names all that the reader cannot do without: a table of its own begins there."""
    plain = {plain_name(cell) for cell in cells if cell}
    return len(wanted.required) > 1 and all(plain & set(wanted.columns[name]) for name in wanted.required)


def _is_total(
    k: int,
    cells: Sequence[Sequence[str | None]],
    asset: int,
    number: int | None,
    above: tuple[Sequence[int], int],
    filled: Sequence[int],
) -> bool:
    """A row called total is one where it has no number of its own, or exactly the sum of a part above it.

    above: rows above it, and from which of them on they are those since the last total.
    """
    words = [(cells[i][k] or "").lower().rstrip(":").strip() for i in ([asset] if cells[asset][k] else filled)]
    said = next((word for word in words if word in TOTALS), words[0])
    if said not in TOTALS and not (said.startswith(("total ", "totals ")) and len(filled) > 1):
        return False
    if number is None or not cells[number][k] or (cells[number][k] or "").lower() in MISSING:
        return number is not None and len(above[0]) > 0
    (kept, begun), own = above, decimal_of((cells[number][k] or "").replace(",", ""))
    least = 1 if said.startswith("sub") else 2  # the sum of one row may be the row of another asset
    return own is not None and any(own == _sum_of(cells[number], part) for part in (kept, kept[begun:]) if len(part) >= least)


def _sum_of(column: Sequence[str | None], rows: Sequence[int]) -> Decimal | None:
    numbers = [decimal_of((column[j] or "").replace(",", "")) for j in rows]
    return sum((n for n in numbers if n is not None), Decimal(0)) if None not in numbers and numbers else None
