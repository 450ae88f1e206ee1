"""The linear systems of our interior point, by the structure that portfolio programs have.

    [ P + D + cones   A' ] [dx]   [a]
    [ A              -E  ] [dy] = [b]

D, E diagonal and new in every iteration. Columns are of two kinds. Helpers (buys and sells, longs and shorts) have no
curvature but their barrier; each stands in at most one light row, w - buys + sells = w_prev, that holds one other column.
They are eliminated first, then the light rows, which leaves a diagonal on the weights; what remains has the curvature
of the program (a diagonal in factor form, else one dense block) and the few rows that are not light. No n x n matrix
appears in factor form, and a dense one is factored once an iteration, with turnover or without.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.optimization.helpers import flat_columns
from portopt.optimization.presolve import Scaled

MOST_ROWS = 400  # rows that are not light
MOST_BLOCK = 2500  # columns of a dense block
HELD = 1e-11  # added to curvature and rows, so that flat directions and dependent rows stay where they are


class Structure:
    """Which columns and rows are what; found once a program. fits: whether this is the solver for it."""

    def __init__(self, program: Scaled) -> None:
        A, M = program.A, len(program.q)
        flat = flat_columns(program) & (np.isfinite(program.lower) | np.isfinite(program.upper))
        m = A.shape[0]
        row, column = np.repeat(np.arange(m), np.diff(A.indptr)), A.indices
        on_helper = flat[column]
        others = np.bincount(row[~on_helper], minlength=m)
        light = (program.row_lower == program.row_upper) & (others == 1) & (np.bincount(row[on_helper], minlength=m) > 0)
        shared = np.bincount(column[light[row]], minlength=M)
        if np.any(shared[flat] > 1):  # a helper in two light rows: those rows are treated like any other
            light[row[on_helper & (shared[column] > 1)]] = False
        if not light.any():
            flat[:] = False
        self.helpers, self.main = np.flatnonzero(flat), np.flatnonzero(~flat)
        self.light, self.rows = np.flatnonzero(light), np.flatnonzero(~light)
        self.fits = len(self.rows) <= MOST_ROWS and len(program.P.columns) <= MOST_BLOCK
        self.fits &= all(cone.kind == "second_order" for cone in program.cones)
        if self.fits:
            self._split(program)

    def _split(self, program: Scaled) -> None:
        A, h = program.A, len(self.helpers)
        self.A_main = A[self.rows][:, self.main].toarray()
        on_helpers = A[self.rows][:, self.helpers]
        self.touching = np.flatnonzero(np.diff(on_helpers.indptr))
        self.A_help = on_helpers[self.touching].toarray() if len(self.touching) else np.zeros((0, h))
        light = sp.coo_array(A[self.light][:, self.helpers])
        self.l_row, self.l_helper, self.l_value = light.coords[0], light.coords[1], light.data
        of_main = A[self.light][:, self.main]
        self.partner, self.across = of_main.indices, of_main.data  # one entry a row, in row order
        place = np.full(len(program.q), -1)
        place[self.main] = np.arange(len(self.main))
        self.block_at = place[program.P.columns]
        self.cones = [_ConeParts(cone.B, place, program) for cone in program.cones]


class _ConeParts:
    """B1'B1 of one cone as a diagonal and a dense block on `at`, and its first row."""

    def __init__(self, B: sp.csr_array, place: Indices, program: Scaled) -> None:
        size = int((place >= 0).sum())
        tail = B[1:]
        entries = np.diff(tail.indptr)
        row_of = np.repeat(np.arange(tail.shape[0]), entries)
        alone = entries[row_of] == 1
        self.diagonal = np.zeros(size)
        np.add.at(self.diagonal, place[tail.indices[alone]], tail.data[alone] ** 2)
        self.at, self.block = np.zeros(0, dtype=np.intp), np.zeros((0, 0))
        if not alone.all():
            wide = tail[np.flatnonzero(entries > 1)]
            columns = np.unique(wide.indices)
            self.at, self.block = place[columns], _gram(wide[:, columns].toarray(), columns, program)
        self.first = np.zeros(size)
        head = B[[0]]
        self.first[place[head.indices]] = head.data


def _gram(W: Matrix, columns: Indices, program: Scaled) -> Matrix:
    """W'W; where it is a multiple of the objective's own block (the same Sigma) that is taken instead of the product."""
    P = program.P
    if len(columns) <= len(P.columns):
        at = np.searchsorted(P.columns, columns)
        if np.array_equal(P.columns[np.minimum(at, len(P.columns) - 1)], columns):
            block = P.block if len(at) == len(P.columns) else P.block[np.ix_(at, at)]
            probe = np.cos(np.arange(1.0, len(columns) + 1.0))
            theirs, ours = block @ probe, W.T @ (W @ probe)
            ratio = float(ours @ theirs / max(float(theirs @ theirs), 1e-300))
            if np.abs(ours - ratio * theirs).max() <= 1e-11 * np.abs(ours).max():
                return np.asarray(block * ratio)
    return np.asarray(W.T @ W)


