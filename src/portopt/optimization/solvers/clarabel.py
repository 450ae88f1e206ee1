"""Clarabel: an interior point for conic programs; also the second rung for quadratic ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Mask, Vector
from portopt.domain.deadline import Deadline
from portopt.domain.program import Cone
from portopt.domain.solution import SolveStatus
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer

# The default, 1e-8, was seen to break limits by 9e-8: what is not polished is asked for 1e-11. Where that is out of reach
# the second is tried, and what it breaks the audit refuses.
FINE = (1e-11, 1e-8)
ENOUGH = (1e-7, 1e-8)  # for the polish, which declines what is too far off and has it asked again
INF = float("inf")
FAR = 100.0  # scaled units; a helper's bound beyond that only says that the helper is finite, and misleads an interior point


def solve(program: Scaled, tolerances: tuple[float, ...] = FINE) -> SolverAnswer:
    """The optimum of a convex program; far bounds of helper columns are left out, and put back where the answer needs them."""
    helper = program.columns >= program.form.n_weights
    near = replace(
        program,
        lower=np.where(helper & (program.lower < -FAR), -INF, program.lower),
        upper=np.where(helper & (program.upper > FAR), INF, program.upper),
    )
    answer = _solve(near, tolerances)
    needed = answer.status is SolveStatus.UNBOUNDED
    if answer.x is not None:
        needed = bool(((answer.x < program.lower - 1e-6) | (answer.x > program.upper + 1e-6)).any())
    return _solve(program, tolerances) if needed else answer


def _solve(program: Scaled, tolerances: tuple[float, ...]) -> SolverAnswer:
    """Rows and box as zero and nonnegative cones, then the program's own cones.  A x + s = b, s in K."""
    import clarabel

    equal = program.row_lower == program.row_upper
    eye = sp.eye_array(len(program.q), format="csr")
    sides = [
        (program.A[equal], program.row_upper[equal]),
        *_sides(program.A, program.row_lower, program.row_upper, ~equal),
        *_sides(eye, program.lower, program.upper, np.ones(len(program.q), dtype=bool)),
    ]
    blocks = [matrix for matrix, _ in sides] + [-cone.B for cone in program.cones]
    rhs = [side for _, side in sides] + [cone.b for cone in program.cones]
    cones = [clarabel.ZeroConeT(int(equal.sum()))] if equal.any() else []
    inequalities = sum(len(side) for _, side in sides[1:])
    if inequalities:
        cones.append(clarabel.NonnegativeConeT(inequalities))
    cones += [_cone(clarabel, cone) for cone in program.cones]
    P, A, b = program.P.csc(upper=True), _csc(sp.vstack(blocks)), np.concatenate(rhs)
    answer = SolverAnswer(SolveStatus.FAILED, "clarabel")
    for tolerance in tolerances:
        solver = clarabel.DefaultSolver(P, program.q, A, b, cones, _settings(clarabel, tolerance, program.form.until))
        answer = _read(solver.solve(), program, equal)
        program.form.until.check("solving")
        if answer.status is not SolveStatus.FAILED:
            break
    return answer


def _sides(A: Any, lower: Vector, upper: Vector, among: Mask) -> tuple[tuple[Any, Vector], tuple[Any, Vector]]:
    above, below = among & (upper < INF), among & (lower > -INF)
    return (A[above], upper[above]), (-A[below], -lower[below])


def _read(result: Any, program: Scaled, equal: Mask) -> SolverAnswer:
    word, iterations = str(result.status), int(result.iterations)
    status = _STATUS.get(word, SolveStatus.FAILED)
    if status is not SolveStatus.OPTIMAL:
        return SolverAnswer(status, "clarabel", iterations, message=word)
    z = np.array(result.z)
    y, t = np.zeros(len(equal)), np.zeros(len(program.q))
    at = int(equal.sum())
    y[equal] = z[:at]
    everywhere = np.ones(len(t), dtype=bool)
    for target, lower, upper, among in (
        (y, program.row_lower, program.row_upper, ~equal),
        (t, program.lower, program.upper, everywhere),
    ):
        for mask, sign in ((among & (upper < INF), 1.0), (among & (lower > -INF), -1.0)):
            count = int(mask.sum())
            target[mask] += sign * z[at : at + count]
            at += count
    parts = []
    for cone in program.cones:
        parts.append(z[at : at + len(cone.b)])
        at += len(cone.b)
    return SolverAnswer(
        status, "clarabel", int(result.iterations), np.array(result.x), y, t, tuple(parts), message=str(result.status)
    )


def _settings(clarabel: Any, tolerance: float, until: Deadline) -> Any:
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.presolve_enable = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    settings.reduced_tol_gap_abs = settings.reduced_tol_gap_rel = settings.reduced_tol_feas = 1e3 * tolerance
    settings.max_iter = 200
    settings.max_threads = 1
    if until.is_set:
        settings.time_limit = until.seconds_for("solving")
    return settings


def _cone(clarabel: Any, cone: Cone) -> Any:
    if cone.kind == "second_order":
        return clarabel.SecondOrderConeT(len(cone.b))
    return clarabel.ExponentialConeT() if cone.kind == "exponential" else clarabel.PowerConeT(cone.alpha)


def _csc(A: Any) -> Any:
    out = sp.csc_matrix(A)
    out.sort_indices()
    return out


_STATUS = {
    "Solved": SolveStatus.OPTIMAL,
    "AlmostSolved": SolveStatus.OPTIMAL,
    "PrimalInfeasible": SolveStatus.INFEASIBLE,
    "DualInfeasible": SolveStatus.UNBOUNDED,
}
