"""What must hold of every constructed portfolio: scale, order, duplicates, projections."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portopt.audit import audit
from portopt.construction import construct
from portopt.construction.cvar_budgets import cvar_budget_weights
from portopt.construction.risk_budgets import risk_budget_weights
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_limits, parse_objective

seeds = st.integers(0, 10_000)
sizes = st.integers(3, 12)
OBJECTIVES = [{"kind": "risk_parity"}, {"kind": "risk_parity", "measure": "cvar", "confidence": 0.9}] + [
    {"kind": "hierarchical", "variant": variant, "linkage": "average"} for variant in ("hrp", "herc", "nco")
]
by_objective = pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: o.get("variant", o.get("measure", "volatility")))


def beliefs(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(Sigma, scenarios) of a market with one common factor."""
    rng = np.random.default_rng(seed)
    F, D = rng.uniform(0.3, 1.5, n), rng.uniform(0.01, 0.1, n)
    Sigma = 0.03 * np.outer(F, F) + np.diag(D)
    S = 0.01 * rng.standard_t(4, (80, n)) * np.sqrt(D / D.mean()) + 0.008 * rng.normal(size=(80, 1)) * F
    return Sigma, S


def constructed(objective: dict[str, Any], Sigma: np.ndarray, S: np.ndarray, limits: dict[str, Any] | None = None) -> Problem:
    n = len(Sigma)
    moments = Moments(Universe.of([f"A{i}" for i in range(n)]), np.full(n, 0.05), Covariance(Sigma=Sigma), scenarios=S)
    limits = {"budget": True, "long_only": True, **(limits or {})}
    return construct(Problem(moments, parse_objective(objective), parse_limits(limits)))


@by_objective
@settings(max_examples=15, deadline=None)
@given(seed=seeds, n=sizes, scale=st.sampled_from([1e-4, 0.1, 9.0, 1e3]))
def test_the_unit_of_risk_does_not_matter(objective, seed, n, scale):
    Sigma, S = beliefs(seed, n)
    before, after = constructed(objective, Sigma, S), constructed(objective, Sigma * scale, S * np.sqrt(min(scale, 9.0)))
    np.testing.assert_allclose(after.constructed(), before.constructed(), rtol=0, atol=1e-9)


@by_objective
@settings(max_examples=15, deadline=None)
@given(seed=seeds, n=sizes)
def test_the_order_of_the_assets_does_not_matter_where_the_tree_does_not_depend_on_it(objective, seed, n):
    """Recursive bisection does: which leaf is left is the linkage's choice, so the leaves are ordered optimally there."""
    if objective.get("variant") == "hrp":
        return
    Sigma, S = beliefs(seed, n)
    order = np.random.default_rng(seed).permutation(n)
    before = constructed(objective, Sigma, S).constructed()
    after = constructed(objective, Sigma[np.ix_(order, order)], S[:, order]).constructed()
    np.testing.assert_allclose(after, before[order], rtol=0, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, n=sizes, part=st.floats(0.05, 0.95))
def test_an_asset_listed_twice_shares_its_budget_and_changes_nothing_else(seed, n, part):
    Sigma, S = beliefs(seed, n)
    twice = np.append(np.arange(n), 0)
    b = np.random.default_rng(seed).dirichlet(np.ones(n))
    split = np.append(b, b[0] * (1 - part))
    split[0] *= part
    once = risk_budget_weights(Covariance(Sigma=Sigma), b)
    both = risk_budget_weights(Covariance(Sigma=Sigma[np.ix_(twice, twice)]), split)
    np.testing.assert_allclose(np.append(both[0] + both[-1], both[1:-1]), once, rtol=0, atol=1e-11)
    assert both[0] == pytest.approx(part * once[0], abs=1e-11)
    p = np.full(len(S), 1 / len(S))
    tail, tails = cvar_budget_weights(S, p, 0.9, b), cvar_budget_weights(S[:, twice], p, 0.9, split)
    np.testing.assert_allclose(np.append(tails.weights[0] + tails.weights[-1], tails.weights[1:-1]), tail.weights, atol=1e-8)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, n=st.integers(2, 40), k=st.integers(1, 4), concentration=st.floats(0.05, 20.0))
def test_any_budgets_on_any_market_are_met(seed, n, k, concentration):
    rng = np.random.default_rng(seed)
    covariance = Covariance(F=rng.normal(size=(n, k)), Omega=0.04 * np.eye(k), D=10.0 ** rng.uniform(-6, -1, n))
    b = np.maximum(rng.dirichlet(np.full(n, concentration)), 1e-9)
    b /= b.sum()
    w = risk_budget_weights(covariance, b)
    assert w.min() > 0.0
    np.testing.assert_allclose(w * covariance.times(w) / covariance.variance(w), b, rtol=0, atol=1e-11)


@by_objective
@settings(max_examples=12, deadline=None)
@given(seed=seeds, n=st.integers(4, 10), room=st.floats(1.05, 2.0))
def test_under_any_cap_the_answer_is_certified_and_no_worse_than_random_portfolios(objective, seed, n, room):
    Sigma, S = beliefs(seed, n)
    p = constructed(objective, Sigma, S, {"max_weight": room / n})
    form = assemble(p)
    solution = optimize(p, form=form)
    certificate = audit(p, form, solution)
    assert certificate.certified, certificate.reasons
    rng = np.random.default_rng(seed)
    for _ in range(20):
        w = rng.dirichlet(np.full(n, 3.0))
        t = 1.0 if w.max() <= room / n else (room - 1.0) / (n * w.max() - 1.0)  # mixed with equal weights until it fits
        assert p.objective.value(t * w + (1 - t) / n, p) >= certificate.objective - 1e-12
