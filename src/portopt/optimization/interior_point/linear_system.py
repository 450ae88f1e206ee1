"""The linear systems of our interior point, by the structure that portfolio programs have.

    [ P + D + cones   A' ] [dx]   [a]
    [ A              -E  ] [dy] = [b]

D, E diagonal and new in every iteration. Columns are of two kinds. Helpers (buys and sells, longs and shorts) have no
curvature but their barrier; each stands in at most one light row, w - buys + sells = w_prev, that holds one other column
at most.
They are eliminated first, then the light rows, which leaves a diagonal on the weights; what remains has the curvature
of the program (a diagonal in factor form, else one dense block) and the few rows that are not light. No n x n matrix
appears in factor form, and a dense one is factored once an iteration, with turnover or without.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.optimization.interior_point.rows import FixedRows, Rows
from portopt.optimization.scaling.cone_map import ConeMap, cone_maps
from portopt.optimization.scaling.helper_columns import flat_columns
from portopt.optimization.scaling.presolve import Scaled

HEAVY_ROWS = 1_200  # rows that are not light; at 757 of 10,000 columns (756 observations as factors) 8 times faster than PIQP
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
        most = min(1, M - int(flat.sum()))  # what must be sold has no column left, and its trades a row to themselves
        light = (program.row_lower == program.row_upper) & (others <= most) & (np.bincount(row[on_helper], minlength=m) > 0)
        shared = np.bincount(column[light[row]], minlength=M)
        if np.any(shared[flat] > 1):  # a helper in two light rows: those rows are treated like any other
            light[row[on_helper & (shared[column] > 1)]] = False
        if not light.any():
            flat[:] = False
        self.helpers, self.main = np.flatnonzero(flat), np.flatnonzero(~flat)
        self.light, self.rows = np.flatnonzero(light), np.flatnonzero(~light)
        self.fits = len(self.rows) <= HEAVY_ROWS and len(program.P.columns) <= MOST_BLOCK
        self.fits &= all(cone.kind == "second_order" for cone in program.cones)
        if self.fits:
            self._split(program)

    def _split(self, program: Scaled) -> None:
        A, h = program.A, len(self.helpers)
        heavy = A[self.rows] if len(self.light) else A
        on_helpers = heavy[:, self.helpers]
        self.touching = np.flatnonzero(np.diff(on_helpers.indptr))
        self.A_help = on_helpers[self.touching].toarray() if len(self.touching) else np.zeros((0, h))
        of_light = A[self.light] if h else A[:0]
        self._A_light, self._A_lightT = of_light, sp.csr_array(of_light.T)
        light = sp.coo_array(of_light[:, self.helpers])
        self.l_row, self.l_helper, self.l_value = light.coords[0], light.coords[1], light.data
        of_main = sp.coo_array(of_light[:, self.main])
        self.partner, self.across = np.zeros(len(self.light), dtype=np.intp), np.zeros(len(self.light))
        self.partner[of_main.coords[0]], self.across[of_main.coords[0]] = of_main.coords[1], of_main.data
        place = np.full(len(program.q), -1)
        place[self.main] = np.arange(len(self.main))
        self.maps = cone_maps(program)
        self.cones = [_ConePart(cone, place) for cone in self.maps]
        block_at = place[program.P.columns]
        wide = [cone.at for cone in self.cones if len(cone.at)]
        if len(block_at) and all(len(at) == len(block_at) and np.array_equal(at, block_at) for at in wide):
            self.block = block_at
        else:
            self.block = np.unique(np.concatenate([block_at, *wide])) if wide else block_at
        where = np.full(len(self.main), -1)
        where[self.block] = np.arange(len(self.block))
        easy = np.ones(len(self.main), dtype=bool)
        easy[self.block] = False
        self.easy = np.flatnonzero(easy)
        kept = (heavy[:, self.main] if h else heavy).toarray()
        turned = np.isin(np.arange(len(self.main)), self.partner)
        self.easy_rows = FixedRows(kept[:, self.easy] if len(self.block) else kept, turned[self.easy])
        self.block_rows = FixedRows(kept[:, self.block], turned[self.block])
        self.own = where[block_at]
        self.work = np.zeros((len(self.block),) * 2, order="F")  # one for all iterations: fresh memory costs a factorization
        for cone in self.cones:
            cone.inside = where[cone.at]

    def times(self, x: Vector) -> Vector:
        """A x. The rows that are not light are kept as arrays: of observations as factors that is a third of the time."""
        out, main = np.empty(len(self.light) + len(self.rows)), x[self.main]
        heavy = main[self.easy] @ self.easy_rows.T + main[self.block] @ self.block_rows.T
        heavy[self.touching] += self.A_help @ x[self.helpers]
        out[self.rows] = heavy
        if len(self.light):
            out[self.light] = self._A_light @ x
        return out

    def back(self, y: Vector) -> Vector:
        """A'y."""
        heavy, main = y[self.rows], np.empty(len(self.main))
        main[self.easy], main[self.block] = self.easy_rows.T @ heavy, self.block_rows.T @ heavy
        out = np.zeros(len(self.main) + len(self.helpers))
        out[self.main] = main
        out[self.helpers] = heavy[self.touching] @ self.A_help
        return np.asarray(out + self._A_lightT @ y[self.light] if len(self.light) else out)


