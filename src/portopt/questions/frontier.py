"""The efficient frontier under a request's own limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portopt import formulation, pipeline
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.found import FoundFrontier
from portopt.questions.posed import Asked, prices_of, rests_on

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def frontier(
    request: Asked,
    runtime: Runtime | None = None,
    *,
    points: int = 20,
    min_return: float | None = None,
    max_risk: float | None = None,
    risk_measure: str = "volatility",
    options: Mapping[str, Any] | None = None,
    until: Deadline = NEVER,
) -> FoundFrontier:
    """Portfolios of least risk for rising return. Raises InfeasibleRequest, diagnosed, where the limits leave none.

    The plane has return and risk and nothing else: the request's objective is left aside.
    risk_measure, options: what risk is (confidence, horizon); max_risk is in its unit. runtime: to read a rebalance's prices.
    """
    from portopt import optimization
    from portopt.terms.risk_measures.catalog import parse_measure

    measure = parse_measure("risk_measure", risk_measure, dict(options or {}))
    snapshot = prices_of(request, runtime)
    problem = formulation.as_asked(request, snapshot, until)
    pipeline.require_feasible(problem)
    found = optimization.efficient_frontier(problem, points, min_return=min_return, max_risk=max_risk, measure=measure)
    return FoundFrontier(problem, found, rests_on(snapshot, runtime))
