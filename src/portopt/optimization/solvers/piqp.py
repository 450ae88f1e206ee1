"""PIQP: a proximal interior point for convex quadratic programs without cones, dense or sparse."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.solution import SolveStatus
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer

TOLERANCE = 1e-7  # what the polish needs; where it declines the next solver is asked for 1e-11
ITERATIONS = 60  # of 8 to 35 that it takes; beyond, it has lost its way: where there is nothing, or next to nothing
BIG = 1e29  # what PIQP takes for infinity is 1e30


def solve_dense(program: Scaled) -> SolverAnswer:
    """For a dense quadratic of up to several hundred columns."""
    import piqp

    return _run(piqp.DenseSolver(), "piqp-dense", program, program.P.array(), program.A.toarray(), np.asfortranarray)


def solve_sparse(program: Scaled) -> SolverAnswer:
    """For factor form and everything wide."""
    import piqp

    return _run(piqp.SparseSolver(), "piqp-sparse", program, program.P.csc(), program.A, _csc)


def _run(solver: Any, name: str, program: Scaled, P: Any, A: Any, shape_up: Any) -> SolverAnswer:
    settings = solver.settings
    settings.eps_abs = settings.eps_rel = settings.eps_duality_gap_abs = settings.eps_duality_gap_rel = TOLERANCE
    settings.max_iter = ITERATIONS
    equal = program.row_lower == program.row_upper
    with np.errstate(invalid="ignore"):
        solver.setup(
            P,
            program.q,
            shape_up(A[equal]),
            program.row_lower[equal],
            shape_up(A[~equal]),
            np.maximum(program.row_lower[~equal], -np.inf),
            program.row_upper[~equal],
            program.lower,
            program.upper,
        )
    status = _STATUS.get(solver.solve().name, SolveStatus.FAILED)
    result = solver.result
    if status is not SolveStatus.OPTIMAL:
        return SolverAnswer(status, name, int(result.info.iter), message=str(result.info.status))
    y = np.zeros(len(equal))
    y[equal] = result.y
    y[~equal] = result.z_u - result.z_l
    return SolverAnswer(status, name, int(result.info.iter), np.array(result.x), y, result.z_bu - result.z_bl)


def _csc(A: Any) -> Any:
    """PIQP wants the matrix class, with 32-bit indices."""
    out = sp.csc_matrix(A)
    out.indices, out.indptr = out.indices.astype(np.int32), out.indptr.astype(np.int32)
    return out


_STATUS = {
    "PIQP_SOLVED": SolveStatus.OPTIMAL,
    "PIQP_PRIMAL_INFEASIBLE": SolveStatus.INFEASIBLE,
    "PIQP_DUAL_INFEASIBLE": SolveStatus.UNBOUNDED,
}
