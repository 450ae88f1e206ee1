"""Switches (columns that are 0 or 1) and what they turn off: tighter reaches for the search, and the program they leave.

A limit writes its switch with a reach that only structure bounds (w_i <= 1 h_i). Here it is drawn in to what the whole program
allows: the relaxation gets tighter, the whole-number points stay the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.program import INF, StandardForm
from portopt.domain.solution import Duals
from portopt.optimization.scaling.extension import bounded, continuous

PASSES = 4
HOLDS = 1e-9
WORTH = 1e-9  # a bound that moves by less stays


def tight_box(form: StandardForm) -> tuple[Vector, Vector]:
    """(N,), (N,) bounds that every feasible x obeys, from boxes and single rows in turns; whole for integer columns."""
    lower, upper = form.box()
    rows = np.repeat(np.arange(form.A.shape[0]), np.diff(form.A.indptr))
    a, columns = form.A.data, form.A.indices
    for _ in range(PASSES):
        low, high = _terms(a, lower[columns], upper[columns])
        least, most = _others(low, rows, len(form.row_lower), -INF), _others(high, rows, len(form.row_lower), INF)
        with np.errstate(divide="ignore", invalid="ignore"):
            up, down = (form.row_upper[rows] - least) / a, (form.row_lower[rows] - most) / a
        new_upper, new_lower = np.where(a > 0, up, down), np.where(a > 0, down, up)
        before = lower.copy(), upper.copy()
        good = np.isfinite(new_lower) & (a != 0)
        np.maximum.at(lower, columns[good], new_lower[good])
        good = np.isfinite(new_upper) & (a != 0)
        np.minimum.at(upper, columns[good], new_upper[good])
        whole = form.integer
        lower[whole], upper[whole] = np.ceil(lower[whole] - HOLDS), np.floor(upper[whole] + HOLDS)
        # Rounding may cross two sides that meet: the weaker side then stays.
        crossed = (lower > upper) & (lower <= upper + HOLDS)
        lower[crossed], upper[crossed] = before[0][crossed], before[1][crossed]
        if _still(before[0], lower) and _still(before[1], upper):
            break
    return lower, upper


def _still(before: Vector, after: Vector) -> bool:
    with np.errstate(invalid="ignore"):  # infinite and still so
        return bool(np.all((before == after) | (np.abs(after - before) <= WORTH)))


def _terms(a: Vector, lower: Vector, upper: Vector) -> tuple[Vector, Vector]:
    with np.errstate(invalid="ignore"):
        at_lower, at_upper = a * lower, a * upper
    return np.minimum(at_lower, at_upper), np.maximum(at_lower, at_upper)


def _others(term: Vector, rows: Indices, m: int, infinite: float) -> Vector:
    """(nnz,) the sum over each row without the entry itself; `infinite` where another entry is."""
    endless = np.isinf(term)
    finite = np.where(endless, 0.0, term)
    count = np.bincount(rows, endless, m)[rows] - endless
    return np.where(count > 0, infinite, np.bincount(rows, finite, m)[rows] - finite)


def with_tight_switches(form: StandardForm) -> StandardForm:
    """`form` with every switch's reach drawn in and the tight box as bounds: the same whole-number points, less between."""
    lower, upper = tight_box(form)
    A = sp.csr_array(form.A, copy=True)
    row_lower, row_upper = form.row_lower, form.row_upper
    binary = form.integer & (lower >= -HOLDS) & (upper <= 1.0 + HOLDS)
    count = np.bincount(np.repeat(np.arange(A.shape[0]), np.diff(A.indptr))[binary[A.indices]], minlength=A.shape[0])
    for i in np.flatnonzero(count == 1):
        at = slice(A.indptr[i], A.indptr[i + 1])
        switches = np.flatnonzero(binary[A.indices[at]])
        if len(switches) != 1 or (np.isfinite(row_lower[i]) and np.isfinite(row_upper[i])):
            continue
        k = int(switches[0])
        columns, values = A.indices[at], A.data[at]
        rest = np.arange(len(columns)) != k
        low, high = _terms(values[rest], lower[columns[rest]], upper[columns[rest]])
        most, least = float(high.sum()), float(low.sum())
        c = float(values[k])
        if np.isfinite(row_upper[i]) and np.isfinite(most):
            # rest + c h <= u.  Where h = 1 is the loose end (c < 0) and looser than the rest can be, c is drawn in.
            if c < 0.0 and most < row_upper[i] - c:
                A.data[at.start + k] = min(row_upper[i] - most, 0.0)
        elif np.isfinite(row_lower[i]) and np.isfinite(least) and c > 0.0 and least > row_lower[i] - c:
            A.data[at.start + k] = max(row_lower[i] - least, 0.0)
    return bounded(replace(form, A=A), np.arange(form.n_columns), lower, upper)


