"""Figures by definitions worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.analysis import figures, max_drawdown, risk_contributions
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.catalog import parse_limits, parse_objective

ASSETS = (Asset("A", sector="One"), Asset("B", sector="Two"), Asset("C", sector="One"), Asset(CASH))
MU = np.array([0.10, 0.06, 0.08, 0.02])
SIGMA = np.array([[0.04, 0.01, 0.0, 0.0], [0.01, 0.09, 0.0, 0.0], [0.0, 0.0, 0.0225, 0.0], [0.0, 0.0, 0.0, 0.0]])


def problem(**more):
    moments = Moments(Universe(ASSETS), MU, Covariance(Sigma=SIGMA), scenarios=more.pop("scenarios", None))
    return Problem(moments, parse_objective({"kind": "min_risk"}), parse_limits({"budget": True}), risk_free_rate=0.02, **more)


def test_return_volatility_sharpe_and_tracking_error_by_hand():
    w = np.array([0.5, 0.25, 0.0, 0.25])
    found = figures(problem(benchmark=np.array([0.5, 0.0, 0.25, 0.25])), w)
    assert found.expected_return == pytest.approx(0.05 + 0.015 + 0.005)
    variance = 0.25 * 0.04 + 0.0625 * 0.09 + 2 * 0.125 * 0.01
    assert found.volatility == pytest.approx(np.sqrt(variance))
    assert found.sharpe_ratio == pytest.approx((0.07 - 0.02) / np.sqrt(variance))
    assert found.tracking_error == pytest.approx(np.sqrt(0.0625 * 0.09 + 0.0625 * 0.0225))
    assert found.information_ratio == pytest.approx((0.25 * MU[1] - 0.25 * MU[2]) / np.sqrt(0.0625 * 0.09 + 0.0625 * 0.0225))
    assert (found.positions, found.cash_weight) == (2, 0.25)


def test_what_cannot_be_said_is_none():
    found = figures(problem(), np.array([0.0, 0.0, 0.0, 1.0]))
    assert (found.sharpe_ratio, found.tracking_error, found.max_drawdown_in_sample) == (None, None, None)
    assert found.information_ratio is None


def test_the_benchmark_itself_has_no_information_ratio():
    b = np.array([0.5, 0.0, 0.25, 0.25])
    assert figures(problem(benchmark=b), b).information_ratio is None


def test_the_drawdown_is_the_deepest_fall_from_a_peak():
    """100 -> 110 -> 88 -> 96.8 -> 77.44 -> 100.672: from 110 to 77.44 is 29.6 %."""
    path = np.array([[0.1], [-0.2], [0.1], [-0.2], [0.3]])
    assert max_drawdown(np.array([1.0]), path) == pytest.approx(1.0 - 77.44 / 110.0)


def test_a_fall_from_the_start_counts():
    assert max_drawdown(np.array([1.0]), np.array([[-0.1], [0.05]])) == pytest.approx(0.1)


def test_a_missing_return_stands_still():
    given = np.array([[0.1, np.nan], [-0.2, np.nan], [0.0, -0.5]])
    filled = np.nan_to_num(given, nan=0.0)
    w = np.array([0.5, 0.5])
    assert max_drawdown(w, given) == max_drawdown(w, filled)


def test_no_period_has_no_drawdown():
    assert max_drawdown(np.array([1.0]), np.zeros((0, 1))) is None


def test_the_drawdown_of_fixed_weights_is_that_of_the_rebalanced_portfolio():
    returns = np.random.default_rng(3).normal(0.0, 0.02, (300, 4))
    w = np.array([0.4, 0.3, 0.2, 0.1])
    value = 1.0
    peak, worst = 1.0, 0.0
    for row in returns:
        value *= 1.0 + float(w @ row)
        peak = max(peak, value)
        worst = max(worst, 1.0 - value / peak)
    assert figures(problem(scenarios=returns), w).max_drawdown_in_sample == pytest.approx(worst)


def test_two_uncorrelated_assets_contribute_their_own_variance():
    """w_i^2 s_i^2 / sigma, in closed form."""
    w = np.array([0.6, 0.0, 0.4, 0.0])
    sigma = np.sqrt(0.36 * 0.04 + 0.16 * 0.0225)
    by_name = {(c.of, c.name): c for c in risk_contributions(problem(), w)}
    assert by_name["asset", "A"].contribution == pytest.approx(0.36 * 0.04 / sigma)
    assert by_name["asset", "C"].contribution == pytest.approx(0.16 * 0.0225 / sigma)
    assert by_name["sector", "One"].contribution == pytest.approx(sigma)
    assert by_name["sector", "One"].share == pytest.approx(1.0)


def test_contributions_add_up_to_the_volatility_by_asset_and_by_sector():
    w = np.array([0.3, 0.2, 0.4, 0.1])
    found = risk_contributions(problem(), w)
    sigma = np.sqrt(w @ SIGMA @ w)
    for of in ("asset", "sector"):
        assert sum(c.contribution for c in found if c.of == of) == pytest.approx(sigma, abs=1e-15)
        assert sum(c.share for c in found if c.of == of) == pytest.approx(1.0)
        assert sum(c.weight for c in found if c.of == of) == pytest.approx(1.0)


def test_contributions_are_the_slopes_of_the_volatility():
    """Euler: RC_i = w_i d(sigma)/d(w_i), by central differences."""
    w, h = np.array([0.3, 0.2, 0.4, 0.1]), 1e-6
    found = [c.contribution for c in risk_contributions(problem(), w) if c.of == "asset"]
    for i in range(4):
        up, down = w.copy(), w.copy()
        up[i] += h
        down[i] -= h
        slope = (np.sqrt(up @ SIGMA @ up) - np.sqrt(down @ SIGMA @ down)) / (2 * h)
        assert found[i] == pytest.approx(w[i] * slope, abs=1e-9)


def test_a_riskless_book_has_no_contributions():
    assert all(c.contribution == c.share == 0.0 for c in risk_contributions(problem(), np.array([0.0, 0.0, 0.0, 1.0])))
