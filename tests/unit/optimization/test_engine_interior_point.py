"""Our own interior point: its cone algebra against its definition, its linear algebra against a dense solve."""

import numpy as np
import pytest

from portopt.domain.solution import SolveStatus
from portopt.optimization import assemble, solve
from portopt.optimization.interior_point import iterate
from portopt.optimization.interior_point.linear_system import BarrierSystem, Structure
from portopt.optimization.interior_point.rows import MANY_ROWS, FixedRows, Rows
from portopt.optimization.interior_point.second_order import Scaling, determinant, longest_step, product, quotient
from portopt.optimization.ladder import ladder
from portopt.optimization.polish.polish import polished
from portopt.optimization.ratio import by_utility, utility
from portopt.optimization.scaling.cone_map import cone_maps
from portopt.optimization.scaling.presolve import restored, scaled
from portopt.optimization.solvers import clarabel

UTILITY = {"kind": "utility", "risk_aversion": 3.0}
LONG = {"budget": True, "long_only": True, "max_weight": 0.3, "sector_limits": 0.5}
SHORT = {"budget": True, "min_weight": -0.3, "max_weight": 0.4, "leverage_limit": 1.5}
CASES = {
    "min risk": ("min_risk", LONG, {}),
    "turnover and costs": (UTILITY, LONG | {"max_turnover": 0.5}, {"linear_impact": {"bps": 15}}),
    "two cones": (UTILITY, LONG | {"max_tracking_error": 0.06, "max_volatility": 0.19, "max_turnover": 0.6}, {}),
    "soft tracking error": (UTILITY, LONG | {"max_tracking_error": {"limit": 0.01, "soft": True, "penalty": 0.5}}, {}),
    "leverage, turnover and a cone": (UTILITY, SHORT | {"max_turnover": 0.8, "max_volatility": 0.18}, {}),
    "most return under a cone": ("max_return", LONG | {"max_volatility": 0.2}, {}),
}


@pytest.mark.parametrize("factor_form", [False, True], ids=["dense", "factors"])
@pytest.mark.parametrize("case", CASES)
def test_it_finds_the_neighbourhood_of_what_clarabel_finds(market, case, factor_form):
    objective, limits, costs = CASES[case]
    program = scaled(assemble(market(81, 24, objective=objective, limits=limits, costs=costs, factor_form=factor_form)))
    ours, theirs = iterate.solve(program), clarabel.solve(program)
    assert ours.status is theirs.status is SolveStatus.OPTIMAL
    exact = [restored(program, polished(program, answer), 0.0).x[:24] for answer in (ours, theirs)]
    assert exact[0] == pytest.approx(exact[1], abs=1e-11)


def inside(rng, size):
    s = rng.normal(size=size)
    s[0] = np.linalg.norm(s[1:]) + rng.uniform(0.01, 2.0)
    return s


def test_the_scaling_of_a_cone_maps_both_of_a_pair_to_the_same_point():
    rng = np.random.default_rng(0)
    for size in (2, 3, 8):
        s, z = inside(rng, size), inside(rng, size)
        W = Scaling(s, z)
        assert W.times(z) == pytest.approx(W.over(s), rel=1e-10)
        assert W.over(W.times(s)) == pytest.approx(s, rel=1e-12)
        J = np.diag([1.0] + [-1.0] * (size - 1))
        square = (2 * np.outer(J @ W.w, J @ W.w) - J) / W.eta**2
        assert W.over(W.over(s)) == pytest.approx(square @ s, rel=1e-9)


def test_the_product_of_a_cone_is_undone_by_its_quotient():
    rng = np.random.default_rng(1)
    a, b = inside(rng, 6), rng.normal(size=6)
    assert product(a, quotient(a, b)) == pytest.approx(b, abs=1e-12)


def test_the_longest_step_ends_on_the_boundary():
    rng = np.random.default_rng(2)
    for _ in range(50):
        s, d = inside(rng, 5), rng.normal(size=5)
        a = longest_step(s, d)
        if a < 1e6:
            assert determinant(s + a * d) == pytest.approx(0.0, abs=1e-9 * (1 + a * a))
            assert (s + 0.999 * a * d)[0] >= np.linalg.norm((s + 0.999 * a * d)[1:])


