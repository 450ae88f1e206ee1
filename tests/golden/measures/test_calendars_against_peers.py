"""A stock beside a coin, by ourselves and by others: who loses Mondays, and who counts weekends."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pypfopt.expected_returns import mean_historical_return
from skfolio.preprocessing import prices_to_returns

from portopt.domain.market import MarketSnapshot
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Universe
from portopt.estimation import estimate

CHOICE = EstimationChoice(covariance="sample", lookback=None)


def believed(table: pd.DataFrame) -> tuple[float, float]:
    """(mean, volatility) of the first column, annual."""
    dates = table.index.to_numpy().astype("datetime64[D]")
    ids = tuple(table.columns)
    pack = MarketSnapshot("pack-0", dates[-1].item(), ids, dates, table.to_numpy(dtype=float), None, "made", "adjusted")
    moments = estimate(pack, Universe.of(ids), CHOICE, 0.0)
    return float(moments.mu[0]), float(np.sqrt(moments.Sigma[0, 0]))


def test_only_common_days_leave_a_stock_beside_a_coin_as_it_is():
    days = pd.date_range("2023-01-02", "2023-12-31")
    rng = np.random.default_rng(4)
    common = rng.normal(0.0, 0.007, (len(days), 1))
    prices = 50.0 * np.cumprod(1.0 + 0.0004 + common + rng.normal(0.0, 0.007, (len(days), 2)), axis=0)
    table = pd.DataFrame(prices, index=days, columns=["A", "COIN"])
    table.loc[days.dayofweek >= 5, "A"] = np.nan
    alone = table[["A"]].dropna()
    plain = alone["A"].pct_change().dropna()
    assert believed(alone) == pytest.approx((plain.mean() * 252, plain.std() * np.sqrt(252)), rel=1e-9)
    assert believed(table) == pytest.approx(believed(alone), rel=1e-12)
    theirs = {
        "pypfopt": mean_historical_return(table, compounding=False)["A"],
        "skfolio": prices_to_returns(table)["A"].mean() * 252,
        "pandas": table.pct_change(fill_method=None)["A"].mean() * 252,
        "pandas, days of both": table.dropna().pct_change()["A"].mean() * 252,
    }
    off = {name: abs(mean / believed(alone)[0] - 1.0) for name, mean in theirs.items()}
    assert off.pop("pandas, days of both") < 1e-9
    assert all(error > 0.2 for error in off.values()), "each of them tells another mean of the same stock"
