"""The parts of a diagnosis: questions in fewer columns, distances, openings, steps of a score, a declared order."""

from __future__ import annotations

from dataclasses import replace
from time import sleep

import cvxpy as cp
import numpy as np
import pytest

from portopt.audit.optimality import primal_residual
from portopt.diagnosis import diagnose, feasibility, relax_in_order
from portopt.diagnosis.effort import Budget, cost
from portopt.diagnosis.feasibility import Feasibility
from portopt.diagnosis.fewer_columns import without_unused
from portopt.diagnosis.minimal_conflicts import enumerate_conflicts
from portopt.diagnosis.nearest_point import Distance
from portopt.diagnosis.smallest_openings import Repairs
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, solve
from portopt.terms.catalog import parse_limits, parse_objective

SCORES = (4.5, 6.5, 8.0, None)
F = np.array([[0.2, 0.05], [0.15, -0.05], [0.1, 0.1], [0.18, 0.0], [0.0, 0.0]])
D = np.array([0.03, 0.02, 0.04, 0.05, 0.0])

# With half in cash the least tracking error against a quarter in every stock:  0.5 / sqrt(1' inv(Sigma) 1)  of the stocks.
LEAST_ERROR = 0.5 / float(np.sqrt(np.linalg.solve((F @ F.T + np.diag(D))[:4, :4], np.ones(4)).sum()))


def problem(limits: dict, *, factor_form: bool = False, objective: dict | None = None) -> Problem:
    stocks = (Asset(f"S{i}", sector="AB"[i % 2], quality_score=SCORES[i]) for i in range(4))
    covariance = Covariance(F=F, Omega=np.eye(2), D=D) if factor_form else Covariance(Sigma=F @ F.T + np.diag(D))
    return Problem(
        Moments(Universe((*stocks, Asset(CASH))), np.array([0.10, 0.08, 0.06, 0.04, 0.02]), covariance),
        parse_objective(objective or {"kind": "utility", "risk_aversion": 4.0}),
        parse_limits({"budget": True, "long_only": True, **limits}),
        w_prev=np.array([0.4, 0.3, 0.2, 0.1, 0.0]),
        benchmark=np.array([0.25, 0.25, 0.25, 0.25, 0.0]),
        risk_free_rate=0.02,
    )


# --- questions -------------------------------------------------------------------------------------------------------


def answered_by(monkeypatch, solver):
    """Every question of a diagnosis, quick or exact, goes to `solver`."""
    monkeypatch.setattr(feasibility, "solve", solver)
    monkeypatch.setattr(feasibility, "solve_quickly", solver)


@pytest.mark.parametrize("factor_form", [False, True])
def test_idle_helper_columns_are_set_aside_and_used_ones_stay(factor_form):
    form = assemble(problem({"max_turnover": 0.2, "max_weight": 0.5}, factor_form=factor_form))
    bare = replace(form, quadratics=(), q=np.zeros(form.n_columns))
    lower, upper = without_unused(bare).box()
    trades_used = lower[5:] < upper[5:]
    assert trades_used.sum() == 10  # buys and sells; factor columns only serve the objective, which is gone
    without_turnover = without_unused(bare.without(lambda name: name == "max_turnover"))
    lower, upper = without_turnover.box()
    assert (lower[5:] == upper[5:]).all()
    x = np.zeros(form.n_columns)
    x[:5] = 0.2
    assert primal_residual(without_turnover, x) == 0.0


@pytest.mark.parametrize("factor_form", [False, True])
def test_the_least_distance_is_cvxpys_and_its_proof_is_not_above_it(factor_form):
    p = problem({"max_tracking_error": 0.01, "max_weight": 0.2, "max_turnover": 0.3}, factor_form=factor_form)
    form = assemble(p)
    question = Distance(form.cones[0], form)
    asked = question.form()
    proven = question.at_least(asked, solve(asked))

    w = cp.Variable(5, nonneg=True)
    active = w - p.benchmark
    error = cp.norm(cp.hstack([F.T @ active, cp.multiply(np.sqrt(D), active)]))
    rules = [cp.sum(w) == 1, w[:4] <= 0.2, cp.norm1(w - p.w_prev) / 2 <= 0.3]
    least = cp.Problem(cp.Minimize(error), rules).solve(solver=cp.CLARABEL)
    assert proven == pytest.approx(least, abs=1e-6)
    assert proven <= least + 1e-9


def test_a_core_names_only_limits_that_take_part():
    p = problem({"max_weight": 0.1, "max_turnover": 0.9, "fully_invested": True, "min_return": 0.01})
    limits = Feasibility(p, assemble(p), Budget(1e6))
    assert set(limits.named(limits.core(limits.everything))) == {"max_weight", "fully_invested"}


