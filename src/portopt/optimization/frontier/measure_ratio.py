"""The best ratio of excess return to a risk measure, between the ends of its frontier."""

from __future__ import annotations

from dataclasses import dataclass, replace

from portopt.domain.arrays import Vector
from portopt.domain.explanation import FrontierPoint
from portopt.domain.program import INF, StandardForm
from portopt.domain.solution import SolveStatus
from portopt.optimization.frontier.sweep import FLOOR, MeasureSweep, solved_near, with_side
from portopt.optimization.ratio.rates import Asked, of_answer, search_rates

STEPS = 30
SETTLED = 1e-13


def best_ratio(sweep: MeasureSweep, swept: tuple[FrontierPoint, ...], min_return: float | None) -> FrontierPoint:
    """The highest ratio between the ends, by Dinkelbach's steps from the best of the points."""
    rate = sweep.problem.risk_free_rate
    found = max(swept, key=lambda p: _ratio(p, rate))
    ratio = _ratio(found, rate)
    if not 0.0 < ratio < INF:
        return found
    form = sweep.bounded if sweep.max_risk is None else sweep.cap(sweep.max_risk)
    steps = _Steps(sweep, form if min_return is None else with_side(form, FLOOR, lower=min_return), found)
    search_rates(steps.ask, ratio, of_answer, STEPS)
    return steps.best


@dataclass(slots=True)
class _Steps:
    """best: the point of the highest ratio so far. near: (N,) the answer before, where the next program starts."""

    sweep: MeasureSweep
    form: StandardForm
    best: FrontierPoint
    near: Vector | None = None

    def ask(self, ratio: float) -> Asked | None:
        p = self.sweep.problem
        q = self.form.q + ratio * self.sweep.risk[0]
        q[: p.n] -= p.moments.mu
        raw = solved_near(replace(self.form, q=q), self.near)
        if raw.status is not SolveStatus.OPTIMAL or raw.x is None:
            return None
        self.near, point = raw.x, self.sweep.point(raw.x[: p.n])
        if not ratio * (1.0 + SETTLED) < _ratio(point, p.risk_free_rate) < INF:
            return None
        self.best = point
        return Asked(ratio, point.expected_return - p.risk_free_rate, point.risk or 0.0)


def _ratio(point: FrontierPoint, rate: float) -> float:
    """Excess return over risk; without risk, infinite or nothing."""
    excess, risk = point.expected_return - rate, point.risk or 0.0
    if risk > 0.0:
        return excess / risk
    return INF if excess > 0.0 else -INF
