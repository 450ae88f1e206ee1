"""What every figure was made from, so that whoever holds the document can make it again."""

from __future__ import annotations

from typing import Any

import numpy as np

from portopt.document.decision import weights_of
from portopt.domain.arrays import Vector
from portopt.domain.canonical import digest, plain
from portopt.domain.moments import Covariance
from portopt.domain.outcome import RebalanceOutcome

# A dense covariance of 200 assets is 40,000 numbers, 0.8 MB of JSON: as much as a document should carry, in either form.
DENSE_AT_MOST = 200
WHOLE = ("target_weights", "benchmark")  # products told of every asset: the gradient of an objective, of a tracking error
BENCHMARK_PLACES = 12
BOOKS = ("w_prev", "target_weights", "weights_after", "benchmark")


def inputs(outcome: RebalanceOutcome) -> dict[str, Any]:
    """Beliefs, weights and prices in the universe's order; `assets` names it."""
    problem, plan = outcome.problem, outcome.plan
    universe, moments = problem.universe, problem.moments
    target = np.asarray(outcome.validated.weights)
    after = weights_of(plan, universe, "weight_after")
    books = dict(zip(BOOKS, (problem.w_prev, target, after, problem.benchmark), strict=True))
    return {
        "assets": list(universe.ids),
        "mu": plain(moments.mu),
        "covariance": covariance_as_data(moments.covariance, books),
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
        "in_sample_returns": _in_sample(moments.scenarios, problem.w_prev, after, problem.benchmark),
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


def covariance_as_data(covariance: Covariance, books: dict[str, Vector | None]) -> dict[str, Any]:
    """Sigma as it was used: its factors, the whole of it, or, where that is too much, Sigma times each book.

    A product is given where any book has weight, the optimum's everywhere: its conditions speak of every asset. That is enough
    for every figure: volatility is sqrt(w'(Sigma w)), a contribution w_i (Sigma w)_i / volatility, a tracking error
    sqrt(w'(Sigma w) - 2 w'(Sigma b) + b'(Sigma b)). Sigma itself is made again from the pricing pack, and known by its digest.
    """
    most = DENSE_AT_MOST * DENSE_AT_MOST
    if covariance.is_factor_form and sum(part.size for part in covariance.factors()) <= most:
        F, Omega, D = covariance.factors()
        return {"form": "factors", "F": plain(F), "Omega": plain(Omega), "D": plain(D)}
    if not covariance.is_factor_form and len(covariance) ** 2 <= most:
        return {"form": "dense", "Sigma": plain(covariance.dense())}
    held = {name: w for name, w in books.items() if w is not None}
    seen = np.any([w != 0.0 for w in held.values()], axis=0)
    products = {name: np.where(seen | (name in WHOLE), covariance.times(w), np.nan) for name, w in held.items()}
    sha256 = covariance.identity() if covariance.is_factor_form else digest(covariance.dense())
    return {"form": "products", "Sigma_times": plain(products), "sha256": sha256}


def _in_sample(scenarios: Any, before: Vector | None, after: Vector, benchmark: Vector | None) -> dict[str, Any] | None:
    """(T,) periodic returns of both books over the history used, held at constant weights; a missing return counts as zero.

    benchmark_growth: of the benchmark at BENCHMARK_PLACES even places of the history, for its drawing alone.
    """
    if scenarios is None:
        return None
    returns = np.nan_to_num(np.asarray(scenarios), nan=0.0)
    told = {"before": None if before is None else plain(returns @ before), "after": plain(returns @ after)}
    if benchmark is None or not len(returns):
        return told
    places = np.linspace(0, len(returns) - 1, BENCHMARK_PLACES).round().astype(np.intp)
    return {**told, "benchmark_growth": plain((np.cumprod(1.0 + returns @ benchmark) - 1.0)[places])}