@pytest.mark.parametrize("factor_form", [False, True], ids=["dense", "factors"])
def test_the_eliminated_system_has_the_solution_of_the_whole(market, factor_form):
    limits = SHORT | {"max_turnover": 0.8, "sector_limits": 0.5}
    p = market(82, 9, objective=UTILITY, limits=limits, costs={"linear_impact": {"bps": 5}}, factor_form=factor_form)
    program = scaled(assemble(p))
    structure = Structure(program)
    assert len(structure.light) == 18  # one row an asset for the trades, one for long and short
    rng = np.random.default_rng(3)
    M, m = len(program.q), program.A.shape[0]
    D, E = rng.uniform(0.5, 2.0, M), np.where(program.row_lower == program.row_upper, 0.0, rng.uniform(0.5, 2.0, m))
    a, b = rng.normal(size=M), rng.normal(size=m)
    dx, dy = BarrierSystem(structure, program, D, E, []).solve(a, b)
    A = program.A.toarray()
    whole = np.block([[program.P.array() + np.diag(D), A.T], [A, -np.diag(E)]])
    assert np.concatenate([dx, dy]) == pytest.approx(np.linalg.solve(whole, np.concatenate([a, b])), abs=1e-8)


def test_a_risk_limit_beside_cash_is_known_to_have_the_objectives_own_covariance(market):
    p = market(86, 40, objective=UTILITY, limits=LONG | {"max_tracking_error": 0.05}, cash=True)
    program = scaled(assemble(p))
    own = program.P.array()
    within = cone_maps(program)[0]
    whole = np.asarray((program.cones[0].B[1:].T @ program.cones[0].B[1:]).todense())

    assert program.P.columns.tolist() == list(range(40))
    trading = market(86, 130, objective=UTILITY, limits=LONG | {"max_turnover": 0.3}, cash=True)
    assert ladder(scaled(assemble(trading)))[0] == "structured"
    assert within.multiple * own == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("gamma", [0.2, 4.0, 300.0])
@pytest.mark.parametrize("factor_form", [False, True], ids=["dense", "factors"])
def test_the_risk_aversion_of_a_ratio_is_found_on_the_way_from_wherever_it_begins(market, gamma, factor_form):
    limits = LONG | {"max_tracking_error": 0.05, "max_turnover": 0.4}
    form = assemble(market(85, 70, objective="max_sharpe", limits=limits, factor_form=factor_form, risk_free_rate=0.02))
    exact = solve(form).x
    excess, variance = -(form.q @ exact + form.constant), exact @ form.P_times(exact)

    program = scaled(utility.utility_form(form, gamma))
    answer = iterate.solve(program, scale=utility.scale_of(form, program, gamma))

    assert answer.status is SolveStatus.OPTIMAL
    assert gamma / answer.theta == pytest.approx(excess / variance, rel=1e-4)
    assert restored(program, answer, 0.0).x[:70] == pytest.approx(exact[:70], abs=1e-4)


def test_a_large_ratio_costs_one_interior_solve(market, monkeypatch):
    limits = LONG | {"max_tracking_error": 0.05, "max_turnover": 0.4}
    asked: list[int] = []
    climb = by_utility.climb
    monkeypatch.setattr(by_utility, "climb", lambda *parts, **named: asked.append(1) or climb(*parts, **named))
    for seed in range(4):
        p = market(seed, 200, objective="max_sharpe", limits=limits, cash=True, risk_free_rate=0.02)
        assert solve(assemble(p)).polished
    assert len(asked) == 4


def test_it_stops_when_its_iterations_are_used_up_and_calls_that_a_failure(market, monkeypatch):
    monkeypatch.setattr(iterate, "ITERATIONS", 2)
    answer = iterate.solve(scaled(assemble(market(83, 30, limits=LONG))))
    assert answer.status is SolveStatus.FAILED
    assert answer.iterations < 2


def test_it_claims_nothing_about_what_it_cannot_solve(market):
    infeasible = assemble(market(84, 30, limits=LONG | {"max_volatility": 0.01}))
    assert iterate.solve(scaled(infeasible)).status is SolveStatus.FAILED
    assert solve(infeasible).status is SolveStatus.INFEASIBLE


@pytest.mark.parametrize("roughly", [False, True])
def test_a_product_over_many_rows_leaves_out_what_would_be_lost(roughly):
    """Columns alone in their row, columns that helpers reach, columns of next to no weight, and a cone's row besides."""
    rng = np.random.default_rng(8)
    m, n = MANY_ROWS, 330
    R = np.hstack([rng.normal(size=(m, n - m)), -np.eye(m)])
    R[:, 4] = 0.0
    J, touched = np.array([2, 7]), np.arange(n) < 20
    T, cones, weights = rng.normal(size=(2, n)) * touched, rng.normal(size=(1, n)), rng.uniform(0.1, 9.0, n)
    weights[30:60] = 1e-14
    rows = Rows(FixedRows(R, touched), J, T, cones)
    whole = np.vstack([R, cones])
    whole[J] -= T
    x, y = rng.normal(size=n), rng.normal(size=m + 1)

    assert rows.times(x) == pytest.approx(whole @ x, abs=1e-12)
    assert rows.back(y) == pytest.approx(whole.T @ y, abs=1e-12)
    assert rows.gram(weights, roughly=roughly) == pytest.approx((whole * weights) @ whole.T, abs=3e-3 if roughly else 1e-9)
