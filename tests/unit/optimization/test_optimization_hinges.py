"""Scenario programs, solved on the scenarios in doubt, against HiGHS and Clarabel on the whole of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

from portopt.audit import audit
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import Solution, SolveStatus
from portopt.domain.universe import Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.optimization.convex import solve_convex
from portopt.optimization.engine import solve
from portopt.optimization.scaling.presolve import scaled
from portopt.optimization.scenarios import solve as scenarios_solve
from portopt.optimization.scenarios.solve import solve_hinges
from portopt.optimization.solvers import highs, highs_dual
from portopt.terms.catalog import parse_limits, parse_objective

OBJECTIVES: list[dict[str, Any]] = [
    {"kind": "min_risk", "measure": "cvar", "confidence": 0.9},
    {"kind": "min_risk", "measure": "mad"},
    {"kind": "min_risk", "measure": "semideviation"},
    {"kind": "utility", "measure": "cvar", "risk_aversion": 0.5},
    {"kind": "max_return"},
    {"kind": "utility", "risk_aversion": 3.0},
]
CAPS: list[dict[str, Any]] = [
    {},
    {"max_weight": 0.15, "sector_limits": 0.4, "max_turnover": 0.35},
    {"max_risk": {"cvar": {"limit": 0.021}}},
    {"max_risk": {"semideviation": 0.0075}},
    {"max_risk": {"mad": 0.0075}, "min_return": 0.05},
]


def returns(n: int, T: int, seed: int) -> np.ndarray:
    """(T, n) daily returns: one market, fat tails."""
    rng = np.random.default_rng(seed)
    beta, drift = rng.normal(1.0, 0.3, n), rng.uniform(0.0, 0.15, n) / 252
    market, own = rng.standard_t(4, T) * 0.007, rng.standard_t(4, (T, n)) * 0.010
    return market[:, None] * beta + own + drift


def problem(
    S: np.ndarray, objective: dict[str, Any], limits: dict[str, Any] | None = None, probabilities: np.ndarray | None = None
) -> Problem:
    n = S.shape[1]
    universe = Universe(tuple(Asset(f"A{i:03d}", sector=f"S{i % 5}") for i in range(n)))
    moments = Moments(universe, 252 * S.mean(0), Covariance(Sigma=252 * np.cov(S.T)), scenarios=S, probabilities=probabilities)
    terms = parse_limits({"budget": True, "long_only": True, **(limits or {})})
    return Problem(moments, parse_objective(objective), terms, w_prev=np.full(n, 1.0 / n))


def highs_direct(form: StandardForm) -> float:
    """The optimal value of a linear form, by scipy's HiGHS on every row."""
    low, high = np.isfinite(form.row_lower), np.isfinite(form.row_upper)
    A = sp.vstack([form.A[high], -form.A[low]])
    b = np.concatenate([form.row_upper[high], -form.row_lower[low]])
    lower, upper = form.box()
    found = linprog(form.q, A, b, bounds=np.column_stack([lower, upper]), method="highs")
    assert found.status == 0
    return float(found.fun) + form.constant


def clarabel_direct(form: StandardForm) -> float:
    raw = solve_convex(form, solver="clarabel", polish=False)
    assert raw.x is not None
    return form.objective(raw.x)


WITH_SCENARIOS = [(o, c) for o in OBJECTIVES for c in CAPS if "measure" in o or "max_risk" in c]


@pytest.mark.parametrize(("objective", "limits"), WITH_SCENARIOS, ids=str)
def test_the_optimum_on_the_scenarios_in_doubt_is_the_optimum_on_all(objective: dict[str, Any], limits: dict[str, Any]) -> None:
    p = problem(returns(25, 400, seed=3), objective, limits)
    form = assemble(p)
    raw = solve_hinges(form)
    assert raw is not None
    assert raw.x is not None
    assert raw.polished
    certificate = audit(p, form, Solution(raw.status, p.identity(), raw.x[: p.n].copy(), raw))
    assert certificate.certified, certificate.reasons
    assert certificate.weight_sum == 1.0
    assert certificate.exact_zeros > 0
    linear = not form.quadratics and not form.cones
    expected, tolerance = (highs_direct(form), 1e-9) if linear else (clarabel_direct(form), 1e-7)
    scale = max(abs(expected), float(np.abs(form.q) @ np.abs(raw.x)))
    assert abs(form.objective(raw.x) - expected) <= tolerance * scale


def test_unequal_probabilities_and_repeated_scenarios_say_the_same_thing() -> None:
    S = returns(20, 250, seed=5)
    doubled = problem(np.vstack([S, S[:125]]), OBJECTIVES[0])
    weights = np.concatenate([np.full(125, 2.0), np.full(125, 1.0)]) / 375
    weighted = problem(S, OBJECTIVES[0], probabilities=weights)
    answers = [optimize(p) for p in (doubled, weighted)]
    assert all(a.raw is not None and a.raw.solver == "highs-dual" for a in answers)
    values = [p.objective.value(a.weights, p) for p, a in zip((doubled, weighted), answers, strict=True)]  # type: ignore[arg-type]
    assert abs(values[0] - values[1]) <= 1e-15


