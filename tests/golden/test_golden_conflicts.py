"""The quality_focused policy on the golden book: exactly six minimal conflicts, no single limit whose opening suffices."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import cvxpy as cp
import numpy as np
import pytest

from portopt.diagnosis import check_before, diagnose, relax_in_order
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, solve
from portopt.terms.catalog import parse_limits, parse_objective

GOLDEN = json.loads(Path(__file__).with_name("policy_rebalance.json").read_text())
SYMBOLS = ["AAPL", "XOM", "JNJ"]
ROWS = {row["symbol"]: row for row in GOLDEN["holdings"]}
LIMITS = GOLDEN["quality_focused"]
STATED = sorted(sorted(names) for names in GOLDEN["minimal_conflicts"])
SIGMA = np.diag([0.04, 0.04, 0.04, 0.0, 0.0]) + 0.0225 * np.outer([1, 1, 1, 1, 0], [1, 1, 1, 1, 0])


@pytest.fixture(scope="module")
def problem() -> Problem:
    stocks = tuple(Asset(s, sector=ROWS[s]["sector"], quality_score=ROWS[s]["quality_score"]) for s in SYMBOLS)
    universe = Universe((*stocks, Asset("SPY", tradable=False), Asset(CASH)))
    value = np.array([float(ROWS[s]["shares"]) * float(ROWS[s]["price"]) for s in SYMBOLS] + [0.0, 0.0])
    return Problem(
        Moments(universe, np.array([0.10, 0.07, 0.08, 0.08, 0.02]), Covariance(Sigma=SIGMA)),
        parse_objective({"kind": "max_sharpe"}),
        parse_limits({"budget": True, "frozen": True, "long_only": True, **LIMITS}),
        w_prev=value / value.sum(),
        benchmark=np.array([0.0, 0.0, 0.0, 1.0, 0.0]),
        risk_free_rate=0.02,
    )


@pytest.fixture(scope="module")
def diagnosis(problem):
    return diagnose(problem)


def cvxpy_holds(problem: Problem, names: set[str]) -> bool:
    """Whether these limits leave a portfolio, asked of cvxpy in its own words."""
    w = cp.Variable(5, nonneg=True)
    asked = {
        "fully_invested": w[4] == 0,
        "max_weight": w[:3] <= LIMITS["max_weight"],
        "sector_limits": w[:3] <= LIMITS["sector_limits"],  # one stock a sector
        "max_tracking_error": cp.norm(np.linalg.cholesky(SIGMA[:4, :4] + 1e-15 * np.eye(4)).T @ (w - problem.benchmark)[:4])
        <= LIMITS["max_tracking_error"],
        "max_turnover": cp.norm1(w - problem.w_prev) / 2 <= LIMITS["max_turnover"],
        "min_quality": w[1] == 0,
    }
    rules = [cp.sum(w) == 1, w[3] == 0, *(asked[name] for name in names)]
    question = cp.Problem(cp.Minimize(0), rules)
    question.solve(solver=cp.CLARABEL)
    return question.status in ("optimal", "optimal_inaccurate")


def test_the_six_minimal_conflicts_are_exactly_the_stated_ones(diagnosis):
    assert sorted(sorted(c.limits) for c in diagnosis.conflicts) == STATED
    assert diagnosis.complete


def test_cvxpy_finds_the_same_six_by_asking_every_subset(problem):
    minimal: list[set[str]] = []
    for size in range(1, len(LIMITS) + 1):
        for names in map(set, combinations(LIMITS, size)):
            if not any(known <= names for known in minimal) and not cvxpy_holds(problem, names):
                minimal.append(names)
    assert sorted(sorted(names) for names in minimal) == STATED


def test_relaxing_any_single_limit_never_suffices(diagnosis):
    assert set(diagnosis.insufficient) == set(LIMITS)
    assert all(len(fix.relaxations) > 1 for fix in diagnosis.fixes)


def test_every_fix_was_solved_again_and_cvxpy_agrees_that_it_leaves_a_portfolio(problem, diagnosis):
    assert diagnosis.fixes
    for fix in diagnosis.fixes:
        assert fix.verified
        assert fix.worst_violation <= 1e-9
        kept = set(LIMITS) - {r.limit for r in fix.relaxations}
        assert cvxpy_holds(problem, kept)


def test_each_reason_carries_its_numbers(diagnosis):
    reasons = {frozenset(c.limits): c.reason for c in diagnosis.conflicts}
    assert reasons[frozenset({"fully_invested", "max_weight"})] == "3 eligible assets × 10.00 % = 30.00 % < 100.00 % to invest"
    assert "75.00 % < 100.00 % to invest" in reasons[frozenset({"fully_invested", "sector_limits"})]
    assert "70.00 % of the portfolio; 20.00 % may change hands" in reasons[frozenset({"max_weight", "max_turnover"})]
    assert "25.00 % of the portfolio; 20.00 % may change hands" in reasons[frozenset({"sector_limits", "max_turnover"})]
    assert reasons[frozenset({"min_quality", "max_turnover"})].startswith("XOM by 31.82 % must be sold")
    assert "over the 2.00 % allowed" in reasons[frozenset({"max_tracking_error"})]


def test_the_least_tracking_error_in_the_reason_is_cvxpys(problem, diagnosis):
    w = cp.Variable(5, nonneg=True)
    root = np.linalg.cholesky(SIGMA[:4, :4] + 1e-15 * np.eye(4))
    error = cp.norm(root.T @ (w - problem.benchmark)[:4])
    least = cp.Problem(cp.Minimize(error), [cp.sum(w) == 1, w[3] == 0]).solve(solver=cp.CLARABEL)
    (reason,) = [c.reason for c in diagnosis.conflicts if c.limits == ("max_tracking_error",)]
    assert f"{100 * least:.2f} %" in reason


def test_two_eligible_names_at_ten_percent_are_seen_by_arithmetic_before_any_solve(problem):
    names = ("fully_invested", "max_weight", "min_quality")
    fewer = problem.replaced(limits=tuple(limit for limit in problem.limits if limit.structural or limit.kind in names))
    found = check_before(fewer, assemble(fewer))
    assert found.found_by == "arithmetic"
    assert found.conflicts[0].limits == ("fully_invested", "max_weight")
    assert "× 10.00 %" in found.conflicts[0].reason


@pytest.mark.parametrize(
    "order",
    [
        ("max_tracking_error", "max_turnover", "fully_invested"),
        ("max_weight", "sector_limits", "max_tracking_error", "max_turnover"),
        ("min_quality", "max_weight", "sector_limits", "max_tracking_error"),
    ],
)
def test_a_declared_order_opens_only_its_limits_and_leaves_a_portfolio(problem, order):
    relaxed, gave_way = relax_in_order(problem, order)
    assert {step.relaxation.limit for step in gave_way} == set(order)
    assert solve(assemble(relaxed)).status == "optimal"


def test_an_order_that_cannot_help_leaves_the_problem_as_it_was(problem):
    assert relax_in_order(problem, ("max_weight", "max_turnover")) == (problem, ())
