"""People's own factor tables: wide (a date and one column a factor) or long (date, factor, value), returns or prices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from portopt.adapters.providers.fama_french import month_end
from portopt.domain.arrays import Matrix
from portopt.domain.errors import DataError
from portopt.domain.factor_returns import Dates, FactorReturns
from portopt.tables.names import DATE, column_named, plain_name

FACTOR = ("factor", "factor_id", "name", "series")
VALUE = ("return", "value", "factor_return", "price", "close", "level")
RISK_FREE = ("rf", "risk_free", "riskfree", "risk_free_rate", "r_f")
BLANK = ("", "NA", "N/A", "NaN", "nan", "null", "-")
FIRST_ROW = 2  # what a spreadsheet calls the first row below the header


def table_factors(
    table: pl.DataFrame,
    where: str,
    names: Sequence[str] | None = None,
    *,
    unit: str = "fraction",
    kind: str = "returns",
    excess: bool | None = None,
) -> FactorReturns:
    """Factor returns of a table.

    Args:
        names: factors wanted; None for every column but the date and the risk-free rate (rf, risk_free).
        unit: "fraction" or "percent". kind: "returns" or "prices", of which simple returns are taken.
        excess: whether they are net of financing; None says so for columns called something-RF, and no for others.
    Raises:
        DataError: no date column, a factor that is not there, a cell that is no number, by row and value, a date twice,
        or returns that look like percent and are called fractions.
    """
    table = _wide(table, where)
    day = column_named(table.columns, DATE) or table.columns[0]
    rate = next((c for c in table.columns if plain_name(c) in RISK_FREE), None)
    columns = [c for c in table.columns if c not in (day, rate)] if names is None else list(names)
    for name in columns:
        if name not in table.columns:
            have = ", ".join(c for c in table.columns if c != day)
            raise DataError(f"{where} has no factor {name!r}; it has: {have}", field="factors.names", value=name)
    if not columns:
        raise DataError(f"{where} has a date column and no factor", field="factors.source")
    used = columns if rate is None else [*columns, rate]
    dates = _dates(table[day], where)
    values = np.column_stack([_numbers(table[name], name, where) for name in used])
    return _finished(dates, values, columns, where, unit=unit, kind=kind, excess=excess, has_rate=rate is not None)


def _finished(
    dates: Dates, values: Matrix, columns: list[str], where: str, *, unit: str, kind: str, excess: bool | None, has_rate: bool
) -> FactorReturns:
    order = np.argsort(dates, kind="stable")
    dates, values = dates[order], values[order]
    twice = np.flatnonzero(np.diff(dates) == np.timedelta64(0, "D"))
    if len(twice):
        raise DataError(f"{where}: two rows for {dates[twice[0]]}", field="factors.source", value=str(dates[twice[0]]))
    known = np.isfinite(values).all(axis=1)
    dates, values, K = dates[known], values[known], len(columns)
    if unit == "percent":
        values = values / (1.0 if kind == "prices" else 100.0)
    if kind == "prices":
        values, dates = _returns_of_prices(values, K, where), dates[1:]
    if not len(values):
        raise DataError(f"{where}: no row has every factor", field="factors.source")
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
        notes=(f"{missing} rows without a value left out",) if missing else (),
    )


def _returns_of_prices(values: Matrix, K: int, where: str) -> Matrix:
    """Simple returns of the first K columns; a risk-free column is a rate already."""
    prices = values[:, :K]
    if (prices <= 0.0).any():
        raise DataError(f"{where}: a price of {prices.min():g}; prices are positive", field="factors.source.kind")
    return np.column_stack([prices[1:] / prices[:-1] - 1.0, values[1:, K:]])


def _wide(table: pl.DataFrame, where: str) -> pl.DataFrame:
    """One column a factor, whichever way it came."""
    if not table.width or not table.height:
        raise DataError(f"{where} holds no factor returns", field="factors.source")
    day, factor, value = (column_named(table.columns, known) for known in (DATE, FACTOR, VALUE))
    if day is None and plain_name(table.columns[0]) not in ("", "index", "unnamed:_0", "month", "period"):
        found = ", ".join(repr(c) for c in table.columns[:20])
        raise DataError(
            f"{where}: no date column (one of {', '.join(DATE)}); columns found: {found}",
            field="factors.source",
            fixes=["name the columns date and one for each factor, or date, factor, return"],
        )
    if factor is None or value is None or day is None:
        return table
    repeated = table.select(day, factor).is_duplicated()
    if repeated.any():
        row = table.filter(repeated).row(0, named=True)
        raise DataError(f"{where}: two rows for {row[factor]} on {row[day]}", field="factors.source", value=str(row[day]))
    return table.pivot(on=factor, index=day, values=value, maintain_order=True)


def _dates(column: pl.Series, where: str) -> Dates:
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        return np.asarray(column.cast(pl.Date).to_numpy(), dtype="datetime64[D]")
    return np.array([_date(str(text).strip(), row, where) for row, text in enumerate(column)], dtype="datetime64[D]")


def _date(text: str, row: int, where: str) -> np.datetime64:
    """YYYY-MM-DD (a time after it is ignored), YYYYMMDD; YYYY-MM and YYYYMM are the month's last day."""
    digits = text[:10].replace("-", "").replace("/", "")
    try:
        if not digits.isdigit():
            raise ValueError(text)
        if len(digits) == 6:
            return month_end(int(digits[:4]), int(digits[4:]))
        if len(digits) != 8:
            raise ValueError(text)
        return np.datetime64(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}", "D")
    except ValueError:
        raise DataError(
            f"{where}, row {row + FIRST_ROW}: {text!r} is no date",
            field="factors.source",
            value=text,
            measured={"row": row + FIRST_ROW},
            fixes=["write dates as YYYY-MM-DD"],
        ) from None


def _numbers(column: pl.Series, name: str, where: str) -> Matrix:
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).to_numpy().astype(np.float64)
    text = column.cast(pl.String).str.strip_chars()
    text = text.set(text.is_in(list(BLANK)), None)
    parsed = text.cast(pl.Float64, strict=False)
    wrong = (parsed.is_null() & text.is_not_null()).to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{where}, row {row + FIRST_ROW}: {text[row]!r} is no number ({name})",
            field=f"factors.source.{name}",
            value=text[row],
            measured={"row": row + FIRST_ROW, "count": int(wrong.sum())},
            fixes=["write numbers with a decimal point and no percent sign; leave missing ones empty"],
        )
    return parsed.to_numpy().astype(np.float64)
