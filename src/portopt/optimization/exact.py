"""Sums that are exact: the weights of a budget add up to it in the last bit."""

from __future__ import annotations

import math

import numpy as np

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.program import StandardForm


def with_exact_sums(form: StandardForm, x: Vector, movable: Mask) -> Vector:
    """x with one weight moved by rounding errors until math.fsum gives the row's side.

    Which row: the widest equality row that adds up weights and nothing else, the budget. Which weight: the largest that
    stands on no bound, a movable one if there is any; x is unchanged where every weight stands on a bound.
    """
    found = _budget(form)
    if found is None:
        return x
    columns, total = found
    lower, upper = form.box()
    room = np.minimum(x - lower, upper - x)[columns]
    inside = columns[(room > 1e-9) & movable[columns]]
    inside = inside if len(inside) else columns[room > 1e-9]
    if len(inside) == 0:
        return x
    out = x.copy()
    largest = inside[int(np.abs(x[inside]).argmax())]
    for _ in range(4):
        error = math.fsum(out[columns].tolist()) - total
        if error == 0.0 or abs(error) > 1e-9:
            break
        out[largest] -= error
    return out


def within_box(form: StandardForm, x: Vector) -> Vector:
    """x moved into its bounds: the repair of an answer that could not be polished."""
    lower, upper = form.box()
    return np.asarray(np.clip(x, lower, np.maximum(lower, upper)))


def _budget(form: StandardForm) -> tuple[Indices, float] | None:
    A, best = form.A, None
    for row in np.flatnonzero(form.row_lower == form.row_upper):
        entries = slice(A.indptr[row], A.indptr[row + 1])
        columns = A.indices[entries]
        if (
            len(columns) > (1 if best is None else len(best[0]))
            and columns.max() < form.n_weights
            and np.all(A.data[entries] == 1.0)
        ):
            best = (columns, float(form.row_upper[row]))
    return best
