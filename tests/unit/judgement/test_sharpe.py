"""Sharpe ratios against luck: the figures that the papers print, and histories drawn to have none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from portopt.domain.errors import DataError, InvalidValue
from portopt.judgement.sharpe import (
    SharpeMoments,
    correlated_error,
    deflated_sharpe,
    expected_maximum_sharpe,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_moments,
)

T = 504
t = np.arange(1, T + 1)
RETURNS = 0.6 * (0.011 * np.sin(1.7 * t * t) + 0.0005) + 0.007 * np.cos(2.3 * t * t + 0.4) + 0.0003


def test_the_deflated_ratio_is_that_of_the_paper() -> None:
    """Bailey and López de Prado (2014), "A numerical example": 2.5 a year over 1250 days, skewness -3, kurtosis 10."""
    found = SharpeMoments(2.5 / math.sqrt(250), 1250, -3.0, 10.0)
    assert expected_maximum_sharpe(100, 0.5 / 250) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(found, 100, 0.5 / 250) == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(found, 46, 0.5 / 250) == pytest.approx(0.9505, abs=5e-5)
    assert deflated_sharpe(SharpeMoments(2.5 / math.sqrt(250), 1250), 88, 0.5 / 250) == pytest.approx(0.9505, abs=5e-5)


@pytest.mark.parametrize(
    ("per_year", "skewness", "kurtosis", "years"),
    [(252, 0.0, 3.0, 2.73), (52, 0.0, 3.0, 2.83), (12, 0.0, 3.0, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_the_minimum_track_record_is_that_of_the_paper(per_year: int, skewness: float, kurtosis: float, years: float) -> None:
    """Bailey and López de Prado (2012), section 5: a ratio of 2 a year to be told from 1, at 95 %."""
    of = SharpeMoments(2 / math.sqrt(per_year), 1000, skewness, kurtosis)
    assert minimum_track_record(of, 1 / math.sqrt(per_year)) / per_year == pytest.approx(years, abs=5e-3)


def test_a_history_of_exactly_the_minimum_track_record_is_believed_with_exactly_that_confidence() -> None:
    of = SharpeMoments(0.1, 500, -0.5, 6.0)
    needed = minimum_track_record(of, 0.02, 0.9)
    assert probabilistic_sharpe(SharpeMoments(0.1, needed, -0.5, 6.0), 0.02) == pytest.approx(0.9, rel=1e-12)
    assert minimum_track_record(of, 0.1) is None


def test_the_probabilistic_ratio_is_near_that_of_quantstats() -> None:
    """quantstats 0.0.86 puts excess kurtosis where the paper has kurtosis, and corrects the moments: 0.957352155143697."""
    of = sharpe_moments(RETURNS)
    assert probabilistic_sharpe(of) == pytest.approx(0.957352155143697, abs=5e-4)
    assert sharpe_moments(RETURNS).sr * math.sqrt(252) == pytest.approx(1.2188049327010038, rel=1e-12)


def test_the_expected_maximum_is_the_mean_of_the_best_of_so_many_normals() -> None:
    rng = np.random.default_rng(3)
    best = rng.standard_normal((20_000, 50)).max(axis=1).mean()
    assert expected_maximum_sharpe(50, 1.0) == pytest.approx(best, rel=0.015)
    assert expected_maximum_sharpe(1, 1.0) == 0.0


def test_without_skill_the_deflated_ratio_of_the_best_is_even() -> None:
    """Row 31: the best of 100 histories without skill has a deflated ratio about one half, not near one."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(200):
        R = 0.01 * rng.standard_normal((500, 100))
        sr = R.mean(axis=0) / R.std(axis=0, ddof=1)
        found.append(deflated_sharpe(sharpe_moments(R[:, int(np.argmax(sr))]), 100, float(np.var(sr, ddof=1))))
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)


def test_the_error_of_dependent_returns_is_the_spread_that_they_really_have() -> None:
    """An AR(1) of 0.4: ratios of 400 histories of 500 days spread sqrt(1.4 / 0.6) times as wide as of independent ones."""
    rng = np.random.default_rng(9)
    e = rng.standard_normal((700, 400))
    x = np.zeros_like(e)
    for k in range(1, 700):
        x[k] = 0.4 * x[k - 1] + e[k]
    R = x[200:] + 0.05
    spread = np.std(R.mean(axis=0) / R.std(axis=0), ddof=1)
    said = np.mean([correlated_error(R[:, k]) for k in range(400)])
    assert said == pytest.approx(spread, rel=0.15)
    independent = np.mean([sharpe_moments(R[:, k]).standard_error for k in range(400)])
    assert said > 1.3 * independent


def test_the_error_of_independent_normal_returns_is_lo_s() -> None:
    assert SharpeMoments(0.1, 1001).standard_error == pytest.approx(math.sqrt((1 + 0.005) / 1000), rel=1e-12)


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(DataError, match="at least three returns that differ"):
        sharpe_moments(np.full(100, 0.001))
    with pytest.raises(InvalidValue, match="at least one strategy"):
        expected_maximum_sharpe(0, 1.0)
