"""Strict orders of importance: the second axis decides among what is best on the first, and so on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.analysis.one_axis import alone, bounded, check_axes, measure_of
from portopt.domain.errors import InvalidValue
from portopt.domain.pareto import LexicographicStage
from portopt.domain.problem import Problem
from portopt.optimization import assemble, solve
from portopt.optimization.frontier.answered import weights_of
from portopt.terms.shared.axes import axis_of, direction

TOLERANCE = 1e-4  # of the best amount
# At least: where the best is nothing (no turnover, no cost), nothing of it would leave the later axes nothing to choose from.
LEAST = {"return": 1e-6, "risk": 1e-5, "esg": 1e-4, "cost": 1e-7, "turnover": 1e-4, "tracking_error": 1e-5}


def lexicographic(
    problem: Problem,
    order: Sequence[str],
    tolerances: Mapping[str, float] | None = None,
    *,
    risk_measure: str = "volatility",
    measure_options: Mapping[str, Any] | None = None,
) -> tuple[Problem, tuple[LexicographicStage, ...]]:
    """The program whose optimum respects the order: the last axis is best among what keeps the earlier ones at their best.

    tolerances: by axis, how much of its best amount, in its own unit, the later ones may take; a ten-thousandth of it where
    none is said, and no less than LEAST.
    Returns the final problem, an ordinary one with the earlier optima as its limit axis_bounds, and the stages.
    Raises InvalidValue for an order that repeats or knows no axis, InfeasibleRequest where the limits leave nothing.
    """
    check_axes(order)
    options = dict(measure_options or {})
    given = dict(tolerances or {})
    stages: list[LexicographicStage] = []
    for name in order:
        staged = alone(problem, name, risk_measure, options)
        if name == order[-1]:
            break
        raw = solve(assemble(staged))
        best = axis_of(name, measure_of(risk_measure, options)).amount(weights_of(problem, raw), problem)
        tolerance = given.get(name, max(TOLERANCE * abs(best), LEAST[name]))
        if tolerance < 0.0:
            raise InvalidValue(f"tolerances.{name}", tolerance, "may not be negative", fix="write 0.001")
        bound = best + direction(name) * tolerance
        stages.append(LexicographicStage(name, best, bound, tolerance))
        problem = bounded(problem, {name: bound}, risk_measure, options)
    return staged, tuple(stages)