@pytest.mark.parametrize(
    "short",
    [
        lambda by: {"sector_limits": {"A": 0.4 - by, "B": 0.6 - by}, "fully_invested": True},
        lambda by: {"cash": {"min": 0.5}, "max_tracking_error": LEAST_ERROR - by},
    ],
    ids=["flat", "curved"],
)
def test_limits_that_miss_each_other_by_less_than_the_margin_are_called_no_conflict_and_by_more_they_are(short):
    """Less than 1e-9 is within what every limit may be missed by: a portfolio that near is one."""
    near, far = problem(short(1e-10)), problem(short(1e-8))
    # Exactly: a quick answer proves 1e-9 less than there is, which would do in the margin's place.
    limits = Feasibility(near, assemble(near), Budget(1e6), exactly=True)
    assert limits.core(limits.everything) is None
    assert not limits.uncertain
    limits = Feasibility(far, assemble(far), Budget(1e6), exactly=True)
    assert limits.core(limits.everything) is not None


def test_what_is_known_is_not_asked_again():
    p = problem({"max_weight": 0.1, "fully_invested": True, "max_turnover": 0.5})
    limits = Feasibility(p, assemble(p), Budget(1e6))
    first = limits.core(limits.everything)
    asked = limits.solves
    assert limits.core(limits.everything) == first
    assert limits.solves == asked


def test_no_work_allowed_at_all_is_said_to_be_incomplete():
    p = problem({"max_weight": 0.1, "fully_invested": True})
    limits = Feasibility(p, assemble(p), Budget(0.0))
    assert not enumerate_conflicts(limits).complete


def test_a_solver_that_fails_makes_the_diagnosis_incomplete_not_wrong(monkeypatch):
    p = problem({"max_weight": 0.1, "fully_invested": True})
    answered_by(monkeypatch, lambda form: RawAnswer(SolveStatus.FAILED, None, None, "none", 0, 0.0))
    diagnosis = diagnose(p)
    assert not diagnosis.complete
    assert diagnosis.fixes == ()
    assert diagnosis.conflicts[0].limits == ()


# --- diagnoses -------------------------------------------------------------------------------------------------------


def test_each_limit_that_suffices_alone_is_offered_with_its_smallest_opening():
    diagnosis = diagnose(problem({"max_weight": 0.2, "fully_invested": True}))
    openings = {fix.relaxations[0].limit: fix.relaxations[0] for fix in diagnosis.fixes}
    assert openings["max_weight"].by == pytest.approx(0.05, abs=2e-6)
    assert openings["fully_invested"].by == pytest.approx(0.20, abs=2e-6)
    assert openings["max_weight"].after.startswith("each position at most 25")
    assert diagnosis.insufficient == ()


def test_a_tracking_error_alone_is_opened_to_what_can_be_reached():
    p = problem({"max_tracking_error": 0.01, "max_weight": 0.2})
    (conflict,) = diagnose(p).conflicts
    assert set(conflict.limits) == {"max_tracking_error", "max_weight"}
    assert "tracking error is at least" in conflict.reason


def test_a_score_is_lowered_to_the_next_asset_that_makes_room():
    diagnosis = diagnose(problem({"min_quality": 9.0, "fully_invested": True, "max_weight": 0.5}))
    (fix,) = [fix for fix in diagnosis.fixes if fix.relaxations[0].limit == "min_quality"]
    assert fix.relaxations[0].by == 2.5  # down to 6.5: S1 and S2 at half each; S2 alone is not enough
    assert fix.relaxations[0].after == "quality score at least 6.5"


def test_an_asset_without_a_score_is_never_let_in_by_lowering_the_floor():
    p = problem({"min_quality": 7.0})
    assert p.limit("min_quality").steps(p) == (0.5, 2.5)
    relaxed = p.with_limit(p.limit("min_quality").relaxed(2.5))
    assert "S3" in relaxed.limit("min_quality").read(np.zeros(5), relaxed).members


def test_what_cannot_be_given_up_is_named_when_it_leaves_nothing():
    stuck = Universe((Asset("S0", tradable=False), Asset("S1", tradable=False)))
    p = Problem(
        Moments(stuck, np.zeros(2), Covariance(Sigma=np.eye(2))),
        parse_objective({"kind": "min_risk"}),
        parse_limits({"budget": True, "long_only": True, "frozen": True, "max_weight": 0.9}),
        w_prev=np.array([0.4, 0.4]),
    )
    diagnosis = diagnose(p)
    assert diagnosis.conflicts[0].limits == ()
    assert diagnosis.sentence().startswith("what no request can give up already leaves no portfolio")
    assert diagnosis.fixes == ()


