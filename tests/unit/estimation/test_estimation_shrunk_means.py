"""Shrunk and equilibrium returns against skfolio, Riskfolio-Lib's definition and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.domain.errors import InvalidValue
from portopt.domain.moments import Covariance
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Universe
from portopt.estimation import moments_from_returns
from portopt.estimation.expected_returns.bayes_stein import bayes_stein
from portopt.estimation.expected_returns.shrunk import james_stein

n, T = 6, 240
UNIVERSE = Universe.of([*"ABCDEF"])


def returns(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0.0004, 0.01, (T, 1)) * rng.uniform(0.5, 1.5, n) + rng.normal(0.0002, 0.012, (T, n))


def mu(method: str, rf: float = 0.02, market=None, covariance: str = "sample", **options) -> np.ndarray:
    choice = EstimationChoice(method, options, covariance, lookback=None)
    return moments_from_returns(UNIVERSE, returns(), choice, rf, market).mu


@pytest.mark.parametrize("target", ["grand_mean", "min_variance"])
def test_skfolio_agrees_on_james_stein_and_bayes_stein(target):
    from skfolio.moments import EmpiricalCovariance, ShrunkMu, ShrunkMuMethods

    X = np.random.default_rng(2).normal(0.0003, 0.01, (T, n)) * np.linspace(0.8, 1.2, n)
    m, S = X.mean(axis=0), Covariance(Sigma=np.cov(X.T))

    def theirs(method):
        weighted = target == "min_variance"
        return ShrunkMu(covariance_estimator=EmpiricalCovariance(), method=method, vol_weighted_target=weighted).fit(X).mu_

    stein, bayes = theirs(ShrunkMuMethods.JAMES_STEIN), theirs(ShrunkMuMethods.BAYES_STEIN)
    np.testing.assert_allclose(james_stein(m, S, T, target), stein, rtol=1e-9)
    np.testing.assert_allclose(bayes_stein(m, S, T, target), bayes, rtol=1e-9)


def test_james_stein_never_pushes_means_apart():
    """Where one eigenvalue is more than half of all risk the textbook share is negative, and peers use it so."""
    X = returns()
    S = Covariance(Sigma=np.cov(X.T))
    assert np.trace(S.dense()) < 2 * np.linalg.eigvalsh(S.dense())[-1]
    np.testing.assert_array_equal(james_stein(X.mean(axis=0), S, T, "grand_mean"), X.mean(axis=0))


def test_the_given_share_is_the_share():
    plain = mu("historical_mean")
    np.testing.assert_allclose(mu("shrunk", intensity=0.25), 0.75 * plain + 0.25 * plain.mean(), rtol=1e-12)
    np.testing.assert_allclose(mu("shrunk", intensity=0.25, target="zero"), 0.75 * plain, rtol=1e-12)
    assert np.ptp(mu("shrunk", intensity=1.0, target="min_variance")) == pytest.approx(0, abs=1e-15)
    np.testing.assert_array_equal(mu("shrunk", intensity=0.0), plain)


@pytest.mark.parametrize("covariance", ["sample", "factor"])
def test_at_equilibrium_the_market_portfolio_is_optimal(covariance):
    w = np.array([0.3, 0.3, 0.1, 0.1, 0.1, 0.1])
    choice = EstimationChoice("equilibrium", {"risk_aversion": 3.0}, covariance, lookback=None)
    moments = moments_from_returns(UNIVERSE, returns(), choice, 0.02, w)
    np.testing.assert_allclose(np.linalg.solve(3.0 * moments.Sigma, moments.mu - 0.02), w, rtol=1e-8)


def test_without_a_risk_aversion_the_equilibrium_is_the_capital_asset_pricing_model():
    w = np.array([0.3, 0.3, 0.1, 0.1, 0.1, 0.1])
    np.testing.assert_allclose(mu("equilibrium", market=w), mu("capm", market=w), rtol=1e-12)


def test_james_stein_in_factor_form_equals_the_dense_one():
    rng = np.random.default_rng(0)
    F, D, m = rng.normal(0, 0.01, (50, 3)), rng.uniform(1e-4, 4e-4, 50), rng.normal(0, 0.001, 50)
    factors = Covariance(F=F, Omega=np.eye(3), D=D)
    for target in ("grand_mean", "zero", "min_variance"):
        one, other = james_stein(m, factors, 100, target), james_stein(m, Covariance(Sigma=factors.dense()), 100, target)
        np.testing.assert_allclose(one, other, rtol=1e-8)


def test_a_share_beyond_one_is_refused():
    with pytest.raises(InvalidValue, match="intensity"):
        mu("shrunk", intensity=1.5)
