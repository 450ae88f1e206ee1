"""Several aims at once: the best compromises between them, or one after the other in strict order of importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt import formulation, pipeline
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.found import Compromises, InOrder
from portopt.domain.request import OptimizationRequest
from portopt.ports import Progress


def pareto(
    request: OptimizationRequest,
    axes: Sequence[str] = ("return", "risk", "esg"),
    points: int = 49,
    *,
    risk_measure: str = "volatility",
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    until: Deadline = NEVER,
) -> Compromises:
    """The surface of best compromises between two or three axes, with the current book located on it.

    progress: told how many programs are solved, of how many.
    Raises InfeasibleRequest, diagnosed, where no portfolio satisfies the limits.
    """
    from portopt.analysis.pareto import pareto_surface

    problem = formulation.as_asked(request, until=until)
    pipeline.require_feasible(problem)
    found = pareto_surface(problem, axes, points, risk_measure=risk_measure, measure_options=options, progress=progress)
    return Compromises(problem, found, risk_measure)


def lexicographic(
    request: OptimizationRequest,
    order: Sequence[str],
    tolerances: Mapping[str, float] | None = None,
    *,
    risk_measure: str = "volatility",
    options: Mapping[str, Any] | None = None,
    until: Deadline = NEVER,
) -> InOrder:
    """Axes in strict order of importance; the certified final weights, and what each step before it had at best."""
    from portopt.analysis.pareto import lexicographic as in_order

    problem = formulation.as_asked(request, until=until)
    pipeline.require_feasible(problem)
    final, stages = in_order(problem, order, tolerances, risk_measure=risk_measure, measure_options=options)
    return InOrder(problem, tuple(order), tuple(stages), pipeline.certify(pipeline.optimize(final)))
