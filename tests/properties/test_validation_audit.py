"""The audit signs what is right and nothing else, and its gap is a bound whatever the multipliers are."""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from portopt.audit import audit
from portopt.audit.optimality import gap_bound, gradient
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import Duals, Solution, SolveStatus
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

QUIET = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
OBJECTIVES = (
    {"kind": "utility", "risk_aversion": 4.0},
    {"kind": "min_risk"},
    {"kind": "max_sharpe"},
    {"kind": "max_return"},
    {"kind": "min_tracking_error"},
)


@st.composite
def problems(draw, objectives=OBJECTIVES, costs: bool = True) -> Problem:
    """Four to nine stocks and cash; caps, sectors, turnover and tracking error drawn; always feasible at the book."""
    n, seed = draw(st.integers(4, 9)), draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    assets = tuple(Asset(f"S{i}", sector="ABC"[i % 3]) for i in range(n))
    universe = Universe((*assets, Asset(CASH)))
    F = np.vstack([rng.normal(0.1, 0.08, (n, 2)), np.zeros(2)])
    D = np.append(rng.uniform(0.01, 0.05, n), 0.0)
    factor_form = draw(st.booleans())
    covariance = Covariance(F=F, Omega=np.eye(2), D=D) if factor_form else Covariance(Sigma=F @ F.T + np.diag(D))
    w_prev = np.append(rng.dirichlet(np.full(n, 3.0)), 0.0)
    benchmark = np.append(rng.dirichlet(np.full(n, 3.0)), 0.0)
    sector = max(float(w_prev[[i for i in range(n) if i % 3 == k]].sum()) for k in range(3))
    error = covariance.volatility(w_prev - benchmark)
    limits = {
        "max_weight": float(max(w_prev)) + 0.02,
        "sector_limits": sector + 0.02 if draw(st.booleans()) else None,
        "max_turnover": 0.15 if draw(st.booleans()) else None,
        "max_tracking_error": error + 0.005 if draw(st.booleans()) else None,
    }
    return Problem(
        Moments(universe, np.append(rng.uniform(0.04, 0.14, n), 0.02), covariance),
        parse_objective(draw(st.sampled_from(objectives))),
        parse_limits({"budget": True, "long_only": True, **limits}),
        parse_costs({"linear_impact": {"bps": 15}}) if costs and draw(st.booleans()) else (),
        w_prev=w_prev,
        benchmark=benchmark,
        risk_free_rate=0.02,
    )


def answered(problem: Problem) -> tuple[StandardForm, Solution]:
    form = assemble(problem)
    solution = optimize(problem, form=form)
    assert solution.is_optimal, solution.raw.message
    return form, solution


def with_weights(solution: Solution, w: np.ndarray) -> Solution:
    x = solution.raw.x.copy()
    x[: len(w)] = w
    return replace(solution, weights=w, raw=replace(solution.raw, x=x))


def completed(form: StandardForm, w: np.ndarray) -> np.ndarray:
    """x with these weights and helper columns that keep the rows, chosen by scipy's linear program."""
    n, free = form.n_weights, form.n_columns - form.n_weights
    if not free:
        return w.copy()
    A, rest = form.A.toarray(), form.A.toarray()[:, n:]
    moved = A[:, :n] @ w
    equal = form.row_lower == form.row_upper
    upper, lower = ~equal & np.isfinite(form.row_upper), ~equal & np.isfinite(form.row_lower)
    box = np.array(form.box()).T[n:]
    found = linprog(
        np.abs(form.q[n:]) + np.isfinite(box[:, 0]),  # the least buys and sells; free columns are fixed by their rows
        A_ub=np.vstack([rest[upper], -rest[lower]]),
        b_ub=np.concatenate([form.row_upper[upper] - moved[upper], moved[lower] - form.row_lower[lower]]),
        A_eq=rest[equal],
        b_eq=form.row_lower[equal] - moved[equal],
        bounds=[(lo if np.isfinite(lo) else None, hi if np.isfinite(hi) else None) for lo, hi in box],
    )
    assert found.status == 0, found.message
    return np.concatenate([w, found.x])


