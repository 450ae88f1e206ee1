"""Which of a form's helper columns are buys and sells, and which are the portfolio's factors, by the rows that define them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Indices, Matrix
from portopt.domain.program import Group, StandardForm


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns and rows of the helpers; empty slices where there are none.

    w - buys + sells = book in the rows `trades`, G'w - y = 0 in the rows `definitions` of the factors y.
    """

    buys: slice
    sells: slice
    trades: slice
    factors: slice
    definitions: slice

    @property
    def has_trades(self) -> bool:
        return bool(self.trades.stop > self.trades.start)

    @property
    def has_factors(self) -> bool:
        return bool(self.factors.stop > self.factors.start)

    def own_rows(self, form: StandardForm) -> Indices:
        """The rows that define no helper."""
        own = np.ones(form.A.shape[0], dtype=bool)
        own[self.trades] = own[self.definitions] = False
        return np.flatnonzero(own)


def layout_of(form: StandardForm) -> Layout | None:
    """None where there are helpers of another kind."""
    n = form.n_weights
    found = dict.fromkeys(("buys", "sells", "trades", "factors", "definitions"), slice(0, 0))
    for group in form.row_groups:
        if group.limit:
            continue
        found.update(_trades(form, group) or _factors(form, group) or {})
    layout = Layout(**found)
    helpers = 2 * n * layout.has_trades + layout.factors.stop - layout.factors.start
    return layout if n + helpers == form.n_columns else None


def dense_rows(form: StandardForm, rows: Indices) -> Matrix:
    """(len(rows), N): those rows of A as an array."""
    place = np.full(form.A.shape[0], -1)
    place[rows] = np.arange(len(rows))
    row = place[np.repeat(np.arange(form.A.shape[0]), np.diff(form.A.indptr))]
    kept = row >= 0
    out = np.zeros((len(rows), form.n_columns))
    out[row[kept], form.A.indices[kept]] = form.A.data[kept]
    return out


def _trades(form: StandardForm, group: Group) -> dict[str, slice] | None:
    n, A = form.n_weights, form.A
    entries = slice(A.indptr[group.start], A.indptr[group.stop])
    if group.stop - group.start != n or entries.stop - entries.start != 3 * n:
        return None
    columns, values = A.indices[entries].reshape(n, 3), A.data[entries].reshape(n, 3)
    first = int(columns[0, 1])
    expected = np.arange(n)[:, None] + [0, first, first + n]
    if not (np.array_equal(columns, expected) and np.array_equal(values, np.broadcast_to([1.0, -1.0, 1.0], (n, 3)))):
        return None
    rows = slice(group.start, group.stop)
    return {"buys": slice(first, first + n), "sells": slice(first + n, first + 2 * n), "trades": rows}


def _factors(form: StandardForm, group: Group) -> dict[str, slice] | None:
    n, A, k = form.n_weights, form.A, group.stop - group.start
    last = A.indptr[group.start + 1 : group.stop + 1] - 1
    if k == 0 or not np.array_equal(A.data[last], np.full(k, -1.0)):
        return None
    first = int(A.indices[last[0]])
    entries = slice(A.indptr[group.start], A.indptr[group.stop])
    helpers = np.flatnonzero(A.indices[entries] >= n) + A.indptr[group.start]
    sides = form.row_lower[group.start : group.stop], form.row_upper[group.start : group.stop]
    if first < n or not np.array_equal(helpers, last) or any(side.any() for side in sides):
        return None
    if not np.array_equal(A.indices[last], np.arange(first, first + k)):
        return None
    return {"factors": slice(first, first + k), "definitions": slice(group.start, group.stop)}