class BarrierSystem:
    """Factorized for one iteration. D (M,), E (r,): the diagonals. cones: (1/eta^2, B'Jw (M,)) of each cone."""

    def __init__(self, structure: Structure, program: Scaled, D: Vector, E: Vector, cones: list[tuple[float, Vector]]) -> None:
        from scipy.linalg import lapack

        t = self._t = structure
        self._lapack: Any = lapack
        self._over_h = 1.0 / D[t.helpers]
        curvature = program.P.diagonal[t.main] + D[t.main] + HELD
        extra_rows, extra_E = [], []
        for (weight, g), parts in zip(cones, t.cones, strict=True):
            curvature += weight * parts.diagonal
            extra_rows.append(g[t.main])
            extra_E.append(0.5 / weight)
            if parts.first.any():
                extra_rows.append(parts.first)
                extra_E.append(-1.0 / weight)
        # Light rows, after the helpers: -(diag), so eliminating them adds a diagonal to the partners.
        light = np.bincount(t.l_row, t.l_value**2 * self._over_h[t.l_helper], len(t.light)) + HELD
        self._over_light = 1.0 / light
        curvature += np.bincount(t.partner, t.across**2 * self._over_light, len(t.main))
        A = np.vstack([t.A_main, *extra_rows]) if extra_rows else t.A_main
        S = np.diag(np.concatenate([E[t.rows] + HELD, extra_E]))
        if len(t.touching):
            scaled = t.A_help * self._over_h
            self._mixed = _by_light(t, scaled)
            over = self._mixed * self._over_light
            A = A.copy() if A is t.A_main else A
            np.subtract.at(A.T, (t.partner[:, None], t.touching), (over * t.across).T)
            S[np.ix_(t.touching, t.touching)] += scaled @ t.A_help.T - over @ self._mixed.T
        self._A, self._extra = A, len(extra_E)
        self._curve(program, curvature, cones)
        self._HA = self._inverse(A.T)
        S += A @ self._HA
        self._lu, self._pivots = lapack.dgetrf(S)[:2]

    def _curve(self, program: Scaled, curvature: Vector, cones: list[tuple[float, Vector]]) -> None:
        """Factor the curvature of the main columns: a diagonal, or Cholesky of the dense block."""
        t = self._t
        wide = [parts.at for parts in t.cones if len(parts.at)]
        self._diagonal = curvature
        self._block = np.unique(np.concatenate([t.block_at, *wide])) if len(t.block_at) or wide else t.block_at
        if len(self._block) == 0:
            return
        place = np.full(len(t.main), -1)
        place[self._block] = np.arange(len(self._block))
        whole = len(self._block) == len(t.block_at)
        H = program.P.block.copy(order="F") if whole else np.zeros((len(self._block),) * 2, order="F")
        if not whole and len(t.block_at):
            H[np.ix_(place[t.block_at], place[t.block_at])] = program.P.block
        for (weight, _), parts in zip(cones, t.cones, strict=True):
            if len(parts.at) == len(self._block):
                H += weight * parts.block
            elif len(parts.at):
                H[np.ix_(place[parts.at], place[parts.at])] += weight * parts.block
        H.flat[:: len(H) + 1] += curvature[self._block]
        self._cholesky, info = self._lapack.dpotrf(H, lower=True, overwrite_a=True, clean=False)
        if info:
            raise np.linalg.LinAlgError("the curvature is not positive definite")

    def _inverse(self, B: Matrix) -> Matrix:
        out = (B.T / self._diagonal).T
        if len(self._block):
            out[self._block] = self._lapack.dpotrs(self._cholesky, B[self._block], lower=True)[0]
        return out

    def solve(self, a: Vector, b: Vector) -> tuple[Vector, Vector]:
        """(dx (M,), dy (r,))."""
        t = self._t
        x, y = np.zeros(len(a)), np.zeros(len(b))
        over_a = a[t.helpers] * self._over_h
        b_light = b[t.light] - np.bincount(t.l_row, t.l_value * over_a[t.l_helper], len(t.light))
        a_main, b_rows = a[t.main].copy(), np.concatenate([b[t.rows], np.zeros(self._extra)])
        over_b = b_light * self._over_light
        a_main += np.bincount(t.partner, t.across * over_b, len(t.main))
        if len(t.touching):
            b_rows[t.touching] -= t.A_help @ over_a + self._mixed @ over_b
        Ha = self._inverse(a_main[:, None])[:, 0]
        y_rows = self._lapack.dgetrs(self._lu, self._pivots, self._A @ Ha - b_rows)[0]
        x_main = Ha - self._HA @ y_rows
        y[t.rows], x[t.main] = y_rows[: len(t.rows)], x_main
        y_light = t.across * x_main[t.partner] * self._over_light - over_b
        pull = np.bincount(t.l_helper, t.l_value * 0.0, len(t.helpers))
        if len(t.touching):
            y_light -= (self._mixed.T @ y_rows[t.touching]) * self._over_light
            pull = t.A_help.T @ y_rows[t.touching]
        y[t.light] = y_light
        pull += np.bincount(t.l_helper, t.l_value * y_light[t.l_row], len(t.helpers))
        x[t.helpers] = over_a - self._over_h * pull
        return x, y


def _by_light(t: Structure, scaled: Matrix) -> Matrix:
    """(touching, light) rows times helpers times light rows."""
    out = np.zeros((len(t.touching), len(t.light)))
    for k in range(len(t.touching)):
        out[k] = np.bincount(t.l_row, scaled[k, t.l_helper] * t.l_value, len(t.light))
    return out
