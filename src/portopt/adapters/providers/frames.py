"""Prices that are in memory already: a Polars or pandas frame, long or wide."""

from __future__ import annotations

from typing import Any

import polars as pl

from portopt.domain.market import MarketQuery
from portopt.tables.account import Account
from portopt.tables.frames import as_polars, table_of_frame
from portopt.tables.prices import prices_of

__all__ = ["FrameProvider", "as_polars"]


class FrameProvider:
    """One frame. The adjustment is what its column names say, as for files."""

    name = "frame"

    def __init__(self, frame: Any) -> None:
        table = table_of_frame(frame, "prices")
        self.source = f"a data frame of {table.height} rows"
        said = Account(self.source)
        read = prices_of(table, said)
        self.adjustment, self.notes, self._long = read.adjustment, tuple(said.notes), read.long

    def prices(self, query: MarketQuery) -> pl.DataFrame:
        """All of it; cutting at `as_of` and to `assets` is done once, where every provider's table is opened."""
        return self._long