def test_a_feasible_problem_is_called_that():
    diagnosis = diagnose(problem({"max_weight": 0.5}))
    assert diagnosis.sentence().startswith("a portfolio within 1e-9 of every limit exists")


def test_a_soft_limit_takes_no_part():
    p = problem({"max_tracking_error": {"limit": 0.001, "soft": True}, "max_weight": 0.1, "fully_invested": True})
    (conflict,) = diagnose(p).conflicts
    assert set(conflict.limits) == {"max_weight", "fully_invested"}


# --- giving way ------------------------------------------------------------------------------------------------------


def test_the_first_named_gives_way_alone_when_that_is_enough():
    p = problem({"max_weight": 0.2, "fully_invested": True})
    relaxed, (gave,) = relax_in_order(p, ("max_weight", "fully_invested"))
    assert gave.relaxation.limit == "max_weight"
    assert gave.because == "4 eligible assets × 20.00 % = 80.00 % < 100.00 % to invest"
    assert relaxed.limit("fully_invested") == p.limit("fully_invested")


def test_a_feasible_problem_is_left_alone():
    p = problem({"max_weight": 0.5})
    assert relax_in_order(p, ("max_weight",)) == (p, ())


def test_names_that_are_no_limit_of_the_problem_are_passed_over():
    p = problem({"max_weight": 0.2, "fully_invested": True})
    relaxed, (gave,) = relax_in_order(p, ("max_volatility", "budget", "fully_invested"))
    assert gave.relaxation.limit == "fully_invested"
    assert solve(assemble(relaxed)).status is SolveStatus.OPTIMAL


def test_a_diagnosis_asks_the_same_however_long_every_answer_takes(monkeypatch):
    """On a machine on which every solve takes long: the same conflicts, the same fixes, as many questions."""
    p = problem({"max_weight": 0.2, "fully_invested": True, "max_turnover": 0.1, "max_tracking_error": 0.02})
    p = replace(p, w_prev=np.array([0.0, 0.0, 0.0, 0.5, 0.5]), benchmark=np.array([0.5, 0.5, 0.0, 0.0, 0.0]))

    def slow(form):
        sleep(0.2)
        return solve(form)

    answered_by(monkeypatch, solve)
    quickly = diagnose(p)
    answered_by(monkeypatch, slow)
    slowly = diagnose(p)
    assert slowly.seconds > 2.0
    assert quickly.complete
    assert replace(slowly, seconds=0.0) == replace(quickly, seconds=0.0)


def test_what_a_question_costs_grows_with_its_program_and_the_budget_ends_the_diagnosis():
    p = problem({"max_weight": 0.2, "fully_invested": True, "max_turnover": 0.1, "max_tracking_error": 0.02})
    p = replace(p, w_prev=np.array([0.0, 0.0, 0.0, 0.5, 0.5]), benchmark=np.array([0.5, 0.5, 0.0, 0.0, 0.0]))
    assert cost(assemble(p)) > cost(assemble(problem({"max_weight": 0.2})))
    few = diagnose(p, work=4.0)
    assert not few.complete
    every = {conflict.limits for conflict in diagnose(p).conflicts}
    assert {conflict.limits for conflict in few.conflicts} < every | {()}


def test_beside_a_curved_limit_a_fix_leaves_more_than_a_hair_of_room():
    """In a set of a hair's width the best portfolio takes a hundred times as long to find as in one a little wider."""
    p = problem({"max_tracking_error": 0.01, "max_turnover": 0.1})
    limits = Feasibility(p, assemble(p), Budget(1e6))
    (conflict,) = (limits.named(mask) for mask in enumerate_conflicts(limits).conflicts)
    assert set(conflict) == {"max_tracking_error", "max_turnover"}
    repairs = Repairs(limits)
    least = repairs.smallest(("max_turnover",))

    fix = repairs.fix(least)

    assert 1e-6 <= fix.relaxations[0].by - least["max_turnover"] <= 2.1e-6
    assert fix.verified


def test_beside_flat_limits_a_fix_is_the_least_opening_itself():
    p = problem({"max_tracking_error": 0.5, "max_weight": 0.2, "fully_invested": True})
    limits = Feasibility(p, assemble(p), Budget(1e6))
    enumerate_conflicts(limits)
    repairs = Repairs(limits)
    assert repairs.fix(repairs.smallest(("max_weight",))).relaxations[0].by == 0.05
