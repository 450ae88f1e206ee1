"""Intervals implied by boxes and rows, against the extremes that scipy's linear program finds."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from portopt.audit.reach import activity, implied_box
from portopt.domain.program import INF, Program, StandardForm


def trading_form() -> StandardForm:
    """Three weights with a budget, buys and sells under a turnover row, one factor column."""
    program = Program(3)
    program.add_rows(np.ones((1, 3)), program.weights, 1.0, 1.0, limit="budget")
    program.add_bounds(program.weights, 0.0, INF, limit="long_only")
    buys, sells = program.trade_columns(np.array([0.5, 0.3, 0.2]))
    program.add_rows(np.full((1, 6), 0.5), np.concatenate([buys, sells]), -INF, 0.2, limit="max_turnover")
    y = program.add_columns(1)
    program.add_rows(np.array([[0.3, -0.2, 0.1, -1.0]]), np.array([0, 1, 2, y[0]]), 0.0, 0.0, limit="")
    return program.freeze()


def extremes(form: StandardForm) -> tuple[np.ndarray, np.ndarray]:
    equal = form.row_lower == form.row_upper
    A, upper = form.A.toarray(), np.isfinite(form.row_upper) & ~equal
    box = [(lo if np.isfinite(lo) else None, hi if np.isfinite(hi) else None) for lo, hi in np.array(form.box()).T]
    found = []
    for j in range(form.n_columns):
        for sign in (1.0, -1.0):
            c = np.zeros(form.n_columns)
            c[j] = sign
            answer = linprog(
                c, A_ub=A[upper], b_ub=form.row_upper[upper], A_eq=A[equal], b_eq=form.row_upper[equal], bounds=box
            )
            found.append(sign * answer.fun)
    return np.array(found[::2]), np.array(found[1::2])


def test_every_column_of_a_trading_problem_gets_a_finite_reach_that_contains_the_true_one():
    form = trading_form()
    lower, upper = implied_box(form)
    least, most = extremes(form)
    assert np.isfinite(lower).all()
    assert np.isfinite(upper).all()
    assert (lower <= least + 1e-9).all()
    assert (upper >= most - 1e-9).all()


def test_a_column_nothing_holds_keeps_an_infinite_reach():
    program = Program(2)
    program.add_rows(np.ones((1, 2)), program.weights, 1.0, 1.0, limit="budget")
    lower, upper = implied_box(program.freeze())
    assert np.isinf(lower).all()
    assert np.isinf(upper).all()


def test_bounds_of_the_user_are_left_as_they_are():
    program = Program(2)
    program.add_rows(np.ones((1, 2)), program.weights, 1.0, 1.0, limit="budget")
    program.add_bounds(program.weights, 0.0, 5.0, limit="max_weight")
    _, upper = implied_box(program.freeze())
    np.testing.assert_array_equal(upper, [5.0, 5.0])


def test_the_range_of_a_row_is_the_sum_of_its_terms_at_the_corners():
    program = Program(2)
    program.add_rows(np.array([[2.0, -3.0]]), program.weights, -INF, INF, limit="x")
    form = program.freeze()
    act = activity(form, np.array([0.0, -1.0]), np.array([1.0, INF]))
    assert act.lowest[0] == -INF
    assert act.highest[0] == 2.0 + 3.0
