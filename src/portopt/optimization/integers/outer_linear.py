"""A linear program around a conic one in whole numbers: every norm taken apart into single squares, bounded by tangents.

    above_j >= m_j t_j^2 / h_j        by   above_j >= m_j (2 r t_j - r^2 h_j),   r any number

h_j: nothing (1) for a plain square; the switch of t_j (t_j is zero where it is zero: the perspective, which makes the
relaxation of a cardinality limit far tighter); the head of a second-order cone, or the volatility of a ratio, whose squares
must add up to no more than it. Of a dense covariance as much as stays positive semidefinite is split off as a diagonal, so
that the perspective has squares to work on.
Source: Duran and Grossmann (1986); Frangioni and Gentile (2006), perspective cuts, and (2007) for the diagonal; Vielma,
Dunning, Huchette and Lubin (2017) for single squares under a cone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.program import INF, Cone, Program, StandardForm
from portopt.optimization.integers.switches import switch_of_columns
from portopt.optimization.scaling.extension import extension_of, joined

NEGLIGIBLE = 1e-13
SMALLEST = 1e-9
LEVELS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)  # weights
OFFSETS = (0.005, 0.02, 0.06, 0.2)  # of weight moved
KEEP_BACK = 0.999  # of the diagonal that could be split off


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """above[j] >= m_j x[column_j]^2 / x[head_j], head -1 for 1; (r,) each. unit: what `above` is counted in."""

    column: Indices
    m: Vector
    above: Indices
    head: Indices
    unit: float


@dataclass(slots=True, eq=False)
class Outer:
    """form: the linear program. source: what it surrounds. sigma: a ratio's volatility, or -1.

    defined: the columns after the source's that are linear in it,  x[defined] = T x[: N] + shift.
    """

    form: StandardForm
    source: StandardForm
    squares: list[Squares]
    sigma: int
    defined: Indices
    T: sp.csr_array
    shift: Vector
    cuts: list[tuple[Matrix, Matrix, Vector]] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)

    def filled(self, x: Vector) -> Vector:
        """(columns of form,) the source's columns of x, and the defined ones from them."""
        N = self.source.n_columns
        full = np.concatenate([x[:N], np.zeros(self.form.n_columns - N)])
        full[self.defined] = self.T @ x[:N] + self.shift
        if self.sigma >= 0:
            full[self.sigma] = np.sqrt(max(float(x[:N] @ self.source.P_times(x[:N])), 0.0))
        return full

    def touch(self, x: Vector) -> None:
        """The tangents at x (the source's columns, or more)."""
        full = self.filled(x)
        for squares in self.squares:
            t = full[squares.column]
            h = np.where(squares.head >= 0, full[squares.head], 1.0)
            good = h > SMALLEST
            self._add(squares, np.flatnonzero(good), t[good] / h[good])
        for cone in self.source.cones:
            if cone.kind != "second_order":
                self._add_gradient(cone, full)

    def fan(self, x: Vector) -> None:
        """Tangents of every square around x, as far as weights may move: nodes of the search lie far from any point touched.

        Under a switch, at sizes of what it switches.
        """
        full = self.filled(x)
        reach = np.ones(self.form.n_columns)
        reach[self.defined] = np.sqrt(np.asarray(self.T.multiply(self.T).sum(axis=1)).ravel())
        for squares in self.squares:
            switched = np.flatnonzero((squares.head >= 0) & self.form.integer[squares.head])
            for level in LEVELS:
                self._add(squares, switched, np.full(len(switched), level))
            plain = np.flatnonzero((squares.head < 0) | ~self.form.integer[squares.head])
            t, width = full[squares.column[plain]], reach[squares.column[plain]]
            h = np.where(squares.head[plain] >= 0, np.maximum(full[squares.head[plain]], SMALLEST), 1.0)
            for offset in OFFSETS:
                self._add(squares, plain, (t + offset * width) / h)
                self._add(squares, plain, (t - offset * width) / h)

    def _add(self, s: Squares, which: Indices, r: Vector) -> None:
        """above >= m (2 r t - r^2 h) / unit."""
        fresh = []
        for j, slope in zip(which, r, strict=True):
            key = np.array([s.above[j], np.round(slope, 12)]).tobytes()
            if key not in self.seen:
                self.seen.add(key)
                fresh.append((j, slope))
        if not fresh:
            return
        j = np.array([f[0] for f in fresh], dtype=np.intp)
        r = np.array([f[1] for f in fresh])
        m = s.m[j] / s.unit
        has_head = s.head[j] >= 0
        columns = np.stack([s.above[j], s.column[j], np.where(has_head, s.head[j], s.above[j])], axis=1)
        values = np.stack([np.ones(len(j)), -2.0 * m * r, np.where(has_head, m * r * r, 0.0)], axis=1)
        self.cuts.append((columns, values, np.where(has_head, 0.0, -m * r * r)))

    def _add_gradient(self, cone: Cone, full: Vector) -> None:
        """The cone's own tangent: the gradient of a function that is concave on it and zero on its surface."""
        s = cone.B @ full[: cone.B.shape[1]] + cone.b
        if cone.kind == "power":
            second = max(float(s[1]), SMALLEST)
            first = max((abs(float(s[2])) / second ** (1.0 - cone.alpha)) ** (1.0 / cone.alpha), SMALLEST)
            gradient = np.array(
                [
                    cone.alpha * (second / first) ** (1.0 - cone.alpha),
                    (1.0 - cone.alpha) * (first / second) ** cone.alpha,
                    -np.sign(s[2]),
                ]
            )
        else:  # r: s1 exp(s0 / s1) <= s2
            ratio = float(np.clip(s[0] / max(float(s[1]), SMALLEST), -50.0, 50.0))
            gradient = np.array([-np.exp(ratio), -np.exp(ratio) * (1.0 - ratio), 1.0])
        row = sp.coo_array(sp.csr_array(gradient[None, :]) @ cone.B)
        if row.nnz:
            self.cuts.append((row.coords[1][None, :], row.data[None, :], np.array([-float(gradient @ cone.b)])))

    def rows(self) -> tuple[sp.csr_array, Vector, Vector]:
        """(A, lower, upper) of the program with all tangents."""
        form, parts, sides = self.form, [self.form.A], []
        for columns, values, side in self.cuts:
            r, width = columns.shape
            coords = (np.repeat(np.arange(r), width), columns.ravel())
            parts.append(sp.csr_array((values.ravel(), coords), shape=(r, form.n_columns)))
            sides.append(side)
        lower = np.concatenate([form.row_lower, *sides])
        upper = np.concatenate([form.row_upper, np.full(len(lower) - len(form.row_upper), INF)])
        return sp.csr_array(sp.vstack(parts)), lower, upper


