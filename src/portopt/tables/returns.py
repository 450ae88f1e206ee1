"""A table of periodic returns: every column is an asset, a date, a count of rows, or refused with its cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from portopt.tables.account import Account, counted, in_words, shown
from portopt.tables.dates import days_of
from portopt.tables.head import DATED
from portopt.tables.names import ASSET, DATE, INDEX, numbered, plain_name
from portopt.tables.numbers import advice, evidence_of, numbers_of
from portopt.tables.table import Table

CALENDAR = ("year", "month", "quarter", "week", "period", *INDEX)

TURN = "give one row a period and one column an asset: frame.T turns it"
LONG = 'give one column an asset: returns.pivot(index="date", columns="asset", values="return") of a long table'

Returns = npt.NDArray[np.float64]


def returns_of(table: Table, said: Account) -> dict[str, Returns]:
    """{asset: (T,) returns}, NaN where there is none. Raises DataError naming every column and cell that is no return."""
    assets = [i for i in range(len(table.names)) if not _is_date(table, i)]
    counts = [i for i in assets if _counts(table.names[i], table.columns[i])]
    labels = [i for i in assets if plain_name(table.names[i]) in INDEX and table.columns[i].dtype == pl.String]
    if counts:
        said.note(f"column {in_words([shown(table.names[i]) for i in counts])} counts rows or years: no asset, and not read")
    if labels:
        said.note(f"column {in_words([shown(table.names[i]) for i in labels])} names rows: no asset, and not read")
    counts += labels
    assets = [i for i in assets if i not in counts]
    if assets and _lie_across([table.names[i] for i in assets], bool(labels)):
        first = f"{shown(table.names[assets[0]])} to {shown(table.names[assets[-1]])}"
        said.wrong(f"its columns are days or numbers ({first}) and no assets", TURN)
        said.finish("returns")
    if not assets:
        said.wrong(
            f"no column of returns; columns found: {in_words([shown(n) for n in table.names])}", "give one column an asset"
        )
    other = evidence_of([table.columns[i] for i in assets])
    found: dict[str, Returns] = {}
    for i in assets:
        name = table.names[i].strip()
        if not name:
            said.wrong(f"column {i + 1} has no name", "name the column after its asset, or take it out")
        elif name in found:
            said.wrong(f"{name} stands in several columns", f"keep one column of {name}")
        found[name] = _numbers(table, i, other, said)
    for name, base in numbered(list(found)).items():
        said.wrong(f"{name} stands beside {base}: the same asset once more?", f"keep one column of {base}, or rename {name}")
    said.finish("returns")
    return found


def _lie_across(names: Sequence[str], labelled: bool) -> bool:
    """Whether the columns are days, or count them beside a column of names: a table with the assets in its rows."""
    if all(DATED.match(name) for name in names):
        return True
    return (
        labelled
        and len(names) > 2
        and names == [str(int(names[0]) + k) if names[0].isdigit() else "" for k in range(len(names))]
    )


def _is_date(table: Table, position: int) -> bool:
    name, values = plain_name(table.names[position]), table.columns[position]
    if values.dtype == pl.Date or isinstance(values.dtype, pl.Datetime):
        return True
    if name in DATE:  # which day it is does not matter here: no return is called so
        return values.dtype.is_integer() or values.dtype == pl.String
    if values.dtype != pl.String or not (position == 0 or DATED.match(next(iter(values.drop_nulls().head(1)), ""))):
        return False
    read = days_of(values)
    return not read.wrong and read.days.null_count() < len(values)


def _counts(name: str, values: pl.Series) -> bool:
    """Whether whole numbers count rows or years."""
    numbers = values.cast(pl.Float64, strict=False) if values.dtype.is_numeric() or values.dtype == pl.String else None
    if numbers is None or numbers.null_count() or len(numbers) < 2 or not bool((numbers == numbers.round()).all()):
        return False
    if not numbers.is_finite().all():
        return False
    steps = numbers.diff().drop_nulls()
    return plain_name(name) in CALENDAR or (len(numbers) > 2 and bool((steps == 1).all()))


def _numbers(table: Table, position: int, other: str | None, said: Account) -> Returns:
    name, values = table.names[position].strip(), table.columns[position]
    if values.dtype.is_numeric():
        return np.asarray(values.cast(pl.Float64).fill_null(np.nan).to_numpy())
    if values.dtype != pl.String:
        said.wrong(f"column {name} holds {values.dtype}, not returns", f"take {name} out, or give its returns as numbers")
        return np.full(len(values), np.nan)
    read = numbers_of(values, table.mark, other, percent=True)
    if len(read.wrong) and len(read.wrong) == len(values) - values.null_count() - sum(read.missing.values()):
        asset = plain_name(name) in ASSET
        said.wrong(f"column {name} holds words from top to bottom (first {shown(str(values[read.wrong[0][0]]))})",
                   LONG if asset else f"take column {name} out: it holds no returns")  # fmt: skip
        return np.full(len(values), np.nan)
    for at, why in read.wrong[:3]:
        said.wrong(f"row {table.row(at)}, column {name}: {shown(str(values[at]))} {why}", advice(str(values[at]), why))
    if len(read.wrong) > 3:
        said.wrong(f"column {name}: {len(read.wrong) - 3} more cells that are no numbers")
    if read.missing:
        words = in_words([f"{shown(word)} in {counted(n, 'cell')}" for word, n in read.missing.items()])
        said.note(f"column {name}: {words} {'means' if len(read.missing) == 1 else 'mean'} no return")
    out = np.asarray(read.text.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy())
    return out / 100.0 if read.percent else out
