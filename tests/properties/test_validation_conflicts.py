"""Every reported conflict is impossible and minimal, every fix leaves a portfolio: asked of scipy and of cvxpy.

PORTOPT_TEST_FULL=1 asks of two hundred requests.
"""

from __future__ import annotations

import os
from functools import cache
from itertools import combinations, count, islice
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import linprog

from portopt.diagnosis import check_before, diagnose, relax_in_order
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, solve
from portopt.terms.catalog import parse_limits, parse_objective

N = 6
REQUESTS = 200 if os.environ.get("PORTOPT_TEST_FULL") == "1" else 60
SECTORS = ("Energy", "Technology")
SPECIFIC = np.array([0.04, 0.05, 0.03, 0.06, 0.04, 0.05, 0.0])
BETA = np.array([0.15, 0.12, 0.18, 0.1, 0.16, 0.14, 0.0])
SIGMA = np.outer(BETA, BETA) + np.diag(SPECIFIC)


@cache
def request(seed: int, *, risk: bool = False) -> tuple[Problem, dict]:
    """Six stocks and cash under limits drawn too tight to hold together, most of the time."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(3, 10, N)
    assets = tuple(Asset(f"S{i}", sector=SECTORS[i % 2], quality_score=float(scores[i])) for i in range(N))
    mu = np.append(rng.uniform(0.03, 0.12, N).round(4), 0.02)
    drawn = {
        "fully_invested": True,
        "max_weight": round(float(rng.uniform(0.1, 0.4)), 2),
        "min_weight": {"S0": round(float(rng.uniform(0.0, 0.3)), 2)},
        "sector_limits": round(float(rng.uniform(0.2, 0.7)), 2),
        "max_turnover": round(float(rng.uniform(0.02, 0.5)), 2),
        "min_return": round(float(rng.uniform(0.05, 0.14)), 3),
        "min_quality": float(rng.integers(4, 9)),
    }
    kept = {name: value for name, value in drawn.items() if rng.random() < 0.7}
    if risk:
        kept["max_tracking_error"] = round(float(rng.uniform(0.01, 0.2)), 3)
    problem = Problem(
        Moments(Universe((*assets, Asset(CASH))), mu, Covariance(Sigma=SIGMA)),
        parse_objective({"kind": "utility", "risk_aversion": 4.0}),
        parse_limits({"budget": True, "long_only": True, **kept}),
        w_prev=np.append(rng.dirichlet(np.ones(N)).round(3), 0.0),
        benchmark=np.append(np.full(N, 1.0 / N), 0.0),
    )
    w_prev = problem.w_prev.copy()
    w_prev[-1] = 1.0 - w_prev.sum()
    return problem.replaced(w_prev=np.maximum(w_prev, 0.0) / np.maximum(w_prev, 0.0).sum()), kept


def margin(problem: Problem, limits: dict) -> float:
    """By how much the linear limits must all be loosened before a portfolio exists; scipy, variables (w, buys, sells, e)."""
    n, w_prev = N + 1, problem.w_prev
    rows, sides = [], []

    def at_most(coefficients: dict[int, float], side: float) -> None:
        row = np.zeros(3 * n + 1)
        row[list(coefficients)] = list(coefficients.values())
        row[-1] = -1.0
        rows.append(row)
        sides.append(side)

    for name, value in limits.items():
        if name == "fully_invested":
            at_most({N: 1.0}, 0.0)
        elif name == "max_weight":
            for i in range(N):
                at_most({i: 1.0}, value)
        elif name == "min_weight":
            at_most({0: -1.0}, -value["S0"])
        elif name == "sector_limits":
            for k in range(2):
                at_most(dict.fromkeys(range(k, N, 2), 1.0), value)
        elif name == "max_turnover":
            at_most(dict.fromkeys(range(n, 3 * n), 0.5), value)
        elif name == "min_return":
            at_most({i: -float(problem.moments.mu[i]) for i in range(n)}, -value)
        elif name == "min_quality":
            for i in np.flatnonzero(problem.universe.scores("quality_score")[:N] < value):
                at_most({int(i): 1.0}, 0.0)
    trades = np.hstack([np.eye(n), -np.eye(n), np.eye(n), np.zeros((n, 1))])
    budget = np.concatenate([np.ones(n), np.zeros(2 * n + 1)])[None, :]
    cost = np.zeros(3 * n + 1)
    cost[-1] = 1.0
    answer = linprog(
        cost,
        A_ub=np.array(rows) if rows else None,
        b_ub=sides or None,
        A_eq=np.vstack([trades, budget]),
        b_eq=np.append(w_prev, 1.0),
    )
    return float(answer.fun)


def cvxpy_margin(problem: Problem, limits: dict) -> float:
    """The same with a tracking error, asked of cvxpy."""
    witness, given = _witness(tuple(limits))
    given["w_prev"].value, given["mu"].value = problem.w_prev, problem.moments.mu
    given["benchmark"].value = problem.benchmark
    for name, value in limits.items():
        given[name].value = value["S0"] if name == "min_weight" else float(value)
    if "min_quality" in limits:
        given["barred"].value = (problem.universe.scores("quality_score")[:N] < limits["min_quality"]).astype(float)
    witness.solve(solver=cp.CLARABEL)
    return float(witness.value)


@cache
def _witness(names: tuple[str, ...]) -> tuple[cp.Problem, dict[str, cp.Parameter]]:
    """The program of limits with these names, written out once, and what differs from request to request."""
    w, e = cp.Variable(N + 1, nonneg=True), cp.Variable(nonneg=True)
    given: dict[str, Any] = {name: cp.Parameter() for name in names}
    given |= {name: cp.Parameter(N + 1) for name in ("w_prev", "mu", "benchmark")} | {"barred": cp.Parameter(N, nonneg=True)}
    active = w - given["benchmark"]
    # A vector whose length is the tracking error: the market part and the specific parts.
    parts = cp.hstack([BETA @ active, cp.multiply(np.sqrt(SPECIFIC), active)])
    rules = {
        "fully_invested": lambda at: w[N] <= e,
        "max_weight": lambda at: w[:N] <= at + e,
        "min_weight": lambda at: w[0] >= at - e,
        "sector_limits": lambda at: cp.hstack([cp.sum(w[k:N:2]) for k in range(2)]) <= at + e,
        "max_turnover": lambda at: cp.norm1(w - given["w_prev"]) / 2 <= at + e,
        "min_return": lambda at: given["mu"] @ w >= at - e,
        "min_quality": lambda at: cp.multiply(given["barred"], w[:N]) <= e,
        "max_tracking_error": lambda at: cp.norm(parts) <= at + e,
    }
    return cp.Problem(cp.Minimize(e), [cp.sum(w) == 1, *(rules[name](given[name]) for name in names)]), given


@cache
def is_infeasible(seed: int, *, risk: bool) -> bool:
    return (cvxpy_margin if risk else margin)(*request(seed, risk=risk)) > 1e-5


def infeasible_requests(most: int, *, risk: bool = False) -> tuple[int, ...]:
    return tuple(islice((seed for seed in count() if is_infeasible(seed, risk=risk)), most))


def every_minimal_conflict(problem: Problem, limits: dict, measure, clear: float) -> set[frozenset[str]] | None:
    """By asking every subset, smallest first; None when one is too close to call."""
    minimal: list[frozenset[str]] = []
    for size in range(1, len(limits) + 1):
        for names in map(frozenset, combinations(limits, size)):
            if any(known <= names for known in minimal):
                continue
            distance = measure(problem, {name: limits[name] for name in names})
            if clear / 100 < distance < clear:
                return None
            if distance >= clear:
                minimal.append(names)
    return set(minimal)


@pytest.mark.parametrize("block", range(4))
def test_every_conflict_of_many_requests_is_impossible_and_minimal_and_every_fix_leaves_a_portfolio(block):
    for seed in infeasible_requests(REQUESTS)[block::4]:
        problem, limits = request(seed)
        diagnosis = diagnose(problem)
        assert diagnosis.complete
        for conflict in diagnosis.conflicts:
            assert margin(problem, {name: limits[name] for name in conflict.limits}) > 1e-10, (seed, conflict)
            for gone in conflict.limits:
                fewer = {name: limits[name] for name in conflict.limits if name != gone}
                assert margin(problem, fewer) <= 1e-9, (seed, conflict, gone)
        assert diagnosis.fixes, seed
        for fix in diagnosis.fixes:
            assert fix.verified
            opened = {relaxation.limit for relaxation in fix.relaxations}
            assert margin(problem, {name: value for name, value in limits.items() if name not in opened}) <= 1e-9
        for name in diagnosis.insufficient:
            assert margin(problem, {other: value for other, value in limits.items() if other != name}) > 1e-10


def test_no_conflict_is_missed():
    """Every subset of the limits asked of scipy, smallest first."""
    for seed in infeasible_requests(REQUESTS)[:25]:
        problem, limits = request(seed)
        expected = every_minimal_conflict(problem, limits, margin, 1e-6)
        if expected is not None:
            found = diagnose(problem)
            assert {frozenset(conflict.limits) for conflict in found.conflicts} == expected, seed


def test_conflicts_with_a_tracking_error_are_the_ones_cvxpy_finds():
    for seed in infeasible_requests(8, risk=True):
        problem, limits = request(seed, risk=True)
        expected = every_minimal_conflict(problem, limits, cvxpy_margin, 1e-5)
        if expected is None:
            continue
        diagnosis = diagnose(problem)
        assert {frozenset(conflict.limits) for conflict in diagnosis.conflicts} == expected, seed
        assert diagnosis.fixes, seed


def test_a_single_opening_is_the_smallest_that_scipy_allows():
    """A hair less is still impossible."""
    checked = 0
    for seed in infeasible_requests(40):
        problem, limits = request(seed)
        for fix in diagnose(problem).fixes:
            (name, by) = (fix.relaxations[0].limit, fix.relaxations[0].by)
            if len(fix.relaxations) > 1 or name not in ("max_weight", "sector_limits", "max_turnover", "min_return"):
                continue
            sign = -1.0 if name == "min_return" else 1.0
            assert margin(problem, {**limits, name: limits[name] + sign * by}) <= 1e-9
            assert margin(problem, {**limits, name: limits[name] + sign * (by - 3e-6)}) > 1e-8
            checked += 1
    assert checked >= 10


def test_arithmetic_never_calls_a_possible_request_impossible():
    seen = 0
    for seed in range(150):
        problem, limits = request(seed)
        early = check_before(problem, assemble(problem))
        if early is None:
            continue
        seen += 1
        (conflict,) = early.conflicts
        assert margin(problem, {name: limits[name] for name in conflict.limits}) > 1e-10, (seed, conflict)
    assert seen >= 30


def test_a_declared_order_opens_its_last_limit_as_little_as_it_can():
    tried = 0
    for seed in infeasible_requests(40):
        problem, limits = request(seed)
        order = tuple(name for name in ("min_return", "max_turnover", "sector_limits", "max_weight") if name in limits)
        relaxed, gave_way = relax_in_order(problem, order)
        kept = {name: value for name, value in limits.items() if name not in order}
        if not gave_way:
            assert margin(problem, kept) > 1e-9
            continue
        tried += 1
        last = gave_way[-1].relaxation
        # Everything less important gone, the last to give way still has to open by this much.
        less_important = order[: order.index(last.limit)]
        held = {name: value for name, value in limits.items() if name not in less_important}
        sign = -1.0 if last.limit == "min_return" else 1.0
        assert margin(problem, {**held, last.limit: limits[last.limit] + sign * (last.by - 5e-6)}) > 1e-8
        assert solve(assemble(relaxed)).status == "optimal"
    assert tried >= 10
