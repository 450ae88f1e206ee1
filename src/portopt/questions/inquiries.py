"""Further questions about one choice of weights: compromises, plans over periods, sensitivities, many requests at once.

Each takes requests that bring their own beliefs and gives plain data, weights keyed by asset id.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt import formulation, pipeline
from portopt.domain.arrays import Vector
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue, PortoptError
from portopt.domain.problem import Problem
from portopt.domain.request import OptimizationRequest
from portopt.domain.sensitivity import Derivative
from portopt.ports import Progress
from portopt.questions import service

if TYPE_CHECKING:
    pass

MOST_REQUESTS = 10_000
MOST_NAMED = 12  # weights of a derivative that are worth naming
MOST_MATRIX = 200  # assets, for the whole matrix of derivatives by expected return
STILL = 1e-12


def by_asset(problem: Problem, values: Vector) -> dict[str, float]:
    """{asset id: value}, zeros of either sign as 0.0."""
    return {a: float(v) + 0.0 for a, v in zip(problem.universe.ids, values.tolist(), strict=True)}


def pareto(
    request: OptimizationRequest,
    axes: Sequence[str] = ("return", "risk", "esg"),
    points: int = 49,
    *,
    risk_measure: str = "volatility",
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The surface of best compromises between two or three axes, with the current book located on it.

    Raises InfeasibleRequest, diagnosed, where no portfolio satisfies the limits.
    """
    from portopt.analysis.pareto import pareto_surface

    problem = formulation.as_asked(request)
    pipeline.require_feasible(problem)
    found = pareto_surface(problem, axes, points, risk_measure=risk_measure, measure_options=options, progress=progress)

    def point(p: Any) -> dict[str, Any]:
        return {"amounts": dict(p.amounts), "rates": dict(p.rates), "weights": by_asset(problem, p.weights)}

    current = found.current
    surface: dict[str, Any] = plain(
        {
            "portfolio_id": problem.portfolio_id,
            "axes": list(found.axes),
            "risk_measure": risk_measure,
            "points": [point(p) for p in found.points],
            "payoff": found.payoff,
            "current": None
            if current is None
            else {
                "amounts": dict(current.amounts),
                "dominating": None if current.dominating is None else point(current.dominating),
                "improvement": dict(current.improvement),
                "distance": current.distance,
                "nearest": current.nearest,
            },
            "programs_solved": found.solved,
            "dropped": found.dropped,
            "without": list(found.without),
            "not_found": found.failed,
        }
    )
    return surface


