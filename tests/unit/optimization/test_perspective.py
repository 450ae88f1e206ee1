"""The diagonal under the perspectives: valid whatever it is, and chosen so that what it bounds is bounded well."""

from __future__ import annotations

from itertools import combinations

import cvxpy as cp
import numpy as np
import pytest

from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Asset, Universe
from portopt.optimization import assemble, solve
from portopt.optimization.integers import perspective
from portopt.optimization.integers.diagonal import largest_weighted, leaves_semidefinite
from portopt.terms.catalog import parse_limits, parse_objective


def tracking(n: int, names: int, seed: int) -> Problem:
    """Few names beside a benchmark of many, by the covariance of as many days as a desk has: no factors to be found in it."""
    rng = np.random.default_rng(seed)
    F, D = np.column_stack([rng.normal(1, 0.25, n), rng.normal(0, 0.4, (n, 3))]), rng.uniform(0.015, 0.08, n)
    true = F @ np.diag([0.03, 0.006, 0.005, 0.004]) @ F.T + np.diag(D)
    days = rng.normal(size=(500, n)) @ np.linalg.cholesky(true / 252).T
    benchmark = np.exp(rng.normal(size=n))
    return Problem(
        Moments(Universe(tuple(Asset(f"A{i}") for i in range(n))), np.full(n, 0.05), Covariance(Sigma=252 * np.cov(days.T))),
        parse_objective("min_tracking_error"),
        parse_limits({"budget": True, "long_only": True, "max_positions": names}),
        benchmark=benchmark / benchmark.sum(),
    )


def test_the_largest_weighted_diagonal_is_what_a_semidefinite_solver_finds():
    M = tracking(8, 3, 1).moments.Sigma
    weights = np.array([1.0, 0.2, 3.0, 0.5, 1e-3, 2.0, 0.7, 1.5])
    d = largest_weighted(M, np.arange(8), weights)
    free = cp.Variable(8)
    best = cp.Problem(cp.Maximize(weights @ free), [free >= 0, M - cp.diag(free) >> 0]).solve(solver=cp.CLARABEL)
    assert d.min() >= 0.0
    assert leaves_semidefinite(M, d)
    assert float(weights @ d) == pytest.approx(best, rel=5e-3)
    assert not largest_weighted(np.ones((4, 4)), np.arange(4), np.ones(4)).any(), "of a singular matrix nothing comes off"


def test_the_diagonal_chosen_bounds_every_choice_of_names_and_better_than_the_even_one(monkeypatch):
    monkeypatch.setattr(perspective, "FEWEST_COLUMNS", 4)
    p = tracking(10, 3, 2)
    form, solved = assemble(p), lambda form: solve(form).x
    (chosen,) = perspective.chosen_diagonals(form, solved).values()
    monkeypatch.setattr(perspective, "SOLVES", 0)
    (even,) = perspective.chosen_diagonals(form, solved).values()
    switch = perspective.switch_of_columns(form)[form.quadratics[0].columns]
    taken_apart = perspective._Relaxation(form, 0, form.quadratics[0], switch, switch >= 0, solved)
    higher, lower = taken_apart.at(chosen), taken_apart.at(even)
    assert higher is not None
    assert lower is not None
    best = min(_least(p, names) for names in combinations(range(10), 3))
    assert lower.value < higher.value <= best * (1.0 + 1e-9)
    assert best - higher.value < 0.8 * (best - lower.value)


def _least(p: Problem, names: tuple[int, ...]) -> float:
    """The least half active variance in these names alone, in closed form where none of them would be short."""
    at, S, b = list(names), p.moments.Sigma, p.benchmark_weights()
    K = np.block([[S[np.ix_(at, at)], np.ones((3, 1))], [np.ones((1, 3)), np.zeros((1, 1))]])
    w = np.zeros(p.n)
    w[at] = np.linalg.solve(K, np.append((S @ b)[at], 1.0))[:3]
    return 0.5 * float((w - b) @ S @ (w - b)) if w.min() >= 0.0 else np.inf
