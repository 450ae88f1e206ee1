"""The book as it stands, where no limit asks for a trade: the answer of an objective that seeks none for its own sake.

Least trading and least cost of a book that keeps every limit need no search; the multipliers are worked out, so that the answer
is certified as every other is.
"""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus
from portopt.optimization.convex import polished_near
from portopt.optimization.polish.polish import has_polish
from portopt.optimization.scaling.presolve import crossing

AT_REST = "at rest"
ROUNDED = 1e-13  # of a limit's own unit: what a sum of weights may be off by
ROUNDS = 2  # of the polish: where nothing moves, the first is right


def at_rest(problem: Problem, form: StandardForm) -> RawAnswer | None:
    """The book p.w_prev as the optimum; None where the objective seeks trades, a limit asks for one, or it is no optimum."""
    if problem.w_prev is None or not problem.objective.left_alone or form.ratio or not has_polish(form) or crossing(form):
        return None
    w = problem.previous()
    if any(limit.read(w, problem).worst() > ROUNDED for limit in problem.limits):
        return None
    x = _at(form, w)
    cones = tuple(np.zeros(len(cone.b)) for cone in form.cones)
    idle = Duals(np.zeros(len(form.row_lower)), np.zeros(len(form.bound_columns)), cones)
    return polished_near(form, RawAnswer(SolveStatus.OPTIMAL, x, idle, AT_REST, 0, 0.0), ROUNDS)


def _at(form: StandardForm, w: Vector) -> Vector:
    """(N,) weights w with nothing traded, and every helper column that one row defines."""
    x, n = np.clip(np.zeros(form.n_columns), *form.box()), form.n_weights
    x[:n] = w
    of_helpers = form.A[:, n:]
    defining = np.flatnonzero((np.diff(of_helpers.indptr) == 1) & (form.row_lower == form.row_upper))
    entries = of_helpers.indptr[defining]
    columns = n + of_helpers.indices[entries]
    x[columns] = 0.0
    x[columns] = (form.row_lower[defining] - form.A[defining] @ x) / of_helpers.data[entries]
    return x
