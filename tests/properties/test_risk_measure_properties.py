"""What every risk measure is, for all portfolios and all scenarios."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portopt.analysis import decompose, risk_figures
from portopt.domain.factor_model import FactorModel
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Asset, Universe
from portopt.terms.catalog import parse_objective
from portopt.terms.risk_measures.catalog import parse_measure

KINDS = (
    "volatility", "semideviation", "mad", "gini_mean_difference", "var", "cvar", "evar", "worst_realization",
    "max_drawdown", "average_drawdown", "cdar", "ulcer_index",
)  # fmt: skip
PATHS = ("max_drawdown", "average_drawdown", "cdar", "ulcer_index")
DEVIATIONS = ("semideviation", "mad", "gini_mean_difference")
CONVEX = tuple(kind for kind in KINDS if kind != "var")
OF_SCENARIOS = tuple(kind for kind in KINDS if kind != "volatility")
every_kind = pytest.mark.parametrize("kind", KINDS)
seeds = st.integers(0, 10_000)
few = settings(max_examples=15, deadline=None)


def problem(R, probabilities=None, **more) -> Problem:
    n = R.shape[1]
    universe = Universe(tuple(Asset(f"A{i}", sector=("X", "Y", None)[i % 3]) for i in range(n)))
    Sigma = np.cov(R.T).reshape(n, n) * 252
    moments = Moments(universe, R.mean(0) * 252, Covariance(Sigma=Sigma), scenarios=R, probabilities=probabilities, **more)
    return Problem(moments, parse_objective({"kind": "min_risk"}), ())


def market(seed: int, T: int = 60, n: int = 4):
    rng = np.random.default_rng(seed)
    R = rng.standard_t(4, size=(T, n)) * 0.01 + 0.0005
    return R, rng.dirichlet(np.ones(T)), rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n))


def measure(kind: str):
    return parse_measure("test", kind, {"confidence": 0.9} if kind in ("var", "cvar", "evar", "cdar") else {})


@every_kind
@few
@given(seed=seeds, scale=st.floats(0.01, 50.0))
def test_twice_the_portfolio_is_twice_the_risk(kind, seed, scale):
    R, prob, w, _ = market(seed)
    p, m = problem(R, prob), measure(kind)
    assert m.value(scale * w, p) == pytest.approx(scale * m.value(w, p), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("kind", CONVEX)
@few
@given(seed=seeds)
def test_a_portfolio_of_portfolios_is_no_riskier_than_its_parts(kind, seed):
    R, prob, w, v = market(seed)
    p, m = problem(R, prob), measure(kind)
    assert m.value(w + v, p) <= m.value(w, p) + m.value(v, p) + 1e-12


@pytest.mark.parametrize("kind", OF_SCENARIOS)
@few
@given(seed=seeds)
def test_the_order_of_scenarios_matters_to_drawdowns_alone(kind, seed):
    R, prob, w, _ = market(seed)
    mixed = np.random.default_rng(seed).permutation(len(R))
    before, after = (measure(kind).value(w, q) for q in (problem(R, prob), problem(R[mixed], prob[mixed])))
    if kind in PATHS:
        assert after > 0.0
    else:
        assert after == pytest.approx(before, rel=1e-12)


@pytest.mark.parametrize("kind", [kind for kind in OF_SCENARIOS if kind not in PATHS])
@few
@given(seed=seeds)
def test_a_scenario_twice_as_likely_is_the_scenario_twice(kind, seed):
    R, _, w, _ = market(seed, T=30)
    times = np.random.default_rng(seed).integers(1, 4, len(R))
    weighted, repeated = problem(R, times / times.sum()), problem(np.repeat(R, times, axis=0))
    assert measure(kind).value(w, weighted) == pytest.approx(measure(kind).value(w, repeated), rel=1e-9)


@every_kind
@few
@given(seed=seeds)
def test_contributions_add_up_by_asset_and_by_sector(kind, seed):
    R, prob, w, _ = market(seed)
    found = decompose(problem(R, prob), w, measure(kind))
    for of in ("asset", "sector"):
        assert sum(part.component for part in found.of(of)) == pytest.approx(found.total, rel=1e-9, abs=1e-16)
        assert sum(part.share for part in found.of(of)) == pytest.approx(1.0, rel=1e-9)
    for part in found.of("asset"):
        assert part.component == pytest.approx(part.exposure * part.marginal, rel=1e-12, abs=1e-18)


@pytest.mark.parametrize("kind", CONVEX)
@few
@given(seed=seeds)
def test_marginals_are_a_subgradient(kind, seed):
    R, prob, w, v = market(seed)
    p, m = problem(R, prob), measure(kind)
    assert m.value(v, p) >= m.value(w, p) + m.gradient(w, p) @ (v - w) - 1e-12


@pytest.mark.parametrize("kind", ["volatility", "semideviation", "mad", "cvar", "evar", "ulcer_index"])
def test_marginals_are_the_slope_of_the_measure(kind):
    R, prob, w, _ = market(3)
    p, m = problem(R, prob), measure(kind)
    for i in range(4):
        step = np.zeros(4)
        step[i] = 1e-7
        slope = (m.value(w + step, p) - m.value(w - step, p)) / 2e-7
        assert slope == pytest.approx(m.gradient(w, p)[i], rel=1e-5, abs=1e-8)


def test_contributions_below_a_target_add_up_for_weights_that_do():
    R, prob, w, _ = market(4)
    found = decompose(problem(R, prob), w, parse_measure("t", "semideviation", {"target": 0.001}))
    assert sum(part.component for part in found.of("asset")) == pytest.approx(found.total, rel=1e-12)


@pytest.mark.parametrize("kind", ["cvar", "evar", "worst_realization", "var"])
@few
@given(seed=seeds, riskless=st.floats(-0.01, 0.01))
def test_money_put_aside_lowers_the_loss_by_what_it_earns(kind, seed, riskless):
    R, prob, w, _ = market(seed)
    m = measure(kind)
    assert m.value(w, problem(R + riskless, prob)) == pytest.approx(m.value(w, problem(R, prob)) - riskless, abs=1e-12)


@pytest.mark.parametrize("kind", DEVIATIONS)
@few
@given(seed=seeds, drift=st.floats(-0.01, 0.01))
def test_a_deviation_does_not_see_the_mean(kind, seed, drift):
    R, prob, w, _ = market(seed)
    m = measure(kind)
    assert m.value(w, problem(R + drift, prob)) == pytest.approx(m.value(w, problem(R, prob)), rel=1e-9)


@few
@given(seed=seeds, beta=st.floats(0.5, 0.98))
def test_the_tail_measures_stand_in_their_order(seed, beta):
    R, prob, w, _ = market(seed)
    p = problem(R, prob)
    var, cvar, evar = (parse_measure("t", kind, {"confidence": beta}).value(w, p) for kind in ("var", "cvar", "evar"))
    assert var <= cvar + 1e-12
    assert cvar <= evar + 1e-12
    assert evar <= measure("worst_realization").value(w, p) + 1e-12


@few
@given(seed=seeds)
def test_the_drawdowns_stand_in_their_order(seed):
    R, prob, w, _ = market(seed)
    p = problem(R, prob)
    average, ulcer, cdar, deepest = (
        measure(k).value(w, p) for k in ("average_drawdown", "ulcer_index", "cdar", "max_drawdown")
    )
    assert average <= ulcer + 1e-15
    assert average <= cdar + 1e-15
    assert cdar <= deepest + 1e-15


def test_factors_explain_the_volatility_exactly_and_the_tail_by_a_fit():
    rng = np.random.default_rng(5)
    R, prob, w, _ = market(5, T=200, n=6)
    B, Omega, D = rng.normal(size=(6, 2)), np.diag([0.04, 0.01]), rng.uniform(0.01, 0.02, 6)
    model = FactorModel.given(("MKT", "VAL"), B, Omega, D)
    p = problem(R, prob, factor_model=model)
    factored = p.replaced(
        moments=Moments(p.universe, p.moments.mu, Covariance(F=B, Omega=Omega, D=D), scenarios=R, factor_model=model)
    )
    found = decompose(factored, w)
    by_name = {part.name: part for part in found.of("factor")}
    sigma = float(np.sqrt(w @ (B @ Omega @ B.T + np.diag(D)) @ w))
    assert found.total == pytest.approx(sigma, rel=1e-12)
    assert by_name["specific"].component == pytest.approx(float(w**2 @ D) / sigma, rel=1e-9)
    assert by_name["MKT"].component == pytest.approx((B.T @ w)[0] ** 2 * 0.04 / sigma, rel=1e-9)
    tail = decompose(p, w, measure("cvar"))
    assert [part.name for part in tail.of("factor")] == ["MKT", "VAL", "specific"]
    assert sum(part.component for part in tail.of("factor")) == pytest.approx(tail.total, rel=1e-12)


def test_every_figure_carries_its_name_confidence_and_horizon():
    R, prob, w, _ = market(6, T=120)
    p = problem(R, prob)
    figures = risk_figures(p, w, confidences=(0.95, 0.99), horizons=(1, 10, 500))
    names = [figure.name for figure in figures]
    assert len(set(names)) == len(names)
    assert "CVaR 99 %, 10 periods of 252 a year" in names
    assert not any("500 periods" in name for name in names), "longer than the history"
    assert {figure.kind for figure in figures} >= set(KINDS)
    (tail,) = [f for f in figures if f.name == "CVaR 95 %, 1 period of 252 a year"]
    assert tail.value == parse_measure("t", "cvar", {}).value(w, p)


def test_without_scenarios_the_volatility_alone_is_told():
    p = Problem(
        Moments(Universe.of(["A"]), np.array([0.1]), Covariance(Sigma=np.eye(1))), parse_objective({"kind": "min_risk"}), ()
    )
    assert [figure.kind for figure in risk_figures(p, np.ones(1))] == ["volatility"]
