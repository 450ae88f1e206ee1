"""Switches read off a program's rows, and exchanges of them: never worse, and on small books the best there is."""

from __future__ import annotations

import itertools

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp

import portopt
from portopt.domain.program import INF, Program
from portopt.optimization.integers.exchange import exchanged, switches_of


def test_switches_are_read_with_the_way_they_open():
    program = Program(2)
    held = program.add_columns(2, lower=0.0, upper=1.0, integer=True)
    eye = sp.eye_array(2)
    both = np.concatenate([program.weights, held])
    program.add_rows(sp.hstack([eye, -0.5 * eye]), both, -INF, np.array([0.1, 0.2]), limit="", relax=0.0)  # bought
    program.add_rows(sp.hstack([eye, 0.4 * eye]), both, np.array([0.1, 0.2]), INF, limit="", relax=0.0)  # sold
    program.add_rows(sp.hstack([eye, -0.3 * eye]), both, 0.0, INF, limit="", relax=0.0)  # at least so much: opens nothing
    found = switches_of(program.freeze())
    assert found.switch.tolist() == [2, 3, 2, 3]
    assert found.column.tolist() == [0, 1, 0, 1]
    assert found.way.tolist() == [1.0, 1.0, -1.0, -1.0]
    assert found.side.tolist() == [0.1, 0.2, 0.1, 0.2]
    np.testing.assert_allclose(found.passed(np.array([0.4, 0.1, 1.0, 0.0])), [0.3, -0.1, -0.3, 0.1])


def test_whole_numbers_get_better_one_switch_at_a_time_and_never_worse():
    """Pick at most three of six: the value of a choice is given, and every choice is a remainder."""
    worth = {frozenset(s): 10.0 - sum(s) for k in range(4) for s in itertools.combinations(range(1, 7), k)}
    program = Program(6)
    held = program.add_columns(6, lower=0.0, upper=1.0, integer=True)
    both = np.concatenate([program.weights, held])
    program.add_rows(sp.hstack([sp.eye_array(6), -sp.eye_array(6)]), both, -INF, 0.0, limit="", relax=0.0)
    program.add_linear(program.weights, -np.arange(1.0, 7.0))
    program.constant = 10.0
    form = program.freeze()
    asked: list[frozenset[int]] = []

    def told(whole):
        chosen = frozenset((np.flatnonzero(whole[6:]) + 1).tolist())
        asked.append(chosen)
        return None if chosen not in worth else (worth[chosen], np.concatenate([whole[6:], whole[6:]]))

    start = np.zeros(12)
    start[6] = 1.0
    exchanged(form, start, np.concatenate([start[6:], start[6:]]), told)
    assert frozenset({4, 5, 6}) in asked  # the best there is


N = 9


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["max_positions", "max_trades"])
def test_small_books_are_counted_out(kind, seed):
    """At most three positions, or three trades, near a benchmark: against every choice of three, each solved by cvxpy."""
    rng = np.random.default_rng(seed)
    F = rng.normal(size=(N, 3)) * 0.15
    Sigma = F @ F.T + np.diag(rng.uniform(0.01, 0.05, N))
    names = [f"A{i}" for i in range(N)]
    now, bench = rng.dirichlet(np.full(N, 2.0)), rng.dirichlet(np.full(N, 2.0))
    found = portopt.optimize(
        covariance=Sigma,
        expected_returns=dict.fromkeys(names, 0.05),
        current_weights=dict(zip(names, now, strict=True)),
        benchmark=dict(zip(names, bench, strict=True)),
        objective={"kind": "min_tracking_error"},
        limits={kind: 3},
    )
    w = np.array([found.weights[a] for a in names])
    value = 0.5 * (w - bench) @ Sigma @ (w - bench)
    x = cp.Variable(N)
    distance = cp.quad_form(x - bench, cp.psd_wrap(Sigma))
    fixed = np.zeros(N) if kind == "max_positions" else now
    stays = cp.Parameter(N, nonneg=True)  # written out once, asked of every choice
    witness = cp.Problem(cp.Minimize(0.5 * distance), [cp.sum(x) == 1, x >= 0, cp.multiply(stays, x - fixed) == 0])
    best = np.inf
    for chosen in itertools.combinations(range(N), 3):
        stays.value = np.isin(np.arange(N), chosen, invert=True).astype(float)
        witness.solve(solver=cp.CLARABEL, warm_start=False)
        if witness.status == "optimal":
            best = min(best, float(witness.value))
    assert value == pytest.approx(best, rel=1e-4, abs=1e-9)
