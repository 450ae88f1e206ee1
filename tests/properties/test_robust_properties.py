"""Robust answers for all inputs: a wider set never promises more, order changes nothing, nothing feasible is better."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portopt.audit import certify
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_limits, parse_objective

SETS: list[dict[str, Any]] = [
    {"returns": {"set": "box", "radius": 1.0}},
    {"returns": {"set": "ellipsoid", "radius": 1.0, "observations": 400}},
    {"returns": {"set": "ellipsoid", "radius": 1.0, "observations": 400, "matrix": "diagonal"}},
    {"covariance": {"set": "box", "radius": 1.0}},
    {"covariance": {"set": "factor", "specific": 0.2, "exposure": 1.0}},
]
every_set = pytest.mark.parametrize("given_set", SETS, ids=str)
few = settings(max_examples=12, deadline=None)


def market(seed: int, n: int) -> Moments:
    rng = np.random.default_rng(seed)
    F, D = rng.normal(size=(n, 2)) * 0.2, rng.uniform(0.005, 0.05, n)
    return Moments(Universe.of([f"A{i}" for i in range(n)]), rng.uniform(-0.02, 0.15, n), Covariance(F=F, Omega=np.eye(2), D=D))


def scaled(given_set: dict[str, Any], size: float) -> dict[str, Any]:
    """The set with its radius `size`, in the unit of its kind."""
    ((belief, options),) = given_set.items()
    name = "exposure" if options["set"] == "factor" else "radius"
    unit = 0.05 if options["set"] == "box" and belief == "returns" else 1.0
    return {"kind": "robust_utility", "risk_aversion": 4, belief: {**options, name: unit * size}}


def problem(moments: Moments, spec: dict[str, Any], *, short: bool) -> Problem:
    limits = {"budget": True, "leverage_limit": 1.5, "max_weight": 0.9} if short else {"budget": True, "long_only": True}
    return Problem(moments, parse_objective(spec), parse_limits(limits))


def best(p: Problem) -> tuple[np.ndarray, float]:
    form = assemble(p)
    found = certify(p, form, optimize(p, form=form))
    return found.weights, found.certificate.objective


@every_set
@few
@given(
    seed=st.integers(0, 10_000), n=st.integers(2, 9), short=st.booleans(), small=st.floats(0, 0.5), more=st.floats(0.01, 0.5)
)
def test_a_wider_set_never_promises_more(given_set, seed, n, short, small, more):
    moments = market(seed, n)
    _, narrow = best(problem(moments, scaled(given_set, small), short=short))
    _, wide = best(problem(moments, scaled(given_set, small + more), short=short))
    assert wide <= narrow + 1e-9


@every_set
@few
@given(seed=st.integers(0, 10_000), n=st.integers(2, 8), short=st.booleans())
def test_the_order_of_the_assets_changes_nothing(given_set, seed, n, short):
    moments = market(seed, n)
    order = np.random.default_rng(seed).permutation(n)
    F, Omega, D = moments.covariance.factors()
    moved = Moments(Universe.of([f"A{i}" for i in order]), moments.mu[order], Covariance(F=F[order], Omega=Omega, D=D[order]))
    spec = scaled(given_set, 0.3)
    w, value = best(problem(moments, spec, short=short))
    v, again = best(problem(moved, spec, short=short))
    assert again == pytest.approx(value, abs=1e-9)
    np.testing.assert_allclose(v, w[order], rtol=0, atol=1e-6)


@every_set
@few
@given(seed=st.integers(0, 10_000), n=st.integers(2, 8))
def test_no_portfolio_is_better_at_its_worst_than_the_robust_optimum(given_set, seed, n):
    p = problem(market(seed, n), scaled(given_set, 0.4), short=False)
    _, value = best(p)
    for w in np.random.default_rng(seed).dirichlet(np.full(n, 0.6), size=200):
        assert p.objective.value(w, p) <= value + 1e-9
