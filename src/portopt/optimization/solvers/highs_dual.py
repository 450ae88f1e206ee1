"""A linear program with many rows and few columns, handed to HiGHS as its dual.

    minimize q'x  over  row_lower <= Ax <= row_upper,  lower <= x <= upper

Scenario programs have a row a scenario, dense in the assets. Simplex works on a basis as large as the rows; that of the
dual,

    minimize  sum_i (row_upper_i y_i+ - row_lower_i y_i-) + sum_j (upper_j - lower_j) t_j+
    subject to  q + A'(y+ - y-) + t+ >= 0  (each column shifted to its finite bound; = 0 where it has none),

is as large as the columns: 100 assets and 400 scenarios take 5 ms instead of 45. A column that stands in one row alone
(what a scenario falls short by) is no row of the dual but a bound on that row's multiplier.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Mask, Vector
from portopt.domain.solution import SolveStatus
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer
from portopt.optimization.solvers.highs_native import Native, NativeFailure

INF = float("inf")
TOLERANCE = 1e-9
OPTIONS = {
    "presolve": "off",  # it takes longer than the solve
    "primal_feasibility_tolerance": TOLERANCE,
    "dual_feasibility_tolerance": TOLERANCE,
}


def solve(program: Scaled) -> SolverAnswer:
    """A basic solution with its multipliers, or why there is none."""
    try:
        return _solved(_Dual(program), program)
    except NativeFailure as failure:
        return SolverAnswer(SolveStatus.FAILED, "highs-dual", 0, message=str(failure))


def _solved(lp: _Dual, program: Scaled) -> SolverAnswer:
    native = Native(OPTIONS, program.form.until)
    lp.load(native)
    word, highs = native.run(), native.highs
    iterations = max(int(highs.getInfo().simplex_iteration_count), 0)
    status = _STATUS.get(word, SolveStatus.FAILED)
    if status is not SolveStatus.OPTIMAL:
        return SolverAnswer(status, "highs-dual", iterations, message=f"the dual is {word.lower()}")
    solution = highs.getSolution()
    x, y = lp.read(np.array(solution.col_value), np.array(solution.row_dual))
    native.close()
    return SolverAnswer(status, "highs-dual", iterations, x, y, -(program.q + program.A.T @ y), message=word)


class _Dual:
    """The dual of `program` (linear, no cones), and the way back.

    single: (M,) columns x_j >= lower_j with a cost that stand in one inequality row, and only help it.
    """

    def __init__(self, program: Scaled) -> None:
        self.program = program
        A = sp.csr_array(program.A)
        self.rows = np.repeat(np.arange(A.shape[0]), np.diff(A.indptr))
        upper, lower = np.isfinite(program.row_upper), np.isfinite(program.row_lower)
        self.equal = upper & lower & (program.row_upper == program.row_lower)
        self.split = upper & lower & ~self.equal  # both sides: two columns
        self.single, self.row_of, self.coefficient = self._singles(A, upper, lower)
        self.kept = np.flatnonzero(~self.single)
        self.at = np.where(np.isfinite(program.lower), program.lower, np.where(np.isfinite(program.upper), program.upper, 0.0))
        self.boxed = self.kept[np.isfinite(program.lower[self.kept]) & np.isfinite(program.upper[self.kept])]

    def _singles(self, A: sp.csr_array, upper: Mask, lower: Mask) -> tuple[Mask, Vector, Vector]:
        p, M = self.program, A.shape[1]
        count = np.bincount(A.indices, minlength=M)
        row_of, coefficient = np.zeros(M, dtype=np.intp), np.zeros(M)
        row_of[A.indices], coefficient[A.indices] = self.rows, A.data
        single = (count == 1) & (coefficient != 0.0) & (p.q >= 0.0) & np.isfinite(p.lower) & (p.upper == INF)
        helps = np.where(coefficient > 0.0, lower[row_of] & ~upper[row_of], upper[row_of] & ~lower[row_of])
        single &= helps
        # One a row: a second one would be another bound on the same multiplier, and the way back would have to choose.
        first = np.zeros(M, dtype=bool)
        first[np.unique(row_of[single], return_index=True)[1]] = True
        out = np.zeros(M, dtype=bool)
        out[np.flatnonzero(single)[first[: int(single.sum())]]] = True
        return out, row_of, coefficient

    def load(self, native: Native) -> None:
        p, inf = self.program, INF
        m, boxed, kept = len(p.row_lower), self.boxed, self.kept
        activity = p.A @ self.at  # with every column at its bound
        low, high = p.row_lower - activity, p.row_upper - activity
        only_upper = np.isfinite(p.row_upper) & ~self.split
        side = np.where(only_upper, high, np.where(np.isfinite(p.row_lower), low, 0.0))
        y_low = np.where(self.equal | ~only_upper, -inf, 0.0)
        y_high = np.where(self.equal | only_upper, inf, 0.0)
        j = np.flatnonzero(self.single)
        limit = p.q[j] / np.abs(self.coefficient[j])
        r, rising = self.row_of[j], self.coefficient[j] > 0.0
        y_low[r[rising]] = np.maximum(y_low[r[rising]], -limit[rising])
        y_high[r[~rising]] = np.minimum(y_high[r[~rising]], limit[~rising])
        split = np.flatnonzero(self.split)
        body = sp.csc_array(p.A[:, kept].T)
        place = np.full(len(p.q), -1)
        place[kept] = np.arange(len(kept))
        box = sp.csc_array((np.ones(len(boxed)), (place[boxed], np.arange(len(boxed)))), shape=(len(kept), len(boxed)))
        D = sp.csc_array(sp.hstack([body, body[:, split], box], format="csc")) if len(split) or len(boxed) else body
        cost = np.concatenate([side, high[split], p.upper[boxed] - p.lower[boxed]])
        lower = np.concatenate([y_low, np.zeros(len(split) + len(boxed))])
        upper = np.concatenate([y_high, np.full(len(split) + len(boxed), inf)])
        free = np.isinf(p.lower[kept]) & np.isinf(p.upper[kept])
        row_lower = np.where(np.isfinite(p.lower[kept]) | free, -p.q[kept], -inf)
        row_upper = np.where((np.isfinite(p.upper[kept]) & np.isinf(p.lower[kept])) | free, -p.q[kept], inf)
        self.count = m
        native.load(cost, D, (row_lower, row_upper), (lower, upper), None)

    def read(self, columns: Vector, row_duals: Vector) -> tuple[Vector, Vector]:
        """(x (M,), y (m,)) of the program itself."""
        p, m = self.program, self.count
        y = columns[:m].copy()
        y[self.split] += columns[m : m + int(self.split.sum())]
        x = self.at.copy()
        x[self.kept] += row_duals
        j = np.flatnonzero(self.single)
        x[j] = p.lower[j]
        r = self.row_of[j]
        target = np.where(self.coefficient[j] > 0.0, p.row_lower[r], p.row_upper[r])
        missing = (target - np.asarray(p.A @ x)[r]) / self.coefficient[j]
        x[j] = p.lower[j] + np.maximum(missing, 0.0)
        return np.clip(x, p.lower, p.upper), y


# An unbounded dual is an empty program, an empty dual one without a lowest value (or an empty one): both are for others to
# confirm.
_STATUS = {
    "Optimal": SolveStatus.OPTIMAL,
    "Unbounded": SolveStatus.INFEASIBLE,
    "Infeasible": SolveStatus.UNBOUNDED,
}
