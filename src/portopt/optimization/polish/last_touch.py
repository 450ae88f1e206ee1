"""The last touch: weights that stand on a bound exactly there, sums that are exact, helpers that say what they stand for."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.program import StandardForm

Box: TypeAlias = tuple[Vector, Vector]  # what StandardForm.box gives
ROUNDED = 1e-15  # a weight this close to a bound, or to zero, was rounded on its way there


def on_bounds(form: StandardForm, x: Vector, box: Box) -> Vector:
    """x with everything that misses zero, and every weight that misses a bound, by rounding alone put exactly there.

    No zero has a sign.
    x: (N,) every column of the form; box: (N,) its sides.
    """
    lower, upper = box
    out, n = np.where(np.abs(x) <= ROUNDED, 0.0, x), form.n_weights
    for side in (lower[:n], upper[:n]):
        near = np.isfinite(side) & (np.abs(out[:n] - side) <= ROUNDED)
        out[:n][near] = side[near]
    return out + 0.0  # -0.0 + 0.0 is 0.0


def with_tight_cones(form: StandardForm, x: Vector, box: Box) -> Vector:
    """x with every column that is paid for and only opens one cone at the least that the cone allows.

    The excess of a soft tracking error, the impact |z|^(3/2) of one trade: the objective then says of the weights what the
    terms say of them, to the last bit, whatever the solver left.
    x: (N,) every column of the form; box: (N,) its sides.
    """
    if not form.cones:
        return x
    helper = np.arange(form.n_columns) >= form.n_weights
    helper[form.A.indices] = False
    for block in form.quadratics:
        helper[block.columns] = False
    helper &= (form.q > 0.0) & (np.bincount(np.concatenate([c.B.indices for c in form.cones]), minlength=len(x)) == 1)
    lower, out = box[0], x.copy()
    for cone in form.cones:
        first = slice(cone.B.indptr[0], cone.B.indptr[1])
        if cone.kind == "exponential" or first.stop - first.start != 1 or not helper[cone.B.indices[first.start]]:
            continue
        column, coefficient = cone.B.indices[first.start], float(cone.B.data[first.start])
        s = cone.B @ x + cone.b
        if cone.kind == "second_order":
            least = float(np.linalg.norm(s[1:]))
        elif s[1] > 0.0:
            least = float((abs(s[2]) / s[1] ** (1.0 - cone.alpha)) ** (1.0 / cone.alpha))
        else:
            continue
        if coefficient > 0.0:
            out[column] = max(float(lower[column]), (least - float(cone.b[0])) / coefficient)
    return out


def with_exact_sums(form: StandardForm, x: Vector, movable: Mask, box: Box) -> Vector:
    """x with one weight moved by rounding errors until math.fsum gives the row's side.

    Which row: the widest equality row that adds up weights and nothing else, the budget. Which weight: the largest that
    stands on no bound, a movable one if there is any; x is unchanged where every weight stands on a bound.
    x: (N,) every column; movable: (N,); box: (N,) sides.
    """
    found = budget(form)
    if found is None:
        return x
    columns, total = found
    lower, upper = box
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


def within_box(x: Vector, box: Box) -> Vector:
    """x moved into its bounds: the repair of an answer that could not be polished.

    x: (N,) every column; box: (N,) sides.
    """
    lower, upper = box
    return np.asarray(np.clip(x, lower, np.maximum(lower, upper)))


def budget(form: StandardForm) -> tuple[Indices, float] | None:
    """(columns, total) of the widest equality row that adds up weights and nothing else."""
    A = form.A
    counts = np.diff(A.indptr)
    others = np.concatenate([[0], np.cumsum((A.indices >= form.n_weights) | (A.data != 1.0))])[A.indptr]
    adds_up = (counts > 1) & (form.row_lower == form.row_upper) & (np.diff(others) == 0)
    if not adds_up.any():
        return None
    row = int(np.where(adds_up, counts, 0).argmax())
    return A.indices[A.indptr[row] : A.indptr[row + 1]], float(form.row_upper[row])
