"""Errors of means and covariances of a few series, against closed forms and against known processes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from portopt.judgement.sampled import block_of, draws_of, luck_quantile, normal_quantile, sampled, spread

T = 1000
SIGMA = np.array([[1.0e-4, 6.0e-5], [6.0e-5, 8.0e-5]])


def correlated(seed: int, periods: int = T) -> np.ndarray:
    return np.random.default_rng(seed).multivariate_normal([4e-4, 6e-4], SIGMA, periods)


def worlds(statistic, count: int = 8) -> float:
    """The mean of a bootstrap error over several histories: one history's own is off by its own luck."""
    return float(np.mean([spread(statistic(sampled(correlated(seed)))) for seed in range(count)]))


def volatility(s, i):
    return np.sqrt(s.covariances[:, i, i])


def test_the_error_of_a_mean_and_of_a_paired_difference_is_that_of_independent_normals():
    paired = SIGMA[0, 0] + SIGMA[1, 1] - 2 * SIGMA[0, 1]
    assert worlds(lambda s: s.means[:, 0]) == pytest.approx(math.sqrt(SIGMA[0, 0] / T), rel=0.06)
    assert worlds(lambda s: s.means[:, 1] - s.means[:, 0]) == pytest.approx(math.sqrt(paired / T), rel=0.06)


def test_the_error_of_a_deviation_and_of_a_paired_difference_is_that_of_independent_normals():
    """sqrt((s1^2 + s2^2 - 2 rho^2 s1 s2) / 2T): the delta method on Wishart variances."""
    s1, s2 = np.sqrt(np.diag(SIGMA))
    rho = SIGMA[0, 1] / (s1 * s2)
    assert worlds(lambda s: volatility(s, 0)) == pytest.approx(s1 / math.sqrt(2 * T), rel=0.08)
    paired = math.sqrt((s1**2 + s2**2 - 2 * rho**2 * s1 * s2) / (2 * T))
    assert worlds(lambda s: volatility(s, 1) - volatility(s, 0)) == pytest.approx(paired, rel=0.08)


def test_the_error_of_a_difference_of_sharpe_ratios_is_memmels():
    """(2 - 2 rho + (a^2 + b^2 - 2 a b rho^2) / 2) / T: Memmel (2003), after Jobson and Korkie (1981)."""
    s1, s2 = np.sqrt(np.diag(SIGMA))
    rho, a, b = SIGMA[0, 1] / (s1 * s2), 4e-4 / s1, 6e-4 / s2
    expected = math.sqrt((2 - 2 * rho + 0.5 * (a**2 + b**2 - 2 * a * b * rho**2)) / T)
    found = worlds(lambda s: s.means[:, 1] / volatility(s, 1) - s.means[:, 0] / volatility(s, 0))
    assert found == pytest.approx(expected, rel=0.06)


def autoregressive(rng: np.random.Generator, periods: int, phi: float) -> np.ndarray:
    """Two books on a factor that depends on its own yesterday; variances 1.16e-4 and 1.06e-4."""
    e, f = rng.standard_normal(periods + 50), np.zeros(periods + 50)
    for t in range(1, periods + 50):
        f[t] = phi * f[t - 1] + e[t]
    f = f[50:] * math.sqrt(1 - phi**2)
    u = rng.standard_normal((periods, 2))
    return np.column_stack([4e-4 + 0.01 * f + 0.004 * u[:, 0], 5e-4 + 0.009 * f + 0.005 * u[:, 1]])


