"""How large the columns, rows and cones of a program are made: of size one, so that one tolerance suits all."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Mask, Vector
from portopt.domain.program import Cone
from portopt.optimization.scaling.quadric import Quadric

WILD = 1e4  # of the median variance: a hundred times the typical volatility


def equilibrated(A: sp.csr_array, is_weight: Mask, integer: Mask) -> tuple[Vector, Vector]:
    """Row scales that bring each row's weight coefficients to one, then scales for the helper columns.

    Weights are of size one already and keep their scale; whole numbers would be whole no longer.
    A: (m, N). is_weight, integer: (N,). The scales are (m,) and (N,).
    """
    size, of_weights = np.abs(A.data), is_weight[A.indices]
    on_weights, on_all = _largest_of_rows(A, np.where(of_weights, size, 0.0)), _largest_of_rows(A, size)
    largest = np.where(on_weights > 0, on_weights, on_all)
    row_scale = 1.0 / np.where(largest > 0, largest, 1.0)
    free = ~is_weight & ~integer
    entries = np.flatnonzero(free[A.indices])
    row = np.searchsorted(A.indptr, entries, side="right") - 1
    on_column = np.zeros(A.shape[1])
    np.maximum.at(on_column, A.indices[entries], size[entries] * row_scale[row])
    column_scale = np.where((on_column > 0) & free, 1.0 / np.where(on_column > 0, on_column, 1.0), 1.0)
    return row_scale, column_scale


def _largest_of_rows(A: sp.csr_array, size: Vector) -> Vector:
    """(m,) the largest of each row's entries, zero of a row without any."""
    out, there = np.zeros(A.shape[0]), np.diff(A.indptr) > 0
    if there.any():
        out[there] = np.maximum.reduceat(size, A.indptr[:-1][there])
    return out


def calm(P: Quadric, is_weight: Mask, integer: Mask) -> Vector | None:
    """(M,) scales that bring the weights' columns whose variance is wild down to the others'; None where none is wild.

    Left as it is, such a column would set the size of the objective, and of the rows it stands in, and what is wanted of all
    others would be lost in the solvers' tolerances. Powers of two: nothing is rounded.
    """
    variance = P.diagonal.copy()
    variance[P.columns] += np.diagonal(P.block)
    variance = np.where(is_weight & ~integer, variance, 0.0)
    positive = variance[variance > 0.0]
    typical = float(np.median(positive)) if len(positive) else 0.0
    wild = variance > WILD * typical
    if not wild.any():
        return None
    scale = np.ones(len(variance))
    scale[wild] = 2.0 ** np.rint(-0.5 * np.log2(variance[wild] / typical))
    return scale


def times(A: sp.csr_array, rows: Vector, columns: Vector) -> sp.csr_array:
    row_of = np.repeat(np.arange(A.shape[0]), np.diff(A.indptr))
    return sp.csr_array((A.data * rows[row_of] * columns[A.indices], A.indices, A.indptr), shape=A.shape)


def scaled_cones(cones: tuple[Cone, ...], column_scale: Vector) -> tuple[tuple[Cone, ...], Vector]:
    """A cone contains every positive multiple of its points, so one factor a cone brings it to size one.

    column_scale: (N,). The factors are (c,), one a cone.
    """
    out, scales = [], []
    for cone in cones:
        B = times(cone.B, np.ones(cone.B.shape[0]), column_scale)
        size = max(float(np.abs(B.data).max(initial=0.0)), float(np.abs(cone.b).max(initial=0.0)))
        scale = 1.0 / size if size > 0 else 1.0
        out.append(Cone(cone.kind, B * scale, cone.b * scale, cone.limit, cone.member, cone.relax, cone.alpha))
        scales.append(scale)
    return tuple(out), np.array(scales)
