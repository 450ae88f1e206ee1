"""A linear program around a conic one: every squared norm taken apart into single squares, to be bounded by tangents.

For a norm inside a cone, or the volatility of a ratio, the squares are taken in perspective, t^2 / h, which is homogeneous as
the cone is. One tangent for the whole norm at a time would need hundreds of rounds where single squares need one or two.
Source: Duran and Grossmann (1986); Vielma, Dunning, Huchette and Lubin (2017) for the separable form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.program import INF, Cone, Program, StandardForm
from portopt.optimization.scaling.extension import extension_of, joined

NEGLIGIBLE = 1e-13
SAME_NORM = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """sum_j m_j t_j^2, t_j = slope_j x[column_j] + shift_j, j < r.

    bound: (r,) the columns that stand above the single squares. head: None for plain squares; else (column, slope, shift)
    of h in  sum_j m_j t_j^2 / h <= h; column -1 where h is a constant. limit: whose cone it is, "" for the objective.
    """

    column: Indices
    slope: Vector
    shift: Vector
    m: Vector
    bound: Indices
    head: tuple[int, float, float] | None
    limit: str


@dataclass(frozen=True, slots=True, eq=False)
class Root:
    """Columns y = R'x[columns] with R R' = M, y (r,), R (k, r)."""

    M: Matrix
    columns: Indices
    R: Matrix
    y: Indices


@dataclass(frozen=True, slots=True, eq=False)
class OuterProgram:
    """form: the linear program. source: what it surrounds. sigma: the column of a ratio's volatility, or -1."""

    form: StandardForm
    source: StandardForm
    squares: tuple[Squares, ...]
    roots: tuple[Root, ...]
    sigma: int

    def filled(self, x: Vector) -> Vector:
        """(columns of form,) the source's columns from x, and the defined ones computed from them."""
        N = self.source.n_columns
        full = np.concatenate([x[:N], np.zeros(self.form.n_columns - N)])
        for root in self.roots:
            full[root.y] = root.R.T @ x[root.columns]
        if self.sigma >= 0:
            full[self.sigma] = np.sqrt(max(float(x[:N] @ self.source.P_times(x[:N])), 0.0))
        return full


def outer_program(form: StandardForm, x0: Vector, unit: float) -> OuterProgram:
    """The linear program around `form`, without a tangent yet.

    x0: (N,) where the objective is expanded, so that what the squares add is small; unit: the objective's size, in which the
    squares are counted. On uncentred, unscaled squares HiGHS could not use the bounds of its own nodes.
    """
    program = extension_of(form)
    roots: list[Root] = []
    squares: list[Squares] = []
    sigma = -1
    objective = _objective_squares(program, form, roots)
    if form.ratio:
        sigma = int(program.add_columns(1, lower=0.0)[0])
        squares.append(_bounded(program, objective, (sigma, 1.0, 0.0), ""))
    elif len(objective[0]):
        # 1/2 x'Px = (P x0)'x - 1/2 x0'P x0 + 1/2 (x - x0)'P(x - x0), the last of these in squares around x0.
        column, slope, _, m = objective
        gradient = form.P_times(x0)
        y0 = np.concatenate([x0, np.zeros(program.n_columns - len(x0))])
        for root in roots:
            y0[root.y] = root.R.T @ x0[root.columns]
        halves = _bounded(program, (column, slope, -slope * y0[column], 0.5 * m / unit), None, "")
        program.add_linear(halves.bound, unit)
        program.add_linear(np.arange(form.n_columns), gradient)
        program.constant -= 0.5 * float(x0 @ gradient)
        squares.append(halves)
    norms = [cone for cone in form.cones if cone.kind == "second_order"]
    squares += [_bounded(program, _cone_squares(program, c, roots), _head(program, c), c.limit) for c in norms]
    linear = replace(joined(form, program.freeze()), quadratics=(), cones=(), ratio=False)
    return OuterProgram(linear, form, tuple(squares), tuple(roots), sigma)


Parts = tuple[Indices, Vector, Vector, Vector]  # column, slope, shift, m