def lexicographic(
    request: OptimizationRequest,
    order: Sequence[str],
    tolerances: Mapping[str, float] | None = None,
    *,
    risk_measure: str = "volatility",
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Axes in strict order of importance; the certified final weights, and what each step before it had at best."""
    from portopt.analysis.pareto import lexicographic as in_order

    problem = formulation.as_asked(request)
    pipeline.require_feasible(problem)
    final, stages = in_order(problem, order, tolerances, risk_measure=risk_measure, measure_options=options)
    validated = pipeline.validate(pipeline.optimize(final))
    return {
        "portfolio_id": problem.portfolio_id,
        "order": list(order),
        "stages": [plain(stage) for stage in stages],
        "optimal_weights": by_asset(problem, validated.weights),
        "certificate": certificate_summary(validated.certificate),
    }


def periods(request: OptimizationRequest) -> dict[str, Any]:
    """The whole plan of a multi_period request: weights, turnover and figures of every period, and its one certificate."""
    from portopt.construction.multi_period import plan_periods
    from portopt.terms.objectives.multi_period import MultiPeriod

    problem = formulation.as_asked(request)
    if not isinstance(problem.objective, MultiPeriod):
        fix = 'write {"kind": "multi_period", "risk_aversion": 4, "periods": 4, "years": 0.25} for the objective'
        raise InvalidValue("objective", problem.objective.kind, "is not a plan over several periods", fix=fix)
    plan = plan_periods(problem)
    rows, before = [], problem.w_prev
    for k, (period, w) in enumerate(zip(problem.objective.periods, plan.weights, strict=True)):
        at = slice(k * problem.n, (k + 1) * problem.n)
        rows.append(
            {
                "period": k + 1,
                "years": period.years,
                "weights": by_asset(problem, w),
                "turnover": None if before is None else 0.5 * float(np.abs(w - before).sum()),
                "expected_return": float(plan.problem.moments.mu[at] @ w),
                "volatility": period.volatility_scale * problem.moments.covariance.volatility(w),
            }
        )
        before = w
    return {
        "portfolio_id": problem.portfolio_id,
        "objective": problem.objective.describe(),
        "periods": rows,
        "certificate": certificate_summary(plan.validated.certificate),
    }


def sensitivity(request: OptimizationRequest) -> dict[str, Any]:
    """How the optimal weights move with risk aversion, expected returns and every binding limit, and how far that holds.

    The weights are certified; where they have no derivative (`left_out` says why) they are given without.
    """
    from portopt.analysis import Attempts
    from portopt.optimization.prices.derivatives import sensitivities

    answer = service.optimize(request, prices_solved_again=True)
    problem = answer.problem
    said, solution = Attempts(list(answer.left_out)), answer.validated.solution
    matrix = problem.n <= MOST_MATRIX
    found = said.attempt("how the weights move", lambda: sensitivities(problem, answer.form, solution, returns=matrix))

    def derivative(d: Derivative) -> dict[str, Any]:
        moved = sorted(range(problem.n), key=lambda i: -abs(d.weights[i]))[:MOST_NAMED]
        data = {name: value for name, value in plain(d).items() if name != "weights"}
        open_ended = {name: None if math.isinf(getattr(d, name)) else getattr(d, name) for name in ("up", "down")}
        weights = {problem.universe.ids[i]: float(d.weights[i]) for i in moved if abs(d.weights[i]) > STILL}
        return {**data, **open_ended, "weights": weights}

    returns = None if found is None else found.to_expected_returns
    aversion = None if found is None else found.to_risk_aversion
    return {
        "portfolio_id": problem.portfolio_id,
        "optimal_weights": by_asset(problem, answer.validated.weights),
        "to_risk_aversion": None if aversion is None else derivative(aversion),
        "to_limits": [] if found is None else [derivative(d) for d in found.to_limits],
        "to_expected_returns": None
        if returns is None
        else {a: by_asset(problem, returns[:, j]) for j, a in enumerate(problem.universe.ids)},
        "shadow_prices": [plain(price) for price in answer.prices],
        "degenerate": [] if found is None else list(found.degenerate),
        "is_unique": None if found is None else found.is_unique,
        "whole_numbers_stay": bool(answer.form.integer.any()),
        "left_out": [{**plain(left), "sentence": left.sentence} for left in said.left_out],
        "certificate": certificate_summary(answer.validated.certificate),
    }


def batch(
    documents: Any, *, processes: int = 1, answered: list[tuple[OptimizationRequest, dict[str, Any]]] | None = None
) -> list[dict[str, Any]]:
    """Many S1 requests: a response each, or the problem object of what was wrong with it, in their order.

    Requests on one covariance share its work. processes: to spread them over; the answers are the same bytes.
    answered: is given each request that has a response, with it.
    Raises InvalidValue for what is not a list of at most MOST_REQUESTS.
    """
    from portopt.dialects.reading import list_of
    from portopt.dialects.strategy import read_request, write_response

    items = list_of(documents, "requests", least=1, most=MOST_REQUESTS)
    read: list[OptimizationRequest | PortoptError] = []
    for k, item in enumerate(items):
        try:
            read.append(read_request(item))
        except PortoptError as error:
            error.field = f"[{k}].{error.field}" if error.field else f"[{k}]"
            read.append(error)
    answers = iter(service.optimize_many([r for r in read if not isinstance(r, PortoptError)], processes=processes))
    out = []
    for request in read:
        answer = request if isinstance(request, PortoptError) else next(answers)
        if isinstance(answer, PortoptError):
            out.append(dict(answer.problem()))
        elif isinstance(request, OptimizationRequest):
            out.append(write_response(request, answer))
            if answered is not None:
                answered.append((request, out[-1]))
    return out


def certificate_summary(certificate: Any) -> dict[str, Any]:
    """The certificate as data, its readings left out."""
    return {name: value for name, value in plain(certificate).items() if name != "readings"}
