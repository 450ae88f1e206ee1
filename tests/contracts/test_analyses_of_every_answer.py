"""Every analysis of every certified answer is there, or there is its reason: over the catalog, limit by limit and objective by
objective. Only what makes no portfolio at all is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from catalog_market import LIMITS_THAT_BIND, request

from portopt.dialects.portfolio_answers import write_frontier
from portopt.document.compromises import compromises_document
from portopt.document.risk import risk_document
from portopt.document.sensitivity import moves_document
from portopt.domain.request import OptimizationRequest
from portopt.questions import weights
from portopt.questions.compromises import pareto
from portopt.questions.frontier import frontier
from portopt.questions.risk import risk
from portopt.questions.sensitivity import sensitivity
from portopt.terms.catalog import LIMITS, OBJECTIVES

WHOLE = {"max_positions", "min_positions", "min_position", "max_trades", "min_trade", "round_lots", "ucits_5_10_40"}
UTILITY = {"kind": "utility", "risk_aversion": 4.0}
LIMITS_OF: dict[str, dict[str, Any]] = {"model": {"model_bands": LIMITS["model_bands"].example}}
OPTIONS: dict[str, dict[str, Any]] = {"factor_risk_budget": {"budgets": {"*": 1.0}}}


def _line(found: dict[str, Any]) -> bool:
    """A frontier that rises."""
    returns = [point["return"] for point in found["efficient_frontier"]]
    return len(returns) == 5 and all(b >= a - 1e-12 for a, b in itertools.pairwise(returns))


def _surface(found: dict[str, Any]) -> bool:
    return len(found["points"]) >= 2 and found["not_found"] == 0


BOOKS = {"optimal", "current", "benchmark"}
ANALYSES: dict[str, tuple[Callable[[OptimizationRequest], dict[str, Any]], Callable[[dict[str, Any]], bool]]] = {
    "frontier": (lambda q: write_frontier(frontier(q, points=5)), _line),
    "frontier in CVaR": (lambda q: write_frontier(frontier(q, points=5, risk_measure="cvar")), _line),
    "surface": (lambda q: compromises_document(pareto(q, points=5)), _surface),
    "sensitivity": (lambda q: moves_document(sensitivity(q)), lambda found: found["is_unique"] is not None),
    "risk": (
        lambda q: risk_document(risk(q)),
        lambda found: set(found["decomposition"]) == {"optimal", "current", "benchmark"},
    ),
}


def _is_there_or_has_its_reason(name: str, q: OptimizationRequest) -> dict[str, Any]:
    ask, there = ANALYSES[name]
    found = ask(q)
    reasons = [left["reason"] for left in found.get("left_out", ())]
    assert there(found) or (reasons and all(reasons)), name
    return found


@pytest.mark.parametrize("name", ANALYSES)
@pytest.mark.parametrize("kind", LIMITS)
def test_under_every_limit_every_analysis_is_there_or_has_its_reason(kind, name):
    found = _is_there_or_has_its_reason(name, request(UTILITY, LIMITS_THAT_BIND[kind]))
    if "without" in found:
        assert found["without"] == ([kind] if kind in WHOLE else [])
    if name == "sensitivity":
        assert found["whole_numbers_stay"] == (kind in WHOLE)


@pytest.mark.parametrize("name", ANALYSES)
@pytest.mark.parametrize("kind", OBJECTIVES)
def test_for_every_objective_every_analysis_is_there_or_has_its_reason(kind, name):
    options = OPTIONS.get(kind, dict(OBJECTIVES[kind].example or {}))
    _is_there_or_has_its_reason(name, request({"kind": kind, **options}, {"max_weight": 0.3, **LIMITS_OF.get(kind, {})}))


def test_what_is_drawn_without_whole_numbers_is_never_to_the_right_of_what_they_allow():
    limits = {"max_positions": 3, "max_weight": 0.5}
    held = weights.optimize(request({"kind": "min_risk"}, limits))
    w, p = held.validated.weights, held.problem
    line = write_frontier(frontier(request(UTILITY, limits), points=5))
    assert line["min_risk_portfolio"]["volatility"] <= p.moments.covariance.volatility(w) + 1e-12
    assert (w > 0.0).sum() <= 3


def test_a_frontier_needs_no_objective_that_has_an_answer():
    """Cash beats the risk-free rate: no best ratio, but a line all the same."""
    q = request({"kind": "max_ratio", "measure": "cvar"}, {"cash": {"max": 1.0}})
    assert _line(write_frontier(frontier(q, points=5)))
