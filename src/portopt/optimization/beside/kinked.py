"""A form read as a program of its weights alone.

    minimize    1/2 w'Mw + q'w + buying'max(w - book, 0) + selling'max(book - w, 0)
    subject to  row_lower <= G w + G_buys max(w - book, 0) + G_sells max(book - w, 0) <= row_upper
                lower <= w <= upper,   ||B w + b|| <= radius                 B'B a multiple of M

or, with `ratio`, the best excess return over sqrt(w'Mw) on the same set. Buys, sells and factors, columns of the form, are
here what they stand for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.program import Cone, StandardForm
from portopt.optimization.beside.layout import Layout, dense_rows, layout_of
from portopt.optimization.beside.risks import Dense, Factors, Risk

MOST_ROWS = 300  # beside those that define helpers: with a row a scenario the system would be the scenarios'
SAME = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Ball:
    """||B w + b|| <= radius with B'B = multiple M.  pulled: (n,) B'b.

    B: (d, n) where M is dense; (d, N) and sparse, of weights and factors, where it has factors.
    """

    B: Matrix | sp.csr_array
    b: Vector
    radius: float
    multiple: float
    pulled: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Kinked:
    """n weights, r rows; see the module. lower, upper, book, q, buying, selling: (n,). G, G_buys, G_sells: (r, n).

    Without trades the book is `lower`, buying is free and selling infinitely dear: a weight stands at its lower bound or
    above. rows: (r,) where the rows stand in the form; row_lower, row_upper: (r,).
    at_floor, at_ceiling: (n,) where the book is no place between the bounds, but at or beyond one; fixed: where they meet.
    """

    form: StandardForm
    layout: Layout
    risk: Risk
    q: Vector
    lower: Vector
    upper: Vector
    book: Vector
    buying: Vector
    selling: Vector
    G: Matrix
    G_buys: Matrix
    G_sells: Matrix
    rows: Indices
    row_lower: Vector
    row_upper: Vector
    at_floor: Mask
    at_ceiling: Mask
    fixed: Mask
    ball: Ball | None = None

    def embedded(self, w: Vector) -> Vector:
        """(N,) the form's columns of weights w, with their factors; no trades."""
        x = np.zeros(self.form.n_columns)
        x[: self.n] = w
        x[self.layout.factors] = self.risk.exposures(w)
        return x

    def through(self, ball: Ball, w: Vector) -> Vector:
        """(d,) B w."""
        return np.asarray(ball.B @ (self.embedded(w) if self.layout.has_factors else w))

    @property
    def n(self) -> int:
        return len(self.q)


def kinked(form: StandardForm) -> Kinked | None:
    """The form as such a program; None where it is of another kind."""
    layout = layout_of(form)
    if layout is None or form.integer.any() or form.hinges or len(form.cones) > (0 if form.ratio else 1):
        return None
    lower, upper = form.box()
    rows, risk = layout.own_rows(form), _risk(form, layout)
    if risk is None or len(rows) > MOST_ROWS or not _usual_bounds(layout, form.n_weights, lower, upper):
        return None
    G = dense_rows(form, rows)
    if G[:, layout.factors].any() or form.q[layout.factors].any():
        return None
    k = _read(form, layout, risk, (lower, upper), rows, G)
    if not form.cones:
        return k
    ball = _ball(k, form.cones[0])
    return None if ball is None else replace(k, ball=ball)


def _read(form: StandardForm, layout: Layout, risk: Risk, box: tuple[Vector, Vector], rows: Indices, G: Matrix) -> Kinked:
    n, traded = form.n_weights, layout.has_trades
    lower, upper = box[0][:n], box[1][:n]
    book, none = form.row_lower[layout.trades] if traded else lower, np.zeros((len(rows), n))
    return Kinked(
        form=form,
        layout=layout,
        risk=risk,
        q=form.q[:n],
        lower=lower,
        upper=upper,
        book=book,
        buying=form.q[layout.buys] if traded else np.zeros(n),
        selling=form.q[layout.sells] if traded else np.full(n, np.inf),
        G=np.ascontiguousarray(G[:, :n]),
        G_buys=np.ascontiguousarray(G[:, layout.buys]) if traded else none,
        G_sells=np.ascontiguousarray(G[:, layout.sells]) if traded else none,
        rows=rows,
        row_lower=form.row_lower[rows],
        row_upper=form.row_upper[rows],
        at_floor=book <= lower,
        at_ceiling=book >= upper,
        fixed=lower == upper,
    )


def _usual_bounds(layout: Layout, n: int, lower: Vector, upper: Vector) -> bool:
    """Whether weights have a lower bound, not above the upper one, trades are not negative, and helpers are free else."""
    floor = np.full(len(lower) - n, -np.inf)
    if layout.has_trades:
        floor[layout.buys.start - n : layout.sells.stop - n] = 0.0
    weights = np.isfinite(lower[:n]).all() and bool(np.all(lower[:n] <= upper[:n]))
    return bool(weights and np.array_equal(lower[n:], floor) and np.isposinf(upper[n:]).all())


def _risk(form: StandardForm, layout: Layout) -> Risk | None:
    """The curvature of the weights, where they alone have any; through the factors where the form has them."""
    weights = np.arange(form.n_weights)
    if not layout.has_factors:
        (only, *more) = form.quadratics or (None,)
        fits = only is not None and not more and only.shared.ndim == 2 and np.array_equal(only.columns, weights)
        return Dense(only.shared, only.times) if only is not None and fits else None
    if len(form.quadratics) != 2 or any(block.shared.ndim != 1 for block in form.quadratics):
        return None
    own, through = form.quadratics
    y = np.arange(layout.factors.start, layout.factors.stop)
    if not (np.array_equal(own.columns, weights) and np.array_equal(through.columns, y) and np.ptp(through.M) == 0.0):
        return None
    rows = np.arange(layout.definitions.start, layout.definitions.stop)
    return Factors(dense_rows(form, rows)[:, : form.n_weights].T, own.M, float(through.M[0]))


def _ball(k: Kinked, cone: Cone) -> Ball | None:
    """The cone, where its radius is a number and its matrix a root of M."""
    n, first = k.n, cone.B.indptr[1]
    if cone.kind != "second_order" or first != 0:
        return None
    B, b = cone.B[1:], cone.b[1:]
    if not k.layout.has_factors:
        if B.indices.max(initial=0) >= n:
            return None
        B = sp.csr_array((B.data, B.indices, B.indptr), shape=(len(b), n)).toarray()
    pulled = _back(k, B.T @ b)
    ball = Ball(B, b, float(cone.b[0]), 0.0, pulled)
    probe = np.cos(np.arange(1.0, n + 1.0))
    theirs, ours = k.risk.times(probe), _back(k, B.T @ k.through(ball, probe))
    multiple = float(ours @ theirs / max(float(theirs @ theirs), 1e-300))
    if multiple <= 0.0 or np.abs(ours - multiple * theirs).max() > SAME * np.abs(ours).max():
        return None
    return replace(ball, multiple=multiple)


def _back(k: Kinked, t: Vector) -> Vector:
    """(n,) what t, on weights and factors, is on the weights alone."""
    return np.asarray(t[: k.n] + k.risk.pulled(t[k.layout.factors])) if k.layout.has_factors else t
