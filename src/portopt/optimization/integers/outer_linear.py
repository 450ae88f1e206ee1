"""A linear program around a conic one in whole numbers: every norm taken apart into single squares, bounded by tangents.

    above_j >= t_j^2 / h_j,        t_j = slope_j x[column_j] + shift_j

h_j: nothing (1) for a plain square; the switch of t_j (t_j is zero where it is zero: the perspective, which makes the
relaxation of a cardinality limit far tighter); the head of a second-order cone, or the volatility of a ratio, whose squares
must add up to no more than it. Of a dense covariance as much as stays positive semidefinite is split off as a diagonal, so
that the perspective has squares to work on. One tangent for a whole norm at a time would need hundreds of rounds where single
squares need one or two.
Source: Duran and Grossmann (1986); Frangioni and Gentile (2006), perspective cuts; Vielma, Dunning, Huchette and Lubin (2017)
for single squares under a cone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.program import INF, Cone, Program, Quadratic, StandardForm
from portopt.optimization.integers.diagonal import root, split
from portopt.optimization.integers.switches import switch_of_columns
from portopt.optimization.scaling.extension import extension_of, joined

NEGLIGIBLE = 1e-13
SAME_NORM = 1e-10
SMALLEST_SLOPE = 1e-9
NONE_CHOSEN: Mapping[int, Vector] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """above[j] >= (slope_j x[column_j] + shift_j)^2 / x[head_j], head -1 for 1; (r,) each."""

    column: Indices
    slope: Vector
    shift: Vector
    above: Indices
    head: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Outer:
    """form: the linear program, without a tangent. source: what it surrounds. sigma: the column of a ratio's volatility, or -1.

    defined: the columns after the source's that are linear in it,  x[defined] = T x[: N] + shift.
    """

    form: StandardForm
    source: StandardForm
    squares: tuple[Squares, ...]
    sigma: int
    defined: Indices
    T: sp.csr_array
    shift: Vector

    def filled(self, x: Vector) -> Vector:
        """(columns of form,) the source's columns of x (as many, or more), and the defined ones from them."""
        N = self.source.n_columns
        full = np.concatenate([x[:N], np.zeros(self.form.n_columns - N)])
        full[self.defined] = self.T @ x[:N] + self.shift
        if self.sigma >= 0:
            full[self.sigma] = np.sqrt(max(float(x[:N] @ self.source.P_times(x[:N])), 0.0))
        return full


def outer_linear(form: StandardForm, x0: Vector, unit: float, diagonals: Mapping[int, Vector] = NONE_CHOSEN) -> Outer:
    """The linear program around `form`.

    diagonals: of the objective's quadratics by their place, where they were chosen (perspective.py).
    x0: (N,) where the objective's plain squares are expanded, so that what they add is small; unit: the objective's size, in
    which its squares are counted. On uncentred, unscaled squares HiGHS could not use the bounds of its own nodes.
    """
    builder = _Builder(form)
    sigma = -1
    if form.ratio:
        sigma = int(builder.program.add_columns(1, lower=0.0)[0])
        builder.under(builder.of_ratio(), (sigma, 0.0), "")
    else:
        builder.of_objective(x0, unit, diagonals)
    for cone in form.cones:
        if cone.kind == "second_order":
            builder.of_cone(cone)
    linear = replace(joined(form, builder.program.freeze()), quadratics=(), cones=(), ratio=False, hinges=())
    defined = np.concatenate([np.zeros(0, dtype=np.intp), *builder.defined])
    T = sp.csr_array(sp.vstack(builder.T)) if builder.T else sp.csr_array((0, form.n_columns))
    return Outer(linear, form, tuple(builder.squares), sigma, defined, T, np.concatenate([np.zeros(0), *builder.shift]))


Parts = tuple[Indices, Vector, Vector]  # column, slope, shift


@dataclass(frozen=True, slots=True, eq=False)
class _Root:
    """M = R R' + diag(d) on `columns`, and columns y = R'x[columns]; y (r,), R (k, r)."""

    M: Matrix
    columns: Indices
    R: Matrix
    d: Vector
    y: Indices


