"""Prices that came as a body, and prices of a pack that is kept: both as a provider gives them."""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from portopt.domain.errors import DataError, MalformedDocument
from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.ports import PackStore
from portopt.tables.account import Account
from portopt.tables.delivered import Delivered
from portopt.tables.files import read_content
from portopt.tables.frames import table_of_columns
from portopt.tables.head import score_of_prices
from portopt.tables.prices import prices_of
from portopt.tables.sizes import MAX_BYTES
from portopt.tables.table import Table

KINDS = (".csv", ".tsv", ".txt", ".xlsx", ".parquet", ".arrow", ".json")
MOST_ROWS = 5_000_000
PACK = "pack:"  # before a pack's id, where a provider is named


class DeliveredPrices:
    """One body, long or wide; of JSON: a list of objects, one a row, or an object of lists, one a column."""

    name = "delivered"

    def __init__(self, body: Delivered, max_bytes: int = MAX_BYTES) -> None:
        said = Account(body.name)
        table = _of_json(body) if body.kind == ".json" else read_content(body, score_of_prices, said, max_bytes)
        if not table.names:
            raise DataError(f"{body.name} has no column names", field="body", fixes=["name the columns in the first row"])
        read = prices_of(table, said)
        self.source = f"a table that was sent, {table.height} row{'' if table.height == 1 else 's'}"
        self.adjustment, self.notes, self._long = read.adjustment, tuple(said.notes), read.long

    def prices(self, query: MarketQuery) -> pl.DataFrame:
        """All of it; cutting is done once, where every provider's table is opened."""
        return self._long


def _of_json(body: Delivered) -> Table:
    from portopt.dialects.reading import parse_json

    found = parse_json(body.content)
    found = found.get("prices", found) if isinstance(found, dict) else found
    if isinstance(found, list) and found and all(isinstance(row, dict) for row in found):
        names = dict.fromkeys(name for row in found for name in row)
        found = {name: [row.get(name) for row in found] for name in names}
    if not isinstance(found, dict) or not found or not all(isinstance(column, list) for column in found.values()):
        fix = 'write [{"date": "2024-01-02", "asset": "AAPL", "close": 185.64}, …] or {"date": […], "AAPL": […]}'
        raise MalformedDocument("prices are a list of rows or an object of columns", field="prices", fixes=[fix])
    odd = next((name for name, column in found.items() if any(isinstance(cell, list | dict) for cell in column)), None)
    if odd is not None:
        raise MalformedDocument(f"column {json.dumps(odd)[:80]} of the prices holds lists or objects", field="prices")
    return table_of_columns(found, "prices")


class PackProvider:
    """A pricing pack that is kept, by its id: the prices that a request names, cut to what it asks for."""

    name = "pack"
    notes: tuple[str, ...] = ()

    def __init__(self, pricing_pack_id: str, packs: PackStore) -> None:
        self._pack = packs.get(pricing_pack_id)
        self.source = f"pricing pack {pricing_pack_id}"
        self.adjustment = self._pack.adjustment

    def prices(self, query: MarketQuery) -> pl.DataFrame:
        return long_table(self._pack)


def long_table(pack: MarketSnapshot) -> pl.DataFrame:
    """A row a price or a volume: asset_id, date, close, and volume where there are any."""
    known = ~np.isnan(pack.prices)
    if pack.volumes is not None:
        known |= ~np.isnan(pack.volumes)
    days, assets = np.nonzero(known)
    columns = {
        "asset_id": pl.Series(pack.asset_ids, dtype=pl.String).gather(assets),
        "date": pl.Series(pack.dates[days]).cast(pl.Date),
        "close": pl.Series(pack.prices[known], nan_to_null=True),
    }
    if pack.volumes is not None:
        columns["volume"] = pl.Series(pack.volumes[known], nan_to_null=True)
    return pl.DataFrame(columns)
