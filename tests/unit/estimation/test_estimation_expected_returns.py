"""Expected returns against closed forms, pandas and PyPortfolioOpt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from portopt.domain.errors import DataError
from portopt.domain.moments import Moments
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Universe
from portopt.estimation import moments_from_returns

n, T = 5, 300
UNIVERSE = Universe.of([*"ABCDE"])


def returns(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0.0004, 0.01, (T, 1)) * rng.uniform(0.5, 1.5, n) + rng.normal(0.0002, 0.008, (T, n))


def moments(X: np.ndarray, method: str, covariance: str = "sample", rf: float = 0.02, market=None, **options) -> Moments:
    choice = EstimationChoice(method, options, covariance, lookback=None)
    return moments_from_returns(UNIVERSE, X, choice, rf, market)


def test_the_historical_mean_is_the_arithmetic_mean_times_the_periods():
    X = returns()
    np.testing.assert_allclose(moments(X, "historical_mean").mu, X.sum(axis=0) / T * 252, rtol=1e-12)


def test_the_exponentially_weighted_mean_is_pandas():
    X = returns()
    expected = pd.DataFrame(X).ewm(halflife=40).mean().iloc[-1].to_numpy() * 252
    np.testing.assert_allclose(moments(X, "ewma", half_life=40).mu, expected, rtol=1e-10)


def test_betas_are_regression_slopes_on_the_market_portfolio():
    X = returns()
    w = np.array([0.4, 0.3, 0.1, 0.1, 0.1])
    beta = np.array([np.polyfit(X @ w, X[:, i], 1)[0] for i in range(n)])
    premium = (X @ w).mean() * 252 - 0.02
    np.testing.assert_allclose(moments(X, "capm", market=2.0 * w).mu, 0.02 + beta * premium, rtol=1e-9)
    given = moments(X, "capm", market=w, market_premium=0.05).mu
    np.testing.assert_allclose(given, 0.02 + 0.05 * beta, rtol=1e-9)


def test_without_market_weights_the_equilibrium_is_pyportfolioopts_on_equal_weights():
    from pypfopt.expected_returns import capm_return

    X = pd.DataFrame(returns(), columns=list(UNIVERSE.ids))
    theirs = capm_return(
        X, X.mean(axis=1).to_frame("mkt"), returns_data=True, risk_free_rate=0.02, compounding=False, frequency=252
    )
    np.testing.assert_allclose(moments(X.to_numpy(), "capm").mu, theirs.to_numpy(), rtol=1e-9)


def test_the_market_portfolio_earns_its_own_premium():
    X = returns()
    w = np.full(n, 1 / n)
    assert float(moments(X, "capm", "ledoit_wolf").mu @ w) == pytest.approx((X @ w).mean() * 252)


@pytest.mark.parametrize("target", ["min_variance", "grand_mean"])
@pytest.mark.parametrize("covariance", ["sample", "factor"])
def test_bayes_stein_is_jorions_formula_with_the_inverse_written_out(target, covariance):
    X = returns()
    m, inverse = X.mean(axis=0), np.linalg.inv(moments(X, "historical_mean", covariance).Sigma / 252)
    ones = np.ones(n)
    m0 = (ones @ inverse @ m) / (ones @ inverse @ ones) if target == "min_variance" else m.mean()
    phi = (n + 2) / (n + 2 + T * (m - m0) @ inverse @ (m - m0))
    expected = ((1 - phi) * m + phi * m0) * 252
    np.testing.assert_allclose(moments(X, "bayes_stein", covariance, target=target).mu, expected, rtol=1e-8)


def test_bayes_stein_in_factor_form_equals_the_dense_formula_on_many_assets():
    rng = np.random.default_rng(2)
    X = rng.normal(0, 0.01, (70, 1)) + rng.normal(0.0003, 0.01, (70, 150))
    universe = Universe.of([f"A{i}" for i in range(150)])
    choice = EstimationChoice("bayes_stein", {}, "ledoit_wolf", lookback=None)
    result = moments_from_returns(universe, X, choice, 0.0)
    assert result.covariance.is_factor_form
    m, inverse, ones = X.mean(axis=0), np.linalg.inv(result.Sigma / 252), np.ones(150)
    m0 = (ones @ inverse @ m) / (ones @ inverse @ ones)
    phi = 152 / (152 + 70 * (m - m0) @ inverse @ (m - m0))
    np.testing.assert_allclose(result.mu, ((1 - phi) * m + phi * m0) * 252, rtol=1e-7)


def test_bayes_stein_lies_between_the_means_and_their_target():
    X = returns()
    plain, shrunk = moments(X, "historical_mean").mu, moments(X, "bayes_stein").mu
    assert np.ptp(shrunk) < np.ptp(plain)
    np.testing.assert_array_equal(np.argsort(shrunk), np.argsort(plain))


@pytest.mark.parametrize("days", [4, 60])
def test_a_singular_covariance_is_named_with_what_to_choose_instead(days):
    X = returns()[:days]
    X = X if days == 4 else np.hstack([X[:, :4], X[:, :1]])
    choice = EstimationChoice("bayes_stein", {}, "sample", lookback=None, min_observations=2)
    with pytest.raises(DataError, match="not singular") as caught:
        moments_from_returns(UNIVERSE, X, choice, 0.0)
    assert "ledoit_wolf" in caught.value.fixes[0]


def test_a_market_without_risk_has_no_betas():
    with pytest.raises(DataError, match="the market portfolio has no risk"):
        moments(np.zeros((100, n)), "capm")
