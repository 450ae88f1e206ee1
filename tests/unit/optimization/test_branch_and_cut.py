"""The search for whole numbers says how it ended: proven, stopped by its counted work, without anything, or failed."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from portopt.optimization.solvers import highs_search
from portopt.optimization.solvers.highs_native import Native
from portopt.optimization.solvers.highs_search import Ended, Search, search


def knapsacks(columns: int = 60, rows: int = 40, seed: int = 1) -> Search:
    """Several knapsacks at once, every coefficient close to every other: hard to prove, easy to find a point for."""
    rng = np.random.default_rng(seed)
    A = rng.integers(10, 100, (rows, columns)).astype(float)
    cost = -(A.mean(axis=0) + rng.normal(0.0, 5.0, columns))
    sides = np.full(rows, -np.inf), A.sum(axis=1) // 3
    return Search(cost, sp.csr_array(A), *sides, np.zeros(columns), np.ones(columns), np.ones(columns, dtype=bool))


def parity(columns: int = 40) -> Search:
    """sum 2 x_i = an odd number: no whole numbers, which a search without cuts of parity only learns by trying."""
    A = sp.csr_array(np.full((1, columns), 2.0))
    side = np.array([float(columns + 1 - columns % 2)])
    box = np.zeros(columns), np.ones(columns)
    return Search(np.arange(columns, dtype=float), A, side, side, *box, np.ones(columns, dtype=bool))


def test_a_gap_that_was_closed_is_proved_and_the_bound_is_the_value():
    asked = knapsacks(12, 3)
    found = search(asked, gap=1e-6, nodes=10_000)
    assert found.ended is Ended.PROVED
    assert float(asked.cost @ found.x) - found.bound <= 1e-6 + 1e-9
    every = np.array([[(k >> i) & 1 for i in range(12)] for k in range(2**12)], dtype=float)
    allowed = (every @ asked.A.toarray().T <= asked.row_upper).all(axis=1)
    assert float(asked.cost @ found.x) == pytest.approx(float((every[allowed] @ asked.cost).min()))


def test_a_search_that_used_up_its_nodes_keeps_its_point_and_a_valid_bound():
    asked = knapsacks()
    found = search(asked, gap=1e-6, nodes=200)
    assert found.ended is Ended.STOPPED
    assert found.nodes >= 200
    assert found.bound < float(asked.cost @ found.x)


def test_checkpoints_end_a_search_inside_its_root():
    asked = knapsacks()
    found = search(asked, gap=1e-6, nodes=10_000, checkpoints=30)
    assert found.ended is Ended.STOPPED
    assert found.nodes < 100
    best = search(asked, gap=1e-6, nodes=200)
    assert found.bound <= float(asked.cost @ best.x)


def test_a_search_without_time_to_find_a_point_says_so_and_not_that_there_is_none():
    assert search(knapsacks(), gap=1e-6, nodes=0).ended is Ended.EMPTY_HANDED


def test_no_whole_numbers_at_all_is_infeasible():
    found = search(parity(), gap=1e-6, nodes=10_000)
    assert found.ended is Ended.INFEASIBLE
    assert found.x is None


def test_a_program_without_a_lowest_value_is_a_failure_and_not_infeasible():
    """HiGHS's presolve cannot tell the two apart; "primal infeasible or unbounded" is no proof of the first."""
    asked = knapsacks(4, 2)
    free = replace(asked, upper=np.full(4, np.inf), row_upper=np.full(2, np.inf), cost=-np.ones(4))
    assert search(free, gap=1e-6, nodes=100).ended is Ended.FAILED


def test_a_start_outside_the_bounds_is_left_out_and_one_inside_is_not_made_worse():
    asked = knapsacks(12, 3)
    every = np.arange(12)
    outside = search(replace(asked, start=(every, np.full(12, 2.0))), gap=1e-6, nodes=10_000)
    inside = search(replace(asked, start=(every, np.zeros(12))), gap=1e-6, nodes=10_000)
    plain = search(asked, gap=1e-6, nodes=10_000)
    assert {found.ended for found in (outside, inside, plain)} == {Ended.PROVED}
    assert float(asked.cost @ outside.x) == pytest.approx(float(asked.cost @ plain.x))
    assert float(asked.cost @ inside.x) == pytest.approx(float(asked.cost @ plain.x))


def test_a_native_call_that_answers_an_error_is_a_failure():
    asked = knapsacks(4, 2)
    wrong = replace(asked, A=sp.csr_array(np.where(asked.A.toarray() > 50.0, np.inf, 1.0)))
    found = search(wrong, gap=1e-6, nodes=100)
    assert found.ended is Ended.FAILED
    assert "passModel" in found.message
    assert found.bound == -np.inf


def test_a_search_that_ends_with_its_gap_open_before_its_work_is_used_up_is_a_failure(monkeypatch):
    def ends_at_once(self, stop):
        self.highs.cbMipInterrupt += lambda event: event.interrupt()

    monkeypatch.setattr(Native, "watch", ends_at_once)
    found = search(knapsacks(), gap=1e-6, nodes=100)
    assert found.ended is Ended.FAILED
    assert found.x is None
    assert "gap open" in found.message


def test_a_point_that_misses_a_row_is_a_failure(monkeypatch):
    asked = knapsacks(12, 3)
    monkeypatch.setattr(highs_search, "MISSED", -1.0)
    found = search(asked, gap=1e-6, nodes=10_000)
    assert found.ended is Ended.FAILED
    assert "misses a row" in found.message


def test_the_same_search_ends_the_same_after_a_thousand_checkpoints_whatever_ran_before():
    asked = knapsacks(30, 10)
    first = search(asked, gap=1e-6, nodes=50)
    search(replace(asked, integer=np.zeros(30, dtype=bool)), gap=0.0, nodes=0)
    again = search(asked, gap=1e-6, nodes=50)
    assert first.x.tobytes() == again.x.tobytes()
    assert (first.bound, first.nodes, first.ended) == (again.bound, again.nodes, again.ended)


def test_a_linear_program_is_answered_with_its_value_as_the_bound():
    asked = replace(knapsacks(), integer=np.zeros(60, dtype=bool))
    found = search(asked, gap=0.0, nodes=0)
    assert found.ended is Ended.PROVED
    assert found.bound == pytest.approx(float(asked.cost @ found.x))
