"""The last digits of a linear program: its optimal basis solved for again.

A simplex ends at a vertex that it knows to about 1e-9, its multipliers too. With B the basic columns in the rows that hold,

    A[held, B] x_B = side - A[held, rest] x_rest,        A[held, B]' y = -q_B

are exact to rounding after one step of refinement with residuals in extended precision, however degenerate the vertex is:
a basis has as many columns as rows.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.solution import SolveStatus
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer

MOST = 3_000  # basic columns solved for densely
FEASIBLE = 1e-12  # scaled units
WRONG_SIGN = 1e-11  # of the largest cost
SINGULAR = 1e-13
REFINEMENTS = 3


def refined(program: Scaled, answer: SolverAnswer) -> SolverAnswer | None:
    """The vertex of `answer.basis`, exact; None where it is none, or not the optimum."""
    basis = answer.basis
    if basis is None or not program.P.is_zero or program.cones or program.integer.any():
        return None
    basic, held = np.flatnonzero(basis.columns == 0), np.flatnonzero(basis.rows != 0)
    if len(basic) != len(held) or len(basic) > MOST:
        return None
    x = np.where(basis.columns < 0, program.lower, np.where(basis.columns == 1, program.upper, 0.0))
    x[basic] = 0.0
    side = np.where(basis.rows[held] < 0, program.row_lower[held], program.row_upper[held])
    if not (np.isfinite(x).all() and np.isfinite(side).all()):
        return None
    K = program.A[held][:, basic].toarray()
    pair = _solved(K, side - program.A[held] @ x, -program.q[basic])
    if pair is None:
        return None
    x[basic], y = pair[0], np.zeros(len(program.row_lower))
    y[held] = pair[1]
    t = -(program.q + program.A.T @ y)
    t[basic] = 0.0
    return _checked(program, answer, basic, x, y, t)


def _solved(K: Matrix, side: Vector, cost: Vector) -> tuple[Vector, Vector] | None:
    """(x, y) of K x = side and K'y = cost, refined."""
    from scipy.linalg import lapack

    if len(K) == 0:
        return side, cost
    norm = float(np.abs(K).sum(axis=0).max())
    lu, pivots, info = lapack.dgetrf(K)
    if info != 0 or lapack.dgecon(lu, norm)[0] < SINGULAR:
        return None
    exact = sp.csr_array(K)
    rows, columns, values = np.repeat(np.arange(len(K)), np.diff(exact.indptr)), exact.indices, exact.data.astype(np.longdouble)
    found = []
    for trans, b, left, right in ((0, side, rows, columns), (1, cost, columns, rows)):
        x = lapack.dgetrs(lu, pivots, b, trans=trans)[0]
        for _ in range(REFINEMENTS):
            missing = b.astype(np.longdouble)
            np.subtract.at(missing, left, values * x[right])
            step = lapack.dgetrs(lu, pivots, missing.astype(float), trans=trans)[0]
            x = x + step
            if float(np.abs(step).max()) <= 1e-16 * float(np.abs(x).max(initial=1.0)):
                break
        found.append(x)
    return found[0], found[1]


def _checked(program: Scaled, answer: SolverAnswer, basic: Indices, x: Vector, y: Vector, t: Vector) -> SolverAnswer | None:
    """The vertex, if it keeps every side and no multiplier has the wrong sign."""
    Ax = np.asarray(program.A @ x)
    size = np.maximum(1.0, np.asarray(abs(program.A) @ np.abs(x)))
    outside = max(
        float(np.maximum(program.lower - x, x - program.upper).max(initial=0.0)),
        float((np.maximum(program.row_lower - Ax, Ax - program.row_upper) / size).max(initial=0.0)),
    )
    scale = max(float(np.abs(program.q).max(initial=0.0)), 1e-300)
    wrong = max(
        _against(t, x, program.lower, program.upper, program.lower == program.upper),
        _against(y, Ax, program.row_lower, program.row_upper, program.row_lower == program.row_upper),
    )
    if not (outside <= FEASIBLE and wrong <= WRONG_SIGN * scale):
        return None
    # A basic column may stand on a bound, and miss it by rounding.
    on_lower, on_upper = np.abs(x - program.lower) <= FEASIBLE, np.abs(x - program.upper) <= FEASIBLE
    x = np.where(on_lower, program.lower, np.where(on_upper, program.upper, x))
    movable = np.zeros(len(x), dtype=bool)
    movable[basic] = True
    return replace(answer, status=SolveStatus.OPTIMAL, x=x, y=y, t=t, movable=movable & ~on_lower & ~on_upper)


def _against(multiplier: Vector, value: Vector, lower: Vector, upper: Vector, equal: Mask) -> float:
    """The largest multiplier that presses on a side which is not there, or is not met."""
    room = 1e-9 * np.maximum(1.0, np.abs(value))
    on_lower, on_upper = value - lower <= room, upper - value <= room
    wrong = ~equal & ((multiplier > 0.0) & ~on_upper | (multiplier < 0.0) & ~on_lower)
    return float(np.abs(multiplier[wrong]).max(initial=0.0))
