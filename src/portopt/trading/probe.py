"""Yes or no about books: is there any, and how little cash can one do with? A no is a proof, to the cent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from portopt.optimization.integers.outer_approximation import surrounded
from portopt.optimization.solvers.highs_search import Search, search
from portopt.trading.exactness import HOLDS
from portopt.trading.share_program import ShareProgram
from portopt.trading.to_round import ToRound

NODES = 2_000
ENOUGH_CASH = 1e3  # of portfolio value: no cap at all
A_CENT = 0.006  # money: what rounding an order to the cent moves, and a hair


def proves_none(asked: ToRound) -> bool:
    """Whether no book at all keeps these limits: the linear program around them, opened by a cent a position, has no point.

    A cap on cash counts as kept within the price of the dearest lot, as in a plan.
    """
    slack = max(A_CENT / float(asked.book.value), 2.0 * HOLDS)
    remainder = asked.dearest_weight if asked.has_cash_cap() else None
    program = asked.leaving(remainder).share_program(slack=slack)
    # What is asked is whether there is any: nothing is minimized.
    none = np.zeros(program.form.n_columns)
    form = replace(program.form, quadratics=(), q=none, ratio=False)
    start = none.copy()
    start[: asked.problem.n] = asked.book.w_prev
    tangents = surrounded(form, start, 1.0)
    wide = tangents.outer.form
    lots = Search(np.zeros(wide.n_columns), *tangents.rows(wide), *wide.box(), wide.integer)
    return search(lots, gap=1.0, nodes=NODES).infeasible


def least_cash_after_costs(asked: ToRound) -> float | None:
    """The least cash after costs of any whole-share book of the linear limits, a fraction of portfolio value; None for none."""
    program = asked.leaving(ENOUGH_CASH).share_program()
    wide, cost = program.form, _cash_row(program)
    lower, upper = wide.box()
    lots = Search(cost, sp.csr_array(wide.A), wide.row_lower, wide.row_upper, lower, upper, wide.integer)
    found = search(lots, gap=1e-9, nodes=NODES)
    return None if found.x is None else float(cost @ found.x)


def _cash_row(program: ShareProgram) -> np.ndarray:
    """(N,) the row that keeps cash after costs in its window: the last one of the program."""
    form = program.form
    row = form.A.shape[0] - 1
    at = slice(form.A.indptr[row], form.A.indptr[row + 1])
    cost = np.zeros(form.n_columns)
    cost[form.A.indices[at]] = form.A.data[at]
    return cost
