"""Compromises between several aims as data."""

from __future__ import annotations

from typing import Any

from portopt.document.weights import by_asset
from portopt.domain.canonical import plain
from portopt.domain.found import Compromises, InOrder, on_data
from portopt.domain.pareto import Located, ParetoPoint
from portopt.domain.problem import Problem


def compromises_document(found: Compromises) -> dict[str, Any]:
    """The surface: amounts, rates of exchange and weights of every point, and where the current book stands."""
    problem, surface = found.problem, found.surface
    document: dict[str, Any] = plain(
        {
            "portfolio_id": problem.portfolio_id,
            "axes": list(surface.axes),
            "risk_measure": found.risk_measure,
            "points": [_point(problem, p) for p in surface.points],
            "payoff": surface.payoff,
            "current": None if surface.current is None else _located(problem, surface.current),
            "programs_solved": surface.solved,
            "dropped": surface.dropped,
            "without": list(surface.without),
            "not_found": surface.failed,
            **on_data(found.rests_on),
        }
    )
    return document


def in_order_document(found: InOrder) -> dict[str, Any]:
    """Axes in strict order: what each had at best, and the certified weights at the end."""
    return {
        "portfolio_id": found.problem.portfolio_id,
        "order": list(found.order),
        "stages": [plain(stage) for stage in found.stages],
        "optimal_weights": by_asset(found.problem, found.validated.weights),
        "certificate": found.validated.certificate.without_readings(),
        **on_data(found.rests_on),
    }


def _point(problem: Problem, p: ParetoPoint) -> dict[str, Any]:
    return {"amounts": dict(p.amounts), "rates": dict(p.rates), "weights": by_asset(problem, p.weights)}


def _located(problem: Problem, current: Located) -> dict[str, Any]:
    return {
        "amounts": dict(current.amounts),
        "dominating": None if current.dominating is None else _point(problem, current.dominating),
        "improvement": dict(current.improvement),
        "distance": current.distance,
        "nearest": current.nearest,
    }