def outer_linear(form: StandardForm, unit: float) -> Outer:
    """The linear program around `form` (its switches tight already), without a tangent yet. unit: the objective's size."""
    builder = _Builder(form, unit)
    sigma = -1
    if form.ratio:
        sigma = int(builder.program.add_columns(1, lower=0.0)[0])
        parts = builder.of_objective(np.full(form.n_columns, -1), scale=1.0)
        builder.under(parts, np.full(len(parts[0]), sigma), sigma_row(sigma))
    else:
        switches = switch_of_columns(form)
        columns, m, heads = builder.of_objective(switches, scale=0.5)
        if len(columns):
            above = builder.add(columns, m, heads, unit)
            builder.program.add_linear(above, unit)
    for cone in form.cones:
        if cone.kind == "second_order":
            builder.of_cone(cone)
    linear = replace(joined(form, builder.program.freeze()), quadratics=(), cones=(), ratio=False, hinges=())
    defined = np.concatenate([np.zeros(0, dtype=np.intp), *builder.defined])
    T = sp.csr_array(sp.vstack(builder.T)) if builder.T else sp.csr_array((0, form.n_columns))
    return Outer(linear, form, builder.squares, sigma, defined, T, np.concatenate([np.zeros(0), *builder.shift]))


def sigma_row(sigma: int) -> tuple[int, float]:
    """A sum of squares under a column: (column, constant)."""
    return sigma, 0.0


