"""The cells of one table under their column names, each row with the number a person would look for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from portopt.tables.account import Account, in_words, shown


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of equal length: text as written, or the numbers and dates that a typed source holds.

    names: one a column, as written. levels: where a table has more than one row of names, the others, above `names`.
    rows: (T,) row numbers of the source. mark: the decimal mark that the source's form says ("." between commas), or None.
    clean: whether its text was cleaned of what nobody sees, as that of a file of text is.
    titles: what stood above the names of the columns, a text a row. beside: what a document says beside its rows, by name.
    """

    names: tuple[str, ...]
    columns: tuple[pl.Series, ...]
    rows: npt.NDArray[np.int64]
    mark: str | None = None
    levels: tuple[tuple[str, ...], ...] = field(default=())
    clean: bool = False
    titles: tuple[str, ...] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def height(self) -> int:
        return len(self.rows)

    def row(self, position: int) -> int:
        return int(self.rows[position])

    def column(self, name: str) -> pl.Series:
        return self.columns[self.names.index(name)]

    def frame(self) -> pl.DataFrame:
        """The columns by name; no name may stand twice."""
        return pl.DataFrame([values.alias(name) for name, values in zip(self.names, self.columns, strict=True)])


def of_frame(
    frame: pl.DataFrame,
    levels: tuple[tuple[str, ...], ...] = (),
    names: tuple[str, ...] | None = None,
    mark: str | None = None,
) -> Table:
    """A frame as a table; its rows are counted from 1. Its numbers are numbers; of its texts nobody knows who wrote them."""
    columns = tuple(frame.get_columns())
    return Table(names or tuple(frame.columns), columns, np.arange(1, frame.height + 1), mark, levels)


def in_words_or_numbers(values: pl.Series) -> pl.Series:
    """A column of a kind that holds neither numbers, texts nor days (spans of time, objects) as the texts of its cells."""
    kind = values.dtype
    if kind.is_numeric() or kind in (pl.String, pl.Date, pl.Datetime, pl.Boolean, pl.Null):
        return values
    return pl.Series(values.name, [None if cell is None else str(cell) for cell in values.to_list()], dtype=pl.String)


def named(
    names: Sequence[str],
    columns: Sequence[pl.Series],
    rows: npt.NDArray[np.int64],
    mark: str | None,
    levels: Sequence[Sequence[str]],
    said: Account,
    clean: bool = False,
) -> Table:
    """The table of what was read, without columns that have neither name nor content: separators that end the line, margins.

    A column without a name that holds something is a problem, but for the first, which may be an index.
    """
    kept = []
    for i, (name, values) in enumerate(zip(names, columns, strict=True)):
        if name.strip():
            kept.append(i)
            continue
        filled = _filled(values)
        if filled.any() and not kept and not any(column.strip() for column in names[:i]):
            kept.append(i)
        elif filled.any():
            at = int(filled.arg_max() or 0)
            said.wrong(
                f"column {i + 1} has no name, and row {int(rows[at])} holds {shown(str(values[at]))} in it",
                f"give column {i + 1} a name, or take it out",
            )
    again = _repeats(names, columns)
    if again.any():
        listed = [int(rows[int(at)]) for at in again.arg_true()]
        said.note(f"row {in_words(listed)} {'repeats' if len(listed) == 1 else 'repeat'} the names of the columns")
        columns, rows = [values.filter(~again) for values in columns], rows[~again.to_numpy()]
    parts = tuple(tuple(level[i] for i in kept) for level in levels)
    return Table(tuple(names[i] for i in kept), tuple(columns[i] for i in kept), rows, mark, parts, clean)


def _repeats(names: Sequence[str], columns: Sequence[pl.Series]) -> pl.Series:
    """Whether a row is the names once more, as printed pages begin with them."""
    first = columns[0] if columns else pl.Series([], dtype=pl.String)
    same = pl.Series([False] * len(first), dtype=pl.Boolean)
    if first.dtype != pl.String or not names[0].strip():
        return same
    found = (first.str.strip_chars() == names[0].strip()).fill_null(False)
    for at in found.arg_true():
        cells = [str(values[int(at)] or "").strip() for values in columns]
        found[int(at)] = cells == [name.strip() for name in names]
    return found


def _filled(values: pl.Series) -> pl.Series:
    if values.dtype != pl.String:
        return values.is_not_null()
    return (values.str.strip_chars() != "").fill_null(False)
