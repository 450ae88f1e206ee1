"""Returns over gaps: between an asset's own prices, unbiased however long, and nobody else's numbers move."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from portopt.domain.calendar import common_days, periods_per_year
from portopt.domain.market import MarketSnapshot
from portopt.domain.moments import Moments
from portopt.domain.own_returns import own_returns, together_of
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Universe
from portopt.estimation import COVARIANCE, estimate
from portopt.estimation.covariance.sample import sample
from portopt.estimation.histories import two_moments

CHOICE = EstimationChoice(covariance="sample", lookback=None, min_observations=20)
WEEKDAYS = pd.bdate_range("2021-01-04", periods=757).to_numpy().astype("datetime64[D]")


def walk(days: int, rho: float, n: int, seed: int) -> np.ndarray:
    """(days + 1, n) prices whose daily returns are independent normal, volatility 1 % a day, correlation rho."""
    rng = np.random.default_rng(seed)
    Sigma = 1e-4 * (rho + (1.0 - rho) * np.eye(n))
    X = 0.0004 + rng.standard_normal((days, n)) @ np.linalg.cholesky(Sigma).T
    return 50.0 * np.cumprod(np.vstack([np.ones(n), 1.0 + X]), axis=0)


def snapshot(dates: np.ndarray, prices: np.ndarray, ids: str = "ABC") -> MarketSnapshot:
    asset_ids = tuple(ids[: prices.shape[1]])
    return MarketSnapshot("pack-0", dates[-1].item(), asset_ids, dates, prices, None, "made", "adjusted")


def believed(dates: np.ndarray, prices: np.ndarray, **changes: object) -> Moments:
    pack = snapshot(dates, prices)
    choice = EstimationChoice(**{"covariance": "sample", "lookback": None, "min_observations": 20, **changes})
    return estimate(pack, Universe.of(pack.asset_ids), choice, 0.0)


def halted(prices: np.ndarray, start: int, days: int, column: int = 0) -> np.ndarray:
    out = prices.copy()
    out[start : start + days, column] = np.nan
    return out


def test_the_return_over_a_halt_is_between_the_prices_around_it():
    prices = halted(walk(60, 0.5, 2, 1), 20, 3)
    own = own_returns(WEEKDAYS[:61], prices)
    series = pd.Series(prices[:, 0]).dropna().pct_change().dropna()  # pandas, on the asset's own days
    x = own.X[~np.isnan(own.X[:, 0]), 0]
    np.testing.assert_allclose(x, series.to_numpy(), rtol=1e-12)
    assert own.spans is not None
    assert own.spans[22, 0] == 4
    assert own.spans[:, 0].sum() == 60  # every day is covered once


def test_a_fall_over_a_halt_counts_whole_in_the_mean_and_in_the_scenarios():
    prices = walk(99, 0.5, 3, 2)
    prices[60:, 0] *= 0.4
    moments = believed(WEEKDAYS[:100], halted(prices, 57, 3))
    own = pd.Series(halted(prices, 57, 3)[:, 0]).dropna().pct_change().dropna()
    assert moments.mu[0] == pytest.approx(own.sum() / 99 * 252, rel=1e-9)  # by the days that the returns cover
    assert moments.scenarios is not None
    assert moments.scenarios[:, 0].min() == pytest.approx(own.min())
    assert len(moments.scenarios) == 96  # four days are one scenario, for all
    assert moments.scenario_span == pytest.approx(99 / 96)
    assert moments.observations is not None
    assert moments.observations[0] == 99


def test_complete_columns_keep_every_digit_when_another_has_a_halt():
    prices = walk(300, 0.5, 3, 3)
    whole, with_halt = believed(WEEKDAYS[:301], prices), believed(WEEKDAYS[:301], halted(prices, 100, 5))
    np.testing.assert_array_equal(with_halt.mu[1:], whole.mu[1:])
    np.testing.assert_array_equal(with_halt.Sigma[1:, 1:], whole.Sigma[1:, 1:])


def coin_beside_stock() -> tuple[np.ndarray, np.ndarray]:
    """(dates, prices of a stock and a coin): the stock keeps weekends and ten holidays, the coin none."""
    dates = np.arange(np.datetime64("2023-01-02"), np.datetime64("2024-01-01"))
    prices = walk(len(dates) - 1, 0.4, 2, 4)
    closed = ~np.is_busday(dates)
    closed[np.linspace(20, len(dates) - 20, 10).astype(int)] = True
    prices[closed, 0] = np.nan
    return dates, prices


@pytest.mark.parametrize("coins", [1, 4])
def test_coins_beside_a_stock_do_not_change_what_is_believed_of_it(coins):
    dates, prices = coin_beside_stock()
    open_days = ~np.isnan(prices[:, 0])
    alone = believed(dates[open_days], prices[open_days, :1])
    many = np.hstack([prices[:, :1], *[prices[:, 1:] ** (1 + k / 10) for k in range(coins)]])
    pack = snapshot(dates, many, "ABCDE")
    beside = estimate(pack, Universe.of(pack.asset_ids), CHOICE, 0.0)
    assert beside.mu[0] == alone.mu[0]
    assert beside.Sigma[0, 0] == pytest.approx(alone.Sigma[0, 0], rel=1e-12)
    weekdays = pd.DataFrame(many, index=dates).loc[dates[open_days]].pct_change().dropna()  # pandas, on the days both have
    np.testing.assert_allclose(beside.Sigma, weekdays.cov().to_numpy() * 252, rtol=1e-9)
    np.testing.assert_allclose(beside.mu, weekdays.mean().to_numpy() * 252, rtol=1e-9)


def test_a_lookback_counts_days_of_the_common_calendar():
    dates, prices = coin_beside_stock()
    open_days = ~np.isnan(prices[:, 0])
    assert believed(dates, prices, lookback=100).mu[0] == believed(dates[open_days], prices[open_days], lookback=100).mu[0]


def test_a_holiday_of_most_is_merged_and_a_holiday_of_one_is_a_gap():
    prices = walk(60, 0.5, 3, 5)
    prices[10, :2] = np.nan
    prices[30, 2] = np.nan
    days = common_days(WEEKDAYS[:61], ~np.isnan(prices))
    assert list(np.flatnonzero(~days)) == [10]


def test_prices_missing_more_often_than_holidays_leave_the_calendar_as_it_is():
    prices = walk(100, 0.5, 3, 6)
    prices[::3, :2] = np.nan
    assert common_days(WEEKDAYS[:101], ~np.isnan(prices)).all()


@pytest.mark.parametrize(("step", "a_year"), [("M", 12.0), ("W", 52.0), ("D", 252.0)])
def test_weeks_and_months_are_counted_as_what_they_are(step, a_year):
    dates = np.arange(np.datetime64("2015-01-01", step), np.datetime64("2019-01-01", step)).astype("datetime64[D]")
    assert (periods_per_year(dates) or 252.0) == a_year
    if step != "D":
        assert believed(dates, walk(len(dates) - 1, 0.2, 2, 7)).periods_per_year == a_year
        assert believed(dates, walk(len(dates) - 1, 0.2, 2, 7), periods_per_year=4.0).periods_per_year == 4.0


def holes(kind: str, P: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    P = P.copy()
    missing = np.zeros(P.shape, dtype=bool)
    if kind == "one now and then":
        missing[:, 0] = rng.random(len(P)) < 0.3
    elif kind == "two together":
        missing[:, :2] = (rng.random(len(P)) < 0.3)[:, None]
    elif kind == "month ends":
        missing[:, 0] = np.arange(len(P)) % 21 != 0
    missing[[0, -1]] = False
    P[missing] = np.nan
    return P


@pytest.mark.parametrize("kind", ["one now and then", "two together", "month ends"])
def test_variances_and_correlations_of_a_walk_are_unbiased_whatever_its_gaps(kind):
    """Independent daily returns of known moments; the average of many estimates against what was drawn from."""
    rng, found = np.random.default_rng(8), []
    draws, days = (40, 504) if kind != "month ends" else (40, 756)
    for seed in range(draws):
        own = own_returns(WEEKDAYS[: days + 1], holes(kind, walk(days, 0.6, 3, seed), rng))
        found.append(two_moments(own.X, lambda Y: Y.mean(axis=0), sample, own.spans)[1].Sigma)
    Sigma = np.mean(found, axis=0)
    deviation = np.sqrt(np.diag(Sigma))
    effective = draws * (days / 21 if kind == "month ends" else 0.6 * days)
    np.testing.assert_allclose(np.diag(Sigma) / 1e-4, 1.0, atol=4 * np.sqrt(2 / effective))
    np.testing.assert_allclose(
        (Sigma / np.outer(deviation, deviation))[np.triu_indices(3, 1)], 0.6, atol=4 * (1 - 0.36) / np.sqrt(effective)
    )


def test_the_mean_counts_every_return_exactly_whatever_its_length():
    prices = holes("month ends", walk(756, 0.6, 3, 9), np.random.default_rng(0))
    own = own_returns(WEEKDAYS, prices)
    mean, _, how = two_moments(own.X, lambda Y: Y.mean(axis=0), sample, own.spans)
    assert how == "filled"
    np.testing.assert_allclose(mean * 756, np.nansum(own.X, axis=0), rtol=1e-9)


@pytest.mark.parametrize("name", [name for name in COVARIANCE if name != "minimum_determinant"])
def test_every_estimator_takes_returns_over_gaps_and_stays_positive_semidefinite(name):
    prices = walk(300, 0.5, 8, 10)
    missing = np.random.default_rng(11).random(prices.shape) < 0.04
    missing[[0, -1]] = False
    prices[missing] = np.nan
    pack = snapshot(WEEKDAYS[:301], prices, "ABCDEFGH")
    moments = estimate(pack, Universe.of(pack.asset_ids), EstimationChoice(covariance=name, lookback=None), 0.0)
    eigenvalues = np.linalg.eigvalsh(moments.Sigma)
    assert eigenvalues[0] >= -1e-12 * eigenvalues[-1]
    own = own_returns(pack.dates, pack.prices)
    np.testing.assert_allclose(moments.mu, np.nansum(own.X, axis=0) / 300 * 252, rtol=1e-9)


def test_scenarios_run_from_each_day_that_all_share_to_the_next():
    prices = halted(halted(walk(40, 0.5, 5, 12), 10, 2), 11, 3, column=1)
    own = own_returns(WEEKDAYS[:41], prices)
    shared = pd.DataFrame(prices).dropna().pct_change().dropna()
    together = together_of(own.X, own.spans)
    np.testing.assert_allclose(together.X, shared.to_numpy(), rtol=1e-12)
    assert list(together.spans) == list(np.diff(shared.index, prepend=0))