def switch_of_columns(form: StandardForm) -> Indices:
    """(N,) for each column the switch without which it is zero, -1 where there is none.

    Read off rows of two entries,  x_j <= M h  with x_j >= 0 by its bounds, or with  x_j >= -M h  beside it.
    """
    lower, upper = form.box()
    binary = form.integer & (lower >= -HOLDS) & (upper <= 1.0 + HOLDS)
    above, below = np.full(form.n_columns, -1), np.full(form.n_columns, -1)
    for i in np.flatnonzero(np.diff(form.A.indptr) == 2):
        at = slice(form.A.indptr[i], form.A.indptr[i + 1])
        columns, values = form.A.indices[at], form.A.data[at]
        if binary[columns].sum() != 1:
            continue
        k = int(np.flatnonzero(binary[columns])[0])
        j, h, a = int(columns[1 - k]), int(columns[k]), float(values[1 - k])
        if form.row_upper[i] == 0.0:
            (above if a > 0 else below)[j] = h
        if form.row_lower[i] == 0.0:
            (below if a > 0 else above)[j] = h
    below = np.where(lower >= 0.0, above, below)
    above = np.where(upper <= 0.0, below, above)
    return np.where((above >= 0) & (above == below), above, -1)


@dataclass(frozen=True, slots=True, eq=False)
class Remainder:
    """What is left when every integer column has its number: a convex program, and the way back for its multipliers.

    rows, columns, entries: rows that then bound a single column, that column, and the bound entries that say so instead.
    """

    form: StandardForm
    source: StandardForm
    rows: Indices
    coefficient: Vector
    entries: Indices

    def duals(self, duals: Duals) -> Duals:
        """Multipliers of the source's own rows, bounds and cones; those of the integer columns are left out."""
        y = duals.rows.copy()
        y[self.rows] = 0.0
        np.add.at(y, self.rows, duals.bounds[self.entries] / self.coefficient)
        return Duals(y, duals.bounds[: len(self.source.bound_columns)], duals.cones)


def remainder(form: StandardForm, values: Vector) -> Remainder:
    """`form` with its integer columns held at `values` (N,), whole numbers; rows that then bound one column become bounds."""
    whole = np.flatnonzero(form.integer)
    held = values * form.integer
    shift = form.A @ held
    rows = np.repeat(np.arange(form.A.shape[0]), np.diff(form.A.indptr))
    free = ~form.integer[form.A.indices] & (form.A.data != 0.0)
    count = np.bincount(rows[free], minlength=form.A.shape[0])
    touched = np.bincount(rows[~free], minlength=form.A.shape[0]) > 0
    row_lower, row_upper = form.row_lower.copy(), form.row_upper.copy()
    empty = touched & (count == 0)
    kept = empty & (shift >= row_lower - HOLDS) & (shift <= row_upper + HOLDS)
    row_lower[kept], row_upper[kept] = -INF, INF
    single = touched & (count == 1) & (np.isfinite(row_lower) | np.isfinite(row_upper))
    at = np.flatnonzero(free & single[rows])
    i, columns, a = rows[at], form.A.indices[at], form.A.data[at]
    first, second = (row_lower[i] - shift[i]) / a, (row_upper[i] - shift[i]) / a
    row_lower[i], row_upper[i] = -INF, INF
    k = len(form.bound_columns)
    lower = np.concatenate([np.minimum(first, second) + 0.0, held[whole]])
    upper = np.concatenate([np.maximum(first, second) + 0.0, held[whole]])
    columns = np.concatenate([columns, whole])
    left = replace(continuous(form), row_lower=row_lower, row_upper=row_upper)
    left = bounded(left, columns, lower, upper)
    return Remainder(left, form, i, a, k + np.arange(len(at)))


def whole_numbers(form: StandardForm, x: Vector) -> Vector:
    """(N,) x (or more) with its integer columns rounded, the others zero."""
    return np.where(form.integer, np.round(x[: form.n_columns]), 0.0) + 0.0
