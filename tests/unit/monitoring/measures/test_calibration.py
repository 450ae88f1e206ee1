"""Was the forecast right? Closed forms, scipy.stats, naive loops, and draws from the forecast itself."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from portopt.domain.watch import Figure
from portopt.monitoring.measures.calibration import (
    CALIBRATION,
    TAIL,
    Forecast,
    Realized,
    calibration,
    exception_probability,
    in_force,
    kupiec,
)

NOW = datetime(2024, 6, 3, 22, tzinfo=UTC)
FIRST = date(2024, 1, 1)


def forecast(day: int = 0, volatility: float = 0.16, mean: float = 0.05, **more: float) -> Forecast:
    return Forecast(f"reb-{day}", FIRST + timedelta(days=day), mean, volatility, **more)


def realized(returns: np.ndarray, active: np.ndarray | None = None) -> Realized:
    return Realized(tuple(FIRST + timedelta(days=k + 1) for k in range(len(returns))), returns, active)


def measured(forecasts: list[Forecast], came: Realized) -> dict[str, Figure]:
    found = calibration("P1", forecasts, came, NOW)
    assert tuple(f.name for f in found) == CALIBRATION
    assert all(f.portfolio_id == "P1" for f in found)
    return {f.name: f for f in found}


@given(st.integers(1, 400), st.integers(0, 400))
def test_the_probability_of_exceptions_is_scipys_upper_tail(days: int, beyond: int) -> None:
    beyond = min(beyond, days)
    assert exception_probability(beyond, days) == pytest.approx(stats.binom.sf(beyond - 1, days, TAIL), rel=1e-9, abs=1e-100)


@given(st.integers(1, 400), st.integers(0, 400))
def test_kupiecs_ratio_is_twice_the_difference_of_binomial_log_likelihoods(days: int, beyond: int) -> None:
    beyond = min(beyond, days)
    ratio, probability = kupiec(beyond, days)
    likelihoods = stats.binom.logpmf(beyond, days, beyond / days) - stats.binom.logpmf(beyond, days, TAIL)
    assert ratio == pytest.approx(2.0 * likelihoods, rel=1e-7, abs=1e-7)
    assert probability == pytest.approx(stats.chi2.sf(ratio, 1), rel=1e-9)


def test_kupiecs_published_table_is_kept() -> None:
    """Kupiec (1995), as in Jorion (2007, table 6.2): of 255 days at 5 % more than 6 and fewer than 21 are accepted."""
    accepted = [x for x in range(256) if kupiec(x, 255)[1] >= 0.05]
    assert (accepted[0], accepted[-1]) == (7, 20)


def test_returns_of_twice_the_forecast_deviation_have_a_ratio_of_two() -> None:
    one = forecast(mean=0.0)
    up_and_down = 2.0 * one.daily_deviation * np.array([1.0, -1.0] * 40)
    found = measured([one], realized(up_and_down))
    assert found["book_volatility_ratio"].value == pytest.approx(2.0, rel=1e-12)
    assert found["book_return_gap"].value == pytest.approx(0.0, abs=1e-12)
    assert found["book_var_exceptions"].value == pytest.approx(stats.binom.sf(39, 80, 0.05))


def test_each_day_is_held_against_the_forecast_in_force_before_it() -> None:
    calm, wild = forecast(0, volatility=0.1), forecast(30, volatility=0.4)
    rng = np.random.default_rng(5)
    came = realized(rng.normal(0, 0.01, 60))
    scores, gap, variance = [], 0.0, 0.0
    for day, r in zip(came.days, came.returns, strict=True):
        sigma = (0.1 if day <= wild.day else 0.4) / math.sqrt(252)
        scores.append((r - 0.05 / 252) / sigma)
        gap += r - 0.05 / 252
        variance += sigma**2
    found = measured([wild, calm], came)
    assert found["book_volatility_ratio"].value == pytest.approx(math.sqrt(np.mean(np.square(scores))), rel=1e-12)
    assert found["book_return_gap"].value == pytest.approx(gap / math.sqrt(variance), rel=1e-12)


def test_a_forecast_made_on_a_days_prices_is_not_held_against_that_day() -> None:
    days = [FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=2)]
    first, second = forecast(0), forecast(1)
    assert in_force([second, first], days) == [None, first, second]


def test_the_var_that_the_proposal_told_counts_before_a_normal_one() -> None:
    told = forecast(value_at_risk=0.03)
    returns = np.where(np.arange(100) % 10 == 0, -0.031, 0.001)
    found = measured([told], realized(returns))["book_var_exceptions"]
    assert found.detail["exceptions"] == 10
    assert found.value == pytest.approx(stats.binom.sf(9, 100, 0.05))
    assert forecast(mean=0.0).daily_loss == pytest.approx(-stats.norm.ppf(0.05) * 0.16 / math.sqrt(252))


def test_tracking_is_the_root_mean_square_of_active_returns_over_the_forecast() -> None:
    rng = np.random.default_rng(3)
    active = rng.normal(0, 0.002, 50)
    found = measured([forecast(tracking_error=0.02)], realized(rng.normal(0, 0.01, 50), active))["book_tracking_ratio"]
    assert found.value == pytest.approx(np.sqrt(252 * np.mean(active**2)) / 0.02, rel=1e-12)


@pytest.mark.parametrize(
    ("forecasts", "days", "missing"),
    [
        ([forecast()], 19, CALIBRATION),
        ([forecast()], 59, ("book_var_exceptions", "book_tracking_ratio")),
        ([], 100, CALIBRATION),
    ],
)
def test_too_few_days_have_no_figure_and_say_so(forecasts: list[Forecast], days: int, missing: tuple[str, ...]) -> None:
    found = measured(forecasts, realized(np.full(days, 0.001)))
    assert {name for name, f in found.items() if f.value is None} == {*missing, "book_tracking_ratio"}
    assert all(f.why for f in found.values() if f.value is None)


def test_a_forecast_of_no_risk_is_no_yardstick() -> None:
    found = measured([forecast(volatility=0.0, tracking_error=0.0)], realized(np.full(80, 0.001), np.full(80, 0.001)))
    assert all(found[name].value is None for name in ("book_volatility_ratio", "book_return_gap", "book_tracking_ratio"))


def test_on_draws_from_the_forecast_the_figures_have_the_distributions_they_claim() -> None:
    """500 histories of 252 normal days: mean square 1 within its own error, gap standard normal, tail probability uniform
    from above (it is discrete: P(p <= a) <= a)."""
    rng, one = np.random.default_rng(11), forecast()
    histories = rng.normal(one.daily_mean, one.daily_deviation, (500, 252))
    found = [measured([one], realized(history)) for history in histories]
    ratios = np.array([f["book_volatility_ratio"].value for f in found])
    gaps = np.array([f["book_return_gap"].value for f in found])
    tails = np.array([f["book_var_exceptions"].value for f in found])
    assert np.mean(ratios**2) == pytest.approx(1.0, abs=4 * math.sqrt(2 / 252 / 500))
    assert stats.kstest(gaps, "norm").pvalue > 1e-3
    for level in (0.01, 0.05, 0.2):
        assert np.mean(tails <= level) <= level + 4 * math.sqrt(level / 500)