class _Builder:
    """Collects the columns and rows that the squares need."""

    def __init__(self, form: StandardForm) -> None:
        self.form = form
        self.program: Program = extension_of(form)
        self.squares: list[Squares] = []
        self.roots: list[_Root] = []
        self.defined: list[Indices] = []
        self.T: list[sp.csr_array] = []
        self.shift: list[Vector] = []

    def of_objective(self, x0: Vector, unit: float, diagonals: Mapping[int, Vector]) -> None:
        """1/2 x'Px: under its switch what has one, the rest around x0:  the plane there, and squares of what is beside it."""
        switch = switch_of_columns(self.form)
        for k, block in enumerate(self.form.quadratics):
            at, has = block.columns, switch[block.columns] >= 0
            shared = self.apart(block, has, diagonals.get(k))
            switched, plain = (shared.d > 0.0) & has, (shared.d > 0.0) & ~has
            gradient = (block.M * x0[at] if block.M.ndim == 1 else block.M @ x0[at]) - shared.d * has * x0[at]
            self.program.add_linear(at, gradient)
            self.program.constant -= 0.5 * float(gradient @ x0[at])
            around = np.concatenate([shared.R.T @ x0[at], x0[at[plain]]])
            slope = np.sqrt(0.5 / unit) * np.concatenate([np.ones(len(shared.y)), np.sqrt(shared.d[plain])])
            parts = np.concatenate([shared.y, at[plain]]), slope, -slope * around
            own = at[switched], np.sqrt(0.5 / unit * shared.d[switched]), np.zeros(int(switched.sum()))
            for squares, head in ((parts, np.full(len(slope), -1)), (own, switch[at[switched]])):
                self.program.add_linear(self.add(squares, head), unit)

    def of_ratio(self) -> Parts:
        """x'Px as a sum of squares."""
        column, slope = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
        for block in self.form.quadratics:
            shared = self.apart(block, np.zeros(len(block.columns), dtype=bool))
            own = shared.d > 0.0
            column += [shared.y, block.columns[own]]
            slope += [np.ones(len(shared.y)), np.sqrt(shared.d[own])]
        return np.concatenate(column), np.concatenate(slope), np.zeros(sum(map(len, column)))

    def of_cone(self, cone: Cone) -> None:
        """||B1 x + b1|| <= B0 x + b0 as squares under the head."""
        first = sp.csr_array(cone.B[:1])
        column, slope, shift = self.tail(cone)
        if first.nnz:
            h = self.define(first, cone.b[:1])
            self.program.add_bounds(h, 0.0, INF, limit="", relax=0.0)
            self.under((column, slope, shift), (int(h[0]), 0.0), cone.limit)
            return
        radius = max(float(cone.b[0]), SMALLEST_SLOPE)
        scale = 1.0 / np.sqrt(radius)
        self.under((column, scale * slope, scale * shift), (-1, radius), cone.limit)

    def tail(self, cone: Cone) -> Parts:
        """||B1 x + b1||^2 as a sum of squares; a norm that is the objective's own, moved, shares its columns."""
        B, b = sp.csr_array(cone.B[1:]), cone.b[1:]
        if int(np.diff(B.indptr).max(initial=0)) <= 1:
            rows = np.repeat(np.arange(B.shape[0]), np.diff(B.indptr))
            column, slope = np.zeros(B.shape[0], dtype=np.intp), np.zeros(B.shape[0])
            column[rows], slope[rows] = B.indices, B.data
            return column, slope, b.copy()
        columns = np.unique(B.indices).astype(np.intp)
        dense = B[:, columns].toarray()
        shared = self.root(dense.T @ dense, columns)
        where = np.searchsorted(shared.columns, columns)
        own = where[shared.d[where] > 0.0]
        # B1 x + b1 = B1 (x - c) + rest, and in what is shared  s R'(x - c)  beside  s sqrt(d) (x - c).
        c = np.zeros(len(shared.columns))
        c[where] = -np.linalg.lstsq(dense, b, rcond=None)[0]
        rest = float(np.sum((b + dense @ c[where]) ** 2))
        scale = float(np.sqrt(np.vdot(dense, dense) / np.trace(shared.M[np.ix_(where, where)])))
        extra = [np.sqrt(rest)] if rest > NEGLIGIBLE * float(b @ b) else []
        slope = np.concatenate([np.full(len(shared.y), scale), scale * np.sqrt(shared.d[own])])
        shift = np.concatenate([-scale * (shared.R.T @ c), -slope[len(shared.y) :] * c[own], extra])
        column = np.concatenate([shared.y, shared.columns[own], np.zeros(len(extra), dtype=np.intp)])
        return column, np.append(slope, np.zeros(len(extra))), shift

    def root(self, M: Matrix, columns: Indices) -> _Root:
        """M taken apart, as is there already for a multiple of it, or anew."""
        for known in self.roots:
            if np.isin(columns, known.columns).all():
                wide = np.zeros_like(known.M)
                at = np.searchsorted(known.columns, columns)
                wide[np.ix_(at, at)] = M
                ratio = float(np.trace(wide) / np.trace(known.M))
                if np.abs(wide - ratio * known.M).max() <= SAME_NORM * np.abs(wide).max():
                    return known
        return self.apart(Quadratic(columns, M), np.zeros(len(columns), dtype=bool))

    def apart(self, block: Quadratic, wanted: Mask, chosen: Vector | None = None) -> _Root:
        """A diagonal where it is wanted; where it is not, one that leaves a dense matrix no more than few columns."""
        M, columns = block.M, block.columns
        if M.ndim == 1:
            return _Root(M, columns, np.zeros((len(columns), 0)), M, np.zeros(0, dtype=np.intp))
        d, R = split(M, wanted) if chosen is None else (chosen, root(M, chosen))
        r, k = R.shape[1], len(columns)
        T = sp.csr_array((R.T.ravel(), (np.repeat(np.arange(r), k), np.tile(columns, r))), shape=(r, self.form.n_columns))
        self.roots.append(_Root(M, columns, R, d, self.define(T, np.zeros(r))))
        return self.roots[-1]

    def define(self, T: sp.csr_array, shift: Vector) -> Indices:
        """New columns u = T x + shift."""
        u = self.program.add_columns(T.shape[0])
        block = sp.hstack([T, -sp.eye_array(len(u))])
        columns = np.concatenate([np.arange(self.form.n_columns), u])
        self.program.add_rows(block, columns, -shift, -shift, limit="", relax=0.0)
        self.defined.append(u)
        self.T.append(T)
        self.shift.append(shift)
        return u

    def add(self, parts: Parts, head: Indices) -> Indices:
        """New columns above the single squares."""
        above = self.program.add_columns(len(parts[0]), lower=0.0)
        self.squares.append(Squares(*parts, above, head))
        return above

    def under(self, parts: Parts, head: tuple[int, float], limit: str) -> None:
        """sum above <= head: (column, 0), in perspective of it, or (-1, constant)."""
        above = self.add(parts, np.full(len(parts[0]), head[0]))
        row, at = np.ones(len(above)), above
        if head[0] >= 0:
            row, at = np.append(row, -1.0), np.append(at, head[0])
        self.program.add_rows(row[None, :], at, -INF, head[1], limit=limit, relax=1.0 if limit else 0.0)