def least_by_cvxpy(form: StandardForm) -> float:
    """The least of a form that is not a ratio, by cvxpy and Clarabel."""
    x = cp.Variable(form.n_columns)
    rules = []
    for A, lower, upper in (
        (form.A.toarray(), form.row_lower, form.row_upper),
        (np.eye(form.n_columns)[form.bound_columns], form.bound_lower, form.bound_upper),
    ):
        rules += [A[np.isfinite(upper)] @ x <= upper[np.isfinite(upper)]] if np.isfinite(upper).any() else []
        rules += [A[np.isfinite(lower)] @ x >= lower[np.isfinite(lower)]] if np.isfinite(lower).any() else []
    for cone in form.cones:
        s = cone.B.toarray() @ x + cone.b
        rules.append(cp.SOC(s[0], s[1:]))
    f = 0.5 * cp.quad_form(x, cp.psd_wrap(form.P().toarray())) + form.q @ x + form.constant
    return float(cp.Problem(cp.Minimize(f), rules).solve(solver=cp.CLARABEL))


# --- what is right is signed -----------------------------------------------------------------------------------------


@QUIET
@given(problem=problems())
def test_the_engines_answers_are_certified(problem):
    form, solution = answered(problem)
    certificate = audit(problem, form, solution)
    assert certificate.reasons == ()
    assert certificate.worst_violation <= 1e-9
    assert certificate.relative_gap <= 1e-7
    assert certificate.weight_sum == pytest.approx(1.0, abs=1e-12)


# --- what is wrong is not --------------------------------------------------------------------------------------------


@QUIET
@given(problem=problems(), seed=st.integers(0, 1000))
def test_perturbed_weights_are_refused(problem, seed):
    form, solution = answered(problem)
    noise = np.random.default_rng(seed).normal(size=problem.n)
    noise -= noise.mean()
    w = solution.weights + 1e-4 * noise / np.abs(noise).max()
    assert not audit(problem, form, with_weights(solution, w)).certified


@QUIET
@given(problem=problems())
def test_scaled_weights_are_refused_for_their_sum(problem):
    form, solution = answered(problem)
    certificate = audit(problem, form, with_weights(solution, 1.001 * solution.weights))
    assert not certificate.certified
    assert any(reason.startswith("budget") for reason in certificate.reasons)


@QUIET
@given(problem=problems())
def test_two_swapped_weights_are_refused(problem):
    form, solution = answered(problem)
    w = solution.weights.copy()
    i, j = int(w.argmax()), int(w.argmin())
    w[[i, j]] = w[[j, i]]
    assert not audit(problem, form, with_weights(solution, w)).certified


@QUIET
@given(problem=problems())
def test_a_multiplier_of_the_wrong_sign_is_refused(problem):
    form, solution = answered(problem)
    duals = solution.raw.duals
    k = int(np.abs(duals.bounds).argmax()) if len(duals.bounds) else 0
    rows, bounds = duals.rows.copy(), duals.bounds.copy()
    if abs(bounds[k]) > 1e-6:
        bounds[k] = -bounds[k]
    else:
        k = int(np.abs(rows).argmax())
        rows[k] = -rows[k]
    if max(np.abs(bounds - duals.bounds).max(), np.abs(rows - duals.rows).max()) < 1e-6:
        return  # no multiplier at all: nothing to flip (the benchmark itself is the answer)
    flipped = replace(solution, raw=replace(solution.raw, duals=Duals(rows, bounds, duals.cones)))
    assert not audit(problem, form, flipped).certified


@QUIET
@given(problem=problems(objectives=OBJECTIVES[:1]), other=st.sampled_from(OBJECTIVES[1:]))
def test_the_answer_to_another_objective_is_refused(problem, other):
    """Unless it happens to be the same portfolio, to the accuracy that the audit asks for."""
    form, right = answered(problem)
    another = problem.replaced(objective=parse_objective(other))
    _, wrong = answered(another)
    x = completed(form, wrong.weights)
    given = replace(right, weights=wrong.weights, raw=replace(right.raw, x=x), problem_identity=problem.identity())
    f_wrong, f_right = form.objective(x), form.objective(right.raw.x)
    certificate = audit(problem, form, given)
    if f_wrong - f_right > 1e-6 * abs(f_right):
        assert not certificate.certified
        assert certificate.gap >= (f_wrong - f_right) * (1 - 1e-6)


@QUIET
@given(problem=problems(), seed=st.integers(0, 1000), step=st.sampled_from([0.5, 0.1, 0.01, 0.001]))
def test_a_feasible_answer_that_is_not_the_best_is_refused_for_its_gap(problem, seed, step):
    form, solution = answered(problem)
    # Between the answer and the book, which keeps every limit: feasible, and worse unless the book is the answer.
    w = (1 - step) * solution.weights + step * problem.w_prev
    x = completed(form, w)
    shortfall = form.objective(x) - form.objective(solution.raw.x)
    certificate = audit(problem, form, replace(solution, weights=w, raw=replace(solution.raw, x=x)))
    assert certificate.worst_violation <= 1e-9
    if shortfall > 1e-5 * max(abs(form.objective(x)), 1e-3):
        assert certificate.relative_gap > 1e-7
        assert not certificate.certified


