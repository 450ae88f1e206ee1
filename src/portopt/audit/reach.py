"""How far each column can reach: intervals implied by boxes and single rows, all rows at once.

For a row  l <= sum_j a_j x_j <= u  and boxes lo <= x <= hi, the row's least activity is
sum_j min(a_j lo_j, a_j hi_j), and  a_j x_j <= u - (least activity of the others).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.program import INF, StandardForm

PASSES = 6


class Activity(NamedTuple):
    """least, most: (m,) finite part of each row's range over the box. open_below, open_above: (m,) count of infinite terms.

    low, high: (nnz,) the single terms; infinite ones too.
    """

    least: Vector
    most: Vector
    open_below: Vector
    open_above: Vector
    low: Vector
    high: Vector

    @property
    def lowest(self) -> Vector:
        return np.where(self.open_below > 0, -INF, self.least)

    @property
    def highest(self) -> Vector:
        return np.where(self.open_above > 0, INF, self.most)


def row_of_entries(form: StandardForm) -> Indices:
    """(nnz,) the row of every stored entry of A."""
    return np.repeat(np.arange(form.A.shape[0]), np.diff(form.A.indptr))


def activity(form: StandardForm, lower: Vector, upper: Vector, rows: Indices | None = None) -> Activity:
    """The range of every row of A over the box.

    lower, upper: (N,) the box. rows: (nnz,) the row of every entry of A, None to work it out.
    """
    rows = row_of_entries(form) if rows is None else rows
    a, columns, m = form.A.data, form.A.indices, form.A.shape[0]
    low, high = _terms(a, lower[columns], upper[columns])
    infinite_low, infinite_high = np.isinf(low), np.isinf(high)
    return Activity(
        _per_row(rows, np.where(infinite_low, 0.0, low), m),
        _per_row(rows, np.where(infinite_high, 0.0, high), m),
        _per_row(rows, infinite_low.astype(float), m),
        _per_row(rows, infinite_high.astype(float), m),
        low,
        high,
    )


def _per_row(rows: Indices, values: Vector, m: int) -> Vector:
    return np.asarray(np.bincount(rows, values, m), dtype=float)


def implied_box(form: StandardForm, *, keep: Mask | None = None) -> tuple[Vector, Vector]:
    """(N,), (N,) bounds every feasible x obeys, from the boxes and single rows; infinite where none follow.

    keep: (m,) rows that may be used; all by default. Only infinite sides are tightened: the finite ones are the user's.
    """
    lower, upper = form.box()
    A, m = form.A, form.A.shape[0]
    if m == 0 or not (np.isinf(lower) | np.isinf(upper)).any():
        return lower, upper
    usable = np.ones(m, dtype=bool) if keep is None else keep
    signed = (A.data.clip(0.0), A.data.clip(None, 0.0))
    plus, minus = (sp.csr_array((part, A.indices, A.indptr), shape=A.shape) for part in signed)
    for _ in range(PASSES):
        no_floor, no_cap = np.isinf(lower), np.isinf(upper)
        entries = np.flatnonzero((no_floor | no_cap)[A.indices] & (A.data != 0.0))
        rows = np.searchsorted(A.indptr, entries, side="right") - 1
        a, columns = A.data[entries], A.indices[entries]
        open_below = _per_row(rows, np.where(a > 0.0, no_floor[columns], no_cap[columns]), m)
        open_above = _per_row(rows, np.where(a > 0.0, no_cap[columns], no_floor[columns]), m)
        # A row says something of a column only where all its other terms are finite on one side; of a scenario program's
        # half a million entries that leaves a few thousand.
        telling = (usable & ((open_below <= 1.0) | (open_above <= 1.0)))[rows]
        if not telling.any():
            break
        rows, a, columns = rows[telling], a[telling], columns[telling]
        below, above = np.where(no_floor, 0.0, lower), np.where(no_cap, 0.0, upper)
        least, most = plus @ below + minus @ above, plus @ above + minus @ below
        low, high = _terms(a, lower[columns], upper[columns])
        least_of_others = _others(least, open_below, low, rows, sign=-1.0)
        most_of_others = _others(most, open_above, high, rows, sign=1.0)
        toward_upper = (form.row_upper[rows] - least_of_others) / a
        toward_lower = (form.row_lower[rows] - most_of_others) / a
        new_upper = np.where(a > 0, toward_upper, toward_lower)
        new_lower = np.where(a > 0, toward_lower, toward_upper)
        lower = _tightened(lower, new_lower, columns, np.maximum)
        upper = _tightened(upper, new_upper, columns, np.minimum)
        if np.isinf(lower).sum() + np.isinf(upper).sum() == no_floor.sum() + no_cap.sum():
            break
    return lower, upper


def _terms(a: Vector, lower: Vector, upper: Vector) -> tuple[Vector, Vector]:
    """The range of a x over lower <= x <= upper; infinite ends too, none for a = 0."""
    with np.errstate(invalid="ignore"):
        at_lower, at_upper = a * lower, a * upper
    at_lower[a == 0], at_upper[a == 0] = 0.0, 0.0
    return np.minimum(at_lower, at_upper), np.maximum(at_lower, at_upper)


def _others(total: Vector, infinite: Vector, term: Vector, rows: Indices, *, sign: float) -> Vector:
    """(nnz,) the row's range without the entry itself; infinite when another entry is."""
    own_infinite = np.isinf(term)
    others_infinite = infinite[rows] - own_infinite
    finite = total[rows] - np.where(own_infinite, 0.0, term)
    return np.where(others_infinite > 0, sign * INF, finite)


def _tightened(bound: Vector, candidates: Vector, columns: Indices, pick: np.ufunc) -> Vector:
    finite = np.isfinite(candidates) & np.isinf(bound[columns])
    out = bound.copy()
    pick.at(out, columns[finite], candidates[finite])
    return out
