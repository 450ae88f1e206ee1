"""Histories of unequal length: against the published formulas, and never a non-positive covariance."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.domain.errors import DataError
from portopt.domain.moments import Moments
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Universe
from portopt.estimation import COVARIANCE, moments_from_returns

T = 500


def returns(n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    X = rng.normal(0.0005, 0.01, (T, 1)) * rng.uniform(0.5, 1.5, n)
    return X + rng.normal(0, 0.008, (T, n))


def moments(X: np.ndarray, covariance: str = "sample", **changes) -> Moments:
    choice = EstimationChoice(covariance=covariance, lookback=None, periods_per_year=1.0, **changes)
    return moments_from_returns(Universe.of([f"A{i}" for i in range(X.shape[1])]), X, choice, 0.0)


def test_one_late_starter_is_stambaughs_regression():
    X = returns(3)
    X[:300, 2] = np.nan
    long, late, both = X[:, :2], X[300:, 2], X[300:, :2]
    design = np.column_stack([np.ones(200), both])
    coefficients, *_ = np.linalg.lstsq(design, late, rcond=None)
    residual = late - design @ coefficients
    beta, V11 = coefficients[1:], np.cov(long.T)
    result = moments(X)
    assert result.mu[2] == pytest.approx(coefficients[0] + beta @ long.mean(axis=0), rel=1e-9)
    np.testing.assert_allclose(result.Sigma[2, :2], V11 @ beta, rtol=1e-9)
    assert result.Sigma[2, 2] == pytest.approx(residual @ residual / 199 + beta @ V11 @ beta, rel=1e-9)
    np.testing.assert_allclose(result.mu[:2], long.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(result.Sigma[:2, :2], V11, rtol=1e-12)


def test_the_order_of_the_assets_does_not_matter_to_the_stages():
    X = returns(5)
    X[:100, 0] = np.nan
    X[:250, 3] = np.nan
    order = np.array([3, 1, 4, 0, 2])
    straight, mixed = moments(X), moments(X[:, order])
    np.testing.assert_allclose(mixed.mu, straight.mu[order], rtol=1e-9)
    np.testing.assert_allclose(mixed.Sigma, straight.Sigma[np.ix_(order, order)], rtol=1e-9)


@pytest.mark.parametrize("name", COVARIANCE)
def test_equal_histories_give_what_the_estimator_gives(name):
    X = returns(6)
    later = np.vstack([np.full((40, 6), np.nan), X])
    np.testing.assert_allclose(moments(later, name).Sigma, moments(X, name).Sigma, rtol=1e-12)
    assert moments(X, name).covariance_method == name


@pytest.mark.parametrize("name", COVARIANCE)
@pytest.mark.parametrize("pattern", ["late", "holes", "ended", "all of it"])
def test_every_pattern_of_missing_returns_gives_a_positive_semidefinite_covariance(name, pattern):
    X = returns(12, seed=4)
    rng = np.random.default_rng(1)
    if pattern in ("late", "all of it"):
        for j, start in ((1, 50), (5, 50), (7, 300), (11, 400)):
            X[:start, j] = np.nan
    if pattern in ("holes", "all of it"):
        X[rng.random(X.shape) < 0.05] = np.nan
    if pattern in ("ended", "all of it"):
        X[450:, 2] = np.nan
    if (name, pattern) == ("minimum_determinant", "all of it"):  # most days hold a filled return: they agree by construction
        with pytest.raises(DataError, match="missing returns were filled"):
            moments(X, name)
        return
    result = moments(X, name)
    eigenvalues = np.linalg.eigvalsh(result.Sigma)
    assert eigenvalues[0] >= -1e-12 * eigenvalues[-1]
    assert result.covariance_method != name  # how it was done is written beside the answer
    np.testing.assert_array_equal(result.observations, np.isfinite(X).sum(axis=0))


def test_filling_by_common_factors_recovers_the_covariance_of_the_complete_data():
    X = returns(20, seed=2)
    full = moments(X).Sigma
    holes = X.copy()
    holes[np.random.default_rng(3).random(X.shape) < 0.1] = np.nan
    filled = moments(holes)
    assert filled.covariance_method.endswith("filled by factors)")
    complete_rows = holes[~np.isnan(holes).any(axis=1)]
    error = np.linalg.norm(filled.Sigma - full) / np.linalg.norm(full)
    assert error < 0.05
    assert error < 0.5 * np.linalg.norm(np.cov(complete_rows.T) - full) / np.linalg.norm(full)
    assert np.abs(np.diag(filled.Sigma) / np.diag(full) - 1).max() < 0.15


def test_late_starters_among_more_assets_than_shared_days_are_still_estimated():
    rng = np.random.default_rng(6)
    X = rng.normal(0, 0.01, (T, 1)) + rng.normal(0, 0.01, (T, 100))
    X[:430, :10] = np.nan
    for name in ("sample", "ledoit_wolf"):
        eigenvalues = np.linalg.eigvalsh(moments(X, name).Sigma)
        assert eigenvalues[0] >= -1e-12 * eigenvalues[-1]


def test_a_history_too_short_is_named_with_its_count_and_the_number_needed():
    X = returns(3)
    X[:460, 1] = np.nan
    with pytest.raises(DataError, match="A1 has 40 of the 60 returns needed") as caught:
        moments(X)
    assert caught.value.measured["observations"] == {"A1": 40}
    assert moments(X, min_observations=40).observations[1] == 40
