"""Helper columns: which have no curvature, and which run in a circle.

|w - w_prev| is written with buys and sells, |w| with longs and shorts. Where neither costs anything an interior point
returns both positive at once; the polish wants one of each pair at zero.
"""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.optimization.scaling.presolve import Scaled


def flat_columns(program: Scaled) -> Mask:
    """(M,) helper columns that neither the quadratic nor a cone touches."""
    flat = program.columns >= program.form.n_weights
    flat &= (program.P.diagonal == 0.0) & ~program.P.in_block()
    for cone in program.cones:
        flat[cone.B.indices] = False
    return flat


def without_round_trips(program: Scaled, x: Vector) -> Vector:
    """x with every such pair lowered together until one of it is zero: feasible still, and no dearer.

    x: (N,) every column.
    """
    plus, minus = round_trips(program)
    out = x.copy()
    both = np.minimum(x[plus], x[minus])
    out[plus] -= both
    out[minus] -= both
    return out


def round_trips(program: Scaled) -> tuple[Indices, Indices]:
    """Pairs of nonnegative helper columns that undo each other in one equality row and only add up everywhere else.

    Everywhere else: in rows with an upper side alone (their coefficients positive) and in an objective that charges them.
    Positions (k,) and (k,).
    """
    A, candidate = program.A, flat_columns(program) & (program.lower == 0.0) & (program.upper == np.inf) & (program.q >= 0.0)
    nothing = np.zeros(0, dtype=np.intp)
    if not candidate.any():
        return nothing, nothing
    m, M = A.shape
    row, column, value = np.repeat(np.arange(m), np.diff(A.indptr)), A.indices, A.data
    equality = (program.row_lower == program.row_upper)[row]
    adds_up = (value >= 0) & (program.row_lower[row] == -np.inf) | (value <= 0) & (program.row_upper[row] == np.inf)
    candidate &= np.bincount(column[equality & (value != 0)], minlength=M) == 1
    candidate[column[~equality & ~adds_up]] = False
    among = equality & candidate[column]
    paired = np.bincount(row[among], minlength=m) == 2
    paired &= np.abs(np.bincount(row[among], value[among], minlength=m)) < 1e-12
    among &= paired[row]
    return column[among & (value < 0)], column[among & (value > 0)]