def test_an_answer_nearby_is_a_start_and_changes_nothing() -> None:
    S = returns(25, 600, seed=7)
    form = assemble(problem(S, OBJECTIVES[0], {"min_return": 0.08}))
    near = solve(assemble(problem(S, OBJECTIVES[0], {"min_return": 0.07})))
    cold, warm = solve_hinges(form), solve_hinges(form, near=near.x)
    assert cold is not None
    assert warm is not None
    assert cold.x is not None
    assert warm.x is not None
    assert np.abs(cold.x - warm.x).max() <= 1e-12


def test_limits_that_nobody_can_keep_are_infeasible_and_not_an_answer() -> None:
    p = problem(returns(20, 300, seed=9), {"kind": "max_return"}, {"max_risk": {"cvar": {"limit": 0.002}}})
    assert solve_hinges(assemble(p)) is None
    assert optimize(p).status is SolveStatus.INFEASIBLE


def test_few_scenarios_are_solved_as_they_are() -> None:
    assert solve_hinges(assemble(problem(returns(5, 60, seed=1), OBJECTIVES[0]))) is None


@pytest.mark.parametrize("seed", range(20))
def test_the_simplex_on_the_dual_agrees_with_the_one_on_the_program_itself(seed: int) -> None:
    """Random linear programs with every kind of side: boxed, one-sided, free, ranged, equalities, single columns."""
    rng = np.random.default_rng(seed)
    p = problem(returns(6, 30, seed), {"kind": "min_risk", "measure": "cvar"}, {"max_turnover": 0.3})
    form = assemble(p)
    program = scaled(form)
    extra = rng.normal(size=(3, len(program.q)))
    middle = extra @ np.clip(rng.normal(size=len(program.q)), program.lower, program.upper)
    program = dataclasses.replace(
        program,
        q=program.q + 0.1 * rng.normal(size=len(program.q)) * (program.upper < np.inf),
        A=sp.csr_array(sp.vstack([program.A, sp.csr_array(extra)])),
        row_lower=np.concatenate([program.row_lower, [middle[0] - 3.0, -np.inf, middle[2] - 1.0]]),
        row_upper=np.concatenate([program.row_upper, [middle[0] + 3.0, middle[1] + 2.0, np.inf]]),
    )
    ours, theirs = highs_dual.solve(program), highs.solve(program)
    if theirs.status is not SolveStatus.OPTIMAL:
        assert ours.status is not SolveStatus.OPTIMAL
        return
    assert ours.status is SolveStatus.OPTIMAL
    assert ours.x is not None
    assert ours.y is not None
    assert theirs.x is not None
    Ax = program.A @ ours.x
    assert max((program.row_lower - Ax).max(), (Ax - program.row_upper).max()) <= 1e-8
    assert abs(program.q @ ours.x - program.q @ theirs.x) <= 1e-8 * max(1.0, abs(program.q @ theirs.x))


@pytest.mark.parametrize("limits", [c for c in CAPS if "max_risk" in c], ids=str)
def test_a_ratio_under_a_limit_over_scenarios_is_clarabels_and_asks_few_of_them(
    monkeypatch: pytest.MonkeyPatch, limits: dict[str, Any]
) -> None:
    p = problem(returns(15, 1_500, 9), {"kind": "max_sharpe"}, limits)
    form = assemble(p)
    w = cp.Variable(form.n_columns)
    kappa, root = cp.Variable(nonneg=True), np.linalg.cholesky(p.moments.Sigma).T
    low, high = (np.flatnonzero(np.isfinite(side)) for side in (form.row_lower, form.row_upper))
    lower, upper = form.box()
    bottom, top = (np.flatnonzero(np.isfinite(side)) for side in (lower, upper))
    rules = [form.A[low] @ w >= form.row_lower[low] * kappa, form.A[high] @ w <= form.row_upper[high] * kappa]
    rules += [w[bottom] >= lower[bottom] * kappa, w[top] <= upper[top] * kappa, form.q @ w + form.constant * kappa == -1.0]
    cp.Problem(cp.Minimize(cp.norm(root @ w[:15])), rules).solve(solver=cp.CLARABEL)

    asked: list[int] = []
    rounds = scenarios_solve.solve_hinges
    monkeypatch.setattr(scenarios_solve, "solve_hinges", lambda *parts, **named: asked.append(1) or rounds(*parts, **named))
    solution = optimize(p, form=form)

    assert asked
    assert solution.raw is not None
    assert solution.raw.polished
    assert solution.weights == pytest.approx(w.value[:15] / float(kappa.value), abs=1e-4)
    assert audit(p, form, solution).relative_gap <= 1e-9
    whole = solve(dataclasses.replace(form, hinges=()))  # every scenario in one program
    assert whole.x is not None
    assert solution.weights == pytest.approx(whole.x[:15], abs=1e-9)


def test_a_ratio_that_scenarios_leave_nothing_to_is_infeasible() -> None:
    p = problem(returns(15, 1_500, 9), {"kind": "max_sharpe"}, {"max_risk": {"cvar": {"limit": 0.002}}})
    assert optimize(p).status is SolveStatus.INFEASIBLE
