"""How far each column can reach: intervals implied by boxes and single rows, all rows at once.

For a row  l <= sum_j a_j x_j <= u  and boxes lo <= x <= hi, the row's least activity is
sum_j min(a_j lo_j, a_j hi_j), and  a_j x_j <= u - (least activity of the others).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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
    """The range of every row of A over the box."""
    rows = row_of_entries(form) if rows is None else rows
    a, columns, m = form.A.data, form.A.indices, form.A.shape[0]
    with np.errstate(invalid="ignore"):
        at_lower, at_upper = a * lower[columns], a * upper[columns]
    at_lower[a == 0], at_upper[a == 0] = 0.0, 0.0
    low, high = np.minimum(at_lower, at_upper), np.maximum(at_lower, at_upper)
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
    rows = row_of_entries(form)
    a, columns = form.A.data, form.A.indices
    usable = np.ones(len(a), dtype=bool) if keep is None else keep[rows]
    usable &= a != 0
    for _ in range(PASSES):
        if not (np.isinf(lower[columns]) | np.isinf(upper[columns])).any():
            break
        act = activity(form, lower, upper, rows)
        least_of_others = _others(act.least, act.open_below, act.low, rows, sign=-1.0)
        most_of_others = _others(act.most, act.open_above, act.high, rows, sign=1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            toward_upper = (form.row_upper[rows] - least_of_others) / a
            toward_lower = (form.row_lower[rows] - most_of_others) / a
        new_upper = np.where(a > 0, toward_upper, toward_lower)
        new_lower = np.where(a > 0, toward_lower, toward_upper)
        before = np.isinf(lower).sum() + np.isinf(upper).sum()
        lower = _tightened(lower, new_lower, columns, usable, np.maximum)
        upper = _tightened(upper, new_upper, columns, usable, np.minimum)
        if np.isinf(lower).sum() + np.isinf(upper).sum() == before:
            break
    return lower, upper


def _others(total: Vector, infinite: Vector, term: Vector, rows: Indices, *, sign: float) -> Vector:
    """(nnz,) the row's range without the entry itself; infinite when another entry is."""
    own_infinite = np.isinf(term)
    others_infinite = infinite[rows] - own_infinite
    finite = total[rows] - np.where(own_infinite, 0.0, term)
    return np.where(others_infinite > 0, sign * INF, finite)


def _tightened(bound: Vector, candidates: Vector, columns: Indices, usable: Mask, pick: np.ufunc) -> Vector:
    finite = usable & np.isfinite(candidates) & np.isinf(bound[columns])
    out = bound.copy()
    pick.at(out, columns[finite], candidates[finite])
    return out
