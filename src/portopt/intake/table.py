"""The cells of one table under their column names, each row with the number a person would look for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of equal length: text as written, or the numbers and dates that a typed source holds.

    names: one a column, as written. levels: where a table has more than one row of names, the others, above `names`.
    rows: (T,) row numbers of the source. mark: the decimal mark that the source's form says ("." between commas), or None.
    """

    names: tuple[str, ...]
    columns: tuple[pl.Series, ...]
    rows: npt.NDArray[np.int64]
    mark: str | None = None
    levels: tuple[tuple[str, ...], ...] = field(default=())

    @property
    def height(self) -> int:
        return len(self.rows)

    def row(self, position: int) -> int:
        return int(self.rows[position])


def of_frame(frame: pl.DataFrame, levels: tuple[tuple[str, ...], ...] = (), names: tuple[str, ...] | None = None) -> Table:
    """A frame as a table; its rows are counted from 1."""
    columns = tuple(frame.get_columns())
    return Table(names or tuple(frame.columns), columns, np.arange(1, frame.height + 1), ".", levels)
