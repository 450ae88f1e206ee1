"""What is not an optimum is called by its name."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from portopt.domain.errors import InvalidValue
from portopt.domain.program import Program
from portopt.domain.solution import SolveStatus
from portopt.optimization import assemble, optimize, solve
from portopt.optimization.integers import effort, mixed_integer
from portopt.optimization.interior_point import iterate
from portopt.optimization.ratio.best_ratio import NoExcessReturn, RisklessExcess
from portopt.optimization.scaling.presolve import scaled
from portopt.optimization.solvers import clarabel
from portopt.optimization.tight_cones.out_of_reach import out_of_reach

LONG = {"budget": True, "long_only": True}
INFEASIBLE = {
    "caps too small": LONG | {"max_weight": 0.05},
    "sectors too small": LONG | {"sector_limits": 0.2},
    "floor above the best return": LONG | {"min_return": 0.9},
    "volatility out of reach": LONG | {"max_volatility": 0.01},
    "tracking error against turnover": LONG | {"max_tracking_error": 0.001, "max_turnover": 0.01},
}


@pytest.mark.parametrize("objective", ["min_risk", "max_sharpe", "max_return", {"kind": "utility", "risk_aversion": 2.0}])
@pytest.mark.parametrize("case", INFEASIBLE)
def test_an_infeasible_problem_is_never_optimal(market, case, objective):
    solution = optimize(market(51, 12, objective=objective, limits=INFEASIBLE[case]))
    assert solution.status is SolveStatus.INFEASIBLE
    assert solution.weights is None


@pytest.mark.parametrize("solver", ["piqp-dense", "piqp-sparse", "clarabel"])
def test_every_solver_calls_it_infeasible(market, solver):
    form = assemble(market(51, 12, limits=LONG | {"max_weight": 0.05}))
    assert solve(form, solver=solver).status is SolveStatus.INFEASIBLE


def test_crossed_bounds_are_found_before_any_solver_is_asked(market):
    raw = solve(assemble(market(52, 4, limits=LONG | {"max_weight": {"A001": 0.1}, "min_weight": {"A001": 0.2}})))
    assert raw.status is SolveStatus.INFEASIBLE
    assert raw.solver == "presolve"


def test_return_without_any_bound_is_unbounded(market):
    assert optimize(market(53, 4, objective="max_return", limits={"budget": True})).status is SolveStatus.UNBOUNDED


def test_return_under_a_risk_cone_that_does_not_see_it_is_unbounded(market):
    # The second and third assets have no risk and different returns: leverage in them costs nothing.
    p = market(
        mu=[0.05, 0.02, 0.03],
        Sigma=np.diag([0.04, 0.0, 0.0]),
        objective="max_return",
        limits={"budget": True, "max_volatility": 0.1},
    )
    assert optimize(p).status is SolveStatus.UNBOUNDED


def test_a_ratio_that_grows_with_leverage_is_unbounded(market):
    # The second asset is the better one by far and moves with the first: the best direction sells the first, and adds up to
    # less than nothing, so no fully invested portfolio attains the best ratio.
    Sigma = np.array([[0.04, 0.07], [0.07, 0.16]])
    given = {"mu": [0.10, 0.12], "Sigma": Sigma, "objective": "max_sharpe", "limits": {"budget": True}}
    p = market(**given, risk_free_rate=0.085)
    assert np.linalg.solve(Sigma, p.moments.mu - 0.085).sum() > 0
    assert optimize(p).status is SolveStatus.OPTIMAL
    p = market(**given, risk_free_rate=0.095)
    p = replace(p, moments=replace(p.moments, mu=np.array([0.10, 0.14])))
    assert np.linalg.solve(Sigma, p.moments.mu - 0.095).sum() < 0
    assert optimize(p).status is SolveStatus.UNBOUNDED


def test_no_ratio_is_positive_when_nothing_earns_the_risk_free_rate(market):
    p = market(mu=[0.01, 0.015], Sigma=np.diag([0.04, 0.05]), objective="max_sharpe", risk_free_rate=0.04)
    with pytest.raises(NoExcessReturn) as caught:
        optimize(p)
    assert caught.value.code == "no_positive_excess_return"
    assert caught.value.measured["best_excess_return"] == pytest.approx(-0.025, abs=1e-12)


@pytest.mark.parametrize("assets", [1, 5])
def test_riskless_excess_return_has_no_best_ratio(market, assets):
    Sigma = np.diag([0.0] + [0.04] * (assets - 1))
    p = market(mu=[0.05] * assets, Sigma=Sigma, objective="max_sharpe", risk_free_rate=0.02)
    with pytest.raises(RisklessExcess) as caught:
        optimize(p)
    assert caught.value.measured["riskless_excess_return"] == pytest.approx(0.03, abs=1e-9)


def test_an_unknown_solver_is_named(market):
    with pytest.raises(InvalidValue) as caught:
        optimize(market(), solver="cplex")
    assert "clarabel" in caught.value.fixes[0]


def knapsack():
    values, sizes = np.array([10.0, 13.0, 7.0, 8.0, 4.0]), np.array([3.0, 4.0, 2.0, 3.0, 1.0])
    program = Program(5)
    program.add_linear(program.weights, -values)
    program.add_rows(sizes[None, :], program.weights, -np.inf, 7.0, limit="size")
    program.add_bounds(program.weights, 0.0, 1.0, limit="once")
    form = program.freeze()
    best = max(float(values @ pick) for pick in np.ndindex(2, 2, 2, 2, 2) if sizes @ pick <= 7.0)
    return replace(form, integer=np.ones(5, dtype=bool)), best


def test_an_integer_program_is_solved_to_a_proven_gap():
    form, best = knapsack()
    raw = solve(form)
    assert raw.status is SolveStatus.OPTIMAL
    assert -form.objective(raw.x) == pytest.approx(best, abs=1e-9)
    assert raw.mip_gap is not None
    assert raw.mip_gap <= 1e-6


def test_an_integer_program_with_a_quadratic_is_the_best_of_all_whole_points():
    form, _ = knapsack()
    program = Program(5)
    program.add_quadratic(program.weights, np.full(5, 9.0))
    form = replace(form, quadratics=tuple(program.quadratics))
    raw = solve(form)
    sizes = np.array([3.0, 4.0, 2.0, 3.0, 1.0])
    best = min(form.objective(np.array(pick, dtype=float)) for pick in np.ndindex(2, 2, 2, 2, 2) if sizes @ pick <= 7.0)
    assert raw.status is SolveStatus.OPTIMAL
    assert form.objective(raw.x) == pytest.approx(best, abs=1e-9)
    assert raw.mip_gap <= 1e-6


def test_a_search_that_used_up_its_nodes_with_nothing_found_does_not_say_that_there_is_nothing(monkeypatch):
    """Which of 50 sizes of six digits add up to this? Some do; nobody finds them in a few hundred nodes."""
    monkeypatch.setattr(effort, "MOST_NODES", 300)
    monkeypatch.setattr(mixed_integer, "FIRST_NODES", 300)
    sizes = np.random.default_rng(5).integers(100_000, 1_000_000, 50).astype(float)
    program = Program(50)
    program.add_rows(sizes[None, :], program.weights, *[float(sizes[::2].sum())] * 2, limit="size")
    program.add_bounds(program.weights, 0.0, 1.0, limit="once")
    program.add_linear(program.weights, np.ones(50))
    raw = solve(replace(program.freeze(), integer=np.ones(50, dtype=bool)))
    assert raw.status is SolveStatus.WORK_LIMIT
    assert raw.x is None


def test_exponential_and_power_cones_mean_what_the_program_says():
    program = Program(3)
    program.add_linear(program.weights[1:], 1.0)
    one = np.ones((1, 1))
    program.add_bounds(program.weights[:1], 0.5, np.inf, limit="x at least one half")
    program.add_cone(
        "exponential", [(0, one, program.weights[:1]), (2, one, program.weights[1:2])], np.array([0.0, 1.0, 0.0]), limit="exp"
    )
    program.add_cone(
        "power",
        [(0, one, program.weights[2:]), (2, one, program.weights[:1])],
        np.array([0.0, 1.0, 0.0]),
        limit="power",
        alpha=2 / 3,
    )
    raw = solve(program.freeze())
    assert raw.x == pytest.approx([0.5, np.exp(0.5), 0.5**1.5], abs=1e-8)


@pytest.mark.parametrize("objective", ["max_sharpe", {"kind": "utility", "risk_aversion": 2.0}])
@pytest.mark.parametrize("factor_form", [False, True])
def test_a_ball_beyond_the_linear_limits_is_told_without_asking_a_cone_solver(market, monkeypatch, objective, factor_form):
    limits = {"budget": True, "long_only": True, "max_turnover": 0.05, "max_tracking_error": 0.01}
    p = market(91, 200, objective=objective, limits=limits, factor_form=factor_form)
    form = assemble(p)
    w = cp.Variable(p.n, nonneg=True)
    root = np.linalg.cholesky(p.moments.Sigma).T
    nearest = cp.Problem(cp.Minimize(cp.norm(root @ (w - p.benchmark))), [cp.sum(w) == 1, cp.norm1(w - p.w_prev) <= 0.1])
    assert nearest.solve(solver=cp.CLARABEL) > 0.01

    monkeypatch.setattr(clarabel, "solve", lambda *_, **__: pytest.fail("asked"))
    assert solve(form).status is SolveStatus.INFEASIBLE


def test_a_ball_within_reach_is_never_called_out_of_it(market):
    limits = {"budget": True, "long_only": True, "max_turnover": 0.05, "max_tracking_error": 0.2}
    for factor_form in (False, True):
        assert not out_of_reach(scaled(assemble(market(92, 30, limits=limits, factor_form=factor_form))))


def test_the_interior_point_gives_up_early_where_there_is_nothing(market):
    limits = {"budget": True, "long_only": True, "max_turnover": 0.05, "max_tracking_error": 0.01}
    answer = iterate.solve(
        scaled(assemble(market(91, 130, objective={"kind": "utility", "risk_aversion": 2.0}, limits=limits)))
    )
    assert answer.status is SolveStatus.FAILED
    assert answer.iterations < iterate.ITERATIONS / 2