def _objective_squares(program: Program, form: StandardForm, roots: list[Root]) -> Parts:
    """x'Px as a sum of m t^2."""
    columns, weights = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    for block in form.quadratics:
        if block.M.ndim == 1:
            used = block.M > 0.0
            columns.append(block.columns[used])
            weights.append(block.M[used])
        else:
            root = _root(program, block.M, block.columns, roots)
            columns.append(root.y)
            weights.append(np.ones(len(root.y)))
    column, m = np.concatenate(columns), np.concatenate(weights)
    return column, np.ones(len(column)), np.zeros(len(column)), m


def _cone_squares(program: Program, cone: Cone, roots: list[Root]) -> Parts:
    """||B x + b||^2 of the cone's tail as a sum of t^2; a norm that is the objective's own, moved, shares its columns."""
    B, b = cone.B[1:], cone.b[1:]
    if int(np.diff(B.indptr).max(initial=0)) <= 1:
        rows = np.repeat(np.arange(B.shape[0]), np.diff(B.indptr))
        column, slope = np.zeros(B.shape[0], dtype=np.intp), np.zeros(B.shape[0])
        column[rows], slope[rows] = B.indices, B.data
        return column, slope, b.copy(), np.ones(len(b))
    columns = np.unique(B.indices).astype(np.intp)
    dense = B[:, columns].toarray()
    root = _root(program, dense.T @ dense, columns, roots)
    R = root.R[np.searchsorted(root.columns, columns)]
    scale = float(np.sqrt(np.vdot(dense, dense) / np.vdot(R, R)))
    # || scale R'x + o ||^2 is the same norm when  scale R o = B'b  and what of b'b is left over is a constant square.
    o = np.linalg.lstsq(R, dense.T @ b, rcond=None)[0] / scale
    rest = max(float(b @ b - o @ o), 0.0)
    extra = [np.sqrt(rest)] if rest > NEGLIGIBLE * float(b @ b) else []
    r, k = len(root.y), len(extra)
    column = np.concatenate([root.y, np.zeros(k, dtype=np.intp)])
    return column, np.concatenate([np.full(r, scale), np.zeros(k)]), np.concatenate([o, extra]), np.ones(r + k)


def _root(program: Program, M: Matrix, columns: Indices, roots: list[Root]) -> Root:
    """Columns y with y'y proportional to x'Mx: ones that are there already, or new ones."""
    for root in roots:
        if np.isin(columns, root.columns).all():
            wide = np.zeros_like(root.M)
            at = np.searchsorted(root.columns, columns)
            wide[np.ix_(at, at)] = M
            ratio = float(np.trace(wide) / np.trace(root.M))
            if np.abs(wide - ratio * root.M).max() <= SAME_NORM * np.abs(wide).max():
                return root
    values, vectors = np.linalg.eigh(M)
    keep = values > max(float(values[-1]), 0.0) * NEGLIGIBLE
    R = vectors[:, keep] * np.sqrt(values[keep])
    y = program.add_columns(R.shape[1])
    block = np.hstack([R.T, -np.eye(len(y))])
    program.add_rows(block, np.concatenate([columns, y]), 0.0, 0.0, limit="", relax=0.0)
    roots.append(Root(M, columns, R, y))
    return roots[-1]


def _head(program: Program, cone: Cone) -> tuple[int, float, float]:
    """(column, slope, shift) of the cone's first entry; a new column where it depends on several."""
    first = cone.B[:1]
    if first.nnz <= 1:
        return (int(first.indices[0]), float(first.data[0]), float(cone.b[0])) if first.nnz else (-1, 0.0, float(cone.b[0]))
    h = program.add_columns(1, lower=0.0)
    block = sp.hstack([first[:, first.indices], -sp.eye_array(1)])
    program.add_rows(block, np.concatenate([first.indices, h]), -cone.b[0], -cone.b[0], limit="", relax=0.0)
    return int(h[0]), 1.0, 0.0


def _bounded(program: Program, parts: Parts, head: tuple[int, float, float] | None, limit: str) -> Squares:
    """Columns above the single squares and, under a head, the row that keeps their sum below it."""
    bound = program.add_columns(len(parts[0]), lower=0.0)
    if head is not None:
        column, slope, shift = head
        row, at = np.ones(len(bound)), bound
        if column >= 0:
            row, at = np.append(row, -slope), np.append(bound, column)
        program.add_rows(row[None, :], at, -INF, shift, limit=limit)
    return Squares(*parts, bound, head, limit)