def test_an_answer_without_multipliers_is_refused_in_those_words():
    problem = _plain_problem()
    form, solution = answered(problem)
    bare = replace(solution, raw=replace(solution.raw, duals=None))
    assert audit(problem, form, bare).reasons == ("no multipliers: optimality cannot be certified",)


# --- the gap bounds --------------------------------------------------------------------------------------------------


@QUIET
@given(
    problem=problems(objectives=(OBJECTIVES[0], OBJECTIVES[1], OBJECTIVES[4])),
    seed=st.integers(0, 1000),
    step=st.floats(0.0, 1.0),
    noise=st.sampled_from([0.0, 1e-6, 1e-3, 1.0]),
)
def test_the_gap_is_never_less_than_what_cvxpy_gains(problem, seed, step, noise):
    """At any feasible portfolio and for any multipliers, right, disturbed or drawn at random."""
    form, solution = answered(problem)
    x = completed(form, (1 - step) * solution.weights + step * problem.w_prev)
    rng = np.random.default_rng(seed)
    duals = solution.raw.duals
    y = duals.rows + noise * rng.normal(size=len(duals.rows))
    z = tuple(zk + noise * rng.normal(size=len(zk)) for zk in duals.cones)
    gap, proven = gap_bound(form, x, gradient(form, x), y, z)
    gain = form.objective(x) - least_by_cvxpy(form)
    assert gap >= gain - 1e-8
    assert proven or noise > 0


@QUIET
@given(problem=problems(objectives=({"kind": "max_sharpe"},)), seed=st.integers(0, 1000), step=st.floats(0.0, 1.0))
def test_no_portfolio_earns_more_than_the_ratio_times_its_risk_plus_the_gap(problem, seed, step):
    form, solution = answered(problem)
    w = (1 - step) * solution.weights + step * problem.w_prev
    if problem.objective.value(w, problem) <= 0:
        return
    x = completed(form, w)
    certificate = audit(problem, form, replace(solution, weights=w, raw=replace(solution.raw, x=x)))
    sharpe = -form.objective(x)
    rng = np.random.default_rng(seed)
    for mix in rng.uniform(0, 1, 20):
        other = mix * solution.weights + (1 - mix) * problem.w_prev
        excess = problem.objective.value(other, problem) * problem.moments.covariance.volatility(other)
        assert excess <= sharpe * problem.moments.covariance.volatility(other) + certificate.gap + 1e-10


# --- other properties ------------------------------------------------------------------------------------------------


def _plain_problem() -> Problem:
    universe = Universe.of(["A", "B", "C"])
    moments = Moments(universe, np.array([0.1, 0.08, 0.06]), Covariance(Sigma=np.diag([0.09, 0.04, 0.01])))
    return Problem(moments, parse_objective({"kind": "min_risk"}), parse_limits({"budget": True, "long_only": True}))


def test_an_answer_to_another_problem_is_refused():
    problem = _plain_problem()
    form, solution = answered(problem)
    other = problem.replaced(risk_free_rate=0.01)
    assert "the answer belongs to another problem" in audit(other, form, solution).reasons


def test_an_answer_that_is_not_a_number_is_refused():
    problem = _plain_problem()
    form, solution = answered(problem)
    bad = with_weights(solution, np.array([np.nan, 0.5, 0.5]))
    assert audit(problem, form, bad).reasons == ("the answer holds a value that is not a number",)


def test_no_answer_is_refused():
    problem = _plain_problem()
    nothing = Solution(SolveStatus.INFEASIBLE, problem.identity())
    assert not audit(problem, assemble(problem), nothing).certified


def test_the_closed_form_of_the_least_variance_is_certified_with_exact_sum_and_no_gap():
    problem = _plain_problem()
    form, solution = answered(problem)
    certificate = audit(problem, form, solution)
    inverse = 1.0 / np.array([0.09, 0.04, 0.01])
    np.testing.assert_allclose(solution.weights, inverse / inverse.sum(), atol=1e-9)
    assert certificate.objective == pytest.approx(0.5 / inverse.sum(), rel=1e-9)
    assert certificate.certified
    assert certificate.gap_proven
