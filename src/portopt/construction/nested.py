"""An optimum inside each cluster, then one over the clusters as assets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from portopt.construction.risk_parity import among
from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.errors import stopped
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Universe
from portopt.optimization import optimize
from portopt.optimization.ratio.best_ratio import NoExcessReturn, RisklessExcess
from portopt.terms.catalog import parse_limits, parse_objective

LEAST_RISK = {"kind": "min_risk"}
Construct = Callable[[Problem], Problem]  # gives a problem the portfolio its objective refers to
ALONE = {"budget": True, "long_only": True}


def nested_weights(
    p: Problem,
    clusters: list[Indices],
    inner: Mapping[str, Any] | None,
    outer: Mapping[str, Any] | None,
    construct: Construct,
) -> Vector:
    """(n,) weights = the clusters' optima W (n, K) times the optimum over them, whose moments are W'mu and W'Sigma W.

    Both long only and fully invested. Where no portfolio of a cluster earns more than the risk-free rate, a Sharpe ratio has
    no maximum there and the cluster's least variance is taken.
    """
    W = np.zeros((p.n, len(clusters)))
    for k, at in enumerate(clusters):
        W[at, k] = _optimum(p, _within(p, at), inner or LEAST_RISK, construct)
    return np.asarray(W @ _optimum(p, _over(p, W), outer or LEAST_RISK, construct))


def _within(p: Problem, at: Indices) -> Moments:
    m = p.moments
    universe = Universe(tuple(p.universe.assets[i] for i in at))
    return _moments(m, universe, m.mu[at], among(m.covariance, at), None if m.scenarios is None else m.scenarios[:, at])


def _over(p: Problem, W: Matrix) -> Moments:
    m = p.moments
    Sigma = W.T @ np.column_stack([m.covariance.times(column) for column in W.T])
    universe = Universe.of([f"cluster {k + 1}" for k in range(W.shape[1])])
    scenarios = None if m.scenarios is None else m.scenarios @ W
    return _moments(m, universe, W.T @ m.mu, Covariance(Sigma=0.5 * (Sigma + Sigma.T)), scenarios)


def _moments(m: Moments, universe: Universe, mu: Vector, covariance: Covariance, scenarios: Matrix | None) -> Moments:
    return Moments(
        universe,
        mu,
        covariance,
        m.periods_per_year,
        scenarios=scenarios,
        probabilities=m.probabilities,
        scenario_span=m.scenario_span,
    )


def _optimum(p: Problem, moments: Moments, objective: Mapping[str, Any], construct: Construct) -> Vector:
    """The long-only optimum on `moments`; what else it is asked with is p's."""
    if len(moments.universe) == 1:
        return np.ones(1)
    limits = parse_limits(ALONE)
    alone = Problem(moments, parse_objective(objective), limits, risk_free_rate=p.risk_free_rate, until=p.until)
    question = construct(alone)
    try:
        solution = optimize(question)
    except (NoExcessReturn, RisklessExcess):
        solution = optimize(question.replaced(objective=parse_objective(LEAST_RISK)))
    if solution.weights is None:
        raise stopped(solution.status.value, f"inside the clusters of {', '.join(moments.universe.ids[:4])}, …")
    return solution.weights
