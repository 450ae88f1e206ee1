"""Several aims at once: the best compromises between them, or one after the other in strict order of importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from portopt import formulation, pipeline
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.found import Compromises, InOrder
from portopt.ports import Progress
from portopt.questions.posed import Asked, prices_of, rests_on

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def pareto(
    request: Asked,
    axes: Sequence[str] = ("return", "risk", "esg"),
    points: int = 49,
    runtime: Runtime | None = None,
    *,
    risk_measure: str = "volatility",
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    until: Deadline = NEVER,
) -> Compromises:
    """The surface of best compromises between two or three axes, with the current book located on it.

    runtime: to read a book's prices. progress: told how many programs are solved, of how many.
    Raises InfeasibleRequest, diagnosed, where no portfolio satisfies the limits.
    """
    from portopt.analysis.pareto import pareto_surface

    snapshot = prices_of(request, runtime)
    problem = formulation.as_asked(request, snapshot, until)
    pipeline.require_feasible(problem)
    found = pareto_surface(problem, axes, points, risk_measure=risk_measure, measure_options=options, progress=progress)
    return Compromises(problem, found, risk_measure, rests_on(snapshot, runtime))


def lexicographic(
    request: Asked,
    order: Sequence[str],
    tolerances: Mapping[str, float] | None = None,
    runtime: Runtime | None = None,
    *,
    risk_measure: str = "volatility",
    options: Mapping[str, Any] | None = None,
    until: Deadline = NEVER,
) -> InOrder:
    """Axes in strict order of importance; the certified final weights, and what each step before it had at best.

    runtime: to read a book's prices.
    """
    from portopt.analysis.pareto import lexicographic as in_order

    snapshot = prices_of(request, runtime)
    problem = formulation.as_asked(request, snapshot, until)
    pipeline.require_feasible(problem)
    final, stages = in_order(problem, order, tolerances, risk_measure=risk_measure, measure_options=options)
    validated = pipeline.certify(pipeline.optimize(final), snapshot)
    return InOrder(problem, tuple(order), tuple(stages), validated, rests_on(snapshot, runtime))
