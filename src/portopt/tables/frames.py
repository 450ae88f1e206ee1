"""Data frames to tables: an index of days is a column, two levels of column names are two rows, missing is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from portopt.domain.errors import InvalidValue
from portopt.tables.dates import days_of
from portopt.tables.names import DATE, plain_name, repeated
from portopt.tables.table import Table, in_words_or_numbers, of_frame


def table_of_frame(frame: Any, where: str) -> Table:
    """A Polars or pandas DataFrame. Raises InvalidValue for anything else."""
    if isinstance(frame, pl.DataFrame):
        frame = _unfolded(frame, where)
        return of_frame(frame.with_columns(in_words_or_numbers(values) for values in frame.get_columns()))
    if isinstance(frame, pl.LazyFrame) or not (
        hasattr(frame, "columns") and hasattr(frame, "index") and hasattr(frame, "reset_index")
    ):
        raise InvalidValue(where, type(frame).__name__, "is not a Polars or pandas DataFrame", fix=_as_frame(frame, where))
    names, levels = _names(frame.columns)
    columns = [_series(names[i], frame.iloc[:, i]) for i in range(len(names))]
    index = _index(frame, names)
    names = [*(series.name for series in index), *names]
    levels = [("",) * len(index) + level for level in levels]
    return Table(tuple(names), (*index, *columns), np.arange(1, len(frame) + 1), None, tuple(levels))


def _as_frame(values: Any, where: str) -> str:
    """What makes a frame of something else."""
    if isinstance(values, pl.LazyFrame):
        return f"give {where}.collect()"
    if hasattr(values, "to_frame"):
        return f'give {where}.to_frame("A") of one asset, {where}.unstack() of several in a long index'
    return f'say which column is which asset: pandas.DataFrame({where}, columns=["A", "B"])'


def table_of_columns(columns: Mapping[Any, Any], where: str) -> Table:
    """{name: sequence}. pandas Series belong together by their indices; other sequences by their positions.

    Raises InvalidValue for sequences of unequal length.
    """
    columns = _aligned(columns, where)
    found = [_of_values(str(name), values, where) for name, values in columns.items()]
    lengths = {len(values) for values in found}
    if len(lengths) > 1:
        said = ", ".join(f"{values.name} {len(values)}" for values in found[:10])
        raise InvalidValue(where, said, "the assets have unequal numbers of values", fix="fill what is missing with None")
    return Table(tuple(v.name for v in found), tuple(found), np.arange(1, max(lengths, default=0) + 1))


def _aligned(columns: Mapping[Any, Any], where: str) -> Mapping[Any, Any]:
    """Series on the union of their indices, where these differ; anything else as it is."""
    series = list(columns.values())
    if not series or not all(hasattr(values, "reindex") and hasattr(values, "index") for values in series):
        return columns
    index = series[0].index
    if all(values.index.equals(index) for values in series[1:]):
        return columns
    for name, values in columns.items():
        if not values.index.is_unique:
            again = values.index[values.index.duplicated()][0]
            raise InvalidValue(where, f"{name} at {again}", "stands twice in its index, and the others have another index",
                               fix=f"keep one value of {name} at {again}")  # fmt: skip
    for values in series[1:]:
        index = index.union(values.index)
    return {name: values.reindex(index) for name, values in columns.items()}


def as_polars(frame: Any, where: str) -> pl.DataFrame:
    """The table as a Polars frame. Raises InvalidValue where two of its columns bear one name."""
    table = table_of_frame(frame, where)
    twice = repeated(table.names)
    if twice:
        raise InvalidValue(where, twice, "several columns bear one name", fix=f"keep one column {twice[0]}")
    return table.frame()


def _unfolded(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    nested = [name for name, kind in frame.schema.items() if kind.is_nested() or kind in (pl.Object, pl.Binary)]
    if nested:
        raise InvalidValue(where, nested, "columns of lists or objects, not of numbers", fix="keep one value a cell")
    return frame.with_columns(
        pl.col(n).cast(pl.String) for n, kind in frame.schema.items() if kind in (pl.Categorical, pl.Enum)
    )


def _names(columns: Any) -> tuple[list[str], list[tuple[str, ...]]]:
    """Names, and the levels above them where there are several (fields over tickers)."""
    if getattr(columns, "nlevels", 1) == 1:
        # pandas spells a name that is None as NaN: that is no ticker.
        return ["" if name is None or name != name else str(name) for name in columns], []
    levels = [tuple(str(part) for part in columns.get_level_values(k)) for k in range(columns.nlevels)]
    return list(levels[-1]), levels[:-1]


def _index(frame: Any, names: list[str]) -> list[pl.Series]:
    """The index as columns; one that only counts rows is none."""
    index = frame.index
    if type(index).__name__ == "RangeIndex":
        return []
    if getattr(index, "nlevels", 1) > 1:
        return [
            _series(str(index.names[k] or f"level_{k}"), index.get_level_values(k).to_series()) for k in range(index.nlevels)
        ]
    dated = type(index).__name__ in ("DatetimeIndex", "PeriodIndex")
    if not dated and index.dtype.kind in "iu" and any(plain_name(name) in DATE for name in names):
        return []  # row numbers that were left of a selection
    values = _series("index", index.to_series())
    if values.dtype == pl.String:
        dated = bool(days_of(values.head(1)).days.is_not_null().any())
    dated = dated or values.dtype.is_temporal()
    return [values.alias("date" if dated else str(index.name or "index"))]


def _series(name: str, column: Any) -> pl.Series:
    """A pandas column as Polars: what pandas calls missing (NaN, None, NA, NaT) is null, not the number NaN."""
    if str(column.dtype).startswith("period"):
        # A price of a month is one of its end.
        column = column.dt.to_timestamp(how="end").dt.normalize()
    values = column.to_numpy()
    if values.dtype == "datetime64[s]":  # what pandas makes of days; Polars has no such unit
        values = values.astype("datetime64[ms]")
    if values.dtype.kind == "O":
        cells = [None if gone else value for value, gone in zip(values, column.isna(), strict=True)]
        return _of_objects(name, cells)
    return in_words_or_numbers(pl.Series(name, values, nan_to_null=True))


def _of_values(name: str, values: Any, where: str) -> pl.Series:
    if isinstance(values, pl.Series):
        return values.alias(name)
    if hasattr(values, "isna") and hasattr(values, "to_numpy"):
        return _series(name, values)
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InvalidValue(where, name, "is not one sequence of numbers") from error
    if array.ndim != 1:
        raise InvalidValue(where, name, f"is not one sequence of numbers, but of shape {array.shape}")
    if array.dtype.kind in "fiu":
        return pl.Series(name, array.astype(float))
    return _of_objects(name, list(values))


def _of_objects(name: str, cells: list[Any]) -> pl.Series:
    """Cells of any kind: one kind where they are of one, text where they are mixed (a number among words)."""
    if not any(isinstance(cell, str) for cell in cells):
        try:
            return in_words_or_numbers(pl.Series(name, cells, strict=False))
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            pass  # of several kinds
    return pl.Series(name, [None if cell is None else str(cell) for cell in cells], dtype=pl.String)
