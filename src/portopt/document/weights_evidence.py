"""What a check of certified weights takes beside the answer: beliefs, limits, the program with every multiplier, seals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from portopt.document import units
from portopt.document.inputs import covariance_as_data
from portopt.document.program import beside, program, terms_as_solved
from portopt.domain.canonical import plain
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.problem import Problem, describe_term
from portopt.domain.program import StandardForm
from portopt.verifier import seals

ATTRIBUTES = ("sector", "asset_class", "quality_score", "esg_score", "tradable")
PLACE = ("portopt", "evidence", "seals")


def with_evidence(
    response: Mapping[str, Any], problem: Problem, form: StandardForm, validated: ValidatedSolution
) -> dict[str, Any]:
    """S1's response with `portopt.evidence`, from which `portopt verify` works all of it out again."""
    books = {"w_prev": problem.w_prev, "target_weights": validated.weights, "benchmark": problem.benchmark}
    moments, raw = problem.moments, validated.solution.raw
    evidence = {
        "inputs": {
            "assets": list(problem.universe.ids),
            "mu": plain(moments.mu),
            "covariance": covariance_as_data(moments.covariance, books),
            **{name: plain(weights) for name, weights in books.items()},
            "prices": plain(problem.prices),
            "average_daily_value": plain(problem.average_daily_value),
            "risk_free_rate": problem.risk_free_rate,
            "periods_per_year": moments.periods_per_year,
            "portfolio_value": problem.portfolio_value,
            "holding_period_years": problem.holding_period_years,
            "in_sample_returns": _in_sample(problem, validated.weights),
        },
        "assets": [
            {"asset_id": a.id, **{name: getattr(a, name) for name in ATTRIBUTES}, **units.told(problem.universe, a.id)}
            for a in problem.universe.assets
        ],
        "costs": [{**describe_term(cost), "description": cost.describe()} for cost in problem.costs],
        "limits": terms_as_solved(problem),
        **beside(problem),
        "program": program(problem, form, raw),
    }
    document = plain({**response, "portopt": {**response["portopt"], "evidence": evidence}})
    document["portopt"]["evidence"]["seals"] = seals(document, PLACE)
    return dict(document)


def _in_sample(problem: Problem, weights: Any) -> dict[str, Any] | None:
    """(T,) periodic returns of the weights over the history used; a missing return counts as zero."""
    scenarios = problem.moments.scenarios
    if scenarios is None or not any(limit.reads_scenarios for limit in problem.limits):
        return None
    return {"target": plain(np.nan_to_num(np.asarray(scenarios), nan=0.0) @ np.asarray(weights))}
