"""HiGHS: linear and mixed-integer linear programs, by simplex and branch and cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.solution import SolveStatus
from portopt.optimization.scaling.presolve import Basis, Scaled, SolverAnswer
from portopt.optimization.solvers.highs_native import Native, NativeFailure

MIP_GAP = 1e-6
MIP_NODES = 20_000
EITHER = "Primal infeasible or unbounded"
OPTIONS = {
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
    "mip_rel_gap": MIP_GAP,
    "mip_feasibility_tolerance": 1e-9,
    "mip_max_nodes": MIP_NODES,
}


def solve(program: Scaled) -> SolverAnswer:
    """A basic solution, exact to rounding, with its multipliers; for integer columns the gap that was proven instead."""
    try:
        native = _loaded(program)
        answer = _read(native, program)
        native.close()
    except NativeFailure as failure:
        return _failed(failure)
    return answer


class Session:
    """One linear program whose row sides move from solve to solve: the simplex goes on from the basis where it stood."""

    def __init__(self, program: Scaled) -> None:
        self._native: Native | None = None
        self._sides = program.row_lower, program.row_upper

    def solve(self, program: Scaled) -> SolverAnswer:
        """The program the session was made for, with other sides."""
        try:
            self._native = self._moved(program, self._native) if self._native else _loaded(program)
            self._sides = program.row_lower.copy(), program.row_upper.copy()
            answer = _read(self._native, program)
        except NativeFailure as failure:
            answer = _failed(failure)
        if answer.status is not SolveStatus.OPTIMAL:
            self._native = None  # it may have been asked without its costs: begun anew with the next question
        return answer

    def _moved(self, program: Scaled, native: Native) -> Native:
        moved = np.flatnonzero((program.row_lower != self._sides[0]) | (program.row_upper != self._sides[1]))
        for row in moved:
            native.move_row(int(row), float(program.row_lower[row]), float(program.row_upper[row]))
        return native


def _loaded(program: Scaled) -> Native:
    native = Native(OPTIONS, program.form.until)
    rows, box = (program.row_lower, program.row_upper), (program.lower, program.upper)
    native.load(program.q, sp.csc_array(program.A), rows, box, program.integer)
    return native


def _failed(failure: NativeFailure) -> SolverAnswer:
    return SolverAnswer(SolveStatus.FAILED, "highs", 0, message=str(failure))


def _read(native: Native, program: Scaled) -> SolverAnswer:
    word, highs = native.run(), native.highs
    status = _STATUS.get(word, SolveStatus.FAILED)
    info = highs.getInfo()
    iterations = max(int(info.simplex_iteration_count), 0)
    if word == EITHER:
        status = _without_cost(native, len(program.q))
    gap = float(info.mip_gap) if program.integer.any() else None
    if status is not SolveStatus.OPTIMAL:
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


def _without_cost(native: Native, columns: int) -> SolveStatus:
    """HiGHS could not tell infeasible from unbounded: without an objective it can."""
    native.forget_cost(columns)
    word = native.run()
    if word in ("Infeasible", EITHER):
        return SolveStatus.INFEASIBLE
    return SolveStatus.UNBOUNDED if word == "Optimal" else SolveStatus.FAILED


# HighsBasisStatus: lower, basic, upper, zero (free, not basic), nonbasic (where is not said)
_STANDS = {0: -1, 1: 0, 2: 1, 3: 2, 4: 2}
_STATUS = {
    "Optimal": SolveStatus.OPTIMAL,
    "Infeasible": SolveStatus.INFEASIBLE,
    "Unbounded": SolveStatus.UNBOUNDED,
}
