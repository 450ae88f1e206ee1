"""The efficient frontier in any convex risk measure: swept by return, every point polished, the best ratio found exactly.

    R(r) = min R(w)  over the limits and  mu'w >= r             r from the least risky portfolio's return to the highest

R rises wherever its floor binds, so that a point whose floor binds has the highest return of its risk (sweep.py).
"""

from __future__ import annotations

import numpy as np

from portopt.domain.errors import InvalidValue
from portopt.domain.explanation import Frontier
from portopt.domain.problem import Problem
from portopt.optimization.frontier.measure_ratio import best_ratio
from portopt.optimization.frontier.sweep import Measure, MeasureSweep


def measure_frontier(
    problem: Problem, measure: Measure, points: int = 20, *, min_return: float | None = None, max_risk: float | None = None
) -> Frontier:
    """The portfolios of least `measure` for `points` returns, equally spaced from the least risky to the best paid.

    As efficient_frontier, which says what is left out. max_risk: in the measure's own unit, over its own horizon. `optimal`:
    the highest ratio of excess return to the measure within the same ends, never below that of any point.
    Raises InvalidValue for VaR, which is not convex, and as efficient_frontier does.
    """
    if not measure.is_convex:
        raise InvalidValue("measure", "var", "VaR is not convex: its frontier has gaps", fix="draw the frontier of cvar")
    sweep = MeasureSweep.of(problem, measure, max_risk)
    raw = sweep.least()
    least = sweep.read(raw)
    if max_risk is not None and least.risk is not None and least.risk > max_risk:
        raise InvalidValue(
            "max_risk",
            max_risk,
            f"the least {measure.describe()} within these limits is {least.risk:.6f}",
            fix=f"ask for max_risk of at least {least.risk + 5e-7:.6f}",
        )
    top = sweep.highest()
    least = sweep.best_paid(least, raw, top.expected_return)
    if min_return is not None and top.expected_return < min_return:
        raise InvalidValue(
            "min_return",
            min_return,
            f"the highest expected return within these limits is {top.expected_return:.6f}",
            fix=f"ask for min_return of at most {top.expected_return - 5e-7:.6f}",
        )
    bottom = least if min_return is None or least.expected_return >= min_return else sweep.at(min_return)
    returns = np.linspace(bottom.expected_return, max(top.expected_return, bottom.expected_return), points)
    swept = (bottom, *(sweep.at(float(r)) for r in returns[1:-1]), top)
    return Frontier(
        points=swept,
        min_risk=bottom,
        max_return=top,
        optimal=best_ratio(sweep, swept, min_return),
        current=None if problem.w_prev is None else sweep.point(problem.w_prev),
        risk_measure=measure.describe(problem.moments.periods_per_year),
    )
