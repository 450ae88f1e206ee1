"""Plans over several periods: against the single-period engine, and against cvxpy on the whole block structure."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from portopt import audit, optimization
from portopt.construction import construct
from portopt.construction.multi_period import plan_periods, staged_problem
from portopt.domain.errors import InfeasibleRequest, InvalidValue, PortoptError
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

N, GAMMA, BPS = 8, 4.0, 20.0
LIMITS = {"budget": True, "long_only": True, "max_weight": 0.4, "max_turnover": 0.25}


def market(seed: int, *, factor_form: bool) -> tuple[np.ndarray, Covariance]:
    rng = np.random.default_rng(seed)
    F, D = 0.15 * rng.normal(size=(N, 2)), rng.uniform(0.01, 0.06, N)
    parts = Covariance(F=F, Omega=np.eye(2), D=D)
    return rng.uniform(0.0, 0.15, N), parts if factor_form else Covariance(Sigma=parts.dense())


def asked(objective: dict[str, Any], seed: int = 1, *, factor_form: bool = True, **changes: Any) -> Problem:
    mu, covariance = market(seed, factor_form=factor_form)
    return Problem(
        moments=Moments(Universe(tuple(Asset(f"A{i}", sector="xy"[i % 2]) for i in range(N))), mu, covariance),
        objective=parse_objective(objective),
        limits=parse_limits({**LIMITS, **changes.pop("limits", {})}),
        costs=parse_costs(changes.pop("costs", {"linear_impact": {"bps": BPS}})),
        w_prev=np.full(N, 1.0 / N),
        holding_period_years=0.25,
        benchmark=np.full(N, 1.0 / N),
        **changes,
    )


@pytest.mark.parametrize("factor_form", [True, False])
@pytest.mark.parametrize("limits", [{}, {"max_tracking_error": 0.03}, {"sector_limits": {"x": [0.3, 0.5]}}])
def test_one_period_is_the_single_period_answer(factor_form: bool, limits: dict[str, Any]) -> None:
    single = asked({"kind": "utility", "risk_aversion": GAMMA}, factor_form=factor_form, limits=limits)
    plan = asked(
        {"kind": "multi_period", "risk_aversion": GAMMA, "periods": 1, "years": 0.25}, factor_form=factor_form, limits=limits
    )
    weights = optimization.optimize(single).weights
    assert weights is not None
    np.testing.assert_allclose(plan_periods(plan).first, weights, rtol=0, atol=1e-10)


@pytest.mark.parametrize("factor_form", [True, False])
def test_the_plan_is_the_optimum_that_cvxpy_finds_of_all_periods_at_once(factor_form: bool) -> None:
    returns = [{"A0": 0.3}, {}, {"A1": 0.35, "A2": -0.1}]
    scales, years = [1.0, 1.5, 0.8], [0.25, 0.25, 0.5]
    periods = [
        {"years": h, "expected_returns": r, "volatility_scale": s} for h, r, s in zip(years, returns, scales, strict=True)
    ]
    terminal = {"A0": 0.2, "A1": 0.2, "A2": 0.2, "A3": 0.2, "A4": 0.2}
    spec = {"kind": "multi_period", "risk_aversion": GAMMA, "periods": periods, "terminal": terminal, "terminal_tolerance": 0.1}
    p = asked(spec, factor_form=factor_form)
    plan = plan_periods(p)

    w = cp.Variable((3, N))
    before = [p.previous(), w[0], w[1]]
    value, held = 0.0, []
    for k in range(3):
        mu = p.moments.mu.copy()
        mu[p.universe.indices(returns[k])] = list(returns[k].values())
        risk = cp.quad_form(w[k], scales[k] ** 2 * p.moments.Sigma, assume_PSD=True)
        moved = cp.norm1(w[k] - before[k])
        value += years[k] * (mu @ w[k] - 0.5 * GAMMA * risk) - BPS * 1e-4 * moved
        held += [cp.sum(w[k]) == 1, w[k] >= 0, w[k] <= 0.4, moved <= 0.5]
    held.append(cp.abs(w[2] - p.universe.vector(terminal)) <= 0.1)
    witness = cp.Problem(cp.Maximize(value / sum(years)), held)
    witness.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)

    assert plan.validated.certificate.objective == pytest.approx(witness.value, abs=1e-9)
    np.testing.assert_allclose(plan.weights, w.value, rtol=0, atol=1e-5)
    assert plan.validated.certificate.relative_gap < 1e-9


def test_the_answer_to_trade_into_is_the_first_step_of_the_plan() -> None:
    p = construct(asked({"kind": "multi_period", "risk_aversion": GAMMA, "periods": 4, "years": 0.25}))
    form = optimization.assemble(p)
    answer = audit.certify(p, form, optimization.optimize(p, form=form))
    np.testing.assert_allclose(answer.weights, plan_periods(p).first, rtol=0, atol=1e-12)


def test_a_later_period_with_better_returns_is_prepared_for_when_turnover_is_scarce() -> None:
    jump = {"kind": "multi_period", "risk_aversion": GAMMA, "periods": 3, "years": 0.25, "expected_returns": [{}, {"A3": 2.0}]}
    flat = {"kind": "multi_period", "risk_aversion": GAMMA, "periods": 3, "years": 0.25}
    scarce = {"max_turnover": 0.08}
    prepared = plan_periods(asked(jump, limits=scarce)).first[3]
    assert prepared > plan_periods(asked(flat, limits=scarce)).first[3] + 0.01


def test_costs_and_turnover_are_counted_from_the_period_before() -> None:
    p = asked({"kind": "multi_period", "risk_aversion": 0.5, "periods": 3, "years": 0.25, "expected_returns": [{"A0": 0.9}]})
    plan = plan_periods(p)
    steps = np.diff(np.vstack([p.previous(), plan.weights]), axis=0)
    turnover = 0.5 * np.abs(steps).sum(axis=1)
    assert turnover.max() <= 0.25 + 1e-9
    readings = {r.limit: r.measured[0] for r in plan.validated.certificate.readings if r.limit.startswith("max_turnover")}
    np.testing.assert_allclose([readings[f"max_turnover@{k}"] for k in (1, 2, 3)], turnover, atol=1e-12)


def test_an_end_that_cannot_be_reached_is_diagnosed_by_period() -> None:
    spec = {"kind": "multi_period", "risk_aversion": GAMMA, "periods": 2, "years": 0.25, "terminal": {"A0": 0.4, "A1": 0.6}}
    with pytest.raises(InfeasibleRequest) as caught:
        plan_periods(asked(spec))
    conflicts = [set(c["limits"]) for c in caught.value.measured["conflicts"]]
    assert {"max_weight@2", "terminal"} in conflicts
    assert any({"max_turnover@1", "max_turnover@2", "terminal"} <= c for c in conflicts)


@pytest.mark.parametrize(
    ("objective", "field"),
    [
        ({"periods": 0, "years": 1.0}, "objective.periods"),
        ({"periods": 2.5, "years": 1.0}, "objective.periods"),
        ({"periods": 61, "years": 1.0}, "objective.periods"),
        ({"periods": 2}, "objective.years"),
        ({"periods": [{"years": 0.25}], "years": 1.0}, "objective.years"),
        ({"periods": [{"year": 0.25}]}, "objective.periods[0].year"),
        ({"periods": 1, "years": 1.0, "expected_returns": [{}, {}]}, "objective.expected_returns"),
        ({"periods": 1, "years": 1.0, "terminal": {"A0": "x"}}, "objective.terminal.A0"),
    ],
)
def test_a_plan_that_means_nothing_is_refused_where_it_stands(objective: dict[str, Any], field: str) -> None:
    with pytest.raises(PortoptError) as caught:
        parse_objective({"kind": "multi_period", "risk_aversion": 4.0, **objective})
    assert caught.value.field == field


def test_a_cost_that_does_not_reach_over_periods_is_refused_by_name() -> None:
    p = asked({"kind": "multi_period", "risk_aversion": 4.0, "periods": 2, "years": 0.25}, costs={"square_root_impact": {}})
    with pytest.raises(InvalidValue, match="several periods"):
        staged_problem(p)


def test_cash_is_cash_in_every_period() -> None:
    mu, covariance = market(3, factor_form=True)
    F, Omega, D = covariance.factors()
    with_cash = Covariance(F=np.vstack([F, np.zeros(2)]), Omega=Omega, D=np.append(D, 0.0))
    universe = Universe((*(Asset(f"A{i}") for i in range(N)), Asset(CASH)))
    p = Problem(
        moments=Moments(universe, np.append(mu, 0.02), with_cash),
        objective=parse_objective({"kind": "multi_period", "risk_aversion": 20.0, "periods": 2, "years": 0.5}),
        limits=parse_limits({"budget": True, "long_only": True, "max_weight": 0.2, "cash": {"max": 0.3}}),
        costs=parse_costs({"linear_impact": {"bps": 10}}),
        w_prev=np.append(np.zeros(N), 1.0),
    )
    plan = plan_periods(p)
    assert (plan.weights[:, -1] <= 0.3 + 1e-12).all()
    np.testing.assert_allclose(plan.weights.sum(axis=1), 1.0, atol=1e-12)
