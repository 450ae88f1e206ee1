"""Held, frozen, and not to be trusted: what becomes of a quarantined holding's moments."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from portopt.domain.errors import DataError
from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.domain.request import DataPolicy, EstimationChoice
from portopt.domain.universe import Asset, Universe
from portopt.estimation import COVARIANCE, estimate, moments_from_returns
from portopt.market import open_snapshot, quarantined

IDS = ("A", "B", "C", "D")
T = 300
START = np.datetime64("2024-01-01")


def closes() -> np.ndarray:
    rng = np.random.default_rng(8)
    return 40 * np.exp(np.cumsum(rng.normal(0.0003, 0.01, (T, 1)) + rng.normal(0, 0.008, (T, 4)), axis=0))


def opened(prices: np.ndarray) -> MarketSnapshot:
    table = pl.DataFrame(
        {"asset_id": np.repeat(np.array(IDS), T), "date": np.tile(START + np.arange(T), 4), "close": prices.T.ravel()}
    ).filter(pl.col("close").is_not_nan())
    policy = DataPolicy(non_positive_price="quarantine", impossible_return="quarantine")
    return open_snapshot(table, source="s", adjustment="raw", policy=policy, query=MarketQuery())


def frozen(*ids: str) -> Universe:
    return Universe(tuple(Asset(a, tradable=a not in ids) for a in IDS))


def test_the_very_return_that_looks_like_a_split_is_left_out_and_no_other():
    prices = closes()
    prices[200:, 2] /= 2
    snapshot = opened(prices)
    assert quarantined(snapshot) == {"C"}
    returns = prices[1:] / prices[:-1] - 1
    returns[199, 2] = np.nan
    choice = EstimationChoice(covariance="sample", lookback=None)
    result = estimate(snapshot, frozen("C"), choice, 0.0)
    expected = moments_from_returns(Universe.of(IDS), returns, choice, 0.0)
    np.testing.assert_array_equal(result.Sigma, expected.Sigma)
    assert result.Sigma[2, 2] < 0.1  # the halving itself would make it 0.4
    kept = dataclasses.replace(
        snapshot, findings=tuple(dataclasses.replace(f, treatment="accepted") for f in snapshot.findings)
    )
    assert estimate(kept, frozen("C"), choice, 0.0).Sigma[2, 2] > 0.2


def test_prices_that_are_none_are_left_out_of_a_quarantined_holding():
    prices = closes()
    prices[50, 1] = 0.0
    result = estimate(opened(prices), frozen("B"), EstimationChoice(lookback=None), 0.0)
    assert result.observations[1] == T - 1  # the return over the two days without a price covers both
    assert np.isfinite(result.mu).all()


@pytest.mark.parametrize("days", [0, 1, 30])
def test_a_frozen_holding_with_too_short_a_history_is_the_average_asset_with_noise_of_its_own(days):
    returns = closes()[1:] / closes()[:-1] - 1
    returns[: T - 1 - days, 3] = np.nan
    choice = EstimationChoice(covariance="sample", lookback=None, periods_per_year=1.0)
    result = moments_from_returns(frozen("D"), returns, choice, 0.0)
    known, average = returns[:, :3], returns[:, :3].mean(axis=1)
    V = np.cov(known.T)
    residuals = [np.var(x - np.polyval(np.polyfit(average, x, 1), average), ddof=1) for x in known.T]
    assert result.mu[3] == pytest.approx(average.mean())
    np.testing.assert_allclose(result.Sigma[:3, :3], V, rtol=1e-12)
    np.testing.assert_allclose(result.Sigma[3, :3], [np.cov(x, average)[0, 1] for x in known.T], rtol=1e-10)
    assert result.Sigma[3, 3] == pytest.approx(np.var(average, ddof=1) + np.median(residuals), rel=1e-10)
    assert result.covariance_method == "sample (1 frozen by the average asset)"
    assert result.observations[3] == days


ALWAYS_DENSE = ("gerber", "graphical_lasso", "minimum_determinant", "nonlinear_shrinkage")


@pytest.mark.parametrize("name", COVARIANCE)
def test_stand_ins_keep_every_covariance_positive_semidefinite(name):
    rng = np.random.default_rng(0)
    n, frozen_ones = (20, (3, 7)) if name == "minimum_determinant" else (150, (3, 77))
    returns = rng.normal(0, 0.01, (70, 1)) + rng.normal(0, 0.01, (70, n))
    returns[:, frozen_ones] = np.nan
    universe = Universe(tuple(Asset(f"A{i}", tradable=i not in frozen_ones) for i in range(n)))
    covariance = moments_from_returns(universe, returns, EstimationChoice(covariance=name, lookback=None), 0.0).covariance
    assert covariance.is_factor_form == (name not in ALWAYS_DENSE)
    eigenvalues = np.linalg.eigvalsh(covariance.dense())
    assert eigenvalues[0] >= -1e-12 * eigenvalues[-1]
    assert np.median(covariance.diagonal()) == pytest.approx(covariance.diagonal()[3], rel=0.3)


def test_a_tradable_asset_is_never_given_the_average():
    returns = closes()[1:] / closes()[:-1] - 1
    returns[:, 3] = np.nan
    with pytest.raises(DataError, match="D has 0 of the 60"):
        moments_from_returns(Universe.of(IDS), returns, EstimationChoice(lookback=None), 0.0)
    with pytest.raises(DataError, match="A has 0, B has 0, C has 0, D has 0"):
        moments_from_returns(frozen(*IDS), returns * np.nan, EstimationChoice(lookback=None), 0.0)


def test_a_new_listing_that_is_held_goes_from_pack_to_moments_frozen():
    prices = closes()
    prices[: T - 20, 3] = np.nan
    snapshot = opened(prices)
    assert snapshot.findings == ()
    result = estimate(snapshot, frozen("D"), EstimationChoice(), 0.0)
    assert result.observations[3] == 19
    assert snapshot.dates[-1].item() == (START.item() + timedelta(days=T - 1))
