"""The optimality conditions of a StandardForm at one point, and a bound on how much any other point could be better.

With g the gradient at x and multipliers y (rows), t (bounds), z (cones), in the signs of domain/program.py:

    stationarity      g + A'y + t - B'z = 0
    dual feasibility  y_i > 0 only where row i has an upper side, y_i < 0 only where it has a lower; z in the dual cone
    complementarity   y_i times the distance to the side it presses on = 0; z'(Bx + b) = 0

The bound needs none of these to hold. f is convex (`is_convex` checks), so f(x') >= f(x) + g'(x' - x) for every feasible
x', and for any y with the right signs and any z in the dual cone, with r = g + A'y - B'z:

    f(x) - f(x')  <=  sum_i y_i (side_i - (Ax)_i)  +  z'(Bx + b)  +  max over the box of r'(x - x')

The last term takes the place of t: it is largest at a corner of the box, where "the box" holds every interval implied
by the bounds and the rows. Source: Boyd and Vandenberghe (2004), 5.5.

A ratio N(w)/sigma(w) with N > 0: the same bound on  S sigma(w') - N(w'),  convex, zero at w, with S = N/sigma. Its
gradient is that of the utility program at gamma = N/sigma^2. The gap is then a return: no feasible portfolio earns
more than S times its own volatility plus the gap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from portopt.audit.cone_stack import StackedCones
from portopt.audit.cones import dual_violation, into_dual, primal_violation
from portopt.audit.reach import implied_box
from portopt.audit.scale import TINY, typical_curvature
from portopt.domain.arrays import Mask, Matrix, Vector
from portopt.domain.program import Quadratic, StandardForm
from portopt.domain.solution import Duals

REPAIRS = 3
ROUNDING = 1e-10
SAME_MATRIX = 1e-14  # of the largest entry: two products of one covariance with a number differ by less
ROWS_AT_ONCE = 32
_PROVEN: list[Matrix] = []  # the last matrix found convex, and the last found to be a multiple of it


@dataclass(frozen=True, slots=True)
class Conditions:
    """Residuals, relative: stationarity to the gradient, dual infeasibility to the multipliers, complementarity to f.

    gap: the bound, in the program's unit. proven: False where a column with no finite reach carried a residual, which
    was then charged at that column's present size (at least 1) instead of its reach.
    """

    stationarity: float
    dual_infeasibility: float
    complementarity: float
    gap: float
    proven: bool


def gradient(form: StandardForm, x: Vector, Px: Vector | None = None) -> Vector:
    """(N,) gradient of what is minimized; of S sigma - N for a ratio (N: excess return, S = N/sigma).

    Px: (N,) P x, where it is known.
    """
    Px = form.P_times(x) if Px is None else Px
    if not form.ratio:
        return Px + form.q
    variance = float(x @ Px)
    excess = -(float(form.q @ x) + form.constant)
    return (excess / variance) * Px + form.q if variance > 0 else Px + form.q


def is_convex(form: StandardForm) -> bool:
    """Whether P has no negative eigenvalue beyond rounding, 1e-10 of its largest diagonal entry."""
    for block in form.quadratics:
        if block.shared.ndim == 1:
            if float(block.M.min(initial=0.0)) < 0.0:
                return False
            continue
        if not (_is_proven(block) or _is_multiple_of_proven(block) or _has_root(block)):
            return False
    return True


def _is_proven(block: Quadratic) -> bool:
    """Whether it is a positive multiple of one of those matrices itself, which nobody could have written to since."""
    return block.times > 0.0 and not block.shared.flags.writeable and any(block.shared is known for known in _PROVEN)


def _has_root(block: Quadratic) -> bool:
    """Whether M has a Cholesky factor, its diagonal raised by what rounding may have taken."""
    M = block.M
    shift = ROUNDING * float(np.abs(np.diagonal(M)).max(initial=0.0))
    try:
        np.linalg.cholesky(M + max(shift, TINY) * np.eye(len(M)))
    except np.linalg.LinAlgError:
        return False
    _PROVEN[:] = [block.shared if block.times > 0.0 else M]
    return True


def _is_multiple_of_proven(block: Quadratic) -> bool:
    """Whether M is, to rounding, a positive multiple of the matrix proven last: portfolios on one covariance all ask.

    Below the diagonal, which is all that the proof reads.
    """
    proven, M = _PROVEN[0] if _PROVEN else None, block.M
    if proven is None or proven.shape != M.shape or len(M) == 0:
        return False
    i = int(np.diagonal(proven).argmax())
    if proven[i, i] <= 0.0 or M[i, i] <= 0.0:
        return False
    ratio = float(M[i, i] / proven[i, i])
    allowed = SAME_MATRIX * float(M[i, i])
    # Some rows at a time: what fits into the processor's cache is compared in a fraction of the time.
    blocks = range(0, len(M), ROWS_AT_ONCE)
    parts = ((slice(k, k + ROWS_AT_ONCE), slice(k + ROWS_AT_ONCE)) for k in blocks)
    if not all(_apart(M[part], ratio, proven[part]) <= allowed for part in parts):
        return False
    _PROVEN[1:] = [block.shared]
    return True


def _apart(part: Matrix, ratio: float, proven: Matrix) -> float:
    """The largest entry of part - ratio proven, in size; NaN where one is."""
    difference = ratio * proven
    np.subtract(part, difference, out=difference)
    return max(float(difference.max()), -float(difference.min()))


def primal_residual(form: StandardForm, x: Vector) -> float:
    """The largest miss of any row, bound or cone of the form; rows relative to their own size where that is above 1.

    x: (N,) every column of the form.
    """
    Ax = form.A @ x
    size = np.maximum(1.0, abs(form.A) @ np.abs(x))
    rows = np.maximum(form.row_lower - Ax, Ax - form.row_upper) / size
    xb = x[form.bound_columns]
    bounds = np.maximum(form.bound_lower - xb, xb - form.bound_upper)
    stacked = StackedCones.of(form)
    entries = stacked.split(stacked.entries(x))
    cones = [primal_violation(c.kind, s, c.alpha) for c, s in zip(form.cones, entries, strict=True)]
    return float(max([0.0, *rows.max(initial=0.0, keepdims=True), bounds.max(initial=0.0), *cones]))


def conditions(form: StandardForm, x: Vector, duals: Duals, scale: float, Px: Vector | None = None) -> Conditions:
    """Optimality at x (N,). scale: of the objective, for the complementarity. Px: (N,) P x, where it is known."""
    g = gradient(form, x, Px)
    y, t, z = duals.rows, duals.bounds, duals.cones
    y_part = form.A.T @ y
    t_part = np.bincount(form.bound_columns, t, form.n_columns)
    stacked = StackedCones.of(form)
    z_part = stacked.pulled(z)
    # Of the gradient's parts, not of their sum: that vanishes where the benchmark itself is the answer.
    largest = max(float(np.abs(part).max(initial=0.0)) for part in (g - form.q, form.q, y_part, z_part))
    largest = max(largest, typical_curvature(form, x) / 100.0, TINY)
    stationarity = float(np.abs(g + y_part + t_part - z_part).max(initial=0.0)) / largest

    Ax, xb = form.A @ x, x[form.bound_columns]
    wrong = [_wrong_sign(y, form.row_lower, form.row_upper), _wrong_sign(t, form.bound_lower, form.bound_upper)]
    wrong += [dual_violation(cone.kind, zk, cone.alpha) for cone, zk in zip(form.cones, z, strict=True)]
    sizes = [float(np.abs(v).max(initial=0.0)) for v in (y, t, *z)]
    products = [
        float(np.abs(_times_distance(y, Ax, form.row_lower, form.row_upper)).max(initial=0.0)),
        float(np.abs(_times_distance(t, xb, form.bound_lower, form.bound_upper)).max(initial=0.0)),
    ]
    products += np.abs(stacked.products(z, stacked.entries(x))).tolist()
    gap, proven = gap_bound(form, x, g, y, z)
    return Conditions(
        stationarity=stationarity,
        dual_infeasibility=max(wrong) / max(*sizes, largest),
        complementarity=max(products) / max(scale, TINY),
        gap=gap,
        proven=proven,
    )


def gap_bound(form: StandardForm, x: Vector, g: Vector, y: Vector, z: tuple[Vector, ...]) -> tuple[float, bool]:
    """(bound on f(x) - f(x') over every feasible x', whether every part of it is proven). Valid for any y and z.

    x, g: (N,) a point and the gradient of f there. y: (m,) multipliers of the rows; z: (d,) of each cone.
    """
    lower, upper = implied_box(form)
    y = np.where((y > 0) & np.isinf(form.row_upper) | (y < 0) & np.isinf(form.row_lower), 0.0, y)
    z = _into_duals(form, z)
    stacked = StackedCones.of(form)
    r = _residual(form, stacked, g, y, z)
    for _ in range(REPAIRS):
        endless = (r > 0) & np.isinf(lower) | (r < 0) & np.isinf(upper)
        if not endless.any():
            break
        y, z = _absorbed(form, stacked, r, endless, y, z)
        r = _residual(form, stacked, g, y, z)
    endless = (r > 0) & np.isinf(lower) | (r < 0) & np.isinf(upper)
    reach = x - np.where(r > 0, lower, upper)
    reach = np.where(endless, np.sign(r) * np.maximum(np.abs(x), 1.0), np.where(r == 0, 0.0, reach))
    parts = [r * reach, _times_distance(y, form.A @ x, form.row_lower, form.row_upper)]
    slack_parts = stacked.products(z, stacked.entries(x)).tolist()
    return max(0.0, math.fsum([*np.concatenate(parts).tolist(), *slack_parts])), not bool(endless.any())


def _absorbed(
    form: StandardForm, stacked: StackedCones, r: Vector, endless: Mask, y: Vector, z: tuple[Vector, ...]
) -> tuple[Vector, tuple[Vector, ...]]:
    """Move the residual of columns without finite reach into a row or cone they stand in: any multiplier gives a bound."""
    y, z = y.copy(), tuple(zk.copy() for zk in z)
    by_column, in_cones = form.A.tocsc(), stacked.B.tocsc()
    equality = form.row_lower == form.row_upper
    for j in np.flatnonzero(endless):
        entries = slice(by_column.indptr[j], by_column.indptr[j + 1])
        rows, values = by_column.indices[entries], by_column.data[entries]
        inside = equality[rows] & (values != 0)
        if inside.any():
            best = np.flatnonzero(inside)[np.abs(values[inside]).argmax()]
            y[rows[best]] -= r[j] / values[best]
            continue
        entries = slice(in_cones.indptr[j], in_cones.indptr[j + 1])
        rows, values = in_cones.indices[entries], in_cones.data[entries]
        rows, values = rows[values != 0.0], values[values != 0.0]
        if len(rows):
            k = int(np.searchsorted(stacked.starts, rows.min(), side="right")) - 1
            first = np.flatnonzero(rows < stacked.starts[k + 1])
            best = first[np.abs(values[first]).argmax()]
            z[k][rows[best] - stacked.starts[k]] += r[j] / values[best]
    return y, _into_duals(form, z)


def _into_duals(form: StandardForm, z: tuple[Vector, ...]) -> tuple[Vector, ...]:
    members = []
    for cone, zk in zip(form.cones, z, strict=True):
        first_row_is_constant = cone.B.indptr[1] == cone.B.indptr[0]
        members.append(into_dual(cone.kind, zk, cone.alpha, may_raise_first=bool(first_row_is_constant)))
    return tuple(members)


def _residual(form: StandardForm, stacked: StackedCones, g: Vector, y: Vector, z: tuple[Vector, ...]) -> Vector:
    return np.asarray(g + form.A.T @ y - stacked.pulled(z))


def _wrong_sign(y: Vector, lower: Vector, upper: Vector) -> float:
    """The largest multiplier that presses on a side which is not there."""
    wrong = (y > 0) & np.isinf(upper) | (y < 0) & np.isinf(lower)
    return float(np.abs(y[wrong]).max(initial=0.0))


def _times_distance(y: Vector, value: Vector, lower: Vector, upper: Vector) -> Vector:
    """(m,) y times the distance to the side it presses on; zero where that side is not there."""
    side = np.where(y > 0, upper, lower)
    pressing = (y != 0) & np.isfinite(side)
    return np.where(pressing, y * (np.where(pressing, side, 0.0) - value), 0.0)
