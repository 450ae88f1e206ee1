"""People's own factor tables: wide (a date and one column a factor) or long (date, factor, value), returns or prices."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from portopt.domain.arrays import Matrix
from portopt.domain.errors import DataError
from portopt.domain.factor_returns import Dates, FactorReturns
from portopt.tables.account import Account, counted, shown
from portopt.tables.dates import FIRST_YEAR, LAST_YEAR, Days, days_of
from portopt.tables.names import DATE, column_named, plain_name
from portopt.tables.numbers import advice, evidence_of, numbers_of
from portopt.tables.table import Table

FIELD = "factors.source"
FACTOR = ("factor", "factor_id", "name", "series")
VALUE = ("return", "value", "factor_return", "price", "close", "level")
RISK_FREE = ("rf", "risk_free", "riskfree", "risk_free_rate", "r_f")
MONTH = re.compile(r"^(?P<year>[0-9]{4})[-/]?(?P<month>[0-9]{2})$")
TOLD = 3  # cells of a column that are named


def table_factors(
    table: Table,
    where: str,
    names: Sequence[str] | None = None,
    *,
    unit: str = "fraction",
    kind: str = "returns",
    excess: bool | None = None,
    said: Account | None = None,
) -> FactorReturns:
    """Factor returns of a table, by the reading kit: the whole column decides what its commas and dates mean.

    Args:
        names: factors wanted; None for every column but the date and the risk-free rate (rf, risk_free).
        unit: "fraction" or "percent". kind: "returns" or "prices", of which simple returns are taken.
        excess: whether they are net of financing; None says so for columns called something-RF, and no for others.
        said: what was read of the file already said.
    Raises:
        DataError: no date column, a factor that is not there, every cell that is no number or date, by row and value, a
        date twice, or returns that look like percent and are called fractions.
    """
    said = Account(where) if said is None else said
    _require_dates(table, where)
    frame = _long(table, where, said) if _is_long(table) else _wide(table, where, names, said)
    rate = next((c for c in frame.columns[1:] if plain_name(c) in RISK_FREE), None)
    columns = [c for c in frame.columns[1:] if c != rate] if names is None else list(names)
    _require_factors(columns, frame, where)
    used = columns if rate is None else [*columns, rate]
    dates = np.asarray(frame.to_series(0).to_numpy(), dtype="datetime64[D]")
    values = frame.select(used).to_numpy().astype(np.float64)
    return _finished(dates, values, columns, where, said, unit=unit, kind=kind, excess=excess, has_rate=rate is not None)


def _require_dates(table: Table, where: str) -> None:
    if not table.names or not table.height:
        raise DataError(f"{where} holds no factor returns", field=FIELD)
    if column_named(table.names, DATE) is None and plain_name(table.names[0]) not in (
        "", "index", "unnamed:_0", "month", "period",
    ):  # fmt: skip
        found = ", ".join(repr(c) for c in table.names[:20])
        raise DataError(
            f"{where}: no date column (one of {', '.join(DATE)}); columns found: {found}",
            field=FIELD,
            fixes=["name the columns date and one for each factor, or date, factor, return"],
        )


def _require_factors(columns: Sequence[str], frame: pl.DataFrame, where: str) -> None:
    for name in columns:
        if name not in frame.columns:
            have = ", ".join(frame.columns[1:])
            raise DataError(f"{where} has no factor {name!r}; it has: {have}", field="factors.names", value=name)
    if not columns:
        raise DataError(f"{where} has a date column and no factor", field=FIELD)


def _finished(
    dates: Dates,
    values: Matrix,
    columns: list[str],
    where: str,
    said: Account,
    *,
    unit: str,
    kind: str,
    excess: bool | None,
    has_rate: bool,
) -> FactorReturns:
    order = np.argsort(dates, kind="stable")
    dates, values = dates[order], values[order]
    twice = np.flatnonzero(np.diff(dates) == np.timedelta64(0, "D"))
    if len(twice):
        raise DataError(f"{where}: two rows for {dates[twice[0]]}", field=FIELD, value=str(dates[twice[0]]))
    known = np.isfinite(values).all(axis=1)
    dates, values, K = dates[known], values[known], len(columns)
    if unit == "percent":
        values = values / (1.0 if kind == "prices" else 100.0)
    if kind == "prices":
        values, dates = _returns_of_prices(values, K, where), dates[1:]
    if not len(values):
        raise DataError(f"{where}: no row has every factor", field=FIELD)
    largest = float(np.abs(values[:, :K]).max())
    if largest > 1.0 and kind == "returns" and unit == "fraction":
        raise DataError(
            f"{where}: a return of {100 * largest:,.0f} %; these look like percent",
            field="factors.source.unit",
            measured={"largest": largest},
            fixes=['say "unit": "percent", or "kind": "prices" for prices'],
        )
    missing = int((~known).sum())
    return FactorReturns(
        tuple(columns),
        values[:, :K],
        dates,
        values[:, K] if has_rate else None,
        excess=any(plain_name(c).endswith("_rf") for c in columns) if excess is None else excess,
        source=where,
        notes=(*said.notes, *([f"{missing} rows without a value left out"] if missing else [])),
    )


def _returns_of_prices(values: Matrix, K: int, where: str) -> Matrix:
    """Simple returns of the first K columns; a risk-free column is a rate already."""
    prices = values[:, :K]
    if (prices <= 0.0).any():
        raise DataError(f"{where}: a price of {prices.min():g}; prices are positive", field="factors.source.kind")
    return np.column_stack([prices[1:] / prices[:-1] - 1.0, values[1:, K:]])


def _is_long(table: Table) -> bool:
    return all(column_named(table.names, known) is not None for known in (DATE, FACTOR, VALUE))


def _wide(table: Table, where: str, names: Sequence[str] | None, said: Account) -> pl.DataFrame:
    """The date and one column a factor; what is not wanted is not read, and holds what it likes."""
    day = column_named(table.names, DATE) or table.names[0]
    others = [name for name in table.names if name != day]
    read = [name for name in others if names is None or name in names or plain_name(name) in RISK_FREE]
    other = evidence_of([table.column(name) for name in read])
    dates = _days(table, table.column(day), said)
    columns = [_numbers(table, table.column(name), name, other, said) for name in read]
    said.finish(FIELD)
    kept = dict(zip(read, columns, strict=True))
    empty = pl.Series([None] * table.height, dtype=pl.Float64)
    return pl.DataFrame([dates.alias(day), *(kept.get(name, empty).alias(name) for name in others)])


def _long(table: Table, where: str, said: Account) -> pl.DataFrame:
    """The same of a table with a row a factor and date."""
    day, factor, value = (str(column_named(table.names, known)) for known in (DATE, FACTOR, VALUE))
    values = table.column(value)
    dates = _days(table, table.column(day), said)
    numbers = _numbers(table, values, value, evidence_of([values]), said)
    said.finish(FIELD)
    frame = pl.DataFrame([dates.alias(day), table.column(factor).alias(factor), numbers.alias(value)])
    repeated = frame.select(day, factor).is_duplicated()
    if repeated.any():
        row = frame.filter(repeated).row(0, named=True)
        raise DataError(f"{where}: two rows for {row[factor]} on {row[day]}", field=FIELD, value=str(row[day]))
    return frame.pivot(on=factor, index=day, values=value, maintain_order=True)


def _days(table: Table, column: pl.Series, said: Account) -> pl.Series:
    """Days; of a column of months (2024-03, 202403) their last days."""
    read = _months(column) or days_of(column)
    for at, text, why in read.wrong[:TOLD]:
        said.wrong(f"row {table.row(at)}: {shown(text)} {why}", "write dates as YYYY-MM-DD")
    if len(read.wrong) > TOLD:
        said.wrong(f"the dates: {counted(len(read.wrong) - TOLD, 'more cell')} without a day")
    empty = read.days.is_null()
    if empty.any() and not read.wrong:
        said.wrong(f"row {table.row(int(empty.arg_max() or 0))}: '' is no date", "write dates as YYYY-MM-DD")
    if read.note is not None:
        said.note(read.note)
    return read.days


def _months(column: pl.Series) -> Days | None:
    """The column as months; None where it is one of days."""
    texts = [str(cell).strip() for cell in column.to_list()] if column.dtype.is_integer() or column.dtype == pl.String else []
    found = [MONTH.match(text) for text in texts]
    if not texts or not all(found):
        return None
    days = [_month_end(match) for match in found if match is not None]
    wrong = [(at, texts[at], "is no date") for at, day in enumerate(days) if day is None]
    return Days(pl.Series(column.name, days, dtype=pl.Date), tuple(wrong))


def _month_end(month: re.Match[str]) -> date | None:
    """The month's last day; None for no month of a year that returns are of."""
    year, number = int(month["year"]), int(month["month"])
    known = FIRST_YEAR <= year <= LAST_YEAR and 1 <= number <= 12
    return date(year, number, monthrange(year, number)[1]) if known else None


def _numbers(table: Table, values: pl.Series, name: str, other: str | None, said: Account) -> pl.Series:
    """A column of numbers; what is none is told by row and value, what is missing is null."""
    if values.dtype.is_numeric():
        return values.cast(pl.Float64)
    read = numbers_of(values.cast(pl.String), table.mark, other)
    for at, why in read.wrong[:TOLD]:
        text = (values[at] or "").strip()
        said.wrong(f"row {table.row(at)}: {shown(text)} {why} ({name})", advice(text, why))
    if len(read.wrong) > TOLD:
        said.wrong(f"column {name}: {counted(len(read.wrong) - TOLD, 'more cell')} without a number")
    if read.mark == ",":
        said.note(f"the comma is the decimal mark of column {name}")
    return read.text.cast(pl.Float64, strict=False)
