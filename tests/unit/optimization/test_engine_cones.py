"""Cones at their apex, soft ones, small ones, and what has no polish: answers against closed forms and cvxpy."""

import cvxpy as cp
import numpy as np
import pytest

from portopt.audit import certify
from portopt.domain.solution import SolveStatus
from portopt.optimization import assemble, optimize, solve
from portopt.optimization.interior_point import iterate
from portopt.optimization.scaling.presolve import scaled
from portopt.optimization.solvers import clarabel

LONG = {"budget": True, "long_only": True}
SHARPE = {"kind": "max_sharpe"}
UTILITY = {"kind": "utility", "risk_aversion": 4.0}


@pytest.mark.parametrize("objective", [SHARPE, UTILITY, {"kind": "min_risk"}], ids=lambda o: o["kind"])
@pytest.mark.parametrize("error", [0.0, {"limit": 0.0, "soft": True}], ids=["hard", "soft"])
@pytest.mark.parametrize("factor_form", [False, True], ids=["dense", "factors"])
def test_no_tracking_error_at_all_is_the_benchmark(market, objective, error, factor_form):
    p = market(51, 9, objective=objective, limits=LONG | {"max_tracking_error": error}, factor_form=factor_form, cash=True)
    form = assemble(p)
    solution = optimize(p, form=form)
    assert solution.raw.polished
    assert solution.weights == pytest.approx(p.benchmark, abs=1e-14)
    assert certify(p, form, solution).certificate.relative_gap <= 1e-12


def test_a_soft_limit_of_zero_gives_way_where_its_price_is_low(market):
    """At the apex the multiplier would have to leave its cone: the answer is another one, found by cvxpy too."""
    p = market(52, 8, objective=UTILITY, limits=LONG | {"max_tracking_error": {"limit": 0.0, "soft": True, "penalty": 0.02}})
    solution = optimize(p)
    w, Sigma = cp.Variable(8), p.moments.Sigma
    root = np.linalg.cholesky(Sigma).T
    wanted = p.moments.mu @ w - 2.0 * cp.sum_squares(root @ w) - 0.02 * cp.norm(root @ (w - p.benchmark))
    cp.Problem(cp.Maximize(wanted), [cp.sum(w) == 1, w >= 0]).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12
    )
    assert solution.raw.polished
    assert np.abs(solution.weights - p.benchmark).max() > 1e-3
    assert solution.weights == pytest.approx(w.value, abs=1e-5)
    assert p.objective.value(solution.weights, p) >= float(wanted.value) - 1e-10


@pytest.mark.parametrize("penalty", [0.1, 10.0, 100.0])
def test_a_soft_limit_on_daily_figures_is_met_to_rounding(market, penalty):
    """Once its penalty made the rest of a daily objective vanish, and the polish stopped 1e-8 of the radius short."""
    error = {"limit": 0.05 / 252**0.5, "soft": True, "penalty": penalty}
    for seed in range(6):
        p = market(seed, 10, objective=SHARPE, limits=LONG | {"max_tracking_error": error}, scale=1 / 252, factor_form=True)
        form = assemble(p)
        solution = optimize(p, form=form)
        assert solution.raw.polished
        found = certify(p, form, solution).certificate
        assert found.complementarity <= 1e-10
        assert found.relative_gap <= 1e-10


def test_cash_is_mixed_out_of_a_ratio_until_a_sector_is_full(market):
    """Cash at the risk-free rate leaves the ratio as it is: every mixture is optimal, and one that stands on a side is told."""
    limits = LONG | {"sector_limits": {"sector 0": 0.3}}
    mu, Sigma = np.array([0.12]), np.array([[0.04]])
    p = market(mu=mu, Sigma=Sigma, objective=SHARPE, limits=limits, cash=True, risk_free_rate=0.02)
    solution = optimize(p)
    assert solution.raw.polished
    assert solution.weights.tolist() == [0.3, 0.7]
    assert p.objective.value(solution.weights, p) == pytest.approx(0.5, abs=1e-14)


def test_a_ratio_that_a_soft_limit_leaves_little_of_is_still_found(market):
    """Here the homogenized program, its numerator set to one, was called infeasible by its solver."""
    mu = np.array([0.07, 0.06, 0.0, 0.03, -0.01, 0.11]) / 252
    p = market(
        53,
        mu=mu,
        Sigma=np.diag([0.04, 0.05, 0.03, 0.06, 0.04, 0.05]) / 252,
        objective=SHARPE,
        limits=LONG | {"max_weight": 0.5, "max_tracking_error": {"limit": 0.003, "soft": True, "penalty": 0.05}},
        benchmark=[0, 0, 0.5, 0, 0.5, 0],
    )
    assert optimize(p).status is SolveStatus.OPTIMAL


@pytest.mark.parametrize("cash", [False, True])
def test_a_sharpe_ratio_after_square_root_impact_is_certified(market, cash):
    for seed in range(5):
        p = market(seed, 8, objective=SHARPE, limits=LONG | {"max_weight": 0.4}, costs={"square_root_impact": {}}, cash=cash)
        form = assemble(p)
        assert certify(p, form, optimize(p, form=form)).certificate.relative_gap <= 1e-7


def test_the_objective_of_an_answer_under_power_cones_is_what_its_weights_are_worth(market):
    p = market(54, 8, objective=UTILITY, limits=LONG, costs={"square_root_impact": {}}, scale=1 / 252)
    form = assemble(p)
    raw = solve(form)
    assert form.objective(raw.x) == pytest.approx(-p.objective.value(raw.x[: p.n], p), rel=1e-13)


def test_the_interior_point_says_more_digits_when_asked_and_never_infeasible(market):
    limits = LONG | {"max_weight": 0.2, "max_turnover": 0.3, "max_tracking_error": 0.05}
    program = scaled(assemble(market(55, 30, objective=UTILITY, limits=limits)))
    reference = clarabel.solve(program)
    errors = [
        float(np.abs(iterate.solve(program, tolerance=tolerance).x - reference.x)[:30].max())
        for tolerance in (iterate.ENOUGH, iterate.FINE)
    ]
    assert errors[1] < errors[0] < 1e-2
    assert errors[1] < 1e-5
    nothing = scaled(assemble(market(55, 30, objective=UTILITY, limits=limits | {"max_tracking_error": 1e-4})))
    assert clarabel.solve(nothing).status is SolveStatus.INFEASIBLE
    assert iterate.solve(nothing).status is SolveStatus.FAILED