class _ConePart:
    """B1'B1 of one cone among the main columns: a diagonal, and a dense block on `at` or a multiple of the objective's.

    first: its first row. inside: where `at` stands in the system's dense block.
    """

    def __init__(self, cone: ConeMap, place: Indices) -> None:
        n = int((place >= 0).sum())
        self.multiple = cone.multiple
        main = place[cone.columns]
        self.first, self.diagonal = np.zeros(n), np.zeros(n)
        self.first[main] = cone.first
        self.diagonal[main] = cone.diagonal
        self.has_first = bool(cone.first.any())
        self.at = main[cone.wide]
        self.block = np.zeros((0, 0)) if cone.multiple else cone.gram()
        self.inside = self.at


class BarrierSystem:
    """Factorized for one iteration. D (M,), E (r,): the diagonals. cones: (1/eta^2, B'Jw (M,)) of each cone.

    roughly: to about six digits, where that is faster: enough far from the end.
    """

    def __init__(
        self,
        structure: Structure,
        program: Scaled,
        D: Vector,
        E: Vector,
        cones: list[tuple[float, Vector]],
        *,
        roughly: bool = False,
    ) -> None:
        from scipy.linalg import blas, lapack

        t = self._t = structure
        self._lapack: Any = lapack
        self._blas: Any = blas
        self._over_h = 1.0 / D[t.helpers]
        curvature = program.P.diagonal[t.main] + D[t.main] + HELD
        extra_rows, extra_E = [], []
        for (weight, g), cone in zip(cones, t.cones, strict=True):
            curvature += weight * cone.diagonal
            extra_rows.append(g[t.main])
            extra_E.append(0.5 / weight)
            if cone.has_first:
                extra_rows.append(cone.first)
                extra_E.append(-1.0 / weight)
        # Light rows, after the helpers: -(diag), so eliminating them adds a diagonal to the partners.
        light = np.bincount(t.l_row, t.l_value**2 * self._over_h[t.l_helper], len(t.light)) + HELD
        self._over_light = 1.0 / light
        curvature += np.bincount(t.partner, t.across**2 * self._over_light, len(t.main))
        S = np.diag(np.concatenate([E[t.rows] + HELD, extra_E]))
        turned = np.zeros((len(t.touching), len(t.main)))
        if len(t.touching):
            scaled = t.A_help * self._over_h
            self._mixed = _by_light(t, scaled)
            over = self._mixed * self._over_light
            for k in range(len(t.touching)):
                turned[k] = np.bincount(t.partner, over[k] * t.across, len(t.main))
            S[np.ix_(t.touching, t.touching)] += scaled @ t.A_help.T - over @ self._mixed.T
        self._extra = len(extra_E)
        self._over_easy = 1.0 / curvature[t.easy]
        below = np.array(extra_rows).reshape(len(extra_E), len(t.main))
        self._easy_rows = Rows(t.easy_rows, t.touching, turned[:, t.easy], below[:, t.easy])
        S += self._easy_rows.gram(self._over_easy, roughly=roughly)
        if len(t.block):
            self._cholesky = self._factored(program, curvature[t.block], cones)
            block = Rows(t.block_rows, t.touching, turned[:, t.block], below[:, t.block])
            self._V = self._blas.dtrsm(1.0, self._cholesky, block.columns(np.arange(len(t.block))), lower=True)
            S += self._V.T @ self._V
        self._lu, self._pivots = lapack.dgetrf(S, overwrite_a=True)[:2]

    def _factored(self, program: Scaled, diagonal: Vector, cones: list[tuple[float, Vector]]) -> Matrix:
        """Cholesky of the dense block: the objective's own, the cones', the barrier."""
        t, b = self._t, len(self._t.block)
        own = 1.0 + sum(weight * cone.multiple for (weight, _), cone in zip(cones, t.cones, strict=True))
        H = t.work
        if len(t.own) == b:  # symmetric, so that its transpose, which lies in memory as LAPACK wants it, will do
            np.multiply(program.P.block.T, own, out=H)
        else:
            H[:] = 0.0
            H[np.ix_(t.own, t.own)] = own * program.P.block
        for (weight, _), cone in zip(cones, t.cones, strict=True):
            if len(cone.block) == b:
                H += weight * cone.block.T
            elif len(cone.block):
                H[np.ix_(cone.inside, cone.inside)] += weight * cone.block
        H.T.flat[:: b + 1] += diagonal
        L, info = self._lapack.dpotrf(H, lower=True, overwrite_a=True, clean=False)
        if info:
            raise np.linalg.LinAlgError("the curvature is not positive definite")
        return np.asarray(L)

    def solve(self, a: Vector, b: Vector) -> tuple[Vector, Vector]:
        """(dx (M,), dy (r,))."""
        t = self._t
        x, y = np.zeros(len(a)), np.zeros(len(b))
        over_a = a[t.helpers] * self._over_h
        b_light = b[t.light] - np.bincount(t.l_row, t.l_value * over_a[t.l_helper], len(t.light))
        a_main, b_rows = a[t.main], np.concatenate([b[t.rows], np.zeros(self._extra)])
        over_b = b_light * self._over_light
        a_main += np.bincount(t.partner, t.across * over_b, len(t.main))
        if len(t.touching):
            b_rows[t.touching] -= t.A_help @ over_a + self._mixed @ over_b
        y_rows, x_main = self._solve_main(a_main, b_rows)
        y[t.rows], x[t.main] = y_rows[: len(t.rows)], x_main
        y_light = t.across * x_main[t.partner] * self._over_light - over_b
        pull = np.zeros(len(t.helpers))
        if len(t.touching):
            y_light -= (self._mixed.T @ y_rows[t.touching]) * self._over_light
            pull = t.A_help.T @ y_rows[t.touching]
        y[t.light] = y_light
        pull += np.bincount(t.l_helper, t.l_value * y_light[t.l_row], len(t.helpers))
        x[t.helpers] = over_a - self._over_h * pull
        return x, y

    def _solve_main(self, a: Vector, b: Vector) -> tuple[Vector, Vector]:
        """The rows that are not light, and the columns that are no helpers."""
        t, x = self._t, np.zeros(len(a))
        over = a[t.easy] * self._over_easy
        right = self._easy_rows.times(over) - b
        if len(t.block):
            u = self._blas.dtrsv(self._cholesky, a[t.block], lower=True)
            right += self._V.T @ u
        y = self._lapack.dgetrs(self._lu, self._pivots, right)[0]
        x[t.easy] = over - self._easy_rows.back(y) * self._over_easy
        if len(t.block):
            x[t.block] = self._blas.dtrsv(self._cholesky, u - self._V @ y, lower=True, trans=1)
        return y, x


def _by_light(t: Structure, scaled: Matrix) -> Matrix:
    """(touching, light) rows times helpers times light rows."""
    out = np.zeros((len(t.touching), len(t.light)))
    for k in range(len(t.touching)):
        out[k] = np.bincount(t.l_row, scaled[k, t.l_helper] * t.l_value, len(t.light))
    return out
