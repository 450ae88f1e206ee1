"""The stationary bootstrap, paired tests and forecast ranges: how often they hold, and a library that has the same."""

from __future__ import annotations

import math

import numpy as np
import pytest

from portopt.domain.errors import DataError, InvalidValue
from portopt.judgement.bootstrap import band, block_length, resamples
from portopt.judgement.intervals import coverage, normal_interval, over_window
from portopt.judgement.long_run import long_run_covariance
from portopt.judgement.pairs import compare, mean_difference, sharpe_difference

T = 504
t = np.arange(1, T + 1)


def autoregression(phi: float) -> np.ndarray:
    x = np.zeros(T)
    for k in range(1, T):
        x[k] = phi * x[k - 1] + np.sin(1.7 * t[k] * t[k])
    return x


def means(histories: np.ndarray) -> np.ndarray:
    return histories.mean(axis=1)


@pytest.mark.parametrize(("series", "expected"), [(autoregression(0.6), 11.440451), (np.abs(autoregression(0.6)), 14.769445)])
def test_the_block_length_is_that_of_another_program(series: np.ndarray, expected: float) -> None:
    """arch 8.0.0, optimal_block_length, column "stationary"."""
    assert block_length(series) == pytest.approx(expected, abs=1e-6)


def test_independent_returns_are_drawn_one_by_one() -> None:
    assert block_length(np.sin(1.7 * t * t)) == 1.0
    assert block_length(np.ones(50)) == 1.0


def test_blocks_are_as_long_as_was_asked_and_every_position_is_as_likely_as_any_other() -> None:
    rows = np.concatenate(list(resamples(50, 10.0, 4000, 1)))
    assert rows.shape == (4000, 50)
    followed = ((rows[:, 1:] - rows[:, :-1]) % 50 == 1).mean()
    assert followed == pytest.approx(0.9 + 0.1 / 50, abs=0.003)
    share = np.bincount(rows.ravel(), minlength=50) / rows.size
    assert share == pytest.approx(1 / 50, rel=0.1)


def test_the_same_seed_gives_the_same_band_and_another_seed_another() -> None:
    x = autoregression(0.3)
    assert band(x, means, draws=200) == band(x, means, draws=200)
    assert band(x, means, draws=200).low != band(x, means, draws=200, seed=2).low


def test_a_band_of_the_mean_holds_the_true_one_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(12)
    held = 0
    for k in range(200):
        e = rng.standard_normal(400)
        x = np.convolve(e, [1.0, 0.5, 0.25])[2:400]
        found = band(x, means, draws=300, confidence=0.9, seed=k)
        held += found.low <= 0.0 <= found.high
    assert 0.82 <= held / 200 <= 0.95


def test_the_long_run_covariance_of_a_moving_average_is_the_square_of_its_sum() -> None:
    e = np.random.default_rng(1).standard_normal((200_000, 1))
    x = e[1:] + 0.5 * e[:-1]
    assert long_run_covariance(x, 40)[0, 0] == pytest.approx(1.5**2, rel=0.05)
    assert long_run_covariance(x, 0)[0, 0] == pytest.approx(np.var(x), rel=1e-12)


def test_the_error_of_a_difference_of_ratios_is_memmel_s_for_independent_normal_returns() -> None:
    """Jobson and Korkie (1981), corrected by Memmel (2003): (2 - 2 rho + (s1^2 + s2^2 - 2 s1 s2 rho^2) / 2) / T."""
    rng = np.random.default_rng(21)
    rho, count = 0.6, 40_000
    z = rng.standard_normal((count, 2)) @ np.linalg.cholesky(np.array([[1.0, rho], [rho, 1.0]])).T
    first, second = 0.2 + z[:, 0], 0.1 + z[:, 1]
    _, error, _ = sharpe_difference(first, second, 1, 10, 1)
    closed = math.sqrt((2 - 2 * rho + (0.04 + 0.01 - 0.04 * rho**2) / 2) / count)
    assert error == pytest.approx(closed, rel=0.03)


def test_two_strategies_alike_differ_by_chance_as_often_as_the_level_says() -> None:
    """Monthly returns with heavy tails that share a market, ten years, 300 pairs: about 5 % of p-values are below 0.05."""
    rng = np.random.default_rng(31)
    low_sharpe = low_mean = 0
    for k in range(300):
        market = rng.standard_t(5, 120)
        R = 0.1 + market[:, None] + 0.7 * rng.standard_t(5, (120, 2))
        found = compare(R[:, 0], R[:, 1], draws=199, seed=k, periods_per_year=12)
        low_sharpe += found.sharpe_p_value < 0.05
        low_mean += found.mean_p_value < 0.05
    assert 0.02 <= low_sharpe / 300 <= 0.09
    assert 0.02 <= low_mean / 300 <= 0.09


