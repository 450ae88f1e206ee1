"""A table of prices to the long form of the port: names recognised, text parsed by the column, nothing guessed.

Long tables have one row a price; wide ones a date column and one column an asset; a table without an asset column that
has a date and a price is one asset's, named by its file. Two rows of names (Close over AAA, BBB) are known too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl

from portopt.domain.errors import DataError
from portopt.tables.account import Account, counted, in_words, shown
from portopt.tables.dates import days_of
from portopt.tables.head import DATED
from portopt.tables.names import DATE, plain_name
from portopt.tables.numbers import advice, evidence_of, numbers_of
from portopt.tables.price_columns import Stack, date_column, stacked
from portopt.tables.price_notes import note_jump, note_returns, note_unadjusted
from portopt.tables.table import Table
from portopt.tables.text import cleaned_table

Wrong: TypeAlias = Sequence[tuple[int, str]]  # (position, why)

TIME = re.compile(r"^\s*[0-9]{1,2}:[0-9]{2}")
LONGEST_FOOT = 5  # rows below the table that are no prices: sources, notes, totals


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """long: asset_id (str), date, close (f64), and where there is one volume (f64) and currency (str), a row a price.

    adjustment: as named.
    """

    long: pl.DataFrame
    adjustment: str


def prices_of(table: Table, said: Account, single_asset: str | None = None) -> Prices:
    """single_asset: the name of a table that names no asset.

    Raises DataError for columns that cannot be recognised (all that were found are named), and for every cell at once that
    is no date and no price.
    """
    table = cleaned_table(table, said)
    day = date_column(table, said)
    stack, adjustment = stacked(table, day, said, single_asset)
    days = _days(table, day, stack, said)
    close = _numbers(stack, stack.values, table, days, said, "close")
    columns = {"asset_id": stack.assets, "date": _by_price(days, stack), "close": close}
    if stack.volumes is not None:
        columns["volume"] = _numbers(stack, stack.volumes, table, days, said, "volume")
    if stack.currencies is not None:
        columns["currency"] = stack.currencies.cast(pl.String).str.strip_chars()
        said.note(f"its prices are in {in_words(columns['currency'].drop_nulls().unique(maintain_order=True).to_list())}")
    _require_names(stack, close, table, said)
    said.finish("prices")
    long = pl.DataFrame([values.alias(name) for name, values in columns.items()])
    kept = long.filter(pl.col("close").is_not_null())
    if not kept.height:
        raise DataError(f"{said.where} holds no price: {_emptiness(table)}", field="prices", measured={"rows": table.height},
                        fixes=["write the prices below the names of the columns"])  # fmt: skip
    _note_empty(stack, close, days, table, said)
    note_jump(days, said)
    note_returns(kept, said)
    if stack.raw is not None:
        note_unadjusted(kept.select("asset_id", "date", "close", raw=_plain(stack.raw).filter(close.is_not_null())), said)
    return Prices(kept, adjustment)


def _emptiness(table: Table) -> str:
    return "not one row below the names of its columns" if not table.height else "every cell is empty"


def _used_rows(stack: Stack, table: Table) -> np.ndarray:
    """(T,) whether a row holds anything to be read."""
    filled = stack.values.is_not_null()
    if stack.values.dtype == pl.String and filled.any():
        filled = filled & (stack.values.str.strip_chars() != "")
    used = np.zeros(table.height, dtype=bool)
    used[stack.positions[filled.fill_null(False).to_numpy()]] = True
    return used


def _days(table: Table, day: int, stack: Stack, said: Account) -> pl.Series:
    """(T,) the day of each row; null where a row says nothing."""
    values = table.columns[day]
    read = days_of(values.cast(pl.String) if values.dtype == pl.Null else values)
    if read.wrong or read.days.null_count():
        used = _used_rows(stack, table)
        read = days_of(_without_foot(table, values, used, said))
        for position, text, why in read.wrong:
            fix = "write dates as YYYY-MM-DD" + (", and take out rows that are no prices" if why == "is no date" else "")
            fix = f"correct row {table.row(position)}, or take it out" if "slip" in why else fix
            place = f"{shown(text)} (row {table.row(position)})"
            said.wrong(f"not dates: {place}" if why == "is no date" else f"the date {place} {why}", fix)
        empty = values.is_null() | (values.cast(pl.String).str.strip_chars() == "")
        for position in np.flatnonzero(used & empty.to_numpy())[:3]:
            said.wrong(f"row {table.row(int(position))}: prices without a date", "write the date of every row, or take it out")
    if read.note:
        said.note(read.note)
    return read.days


def _by_price(days: pl.Series, stack: Stack) -> pl.Series:
    """The day of each price: in a long table that of its row."""
    return days if stack.long else days.gather(stack.positions)


def _without_foot(table: Table, values: pl.Series, used: np.ndarray, said: Account) -> pl.Series:
    """The dates without words in the last rows that have no price beside them: sources, notes."""
    if values.dtype != pl.String or used.all():
        return values
    filled = np.flatnonzero(used)
    last = int(filled[-1]) if len(filled) else -1
    foot = [i for i in range(last + 1, table.height) if values[i] is not None and not str(values[i])[:1].isdigit()]
    if not foot or table.height - last - 1 > LONGEST_FOOT:
        return values
    rows = in_words([f"row {table.row(i)} ({shown(str(values[i]))})" for i in foot])
    said.note(f"{rows} below the prices {'was' if len(foot) == 1 else 'were'} not read")
    return pl.concat([values[: last + 1], pl.Series([None] * (table.height - last - 1), dtype=pl.String)])


def _numbers(stack: Stack, values: pl.Series, table: Table, days: pl.Series, said: Account, what: str) -> pl.Series:
    if values.dtype.is_numeric():
        return values.cast(pl.Float64)
    if values.dtype == pl.Null:
        return values.cast(pl.Float64)
    if values.dtype != pl.String:
        values = values.cast(pl.String)
    read = numbers_of(values, table.mark, _shown_beside(values, stack, what))

    def place(position: int) -> str:
        row = int(stack.positions[position])
        day = f" on {days[row]}" if days[row] is not None else ""
        asset = stack.assets[position]
        return f"{asset if asset is not None else 'no asset'}{day}: {values[position]!r} (row {table.row(row)})"

    wrong = read.wrong if stack.long else _without_words(read.wrong, stack, values, said)
    if wrong:
        _say_wrong(wrong, values, place, said)
    if read.missing:
        words = in_words([f"{shown(word)} in {counted(n, 'cell')}" for word, n in read.missing.items()])
        first = place(int((values.str.strip_chars() == next(iter(read.missing))).fill_null(False).arg_max() or 0))
        said.note(f"{words} {'means' if len(read.missing) == 1 else 'mean'} no {'price' if what == 'close' else what}: {first}")
    if read.signs:
        said.note(f"the sign {read.signs[0]} was left off its {'prices' if what == 'close' else 'volumes'}")
    if read.mark == ",":
        said.note(f"the comma is the decimal mark of its {'prices' if what == 'close' else 'volumes'}")
    return read.text.cast(pl.Float64, strict=False)


def _plain(values: pl.Series) -> pl.Series:
    """The numbers of a column beside the prices, as far as they are plain."""
    return values.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)


def _shown_beside(values: pl.Series, stack: Stack, what: str) -> str | None:
    """The decimal mark of the closes, for volumes that do not say what their own is."""
    if what == "close" or values.cast(pl.Float64, strict=False).null_count() == values.null_count():
        return None
    return evidence_of([stack.values])


def _without_words(wrong: Wrong, stack: Stack, values: pl.Series, said: Account) -> Wrong:
    """The same without columns of words or of dates from top to bottom: of each of those one sentence is enough."""
    at = [position for position, why in wrong if why == "is not a number" and _is_word(str(values[position]))]
    if not at:
        return wrong
    numeric = ~_blank(values)
    numeric[at] = False
    kept = set(stack.assets.filter(numeric).unique().to_list())
    first: dict[str, int] = {}
    for position in at:
        first.setdefault(str(stack.assets[position]), position)
    for name, position in first.items():
        if name not in kept and plain_name(name) in DATE:
            why = f"two columns are called {shown(name)}: whether both are of the same days is not said"
            said.wrong(why, "give one row a price (asset_id, date, close), or each asset a file of its own in one folder")
        elif name not in kept:
            why = f"column {shown(name)} holds no number from top to bottom (first {shown(str(values[position]))})"
            said.wrong(why, f"take column {shown(name)} out: it holds no prices")
    words = set(at)
    return [(position, why) for position, why in wrong if position not in words or str(stack.assets[position]) in kept]


def _is_word(text: str) -> bool:
    """A text without a digit, a date or a time: no slip of a key makes a price of it."""
    return DATED.match(text) is not None or TIME.match(text) is not None or not any(character.isdigit() for character in text)


def _say_wrong(wrong: Wrong, values: pl.Series, place: Callable[[int], str], said: Account) -> None:
    by_why: dict[str, list[int]] = {}
    for position, why in wrong:
        by_why.setdefault(why, []).append(position)
    for why, positions in by_why.items():
        cells = "; ".join(place(position) for position in positions[:3])
        if why == "is not a number":
            count = f"{len(positions)} value{'s are not numbers' if len(positions) > 1 else ' is not a number'}"
            said.wrong(f"{count}: {cells}", advice("", why))
        else:
            said.wrong(f"{cells} {why}", advice(str(values[positions[0]]), why))


def _require_names(stack: Stack, close: pl.Series, table: Table, said: Account) -> None:
    nameless = (stack.assets.is_null() & close.is_not_null()).arg_true()
    if len(nameless):
        row = table.row(int(stack.positions[int(nameless[0])]))
        said.wrong(f"{counted(len(nameless), 'price')} without an asset, the first in row {row}", "name the asset of every row")


def _note_empty(stack: Stack, close: pl.Series, days: pl.Series, table: Table, said: Account) -> None:
    """Cells without a price are not in what is passed on: said here or nowhere."""
    empty = close.is_null()
    if not empty.any():
        return
    named = stack.assets.drop_nulls().unique(maintain_order=True)
    gone = named.filter(~named.is_in(stack.assets.filter(~empty).unique().to_list()))
    if len(gone):
        said.note(f"{in_words(gone.to_list())} {'has' if len(gone) == 1 else 'have'} no price in any row")
    blank = (
        empty
        & _by_price(days, stack).is_not_null()
        & _blank(stack.values)
        & ~stack.assets.is_in(gone.to_list()).fill_null(True)
    )
    if blank.any():
        at = int(blank.arg_max() or 0)
        row = int(stack.positions[at])
        cells = counted(int(blank.sum()), "cell is empty and means", "cells are empty and mean")
        said.note(f"{cells} no price, the first for {stack.assets[at]} on {days[row]} (row {table.row(row)})")


def _blank(values: pl.Series) -> pl.Series:
    if values.dtype != pl.String:
        return values.is_null()
    return values.is_null() | (values.str.strip_chars() == "").fill_null(True)