class _Builder:
    """Collects the columns and rows that the squares need."""

    def __init__(self, form: StandardForm, unit: float) -> None:
        self.form, self.unit = form, unit
        self.program: Program = extension_of(form)
        self.squares: list[Squares] = []
        self.defined: list[Indices] = []
        self.T: list[sp.csr_array] = []
        self.shift: list[Vector] = []

    def define(self, T: sp.csr_array, shift: Vector) -> Indices:
        """New columns u = T x + shift."""
        r = T.shape[0]
        u = self.program.add_columns(r)
        block = sp.hstack([T, -sp.eye_array(r)])
        columns = np.concatenate([np.arange(self.form.n_columns), u])
        self.program.add_rows(block, columns, -shift, -shift, limit="", relax=0.0)
        self.defined.append(u)
        self.T.append(sp.csr_array(T))
        self.shift.append(shift)
        return u

    def add(self, columns: Indices, m: Vector, heads: Indices, unit: float) -> Indices:
        """New columns above the single squares."""
        above = self.program.add_columns(len(columns), lower=0.0)
        self.squares.append(Squares(columns, m, above, heads, unit))
        return above

    def under(self, parts: tuple[Indices, Vector, Indices], heads: Indices, head: tuple[int, float]) -> None:
        """sum above <= head."""
        columns, m, _ = parts
        above = self.add(columns, m, heads, 1.0)
        row, at = np.ones(len(above)), above
        if head[0] >= 0:
            row, at = np.append(row, -1.0), np.append(at, head[0])
        self.program.add_rows(row[None, :], at, -INF, head[1], limit="", relax=0.0)

    def of_objective(self, switches: Indices, scale: float) -> tuple[Indices, Vector, Indices]:
        """scale * x'Px as squares: (columns, m, heads)."""
        columns, weights, heads = [np.zeros(0, dtype=np.intp)], [np.zeros(0)], [np.zeros(0, dtype=np.intp)]

        def take(at: Indices, m: Vector, head: Indices) -> None:
            columns.append(at)
            weights.append(scale * m)
            heads.append(head)

        for block in self.form.quadratics:
            at = block.columns
            diagonal = block.M if block.M.ndim == 1 else np.zeros(len(at))
            if block.M.ndim == 2:
                diagonal, rest = split(block.M, (switches[at] >= 0).astype(float))
                R = root(rest)
                T = sp.csr_array(
                    (R.T.ravel(), (np.repeat(np.arange(R.shape[1]), len(at)), np.tile(at, R.shape[1]))),
                    shape=(R.shape[1], self.form.n_columns),
                )
                y = self.define(T, np.zeros(R.shape[1]))
                take(y, np.ones(len(y)), np.full(len(y), -1))
            used = diagonal > 0.0
            take(at[used], diagonal[used], switches[at[used]])
        return np.concatenate(columns), np.concatenate(weights), np.concatenate(heads)

    def of_cone(self, cone: Cone) -> None:
        """||B1 x + b1|| <= B0 x + b0 as squares under the head."""
        first = sp.csr_array(cone.B[:1])
        tail = self.define(sp.csr_array(cone.B[1:]), cone.b[1:])
        none = np.full(len(tail), -1)
        if first.nnz:
            h = self.define(first, cone.b[:1])
            self.program.add_bounds(h, 0.0, INF, limit="", relax=0.0)
            self.under((tail, np.ones(len(tail)), none), np.full(len(tail), int(h[0])), (int(h[0]), 0.0))
            return
        radius = max(float(cone.b[0]), SMALLEST)
        self.under((tail, np.full(len(tail), 1.0 / radius), none), none, (-1, radius))


def split(M: Matrix, wanted: Vector) -> tuple[Vector, Matrix]:
    """(d, M - diag(d)), both positive semidefinite; d as large a multiple as that allows of what is specific, where wanted.

    Specific: 1 / (M^-1)_ii, the variance of asset i that the others do not explain. M's own diagonal for a singular M.
    M: (k, k). wanted: (k,).
    """
    from scipy.linalg import eigh

    if not wanted.any():
        return np.zeros(len(M)), M
    diagonal = np.maximum(np.diagonal(M), np.finfo(float).tiny)
    live = wanted > 0.0
    values, vectors = np.linalg.eigh(M)
    if values[0] > 1e-10 * values[-1]:
        inverse = (vectors**2) @ (1.0 / values)
        shape = 1.0 / inverse
    else:
        shape = diagonal
    # diag(shape) v = theta M v on the wanted part: the largest theta is one over the multiple.
    schur = M if live.all() else np.linalg.pinv(np.linalg.pinv(M)[np.ix_(live, live)])
    largest = float(eigh(np.diag(shape[live]), schur + 1e-14 * np.diag(diagonal[live]), eigvals_only=True)[-1])
    d = np.zeros(len(M))
    d[live] = KEEP_BACK / largest * shape[live]
    rest = M - np.diag(d)
    least = float(np.linalg.eigvalsh(rest)[0])
    if least < -1e-12 * float(values[-1]):  # what rounding left: nothing is split off rather than a bound that is none
        return np.zeros(len(M)), M
    return d, rest


def root(M: Matrix) -> Matrix:
    """R (k, r), R R' = M."""
    values, vectors = np.linalg.eigh(M)
    keep = values > max(float(values[-1]), 0.0) * NEGLIGIBLE
    return np.asarray(vectors[:, keep] * np.sqrt(values[keep]))