def test_a_strategy_that_is_better_is_told_from_the_other() -> None:
    rng = np.random.default_rng(3)
    market = 0.01 * rng.standard_normal(2520)
    first, second = (0.001 * k + market + 0.002 * rng.standard_normal(2520) for k in (1.0, 0.3))
    found = compare(first, second)
    assert found.sharpe_p_value < 0.01
    assert found.mean_p_value < 1e-6
    assert found.mean_difference == pytest.approx((first.mean() - second.mean()) * 252)
    turned = compare(second, first)
    assert (turned.sharpe_difference, turned.sharpe_p_value) == (-found.sharpe_difference, found.sharpe_p_value)


def test_a_strategy_against_itself_and_against_cash() -> None:
    x = autoregression(0.2)
    itself = compare(x, x)
    assert (itself.sharpe_difference, itself.sharpe_p_value, itself.mean_p_value) == (0.0, 1.0, 1.0)
    cash = compare(x, np.zeros(T))
    assert (cash.sharpe_difference, cash.sharpe_p_value) == (None, None)
    assert 0.0 < cash.mean_p_value < 1.0


def test_the_mean_test_without_dependence_is_students_t() -> None:
    """With lag 0 the correction of Harvey, Leybourne and Newbold makes the error Student's; here the lag is 2 (T = 10)."""
    d = np.array([0.3, -0.1, 0.2, 0.5, -0.2, 0.1, 0.4, -0.3, 0.2, 0.1])
    mean, error, p = mean_difference(d, np.zeros(10))
    c = d - d.mean()
    gamma = [c[k:] @ c[: 10 - k] / 10 for k in range(3)]
    long_run = gamma[0] + 2 * (2 / 3 * gamma[1] + 1 / 3 * gamma[2])
    assert mean == pytest.approx(0.12)
    assert error == pytest.approx(math.sqrt(long_run / 10) / math.sqrt((10 + 1 - 6 + 3 * 2 / 10) / 10), rel=1e-12)
    assert 0.0 < p < 1.0


def test_forecast_ranges_hold_as_often_as_they_say_and_wrong_ones_are_found_out() -> None:
    rng = np.random.default_rng(41)
    mean, deviation = over_window(0.06, 0.2, 63, 252.0)
    assert (mean, deviation) == pytest.approx((0.015, 0.1))
    ones = np.ones(400)
    histories = [mean + deviation * rng.standard_normal(400) for _ in range(400)]
    right = [coverage(*normal_interval(mean * ones, deviation * ones, 0.9), realized, 0.9) for realized in histories]
    assert np.mean([one.share for one in right]) == pytest.approx(0.9, abs=0.005)
    assert np.mean([one.p_value < 0.05 for one in right]) <= 0.075
    realized = histories[0]
    narrow = coverage(*normal_interval(mean * ones, 0.7 * deviation * ones, 0.9), realized, 0.9)
    assert narrow.p_value < 1e-6
    assert narrow.held + narrow.above + narrow.below == narrow.count == 400


@pytest.mark.parametrize(
    ("held", "count", "probability", "expected"), [(5, 10, 0.5, 1.0), (10, 10, 0.5, 2 / 1024), (0, 3, 0.9, 1e-3)]
)
def test_the_probability_of_so_many_misses_is_the_binomial_one(
    held: int, count: int, probability: float, expected: float
) -> None:
    realized = np.concatenate([np.zeros(held), np.full(count - held, 9.0)])
    assert coverage(-np.ones(count), np.ones(count), realized, probability).p_value == pytest.approx(expected)


def test_what_cannot_be_resampled_or_held_against_is_refused() -> None:
    with pytest.raises(DataError, match="7 returns are too few"):
        block_length(np.zeros(7))
    with pytest.raises(InvalidValue, match="at least one period"):
        resamples(10, 0.5, 1, 1)
    with pytest.raises(DataError, match="twenty returns or more"):
        compare(np.zeros(19), np.zeros(19))
    with pytest.raises(DataError, match="no forecast range"):
        coverage(np.zeros(0), np.zeros(0), np.zeros(0), 0.9)
    with pytest.raises(InvalidValue, match="between 0 and 1"):
        normal_interval(np.zeros(1), np.ones(1), 90.0)
