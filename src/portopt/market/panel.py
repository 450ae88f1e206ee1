"""From rows in any order to dates by assets: codes and one scatter, no pivot.

A long table of 1M rows becomes wide several times faster than by a pivot of any frame library, because sorting is
never needed: a date is its own position after subtracting the first one, an asset is its dictionary code.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Indices, Matrix
from portopt.domain.errors import DataError

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """One (asset, date) that came more than once. values: the prices delivered for it, in their order."""

    asset: int
    date: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """T dates by n assets, both sorted. prices (T, n): NaN where none was delivered.

    repeated: (asset, date) pairs delivered more than once; the last one delivered stands in `prices`.
    unusable: (r, 2) positions (date, asset) of values delivered that are NaN; no price there.
    infinite: (r, 2) positions of values delivered that are plus or minus infinity; no price there either.
    """

    ids: tuple[str, ...]
    dates: npt.NDArray[np.datetime64]
    prices: Matrix
    volumes: Matrix | None
    repeated: tuple[Repeated, ...]
    unusable: Indices
    infinite: Indices


def panel_of(table: pl.DataFrame) -> Panel:
    """The panel of a long table with columns asset_id, date, close and optionally volume; rows in any order.

    Rows whose close is null say nothing and are left out. Raises DataError for missing columns, rows without an
    asset or a date, and a table without rows.
    """
    import polars as pl

    missing = [name for name in ("asset_id", "date", "close") if name not in table.columns]
    if missing:
        raise DataError(
            f"the price table has no column {', '.join(missing)}; its columns are {', '.join(table.columns)}",
            field="prices",
            measured={"columns": table.columns},
        )
    if table["close"].null_count():
        table = table.filter(pl.col("close").is_not_null())
    if table.height == 0:
        raise DataError("the source has no price for these assets and dates", field="prices", measured={"rows": 0})
    nameless = table["asset_id"].null_count() + table["date"].null_count()
    if nameless:
        raise DataError(f"{nameless} prices name no asset or no date", field="prices", value=nameless)
    return _stacked(table) or _scattered(table)


def _stacked(table: pl.DataFrame) -> Panel | None:
    """The panel of a table that is one already, asset under asset on the same dates in order; None for any other."""
    import polars as pl

    assets = table["asset_id"].cast(pl.String)
    if table.height < 2 or assets[0] != assets[1]:  # the cheap look that most other tables end with
        return None
    runs = assets.rle().struct.unnest()
    T = table.height // runs.height
    if T < 2 or runs.height * T != table.height:
        return None
    ids = tuple(runs["value"].to_list())
    if any(a >= b for a, b in itertools.pairwise(ids)) or (runs["len"] != T).any():
        return None
    days = table["date"].cast(pl.Date).to_physical().to_numpy().reshape(len(ids), T)
    if (days[0, 1:] <= days[0, :-1]).any() or (days[1:] != days[0]).any():
        return None
    prices = np.ascontiguousarray(table["close"].cast(pl.Float64).to_numpy().reshape(len(ids), T).T)
    if not np.isfinite(prices).all():
        return None
    volumes = None
    if "volume" in table.columns:
        volume = table["volume"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        volumes = np.ascontiguousarray(volume.reshape(len(ids), T).T)
    nowhere = np.empty((0, 2), dtype=np.intp)
    return Panel(ids, days[0].astype("datetime64[D]"), prices, volumes, (), nowhere, nowhere)


def _scattered(table: pl.DataFrame) -> Panel:
    """The panel of any table: a code for each asset and date, and one scatter."""
    import polars as pl

    ids, columns = _asset_positions(table["asset_id"])
    dates, rows = _date_positions(table["date"])
    close = table["close"].cast(pl.Float64).to_numpy()
    usable = np.isfinite(close)
    unusable, infinite = (np.stack([rows[at], columns[at]], axis=1) for at in (np.isnan(close), np.isinf(close)))
    if not usable.all():
        close = np.where(usable, close, np.nan)
    prices = _scatter(rows, columns, close, (len(dates), len(ids)))
    volumes = None
    if "volume" in table.columns:
        volumes = _scatter(rows, columns, table["volume"].cast(pl.Float64).fill_null(np.nan).to_numpy(), prices.shape)
    repeated = _repeated(rows, columns, close, prices)
    return Panel(ids, dates, prices, volumes, repeated, unusable, infinite)


def _asset_positions(assets: pl.Series) -> tuple[tuple[str, ...], Indices]:
    """Sorted distinct ids, and for every row the position of its id among them."""
    import polars as pl

    distinct = assets.cast(pl.String).unique().sort()
    codes = assets.cast(pl.Enum(distinct)).to_physical().to_numpy()
    return tuple(distinct.to_list()), codes.astype(np.intp)


def _date_positions(dates: pl.Series) -> tuple[npt.NDArray[np.datetime64], Indices]:
    """Sorted distinct dates, and for every row the position of its date among them: a lookup by day number."""
    import polars as pl

    days = dates.cast(pl.Date).to_physical().to_numpy()
    first = int(days.min())
    seen = np.zeros(int(days.max()) - first + 1, dtype=bool)
    seen[days - first] = True
    position = np.cumsum(seen) - 1
    distinct = (np.flatnonzero(seen) + first).astype("datetime64[D]")
    return distinct, position[days - first]


def _scatter(rows: Indices, columns: Indices, values: npt.NDArray[np.float64], shape: tuple[int, ...]) -> Matrix:
    wide = np.full(shape, np.nan)
    wide.ravel()[rows * shape[1] + columns] = values
    return wide


def _repeated(rows: Indices, columns: Indices, close: npt.NDArray[np.float64], prices: Matrix) -> tuple[Repeated, ...]:
    filled = np.zeros(prices.size, dtype=bool)
    cells = rows * prices.shape[1] + columns
    filled[cells] = True
    if int(np.count_nonzero(filled)) == len(cells):
        return ()
    counts = np.bincount(cells, minlength=prices.size)
    again = np.flatnonzero(counts > 1)
    mine = np.flatnonzero(counts[cells] > 1)
    by_cell: dict[int, list[float]] = {int(cell): [] for cell in again}
    for row in mine:
        by_cell[int(cells[row])].append(float(close[row]))
    n = prices.shape[1]
    return tuple(Repeated(cell % n, cell // n, tuple(values)) for cell, values in by_cell.items())
