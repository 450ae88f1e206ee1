"""Data frames in memory: what pandas calls missing is missing, and infinity never is."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pytest

from portopt.adapters.providers.frames import FrameProvider, as_polars
from portopt.domain.errors import DataError
from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.domain.request import DataPolicy
from portopt.market import open_snapshot

DAYS = pd.date_range("2024-01-01", periods=80, name="date")
PRICES = 50 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.01, (80, 3)), axis=0))


def wide() -> pd.DataFrame:
    """B begins on the 31st day, C ends with it."""
    frame = pd.DataFrame(PRICES, index=DAYS, columns=["A", "B", "C"])
    frame.loc[frame.index[:30], "B"] = np.nan
    frame.loc[frame.index[31:], "C"] = np.nan
    return frame


def opened(frame: object) -> MarketSnapshot:
    provider = FrameProvider(frame)
    table = provider.prices(MarketQuery())
    return open_snapshot(
        table, source=provider.source, adjustment=provider.adjustment, policy=DataPolicy(), query=MarketQuery()
    )


@pytest.mark.parametrize("kind", ["float64", "Float64", "object"])
def test_unequal_histories_in_pandas_are_missing_prices_and_not_errors(kind: str) -> None:
    snapshot = opened(wide().astype(kind))
    assert snapshot.asset_ids == ("A", "B", "C")
    assert np.isfinite(snapshot.prices).sum(axis=0).tolist() == [80, 50, 31]
    assert "not_a_number" not in {finding.kind for finding in snapshot.findings}
    np.testing.assert_array_equal(snapshot.prices, wide().to_numpy())


def test_a_long_pandas_frame_with_missing_closes_leaves_those_rows_out() -> None:
    long = wide().melt(ignore_index=False, var_name="asset_id", value_name="close").reset_index()
    assert opened(long).pricing_pack_id == opened(wide()).pricing_pack_id


def test_objects_that_pandas_calls_missing_become_null() -> None:
    frame = pd.DataFrame({"x": pd.Series([1.5, None, pd.NA, float("nan")], dtype="object"), "name": ["a", None, "c", "d"]})
    assert as_polars(frame, "prices").to_dict(as_series=False) == {
        "x": [1.5, None, None, None],
        "name": ["a", None, "c", "d"],
    }


def test_an_infinite_price_in_pandas_is_refused_by_name_and_day() -> None:
    frame = wide()
    frame.loc[frame.index[5], "A"] = np.inf
    with pytest.raises(DataError, match="A has the price infinite on 2024-01-06"):
        opened(frame)


def test_polars_tells_null_from_nan_and_so_do_we() -> None:
    days = [date(2024, 1, 1 + t) for t in range(20)]
    frame = pl.DataFrame({"date": days, "A": PRICES[:20, 0], "B": [None, *PRICES[1:20, 1]]})
    assert np.isnan(opened(frame).prices[0, 1])
    with pytest.raises(DataError, match="B has the price NaN on 2024-01-01"):
        opened(frame.with_columns(pl.col("B").fill_null(float("nan"))))
