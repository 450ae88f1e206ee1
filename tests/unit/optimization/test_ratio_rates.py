"""The search of a rate, on portfolios of two assets whose best ratio is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.optimization.ratio.rates import Asked, by_secant, of_answer, search_rates

MU, VARIANCE = np.array([0.06, 0.10]), np.array([0.02, 0.09])
# Two assets without correlation: weights in proportion to mu / variance, ratio^2 = sum mu^2 / variance.
BEST = float(np.sqrt((MU**2 / VARIANCE).sum()))


class Utilities:
    """argmin 1/2 variance - t excess over portfolios that add to one."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.ratio = 0.0

    def ask(self, t: float) -> Asked | None:
        self.rates.append(t)
        # Stationarity under the budget:  V w - t mu = eta 1.
        eta = (1.0 - t * float((MU / VARIANCE).sum())) / float((1.0 / VARIANCE).sum())
        w = (t * MU + eta) / VARIANCE
        excess, risk = float(MU @ w), float(w**2 @ VARIANCE)
        self.ratio = excess / float(np.sqrt(risk))
        found = Asked(t, excess, risk)
        return found if abs(found.mismatch) > 1e-15 * risk else None


def test_the_secant_ends_at_the_best_ratio_in_two_steps_where_nothing_binds() -> None:
    way = Utilities()
    search_rates(way.ask, 0.25, by_secant, 20)
    assert way.ratio == pytest.approx(BEST, rel=1e-15)
    assert len(way.rates) <= 5


def test_dinkelbachs_ratios_rise_to_the_best_one() -> None:
    """max excess - S risk over a disc of portfolios: the optimum has the closed form of a support point."""
    centre, radius = np.array([1.0, 1.0]), 0.5  # (risk, excess); the best ratio is the slope of the tangent from zero
    ratios: list[float] = []

    def ask(ratio: float) -> Asked | None:
        up = np.array([-ratio, 1.0])
        risk, excess = centre + radius * up / np.linalg.norm(up)
        ratios.append(excess / risk)
        return Asked(ratio, excess, risk) if excess / risk > ratio * (1.0 + 1e-14) else None

    search_rates(ask, 0.0, of_answer, 30)
    assert ratios == sorted(ratios)
    assert ratios[-1] == pytest.approx((4.0 + np.sqrt(7.0)) / 3.0, rel=1e-14)
    assert len(ratios) <= 7


def test_a_secant_that_leads_far_away_is_not_followed() -> None:
    before, found = Asked(0.2, 1.0, 0.4000001), Asked(0.1, 1.0, 0.3)  # g almost level: its zero is far off
    assert by_secant(found, before) == found.risk / found.excess


def test_no_more_is_asked_than_allowed() -> None:
    way = Utilities()
    search_rates(way.ask, 0.25, lambda found, before: 0.9 * found.rate, 3)
    assert way.rates == pytest.approx([0.25, 0.225, 0.2025])
