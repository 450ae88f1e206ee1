"""HiGHS: linear and mixed-integer linear programs, by simplex and branch and cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.solution import SolveStatus
from portopt.optimization.presolve import Basis, Scaled, SolverAnswer

MIP_GAP = 1e-6


def solve(program: Scaled, time_limit: float | None = None) -> SolverAnswer:
    """A basic solution, exact to rounding, with its multipliers; for integer columns the gap that was proven instead."""
    import highspy

    highs = _started(highspy, time_limit)
    highs.passModel(_model(highspy, program))
    highs.run()
    return _read(highs, program)


class Session:
    """One linear program whose row sides move from solve to solve: the simplex goes on from the basis where it stood."""

    def __init__(self, program: Scaled) -> None:
        import highspy

        self._highs = _started(highspy, None)
        self._highs.passModel(_model(highspy, program))
        self._sides = program.row_lower.copy(), program.row_upper.copy()

    def solve(self, program: Scaled) -> SolverAnswer:
        """The program the session was made for, with other sides."""
        moved = np.flatnonzero((program.row_lower != self._sides[0]) | (program.row_upper != self._sides[1]))
        for row in moved:
            self._highs.changeRowBounds(int(row), float(program.row_lower[row]), float(program.row_upper[row]))
        self._sides = program.row_lower.copy(), program.row_upper.copy()
        self._highs.run()
        return _read(self._highs, program)


def _started(highspy: Any, time_limit: float | None) -> Any:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("primal_feasibility_tolerance", 1e-10)
    highs.setOptionValue("dual_feasibility_tolerance", 1e-10)
    highs.setOptionValue("mip_rel_gap", MIP_GAP)
    highs.setOptionValue("mip_feasibility_tolerance", 1e-9)
    if time_limit is not None:
        highs.setOptionValue("time_limit", float(time_limit))
    return highs


def _model(highspy: Any, program: Scaled) -> Any:
    A = sp.csc_array(program.A)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.q), A.shape[0]
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.q, program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = len(program.q), A.shape[0]
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = A.indptr, A.indices, A.data
    if program.integer.any():
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in program.integer]
    return lp


def _read(highs: Any, program: Scaled) -> SolverAnswer:
    word = highs.modelStatusToString(highs.getModelStatus())
    status = _STATUS.get(word, SolveStatus.FAILED)
    info = highs.getInfo()
    iterations = max(int(info.simplex_iteration_count), 0)
    if word == "Primal infeasible or unbounded":
        status = SolveStatus.INFEASIBLE if _no_point(highs, len(program.q)) else SolveStatus.UNBOUNDED
    gap = float(info.mip_gap) if program.integer.any() else None
    found = status is SolveStatus.OPTIMAL or (status is SolveStatus.TIME_LIMIT and gap is not None and np.isfinite(gap))
    if not found:
        return SolverAnswer(status, "highs", iterations, mip_gap=gap, message=word)
    solution = highs.getSolution()
    x = np.array(solution.col_value)
    if gap is not None:
        return SolverAnswer(status, "highs", iterations, x, mip_gap=gap, message=word)
    # HiGHS prices a row by what its side adds to the minimum: the opposite sign of ours.
    y, t = -np.array(solution.row_dual), -np.array(solution.col_dual)
    return SolverAnswer(status, "highs", iterations, x, y, t, message=word, basis=_basis(highs))


def _basis(highs: Any) -> Basis | None:
    """None where there is no valid one (an interior point without crossover)."""
    found = highs.getBasis()
    if not found.valid:
        return None
    return Basis(*(np.array([_STANDS[int(s)] for s in side], dtype=float) for side in (found.col_status, found.row_status)))


def _no_point(highs: Any, columns: int) -> bool:
    """HiGHS could not tell infeasible from unbounded: without an objective it can."""
    highs.changeColsCost(columns, np.arange(columns, dtype=np.int32), np.zeros(columns))
    highs.run()
    return bool(highs.modelStatusToString(highs.getModelStatus()) != "Optimal")


# HighsBasisStatus: lower, basic, upper, zero (free, not basic), nonbasic (where is not said)
_STANDS = {0: -1, 1: 0, 2: 1, 3: 2, 4: 2}
_STATUS = {
    "Optimal": SolveStatus.OPTIMAL,
    "Infeasible": SolveStatus.INFEASIBLE,
    "Unbounded": SolveStatus.UNBOUNDED,
    "Time limit reached": SolveStatus.TIME_LIMIT,
}
