"""Weighted sums, goals, tilts and ESG floors: against cvxpy, against plain utility, and refused where they mean nothing."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from portopt.audit import certify
from portopt.diagnosis import diagnose
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.solution import SolveStatus
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

LIMITS = {"budget": True, "long_only": True, "max_weight": 0.5}
UTILITY = {"kind": "utility", "risk_aversion": 4}


def problem(
    objective: dict[str, Any],
    limits: dict[str, Any] | None = None,
    *,
    seed: int = 0,
    bps: float | None = 20.0,
    unscored: int = 0,
) -> Problem:
    rng = np.random.default_rng(seed)
    n = 7
    F = rng.normal(size=(n, 3)) * 0.15
    Sigma = F @ F.T + np.diag(rng.uniform(0.01, 0.05, n))
    scores = [None if i < unscored else float(s) for i, s in enumerate(rng.uniform(2.0, 9.0, n))]
    assets = [Asset(f"A{i}", esg_score=s) for i, s in enumerate(scores)]
    S = rng.multivariate_normal(np.full(n, 4e-4), Sigma / 252, size=60)
    moments = Moments(Universe(tuple(assets)), rng.uniform(0.0, 0.15, n), Covariance(Sigma=Sigma), scenarios=S)
    return Problem(
        moments,
        parse_objective(objective),
        parse_limits(LIMITS if limits is None else {**LIMITS, **limits}),
        costs=() if bps is None else parse_costs({"linear_impact": {"bps": bps}}),
        w_prev=rng.dirichlet(np.ones(n)),
        benchmark=np.full(n, 1.0 / n),
        holding_period_years=0.5,
    )


def certified(p: Problem) -> np.ndarray:
    form = assemble(p)
    return certify(p, form, optimize(p, form=form)).weights


def scores_of(p: Problem) -> np.ndarray:
    return p.universe.scores("esg_score")


def cvxpy_solved(p: Problem, wanted: Any, w: cp.Variable, *held: Any) -> float:
    witness = cp.Problem(wanted, [cp.sum(w) == 1, w >= 0, w <= 0.5, *held])
    witness.solve(solver=cp.CLARABEL, tol_feas=1e-11, tol_gap_abs=1e-12, tol_gap_rel=1e-12)
    return float(witness.value)


@pytest.mark.parametrize("cost", [1.0, 2.5])
@pytest.mark.parametrize("seed", range(3))
def test_a_weighted_sum_is_what_cvxpy_makes_of_its_axes(seed, cost):
    weights = {"return": 2, "risk": 6, "esg": 0.02, "cost": 2 * cost, "turnover": 0.1, "tracking_error": 3}
    p = problem({"kind": "multi_objective", "weights": weights}, seed=seed)
    w = cp.Variable(p.n)
    Sigma = cp.psd_wrap(p.moments.covariance.dense())
    total = p.moments.mu @ w - 3 / 2 * cp.quad_form(w, Sigma) + 0.01 * (scores_of(p) @ w)
    total -= cost * 0.002 / 0.5 * cp.norm1(w - p.w_prev) + 0.05 / 2 * cp.norm1(w - p.w_prev)
    total -= 1.5 / 2 * cp.quad_form(w - p.benchmark, Sigma)
    best = cvxpy_solved(p, cp.Maximize(total), w)
    assert p.objective.value(certified(p), p) == pytest.approx(best, abs=1e-9)


def test_return_and_risk_alone_are_the_utility_of_that_risk_aversion():
    p = problem({"kind": "multi_objective", "weights": {"return": 0.5, "risk": 2, "cost": 0.5}})
    np.testing.assert_allclose(certified(p), certified(problem(UTILITY)), rtol=0, atol=1e-12)
    assert p.objective.charges_costs, "a cost at the weight of return is charged as everywhere"


def test_a_tilt_is_the_weighted_sum_with_that_price_of_score():
    tilt = problem({"kind": "esg_tilt", "risk_aversion": 4, "taste": 0.02})
    summed = problem({"kind": "multi_objective", "weights": {"return": 1, "risk": 4, "esg": 0.02, "cost": 1}})
    np.testing.assert_allclose(certified(tilt), certified(summed), rtol=0, atol=1e-12)
    plain, liked = certified(problem(UTILITY)), certified(tilt)
    assert scores_of(tilt) @ liked > scores_of(tilt) @ plain


def test_any_risk_measure_is_an_axis():
    spec = {"weights": {"return": 0.01, "risk": 1}, "risk_measure": "cvar", "confidence": 0.9}
    p = problem({"kind": "multi_objective", **spec}, bps=None)
    w, eta = cp.Variable(p.n), cp.Variable()
    S, prob = p.scenarios()
    best = cvxpy_solved(p, cp.Maximize(p.moments.mu @ w - 100 * (eta + prob @ cp.pos(-S @ w - eta) / 0.1)), w)
    assert p.objective.value(certified(p), p) == pytest.approx(best, rel=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_the_epsilon_constraint_scheme_is_one_axis_under_bounds_on_the_others(seed):
    bounds = {"risk": 0.14, "esg": 5.5, "turnover": 0.6, "cost": 0.004, "tracking_error": 0.12}
    p = problem(
        {"kind": "multi_objective", "scheme": "epsilon_constraint", "axis": "return"}, {"axis_bounds": bounds}, seed=seed
    )
    w = cp.Variable(p.n)
    R = np.linalg.cholesky(p.moments.covariance.dense()).T
    held = [cp.norm(R @ w) <= 0.14, scores_of(p) @ w >= 5.5, cp.norm1(w - p.w_prev) <= 1.2]
    held += [0.002 / 0.5 * cp.norm1(w - p.w_prev) <= 0.004, cp.norm(R @ (w - p.benchmark)) <= 0.12]
    best = cvxpy_solved(p, cp.Maximize(p.moments.mu @ w), w, *held)
    solution = optimize(p)
    if not np.isfinite(best):
        assert solution.status is SolveStatus.INFEASIBLE
    else:
        assert p.objective.value(certified(p), p) == pytest.approx(best, abs=1e-8)


def test_goals_out_of_reach_are_missed_by_the_least_weighted_sum():
    goals = {
        "return": {"goal": 0.14, "weight": 1},
        "risk": {"goal": 0.08, "weight": 2},
        "esg": {"goal": 8.0, "weight": 0.01},
        "turnover": {"goal": 0.1, "weight": 0.05},
        "tracking_error": {"goal": 0.01, "weight": 0.5},
        "cost": {"goal": 0.001, "weight": 1},
    }
    p = problem({"kind": "multi_objective", "scheme": "goal", "goals": goals, "tie_break": 0.0})
    w = cp.Variable(p.n)
    R = np.linalg.cholesky(p.moments.covariance.dense()).T
    moved = cp.norm1(w - p.w_prev)
    missed = cp.pos(0.14 - p.moments.mu @ w) + 2 * cp.pos(cp.norm(R @ w) - 0.08) + 0.01 * cp.pos(8.0 - scores_of(p) @ w)
    missed += 0.05 * cp.pos(0.5 * moved - 0.1) + 0.5 * cp.pos(cp.norm(R @ (w - p.benchmark)) - 0.01)
    missed += cp.pos(0.004 * moved - 0.001)
    best = cvxpy_solved(p, cp.Minimize(missed), w)
    assert p.objective.value(certified(p), p) == pytest.approx(best, abs=1e-8)


def test_goals_within_reach_are_reached_and_the_calmest_such_portfolio_is_taken():
    p = problem({"kind": "goals", "goals": {"return": 0.06, "esg": 4.0}})
    w = certified(p)
    assert max(p.objective.shortfalls(w, p).values()) <= 1e-9
    calm = certified(problem({"kind": "min_risk"}, {"min_return": 0.06, "min_esg": 4.0}))
    assert p.moments.covariance.volatility(w) == pytest.approx(p.moments.covariance.volatility(calm), rel=1e-6)


def test_the_esg_floor_is_the_average_score_of_what_is_held():
    free = float(scores_of(problem(UTILITY)) @ certified(problem(UTILITY)))
    p = problem(UTILITY, {"min_esg": free + 0.6})
    assert scores_of(p) @ certified(p) == pytest.approx(free + 0.6, abs=1e-9)
    loose = p.limit("min_esg").relaxed(0.5)
    w = certified(p.with_limit(loose))
    assert scores_of(p) @ w == pytest.approx(free + 0.1, abs=1e-9), "opened by half a point, all of it held and scored"


def test_what_nobody_scored_is_left_out_of_the_average_or_counts_as_neutral():
    for unscored in ("exclude", "neutral"):
        loose = problem(UTILITY, {"min_esg": {"score": 0.0, "unscored": unscored}}, unscored=1, seed=2)
        counted = scores_of(loose)
        if unscored == "neutral":
            counted = np.where(np.isnan(counted), np.nanmean(counted), counted)
        counts = ~np.isnan(counted)

        def average(w: np.ndarray, counted: np.ndarray = counted, counts: np.ndarray = counts) -> float:
            return float(counted[counts] @ w[counts] / w[counts].sum())

        floor = average(certified(loose)) + 0.4
        tight = problem(UTILITY, {"min_esg": {"score": floor, "unscored": unscored}}, unscored=1, seed=2)
        assert average(certified(tight)) == pytest.approx(floor, abs=1e-8)


def test_an_excluded_asset_is_not_held_and_a_missing_score_is_not_a_pass():
    p = problem(UTILITY, {"esg_exclusion": 5.0}, unscored=1)
    w = certified(p)
    assert w[0] == 0.0
    assert (w[scores_of(p) < 5.0] == 0.0).all()
    kept = problem(UTILITY, {"esg_exclusion": {"score": 5.0, "grandfather": True}}, unscored=1)
    low = ~(scores_of(kept) >= 5.0)
    assert (certified(kept)[low] <= kept.w_prev[low]).all()


@pytest.mark.parametrize(
    ("limits", "conflicting"),
    [
        ({"min_esg": 8.99}, "min_esg"),
        ({"esg_exclusion": 8.5}, "esg_exclusion"),
        ({"min_return": {"floor": 0.5, "robust": {"set": "box", "radius": 0.01}}}, "min_return"),
        ({"axis_bounds": {"return": 0.3}}, "axis_bounds"),
        ({"max_turnover": 0.0, "axis_bounds": {"tracking_error": 1e-4}}, "axis_bounds"),
    ],
    ids=str,
)
def test_a_floor_out_of_reach_is_named_with_an_opening_that_works(limits, conflicting):
    p = problem(UTILITY, limits)
    assert optimize(p).status is SolveStatus.INFEASIBLE
    found = diagnose(p)
    assert any(conflicting in conflict.limits for conflict in found.conflicts)
    assert found.fixes
    assert all(fix.verified for fix in found.fixes)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"weights": {"beauty": 1}}, "no axis"),
        ({"weights": {"return": 0}}, "above zero"),
        ({"weights": {"return": -1}}, "below 0"),
        ({"scheme": "lexicographic"}, "sequence"),
        ({"scheme": "epsilon_constraint", "axis": "return", "bounds": {"risk": 0.1}}, "limits"),
        ({"scheme": "goal", "goals": {}}, "no goal"),
        ({"scheme": "goal", "goals": {"beauty": 1}}, "no axis"),
        ({"weights": {"risk": 1}, "risk_measure": "luck"}, "measure"),
    ],
)
def test_a_wish_that_means_nothing_is_refused_by_name(spec, said):
    with pytest.raises(InvalidValue, match=said):
        parse_objective({"kind": "multi_objective", **spec})


def test_an_axis_that_needs_what_is_not_there_says_what():
    with pytest.raises(MissingInput, match="costs"):
        assemble(problem({"kind": "multi_objective", "weights": {"return": 1, "cost": 3}}, bps=None))
    p = problem({"kind": "esg_tilt", "risk_aversion": 4, "taste": 0.01}, unscored=7)
    with pytest.raises(MissingInput, match="ESG"):
        assemble(p)
    for limits in ({"min_esg": 5.0}, {"esg_exclusion": 5.0}):
        with pytest.raises(MissingInput, match="ESG"):
            assemble(problem(UTILITY, limits, unscored=7))


def test_cash_never_counts_in_an_average_score():
    universe = Universe((Asset("A", esg_score=4.0), Asset("B", esg_score=8.0), Asset(CASH)))
    moments = Moments(universe, np.array([0.1, 0.02, 0.01]), Covariance(Sigma=np.diag([0.04, 0.04, 0.0])))
    p = Problem(
        moments, parse_objective({"kind": "max_return"}), parse_limits({"budget": True, "long_only": True, "min_esg": 6.0})
    )
    w = certified(p)
    assert (4.0 * w[0] + 8.0 * w[1]) / (w[0] + w[1]) == pytest.approx(6.0)
