"""Prices that are in memory already: a Polars or pandas frame, long or wide."""

from __future__ import annotations

from typing import Any

import polars as pl

from portopt.adapters.providers.tables import adjustment_of, to_long
from portopt.domain.errors import InvalidValue
from portopt.domain.market import MarketQuery


def as_polars(frame: Any, where: str) -> pl.DataFrame:
    """A Polars or pandas DataFrame as Polars; a pandas index that is not a plain count becomes the first column.

    Raises InvalidValue for anything else.
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    if not (hasattr(frame, "columns") and hasattr(frame, "index") and hasattr(frame, "reset_index")):
        raise InvalidValue(where, type(frame).__name__, "is not a Polars or pandas DataFrame, and not a path")
    if type(frame.index).__name__ != "RangeIndex":
        name = frame.index.name or "date"
        frame = frame.rename_axis(name).reset_index()
    return pl.DataFrame([_series(str(column), frame[column]) for column in frame.columns])


def _series(name: str, column: Any) -> pl.Series:
    """A pandas column as Polars: what pandas calls missing (NaN, None, NA, NaT) is null, not the number NaN."""
    values = column.to_numpy()
    if values.dtype.kind == "O":
        return pl.Series(name, [None if gone else value for value, gone in zip(values, column.isna(), strict=True)])
    return pl.Series(name, values, nan_to_null=True)


class FrameProvider:
    """One frame. The adjustment is what its column names say, as for files."""

    name = "frame"

    def __init__(self, frame: Any) -> None:
        table = as_polars(frame, "prices")
        self.adjustment = adjustment_of(table.columns)
        self.source = f"a data frame of {table.height} rows"
        self._long = to_long(table, self.source)

    def prices(self, query: MarketQuery) -> pl.DataFrame:
        """All of it; cutting at `as_of` and to `assets` is done once, where every provider's table is opened."""
        return self._long
