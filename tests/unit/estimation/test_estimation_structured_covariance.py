"""Denoised, counted, sparse, robust, regime-aware and target-shrunk covariances against libraries and their own definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2

from portopt.adapters.providers.sample import SampleProvider
from portopt.domain.errors import DataError, InvalidValue, UnknownField
from portopt.domain.moments import Covariance
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import CASH, Universe
from portopt.estimation import COVARIANCE, moments_from_returns
from portopt.estimation.covariance.denoised import denoised, noise_edge
from portopt.estimation.covariance.gerber import gerber
from portopt.estimation.covariance.graphical_lasso import graphical_lasso, sparse_inverse
from portopt.estimation.covariance.ledoit_wolf import shrunk_to
from portopt.estimation.covariance.minimum_determinant import best_half, minimum_determinant
from portopt.estimation.covariance.nonlinear_shrinkage import density, nonlinear_shrinkage
from portopt.estimation.covariance.regime_ewma import regime_ewma

TARGETS = ("constant_correlation", "single_factor")


@pytest.fixture(scope="module")
def sample_returns() -> np.ndarray:
    """(756, 20) last three years of the bundled US stocks."""
    import pandas as pd

    prices = pd.read_csv(SampleProvider().path, index_col=0).iloc[-757:]
    return prices.pct_change().dropna().to_numpy()


def returns(T: int, n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_t(5, (T, 1)) * 0.008 * rng.uniform(0.5, 1.5, n) + rng.normal(0.0003, 0.01, (T, n))


def naive_target_shrinkage(X: np.ndarray, target: str) -> np.ndarray:
    """The published formulas entry by entry, with every n by n matrix written out."""
    T, n = X.shape
    Y = X - X.mean(axis=0)
    S = Y.T @ Y / T
    v = np.diag(S)
    if target == "constant_correlation":
        s = np.sqrt(v)
        r = (np.sum(S / np.outer(s, s)) - n) / (n * (n - 1))
        F = r * np.outer(s, s)
    else:
        x = Y.mean(axis=1)
        b, vx = Y.T @ x / T, x @ x / T
        F = np.outer(b, b) / vx
    F[np.diag_indices(n)] = v
    pi = rho = 0.0
    for i in range(n):
        for j in range(n):
            d = Y[:, i] * Y[:, j] - S[i, j]
            pi += np.mean(d**2)
            if i == j:
                rho += np.mean(d**2)
            elif target == "constant_correlation":
                ii, jj = np.mean((Y[:, i] ** 2 - v[i]) * d), np.mean((Y[:, j] ** 2 - v[j]) * d)
                rho += r / 2 * (s[j] / s[i] * ii + s[i] / s[j] * jj)
            else:
                f = (b[j] * Y[:, i] + b[i] * Y[:, j] - b[i] * b[j] / vx * x) * x / vx - F[i, j]
                rho += np.mean(f * d)
    delta = min(1.0, max(0.0, (pi - rho) / np.sum((S - F) ** 2) / T))
    return (1 - delta) * S + delta * F


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("T", "n"), [(120, 6), (12, 30), (40, 40)])
def test_shrinkage_to_a_target_is_the_published_double_sum(target, T, n):
    X = returns(T, n)
    ours = shrunk_to(X, target)
    np.testing.assert_allclose(ours.dense(), naive_target_shrinkage(X, target), rtol=1e-9, atol=1e-16)
    assert ours.is_factor_form == (n >= 2 * T)


def test_the_libraries_agree_on_shrinkage_targets_denoising_and_gerber(sample_returns):
    import pandas as pd
    from pypfopt.risk_models import CovarianceShrinkage
    from skfolio.moments import DenoiseCovariance, GerberCovariance

    X = sample_returns
    theirs = CovarianceShrinkage(pd.DataFrame(X), returns_data=True, frequency=1)
    np.testing.assert_allclose(shrunk_to(X, "single_factor").dense(), theirs.ledoit_wolf("single_factor"), rtol=1e-9)
    # Theirs mixes a sample covariance over T - 1 into formulas over T: the same to that order.
    np.testing.assert_allclose(
        shrunk_to(X, "constant_correlation").dense(), theirs.ledoit_wolf("constant_correlation"), rtol=0.003
    )
    # Which eigenvalues are noise is a choice (theirs fits a kernel density); what is done to them is not.
    fitted = DenoiseCovariance().fit(X).covariance_
    found = min(range(1, 20), key=lambda k: np.abs(denoised(X, "constant_residual", 0.0, k).dense() - fitted).max())
    np.testing.assert_allclose(denoised(X, "constant_residual", 0.0, found).dense(), fitted, rtol=1e-9)
    np.testing.assert_allclose(gerber(X, 0.5, 1).dense(), GerberCovariance(psd_variant=True).fit(X).covariance_, rtol=1e-9)
    np.testing.assert_allclose(gerber(X, 0.5, 2).dense(), GerberCovariance(psd_variant=False).fit(X).covariance_, rtol=1e-9)


def test_the_gerber_statistic_counts_days():
    X = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0], [0.0, 1.0], [0.1, 0.1], [-1.2, -1.0]])
    s = X.std(axis=0)
    up, down = 0.5 * s <= X, -0.5 * s >= X
    agree = np.sum(up[:, 0] & up[:, 1]) + np.sum(down[:, 0] & down[:, 1])
    differ = np.sum(up[:, 0] & down[:, 1]) + np.sum(down[:, 0] & up[:, 1])
    neither = np.sum(~(up | down)[:, 0] & ~(up | down)[:, 1])
    expected = (agree - differ) / (len(X) - neither)
    assert gerber(X, 0.5, 1).dense()[0, 1] / s.prod() == pytest.approx(expected)


def test_a_gerber_matrix_that_is_not_positive_is_made_so_with_its_variances_kept():
    X = returns(12, 10, seed=8)
    for threshold in (0.3, 0.5, 0.8, 1.0, 1.3):
        Sigma = gerber(X, threshold, 1).dense()
        values = np.linalg.eigvalsh(Sigma)
        assert values[0] > -1e-12 * values[-1]
        np.testing.assert_allclose(np.diag(Sigma), X.var(axis=0), rtol=1e-12)


@pytest.mark.parametrize(("T", "n"), [(300, 20), (30, 80)])
def test_denoising_keeps_variances_and_the_signal(T, n):
    X = returns(T, n)
    for method, alpha in (("constant_residual", 0.0), ("targeted_shrinkage", 0.0), ("targeted_shrinkage", 0.4)):
        covariance = denoised(X, method, alpha, None)
        np.testing.assert_allclose(covariance.diagonal(), X.var(axis=0, ddof=1), rtol=1e-9)
    np.testing.assert_allclose(denoised(X, "targeted_shrinkage", 1.0, None).dense(), np.cov(X.T), rtol=1e-8, atol=1e-16)
    flat = np.linalg.eigvalsh(denoised(X, "constant_residual", 0.0, 1).dense() / np.outer(*[X.std(axis=0, ddof=1)] * 2))
    assert flat[-1] > 5 * flat[-2]


def test_the_noise_edge_finds_the_factors_that_are_there():
    rng = np.random.default_rng(0)
    for k in (1, 3, 5):
        X = rng.normal(size=(1000, k)) @ rng.choice([-1.0, 1.0], size=(k, 100)) + rng.normal(size=(1000, 100)) * 2
        values = np.linalg.eigvalsh(np.corrcoef(X.T))
        assert np.sum(values > noise_edge(values, 1000, 100)) == k


@pytest.mark.parametrize("penalty", [0.02, 0.1, 0.4])
def test_the_graphical_lasso_is_scikit_learns_on_correlations(sample_returns, penalty):
    from sklearn.covariance import graphical_lasso as theirs

    C = np.corrcoef(sample_returns.T)
    W, Theta = theirs(C, penalty, tol=1e-9, enet_tol=1e-11, max_iter=500)
    np.testing.assert_allclose(sparse_inverse(C, penalty), W, atol=1e-8)
    s = sample_returns.std(axis=0, ddof=1)
    np.testing.assert_allclose(graphical_lasso(sample_returns, penalty).dense(), W * np.outer(s, s), atol=1e-8 * s.max() ** 2)
    zeros = Theta == 0
    assert np.abs(np.linalg.inv(sparse_inverse(C, penalty))[zeros]).max(initial=0) < 1e-7


def test_the_graphical_lasso_satisfies_its_optimality_conditions_where_the_sample_is_singular():
    """W_ij - C_ij = a sign(Theta_ij) where Theta is not zero, and within a elsewhere."""
    C, a = np.corrcoef(returns(15, 25).T), 0.2
    W = sparse_inverse(C, a)
    Theta = np.linalg.inv(W)
    off = ~np.eye(25, dtype=bool)
    assert np.abs(W - C)[off].max() <= a + 1e-12
    alive = off & (np.abs(Theta) > 1e-6)
    np.testing.assert_allclose((W - C)[alive], a * np.sign(Theta[alive]), atol=1e-8)
    with pytest.raises(DataError, match="needs its inverse"):
        sparse_inverse(C, 0.0)


def test_the_least_determinant_is_not_above_scikit_learns(sample_returns):
    from sklearn.covariance import MinCovDet

    X = sample_returns  # neither search is exhaustive; on these days ours ends lower
    theirs = MinCovDet(random_state=0).fit(X)
    h = int(theirs.raw_support_.sum())
    _, S, subset = best_half(X, h, 100, 0)
    assert len(subset) == h
    assert np.linalg.slogdet(S)[1] <= np.linalg.slogdet(np.cov(X[theirs.raw_support_].T, ddof=0))[1] + 1e-9


def test_with_clear_outliers_scikit_learn_finds_the_same_days_and_the_same_covariance():
    from sklearn.covariance import MinCovDet

    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.3], [0, 0, 1.0]])
    X[:30] += 12
    theirs, ours = MinCovDet(random_state=0).fit(X).covariance_, minimum_determinant(X, None, 100, 0).dense()
    np.testing.assert_allclose(ours, theirs, rtol=0.08, atol=0.03)
    clean = np.cov(X[30:].T)
    assert np.abs(ours - clean).max() < 0.25
    assert np.abs(np.cov(X.T) - clean).max() > 10
    location, S, _ = best_half(X, 102, 100, 0)
    d = np.einsum("ti,ij,tj->t", X - location, np.linalg.inv(S), X - location)
    kept = X[d / np.median(d) * chi2.ppf(0.5, 3) < chi2.ppf(0.975, 3)]
    np.testing.assert_allclose(ours, np.cov(kept.T, ddof=0), rtol=1e-9)


def test_the_minimum_determinant_needs_days_and_directions():
    with pytest.raises(DataError, match="more than twice"):
        minimum_determinant(returns(20, 12), None, 10, 0)
    X = returns(60, 3)
    X[:50, 2] = 0.0
    with pytest.raises(DataError, match="one plane"):
        minimum_determinant(X, None, 10, 0)


def test_a_steady_market_needs_no_regime_and_a_sudden_one_is_followed_at_once():
    rng = np.random.default_rng(0)
    calm = rng.normal(0, 0.01, (1500, 40))
    steady = regime_ewma(calm, 84.0, 504.0, 42.0).diagonal() / 0.01**2
    assert steady.mean() == pytest.approx(1.0, abs=0.06)
    storm = np.vstack([calm, rng.normal(0, 0.03, (42, 40))])
    plain = COVARIANCE["ewma"].estimate(storm, half_life=84.0).diagonal()
    ratio = np.sqrt(regime_ewma(storm, 84.0, 504.0, 42.0).diagonal() / plain)
    assert ratio.mean() > 1.15


def test_the_regime_multiplier_is_its_definition_with_the_loops_written_out():
    X = returns(60, 3)
    decay, regime = 0.5 ** (1 / 10), 0.5 ** (1 / 7)
    variance = np.array(
        [sum(decay ** (59 - t) * X[t] ** 2 for t in range(60)) / sum(decay ** (59 - t) for t in range(60))]
    ).ravel()
    bias = []
    for t in range(10, 60):
        past = np.array([decay ** (t - 1 - u) for u in range(t)])
        bias.append(np.mean(X[t] ** 2 / (past @ X[:t] ** 2 / past.sum())))
    weights = np.array([regime ** (49 - k) for k in range(50)])
    multiplier = weights @ bias / weights.sum()
    ours = regime_ewma(X, 10.0, 30.0, 7.0)
    np.testing.assert_allclose(ours.diagonal(), multiplier * variance, rtol=1e-10)
    C = COVARIANCE["ewma"].estimate(X, half_life=30.0).dense()
    s, c = np.sqrt(ours.diagonal()), np.sqrt(np.diag(C))
    np.testing.assert_allclose(ours.dense() / np.outer(s, s), C / np.outer(c, c), rtol=1e-10)


def test_the_kernels_hilbert_transform_is_its_principal_value_integral():
    values, T = np.array([0.5, 1.0, 1.7, 2.4]), 60
    at = np.array([0.8, 1.3])
    f, H = density(at, values, T)

    def kernel(t: float) -> float:
        h = values * T ** (-1 / 3)
        x = (t - values) / h
        return float(np.mean(3 / (4 * np.sqrt(5)) * np.maximum(1 - x**2 / 5, 0) / h))

    for i, x in enumerate(at):
        assert kernel(x) == pytest.approx(f[i])
        apart = quad(lambda u: (kernel(x + u) - kernel(x - u)) / u, 1e-9, 6.0, limit=600)[0] / np.pi  # noqa: B023
        assert H[i] == pytest.approx(apart, abs=2e-6)


@pytest.mark.parametrize(("T", "n"), [(400, 100), (100, 200)])
def test_nonlinear_shrinkage_is_nearer_to_the_truth_than_the_linear_one(T, n):
    rng = np.random.default_rng(3)
    truth = np.concatenate([np.full(n // 5, 1.0), np.full(2 * n // 5, 3.0), np.full(2 * n // 5, 10.0)])
    X = rng.normal(size=(T, n)) * np.sqrt(truth)
    loss = {
        name: np.linalg.norm(COVARIANCE[name].estimate(X).dense() - np.diag(truth))
        for name in ("oas", "nonlinear_shrinkage", "sample")
    }
    assert loss["nonlinear_shrinkage"] < loss["oas"] < loss["sample"]


def test_with_many_observations_nonlinear_shrinkage_is_nearly_the_sample():
    X = returns(20000, 5)
    np.testing.assert_allclose(nonlinear_shrinkage(X).dense(), np.cov(X.T), rtol=0.02, atol=1e-7)


def implied(volatilities, cash: bool = False, **options) -> tuple[Covariance, Covariance]:
    ids = [*"ABC", CASH] if cash else [*"ABC"]
    X = np.column_stack([returns(100, 3), np.zeros(100)])[:, : len(ids)]
    choice = EstimationChoice(covariance="implied", covariance_options={"volatilities": volatilities, **options}, lookback=None)
    plain = EstimationChoice(covariance=options.get("correlation", "ledoit_wolf"), lookback=None)
    return tuple(moments_from_returns(Universe.of(ids), X, c, 0.02).covariance for c in (choice, plain))


@pytest.mark.parametrize("cash", [True, False])
@pytest.mark.parametrize("correlation", ["ledoit_wolf", "factor"])
def test_given_volatilities_replace_the_estimates_and_leave_the_correlations(cash, correlation):
    ours, base = implied({"A": 0.4, "C": 0.2}, cash, correlation=correlation)
    assert np.sqrt(ours.diagonal()[[0, 2]]) == pytest.approx([0.4, 0.2])
    assert ours.diagonal()[1] == pytest.approx(base.diagonal()[1])
    s, c = np.sqrt(ours.diagonal()[:3]), np.sqrt(base.diagonal()[:3])
    np.testing.assert_allclose(ours.dense()[:3, :3] / np.outer(s, s), base.dense()[:3, :3] / np.outer(c, c), rtol=1e-10)


@pytest.mark.parametrize(
    ("volatilities", "error", "match"),
    [
        ({"Z": 0.2}, UnknownField, "Z"),
        ({"A": "high"}, InvalidValue, "volatilities.A"),
        (0.2, InvalidValue, "an object"),
        ({"A": -0.1}, InvalidValue, "between"),
    ],
)
def test_a_volatility_that_means_nothing_is_refused(volatilities, error, match):
    with pytest.raises(error, match=match):
        implied(volatilities)
