"""What holds for every set of returns and every estimator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portopt.domain.moments import Moments
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Universe
from portopt.estimation import COVARIANCE, EXPECTED_RETURNS, moments_from_returns

SEEDS = st.integers(0, 2**32 - 1)


def returns(seed: int, T: int, n: int, missing: str) -> np.ndarray:
    rng = np.random.default_rng(seed)
    X = rng.normal(0.0003, 0.01, (T, 1)) * rng.uniform(-0.5, 1.5, n) + rng.normal(0, 0.001 + 0.02 * rng.random(n), (T, n))
    if missing in ("late", "both"):
        for j in range(1, n):
            X[: rng.integers(0, T // 2), j] = np.nan
    if missing in ("holes", "both"):
        X[rng.random((T, n)) < 0.03] = np.nan
    return X


def moments(X: np.ndarray, covariance: str, expected_returns: str = "historical_mean", periods: float = 252.0) -> Moments:
    universe = Universe.of([f"A{i}" for i in range(X.shape[1])])
    choice = EstimationChoice(expected_returns, {}, covariance, lookback=None, min_observations=10, periods_per_year=periods)
    return moments_from_returns(universe, X, choice, 0.01)


@pytest.mark.parametrize("covariance", COVARIANCE)
@given(seed=SEEDS, T=st.integers(30, 90), n=st.integers(1, 40), missing=st.sampled_from(["no", "late", "holes", "both"]))
@settings(max_examples=10, deadline=None)
def test_every_covariance_is_symmetric_and_positive_semidefinite(covariance, seed, T, n, missing):
    n = 1 + n % 3 if covariance == "minimum_determinant" else n  # it needs twice as many shared days as assets
    Sigma = moments(returns(seed, T, n, missing), covariance).Sigma
    np.testing.assert_allclose(Sigma, Sigma.T, rtol=1e-12, atol=1e-18)
    eigenvalues = np.linalg.eigvalsh(Sigma)
    assert eigenvalues[0] >= -1e-11 * eigenvalues[-1]


@pytest.mark.parametrize("covariance", COVARIANCE)
@pytest.mark.parametrize("expected_returns", EXPECTED_RETURNS)
@given(seed=SEEDS, missing=st.sampled_from(["no", "late"]))
@settings(max_examples=5, deadline=None)
def test_renaming_the_assets_renames_the_answer(covariance, expected_returns, seed, missing):
    X = returns(seed, 120, 8, missing)
    order = np.random.default_rng(seed).permutation(8)
    straight, permuted = moments(X, covariance, expected_returns), moments(X[:, order], covariance, expected_returns)
    scale = np.abs(straight.Sigma).max()
    np.testing.assert_allclose(permuted.Sigma, straight.Sigma[np.ix_(order, order)], rtol=1e-7, atol=1e-9 * scale)
    np.testing.assert_allclose(permuted.mu, straight.mu[order], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("covariance", COVARIANCE)
@given(seed=SEEDS, scale=st.floats(0.01, 10.0), missing=st.sampled_from(["no", "late", "holes"]))
@settings(max_examples=8, deadline=None)
def test_returns_twice_as_large_have_means_twice_and_a_covariance_four_times_as_large(covariance, seed, scale, missing):
    X = np.clip(returns(seed, 80, 6, missing), -0.09, 0.09)
    small, large = moments(X, covariance), moments(scale * X, covariance)
    np.testing.assert_allclose(large.mu, scale * small.mu, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(large.Sigma, scale**2 * small.Sigma, rtol=1e-8, atol=1e-14 * scale**2)


@given(seed=SEEDS, n=st.integers(80, 120))
@settings(max_examples=10, deadline=None)
def test_the_factor_form_is_the_dense_matrix_seen_through_every_question(seed, n):
    covariance = moments(returns(seed, 40, n, "no"), "ledoit_wolf").covariance
    assert covariance.is_factor_form
    v = np.random.default_rng(seed).normal(size=n)
    dense = covariance.dense()
    np.testing.assert_allclose(covariance.times(v), dense @ v, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(covariance.diagonal(), np.diag(dense), rtol=1e-10)
    assert covariance.variance(v) == pytest.approx(float(v @ dense @ v), rel=1e-9)
