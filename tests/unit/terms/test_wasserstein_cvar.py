"""Wasserstein-robust CVaR: its closed form is attained by an explicit distribution, and radius zero is plain CVaR."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from portopt.audit import certify
from portopt.domain.errors import InvalidValue
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_limits, parse_objective
from portopt.terms.risk_measures.conditional_value_at_risk import ConditionalValueAtRisk
from portopt.terms.risk_measures.wasserstein_cvar import WassersteinCvar

ORDER: dict[str, Any] = {"1": 1, "2": 2, "inf": np.inf}
every_norm = pytest.mark.parametrize("norm", ["1", "2", "inf"])


def problem(objective: dict[str, Any], limits: dict[str, Any] | None = None, *, cash: bool = False) -> Problem:
    rng = np.random.default_rng(7)
    n, T = 5, 60
    S = rng.normal(0.0, 0.02, size=(T, n)) @ (np.eye(n) + 0.3)
    S += np.linspace(0.0, 0.001, n) - S.mean(axis=0)
    assets = [Asset(f"A{i}") for i in range(n)]
    if cash:
        assets.append(Asset(CASH))
        S = np.hstack([S, np.full((T, 1), 1e-4)])
    covariance = Covariance(Sigma=np.cov(S.T, ddof=0) * 252)
    moments = Moments(Universe(tuple(assets)), S.mean(axis=0) * 252, covariance, scenarios=S)
    given = {"budget": True, "long_only": True} if limits is None else limits
    return Problem(moments, parse_objective(objective), parse_limits(given))


def certified(p: Problem) -> np.ndarray:
    form = assemble(p)
    return certify(p, form, optimize(p, form=form)).weights


@every_norm
def test_the_stated_worst_is_attained_by_moving_the_tail_and_by_no_less(norm):
    p = problem({"kind": "min_risk"})
    beta, radius = 0.9, 0.002
    S, prob = p.scenarios()
    for w in np.random.default_rng(8).normal(size=(5, p.n)):
        # The direction of unit length in the norm that lowers w'r most.
        if norm == "1":
            d = np.zeros(p.n)
            d[np.argmax(np.abs(w))] = np.sign(w[np.argmax(np.abs(w))])
        else:
            d = np.sign(w) if norm == "inf" else w / np.linalg.norm(w)
        losses = -(S @ w)
        tail = losses >= np.sort(losses)[-6]  # the worst 10 % of 60: six whole scenarios
        moved = S - np.outer(tail, d) * radius / (1 - beta)
        carried = float(prob @ np.linalg.norm(moved - S, ORDER[norm], axis=1))
        assert carried == pytest.approx(radius, rel=1e-12), "that is how far the distribution moved"
        stated = WassersteinCvar(beta, 1, radius, norm).value(w, p)
        assert np.sort(-(moved @ w))[-6:].mean() == pytest.approx(stated, rel=1e-12)


@every_norm
def test_no_distribution_within_the_radius_is_worse(norm):
    p = problem({"kind": "min_risk"})
    rng = np.random.default_rng(9)
    S, prob = p.scenarios()
    w = rng.normal(size=p.n)
    stated = WassersteinCvar(0.9, 1, 0.002, norm).value(w, p)
    for _ in range(500):
        step = rng.normal(size=S.shape) * rng.uniform(size=(len(S), 1)) ** 8
        step *= 0.002 / float(prob @ np.linalg.norm(step, ORDER[norm], axis=1))
        assert np.sort(-((S + step) @ w))[-6:].mean() <= stated + 1e-12


@every_norm
def test_a_radius_of_zero_is_plain_cvar(norm):
    robust = problem({"kind": "min_risk", "measure": "wasserstein_cvar", "confidence": 0.9, "radius": 0, "norm": norm})
    plain = problem({"kind": "min_risk", "measure": "cvar", "confidence": 0.9})
    np.testing.assert_allclose(certified(robust), certified(plain), rtol=0, atol=1e-9)


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("cash", [False, True])
@pytest.mark.parametrize("shorts", [False, True])
@every_norm
def test_the_optimum_is_what_cvxpy_finds(norm, shorts, cash):
    spec = {"kind": "min_risk", "measure": "wasserstein_cvar", "confidence": 0.9, "radius": 0.003, "norm": norm}
    limits = {"budget": True, "min_weight": -0.3, "max_weight": 0.7, "min_return": 0.05, "cash": {"min": 0.0}}
    limits = limits if shorts else {"budget": True, "long_only": True, "min_return": 0.05}
    if not cash:
        limits.pop("cash", None)
    p = problem(spec, limits, cash=cash)
    S, prob = p.scenarios()
    w, eta = cp.Variable(p.n), cp.Variable()
    dual = {"1": "inf", "2": 2, "inf": 1}[norm]
    risk = eta + prob @ cp.pos(-S @ w - eta) / 0.1 + 0.003 / 0.1 * cp.norm(w[:5], dual)
    held = [cp.sum(w) == 1, p.moments.mu @ w >= 0.05]
    held += [w[:5] >= -0.3, w[:5] <= 0.7] if shorts else [w >= 0]
    if cash:
        held.append(w[5] >= 0)
    witness = cp.Problem(cp.Minimize(risk), held)
    witness.solve(solver=cp.CLARABEL, tol_feas=1e-11, tol_gap_abs=1e-11, tol_gap_rel=1e-11)
    ours = p.objective.value(certified(p), p)
    assert ours == pytest.approx(witness.value, rel=1e-7)


@every_norm
def test_contributions_add_up_to_the_measure(norm):
    p = problem({"kind": "min_risk"}, cash=True)
    measure = WassersteinCvar(0.9, 1, 0.003, norm)
    rng = np.random.default_rng(10)
    for w in rng.normal(size=(5, p.n)):
        g = measure.gradient(w, p)
        assert g @ w == pytest.approx(measure.value(w, p), rel=1e-12)
        for v in rng.normal(size=(20, p.n)):
            assert measure.value(v, p) >= measure.value(w, p) + g @ (v - w) - 1e-12, "a subgradient lies below"
    assert measure.value(np.eye(6)[5], p) == ConditionalValueAtRisk(0.9).value(np.eye(6)[5], p), "cash is what it is"


def test_a_limit_on_it_binds_where_it_is_read():
    limits = {"budget": True, "long_only": True, "max_risk": {"wasserstein_cvar": {"limit": 0.045, "radius": 0.001}}}
    p = problem({"kind": "max_return"}, limits)
    w = certified(p)
    assert WassersteinCvar(0.95, 1, 0.001).value(w, p) == pytest.approx(0.045, abs=1e-9)


@pytest.mark.parametrize(("option", "value"), [("radius", -0.1), ("radius", "wide"), ("norm", 3), ("norm", "fro")])
def test_what_is_no_ball_is_refused(option, value):
    with pytest.raises(InvalidValue, match=option):
        parse_objective({"kind": "min_risk", "measure": "wasserstein_cvar", option: value})