@pytest.mark.parametrize(("phi", "least"), [(0.0, 0.91), (0.15, 0.90)])
def test_intervals_of_ninety_five_percent_cover_what_is_true_about_as_often(phi, least):
    """Of 150 histories of two years: 95 % is 142; fewer than least is 1 in 50 were coverage 94 %."""
    rng, held, count = np.random.default_rng(11), np.zeros(6), 150
    sigma = np.array([math.sqrt(1.16e-4), math.sqrt(1.06e-4)])
    truth = np.array([4e-4, 1e-4, sigma[0], sigma[1] - sigma[0], 4e-4 / sigma[0], 5e-4 / sigma[1] - 4e-4 / sigma[0]])
    for _ in range(count):
        s = sampled(autoregressive(rng, 504, phi))
        sd, own = np.sqrt(np.einsum("bii->bi", s.covariances)), np.sqrt(np.diag(s.covariance))
        drawn = [s.means[:, 0], s.means[:, 1] - s.means[:, 0], sd[:, 0], sd[:, 1] - sd[:, 0]]
        ratio, at = s.means / sd, s.mean / own
        drawn += [ratio[:, 0], ratio[:, 1] - ratio[:, 0]]
        found = [s.mean[0], s.mean[1] - s.mean[0], own[0], own[1] - own[0], at[0], at[1] - at[0]]
        held += [abs(x - t) <= normal_quantile(0.95) * spread(d) for x, t, d in zip(found, truth, drawn, strict=True)]
    assert (held / count >= least - 0.02).all(), held / count
    assert held.mean() / count >= least


def test_a_series_that_depends_on_its_past_has_a_larger_error_than_independence_would_say():
    rng = np.random.default_rng(3)
    R = autoregressive(rng, 2000, 0.5)
    independent = R[:, 0].std() / math.sqrt(len(R))
    assert spread(sampled(R).means[:, 0]) > 1.3 * independent  # sqrt((1 + phi) / (1 - phi)) is 1.73, of the factor
    assert block_of(R) > 3.0


def test_the_same_returns_give_the_same_draws_and_others_other_ones():
    R = correlated(1, 300)
    first, again, other = sampled(R), sampled(R.copy()), sampled(correlated(2, 300))
    assert first.seed == again.seed != other.seed
    assert first.seed < 2**53  # a browser reads it whole
    assert first.means.tobytes() == again.means.tobytes()
    assert first.covariances.tobytes() == again.covariances.tobytes()


def test_the_history_itself_is_its_mean_and_its_covariance():
    R = correlated(1, 300)
    s = sampled(R)
    np.testing.assert_allclose(s.mean, R.mean(axis=0), atol=1e-18)
    np.testing.assert_allclose(s.covariance, np.cov(R.T, bias=True), rtol=1e-10)
    assert s.means.shape == (s.draws, 2)
    np.testing.assert_allclose(s.covariances, s.covariances.transpose(0, 2, 1), atol=1e-18)


def test_a_fading_mean_is_the_fading_mean_and_errs_as_much_as_its_weights_leave():
    R = correlated(4, 600)
    a = 0.5 ** (np.arange(599, -1, -1) / 60.0)
    a /= a.sum()
    s = sampled(R, of_mean=a)
    np.testing.assert_allclose(s.mean, a @ R, atol=1e-18)
    assert spread(s.means[:, 0]) == pytest.approx(math.sqrt(SIGMA[0, 0] * float(a @ a)), rel=0.15)
    assert spread(np.sqrt(s.covariances[:, 0, 0])) == pytest.approx(math.sqrt(SIGMA[0, 0] / 1200), rel=0.2)


def test_what_does_not_vary_has_no_error():
    R = np.column_stack([correlated(1, 200)[:, 0], np.full(200, 1e-4), np.zeros(200)])
    s = sampled(R)
    assert spread(s.means[:, 1]) <= 1e-18
    assert spread(s.covariances[:, 2, 2]) == 0.0


@pytest.mark.parametrize(("periods", "draws"), [(20, 1000), (756, 529), (5000, 200), (20000, 200)])
def test_the_work_is_counted(periods, draws):
    assert draws_of(periods) == draws


def test_quantiles_are_those_of_the_tables():
    assert normal_quantile(0.95) == pytest.approx(1.959964, abs=1e-6)
    assert luck_quantile(0.95, 1) == pytest.approx(1.959964, abs=1e-6)
    assert luck_quantile(0.95, 20) == pytest.approx(math.sqrt(31.4104), abs=1e-5)  # a table of chi-square
    assert luck_quantile(0.9, 7) == pytest.approx(math.sqrt(stats.chi2.ppf(0.9, 7)))
