"""What must hold for every market."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Asset, Universe
from portopt.optimization import optimize
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

OBJECTIVES = ({"kind": "min_risk"}, {"kind": "utility", "risk_aversion": 3.0}, {"kind": "max_sharpe"})


@st.composite
def problems(draw, objectives=OBJECTIVES):
    """Long-only problems with a cap that can hold, sometimes with sectors, turnover and costs."""
    n = draw(st.integers(2, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    periods = draw(st.integers(n, 4 * n))
    returns = rng.normal(0.0, 0.05, (periods, n))
    Sigma = returns.T @ returns / periods * 12 + np.diag(rng.uniform(1e-4, 0.02, n))
    mu = rng.uniform(0.03, 0.15, n)
    cap = draw(st.sampled_from([1.0, min(1.0, 2.0 / n), min(1.0, 1.2 / n)]))
    limits = {"budget": True, "long_only": True, "max_weight": cap}
    if draw(st.booleans()):
        limits["sector_limits"] = 0.8 if n > 3 else 1.0
    if draw(st.booleans()):
        limits["max_turnover"] = draw(st.sampled_from([0.1, 0.4, 1.0]))
    costs = {"linear_impact": {"bps": draw(st.sampled_from([5.0, 50.0]))}} if draw(st.booleans()) else {}
    held = np.minimum(rng.dirichlet(np.ones(n)), cap)
    held = held + (1 - held.sum()) * (cap - held) / max((cap - held).sum(), 1e-300) if cap < 1 else held
    return Problem(
        Moments(Universe(tuple(Asset(f"A{i}", sector=f"S{i % 2}") for i in range(n))), mu, Covariance(Sigma=Sigma)),
        parse_objective(draw(st.sampled_from(objectives))),
        parse_limits(limits),
        parse_costs(costs),
        w_prev=held,
        risk_free_rate=0.01,
    )


def better(p, a, b):
    """By how much a is better than b."""
    difference = p.objective.value(a, p) - p.objective.value(b, p)
    return difference if p.objective.sense == "maximize" else -difference


@settings(max_examples=60, deadline=None)
@given(p=problems(), seed=st.integers(0, 2**32 - 1))
def test_no_feasible_portfolio_beats_the_optimum(p, seed):
    solution = optimize(p)
    if not solution.is_optimal:
        return
    w, rng = solution.weights, np.random.default_rng(seed)
    assert all(limit.read(w, p).worst() <= 1e-12 for limit in p.limits)
    for _ in range(40):
        other = rng.dirichlet(np.full(p.n, rng.choice([0.3, 1.0, 5.0])))
        mixed = w + rng.choice([1e-4, 0.01, 0.3, 1.0]) * (other - w)
        if all(limit.read(mixed, p).worst() <= 0.0 for limit in p.limits):
            assert better(p, mixed, w) <= 1e-13


@settings(max_examples=40, deadline=None)
@given(p=problems(), seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_assets_does_not_matter(p, seed):
    order = np.random.default_rng(seed).permutation(p.n)
    m = p.moments
    assets = tuple(p.universe.assets[i] for i in order)
    shuffled = p.replaced(
        moments=Moments(Universe(assets), m.mu[order], Covariance(Sigma=m.Sigma[np.ix_(order, order)])),
        w_prev=p.w_prev[order],
    )
    one, other = optimize(p), optimize(shuffled)
    assert one.status is other.status
    if one.is_optimal:
        assert np.abs(one.weights[order] - other.weights).max() <= 1e-9


@settings(max_examples=40, deadline=None)
@given(p=problems(), by=st.sampled_from([0.001, 0.02, 0.1]))
def test_tightening_a_limit_never_improves_the_answer(p, by):
    before = optimize(p)
    if not before.is_optimal:
        return
    for kind in ("max_weight", "max_turnover"):
        limit = p.limit(kind)
        if limit is None or (kind == "max_turnover" and limit.limit <= by) or (kind == "max_weight" and limit.caps["*"] <= by):
            continue
        after = optimize(p.with_limit(limit.relaxed(-by)))
        if after.is_optimal:
            assert better(p, after.weights, before.weights) <= 1e-12
