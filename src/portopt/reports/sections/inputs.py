"""What every figure was made from, so that whoever holds the document can make it again."""

from __future__ import annotations

from typing import Any

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.canonical import digest, plain
from portopt.domain.moments import Covariance
from portopt.domain.outcome import RebalanceOutcome
from portopt.reports.sections.decision import weights_of

# A dense covariance of 200 assets is 40,000 numbers, 0.8 MB of JSON: as much as a document should carry.
DENSE_AT_MOST = 200


def inputs(outcome: RebalanceOutcome) -> dict[str, Any]:
    """Beliefs, weights and prices in the universe's order; `assets` names it."""
    problem, plan = outcome.problem, outcome.plan
    universe, moments = problem.universe, problem.moments
    target = np.asarray(outcome.validated.weights)
    after = weights_of(plan, universe, "weight_after")
    columns = [weights for weights in (problem.w_prev, target, after) if weights is not None]
    return {
        "assets": list(universe.ids),
        "mu": plain(moments.mu),
        "covariance": _covariance(moments.covariance, columns),
        "w_prev": plain(problem.w_prev),
        "target_weights": plain(target),
        "weights_after": plain(after),
        "benchmark": plain(problem.benchmark),
        "prices": plain(problem.prices),
        "average_daily_value": plain(problem.average_daily_value),
        "risk_free_rate": problem.risk_free_rate,
        "periods_per_year": moments.periods_per_year,
        "portfolio_value": problem.portfolio_value,
        "holding_period_years": problem.holding_period_years,
        "in_sample_returns": _in_sample(moments.scenarios, problem.w_prev, after),
    }


def estimators(outcome: RebalanceOutcome) -> dict[str, Any]:
    """How the beliefs were made."""
    choice, moments = outcome.request.policy.estimation, outcome.problem.moments
    seen = moments.observations
    return {
        "expected_returns": moments.expected_return_method,
        "expected_returns_options": plain(choice.expected_returns_options),
        "covariance": moments.covariance_method,
        "covariance_options": plain(choice.covariance_options),
        "covariance_form": "factors" if moments.covariance.is_factor_form else "dense",
        "lookback": choice.lookback,
        "periods_per_year": moments.periods_per_year,
        "observations": None if seen is None else dict(zip(outcome.problem.universe.ids, plain(seen), strict=True)),
    }


def _covariance(covariance: Covariance, columns: list[Vector]) -> dict[str, Any]:
    """Sigma as it was used: its factors, the whole of it, or, where that is too much, Sigma times the three portfolios."""
    if covariance.is_factor_form:
        F, Omega, D = covariance.factors()
        return {"form": "factors", "F": plain(F), "Omega": plain(Omega), "D": plain(D)}
    Sigma = covariance.dense()
    if len(covariance) <= DENSE_AT_MOST:
        return {"form": "dense", "Sigma": plain(Sigma)}
    names = ("w_prev", "target_weights", "weights_after")[-len(columns) :]
    products = {name: plain(covariance.times(w)) for name, w in zip(names, columns, strict=True)}
    return {"form": "products", "Sigma_times": products, "sha256": digest(Sigma), "variances": plain(covariance.diagonal())}


def _in_sample(scenarios: Any, before: Vector | None, after: Vector) -> dict[str, Any] | None:
    """(T,) periodic returns of both books over the history used, held at constant weights; a missing return counts as zero."""
    if scenarios is None:
        return None
    returns = np.nan_to_num(np.asarray(scenarios), nan=0.0)
    return {"before": None if before is None else plain(returns @ before), "after": plain(returns @ after)}
