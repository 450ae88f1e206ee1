"""One Newton step on a guessed active set, without ever forming an n x n matrix where the covariance has factors.

On the free columns F and the active rows R (cone gradients among them) solve

    [ H   A' ] [dx]   [r1]
    [ A   0  ] [dy] = [r2]

in three stages, each exact:
1. rows with two free columns of which one is a helper without curvature (w - buys + sells = w_prev with one of the trades
   at zero) give that helper away,
2. columns whose curvature is a diagonal entry alone (specific variances, factor exposures) are divided out,
3. what is left is small or genuinely dense, and goes to LAPACK; where it is large and nearly empty (chains of drawdowns)
   to SuperLU.

Dependent rows and flat directions are held by a small regularization; the caller refines against the true residual, so
it changes the path and not the answer, and along a direction that nothing decides the answer stays where it was.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.optimization.scaling.quadric import Quadric

FLAT = 1e-9  # a curvature below this part of the largest is not divided by
REGULARIZATION = 1e-9
WORTH_ELIMINATING = 200  # unknowns of the dense system above which stage 1 pays
SPARSE_FROM, SPARSE_SHARE = 400, 0.06  # unknowns and share of entries from and below which the system is factored sparse
MOST_DENSE = 4000  # unknowns LAPACK is given; beyond, the caller keeps the interior answer


class TooLarge(Exception):
    """The dense part of the system is beyond MOST_DENSE."""


class Rows:
    """What the free columns and the active rows alone decide: stage 1, and the rows it leaves. Made once for many systems.

    free (f,), active (r,): positions of the unknowns. helpers: (M,) columns without any curvature that stage 1 may give away.
    cones: how many rows more the system will have.
    """

    def __init__(self, A: sp.csr_array | Matrix, free: Indices, active: Indices, helpers: Mask, cones: int) -> None:
        A_F = A[active][:, free]
        self.free, self.r = free, len(active)
        pairs = _Pairs.none(len(free), self.r)
        if self.r + len(free) > WORTH_ELIMINATING:
            pairs = _Pairs.found(A_F, helpers[free])
        self.pairs, keep = pairs, pairs.kept
        if len(pairs.kept_rows) + cones > MOST_DENSE or len(pairs.kept_rows) * len(keep) > 40_000_000:
            raise TooLarge
        rest = A_F[pairs.kept_rows]
        self.B = _array(rest[:, keep])
        place = np.full(len(free), -1)
        place[keep] = np.arange(len(keep))
        self.masters = place[pairs.master]
        # Of a thousand rows a helper stands in one, the turnover.
        of_lost = sp.csr_array(rest[:, pairs.lost])
        self.touched = np.flatnonzero(np.diff(of_lost.indptr))
        self.rest_lost = of_lost[self.touched].toarray()
        for row, values in zip(self.touched, self.rest_lost, strict=True):
            self.B[row] += np.bincount(self.masters, values * pairs.ratio, len(keep))


class Kkt:
    """The factorized system. H: curvature of the objective, its dense block `own` times, plus `extra` (M,) diagonal and
    `wide` (a, M), scaled `weights`. G: (c, M) gradients of the active cones, which do not touch helpers.
    """

    def __init__(self, P: Quadric, held: Rows, *, own: float, extra: Vector, wide: Matrix, weights: Vector, G: Matrix) -> None:
        self._f, self._r, self._c = len(held.free), held.r, len(G)
        self._pairs, self._masters = held.pairs, held.masters
        self._touched, self._rest_lost = held.touched, held.rest_lost
        chosen = held.free[held.pairs.kept]
        B = np.vstack([held.B, G[:, chosen]]) if len(G) else held.B
        curvature = P.diagonal[chosen] + extra[chosen]
        hard = P.in_block()[chosen] | (curvature <= FLAT * max(1e-300, float(np.abs(curvature).max(initial=0.0))))
        if len(wide):
            hard |= (wide[:, chosen] != 0).any(axis=0)
        self._easy, self._hard = np.flatnonzero(~hard), np.flatnonzero(hard)
        self._h, self._B = curvature[self._easy], B
        if len(self._hard) + len(B) > MOST_DENSE:
            raise TooLarge
        self._sparse: Any = None
        self._factor(P, chosen[self._hard], own, extra, wide, weights)

    def _factor(self, P: Quadric, hard: Indices, own: float, extra: Vector, wide: Matrix, weights: Vector) -> None:
        from scipy.linalg import lapack

        h, m = len(hard), len(self._B)
        if h + m > SPARSE_FROM and self._entries(wide[:, hard]) < SPARSE_SHARE * (h + m) ** 2:
            self._factor_sparse(P, hard, own, extra, wide, weights)
            return
        B_hard, self._B_easy = self._B[:, self._hard], self._B[:, self._easy] if h else self._B
        K = np.zeros((h + m, h + m), order="F")
        if h:
            K[:h, :h] = P.sub(hard, own)
            K.flat[: h * (h + m) : h + m + 1] += extra[hard]
            if len(wide):
                W = wide[:, hard]
                K[:h, :h] += (W.T * weights) @ W
            K[h:, :h], K[:h, h:] = B_hard, B_hard.T
        by_root = self._B_easy / np.sqrt(self._h)
        K[h:, h:] = -(by_root @ by_root.T)  # of one array with itself: half the work of two
        size = np.abs(np.diagonal(K))
        K.flat[:: h + m + 1] += REGULARIZATION * np.concatenate(
            [np.full(h, max(1.0, size[:h].max(initial=0.0))), np.full(m, -max(1.0, size[h:].max(initial=0.0)))]
        )
        self._lapack: Any = lapack
        factors: tuple[Any, Any] = lapack.dgetrf(K, overwrite_a=True)[:2] if len(K) else (K, None)
        self._lu, self._pivots = factors

    def _entries(self, wide: Matrix) -> int:
        """Roughly how many of the system are not zero.

        A column divided out joins every two of its rows: with the observations as factors one weight fills their whole block.
        """
        crossed = int((wide != 0.0).any(axis=0).sum()) if len(wide) else 0
        there = np.count_nonzero(self._B, axis=0)
        joined = there[self._easy]
        filled = min(len(self._B) ** 2, int(joined @ joined))
        return max(2 * int(there.sum()), filled) + crossed**2

    def _factor_sparse(self, P: Quadric, hard: Indices, own: float, extra: Vector, wide: Matrix, weights: Vector) -> None:
        from scipy.sparse.linalg import splu

        h, m = len(hard), len(self._B)
        B = sp.csc_array(self._B)
        B_hard, B_easy = B[:, self._hard], B[:, self._easy]
        H = sp.csc_array(P.sub(hard, own) + np.diag(extra[hard]))
        if len(wide):
            W = sp.csr_array(wide[:, hard])
            H = sp.csc_array(H + W.T @ sp.diags_array(weights) @ W)
        over = sp.csr_array(B_easy @ sp.diags_array(1.0 / self._h)) if len(self._easy) else sp.csr_array(B_easy.shape)
        S = sp.csc_array(-(over @ B_easy.T))
        size_h, size_m = np.abs(H.diagonal()).max(initial=0.0), np.abs(S.diagonal()).max(initial=0.0)
        held = np.concatenate([np.full(h, max(1.0, size_h)), np.full(m, -max(1.0, size_m))])
        K = sp.block_array([[H, B_hard.T], [B_hard, S]]) + REGULARIZATION * sp.diags_array(held)
        self._B_easy = B_easy
        self._sparse = splu(sp.csc_matrix(K))

    def solve(self, r1: Vector, r2: Vector) -> tuple[Vector, Vector]:
        """(dx (f,), dy (r + c,)) for residuals r1 (f,) of stationarity and r2 (r + c,) of rows and cones."""
        pairs, r = self._pairs, self._r
        dx, dy = np.zeros(self._f), np.zeros(r + self._c)
        shift = r2[pairs.rows] / pairs.pivot
        y_lost = r1[pairs.lost] / pairs.pivot  # what the lost rows' multipliers are, but for the kept rows' part
        g = r1[pairs.kept].copy()
        np.subtract.at(g, self._masters, pairs.across * y_lost)
        b = np.concatenate([r2[pairs.kept_rows], r2[r:]])
        if len(pairs.lost):
            b[self._touched] -= self._rest_lost @ shift
        h, easy, hard = len(self._hard), self._easy, self._hard
        over = g[easy] / self._h
        solution = np.concatenate([g[hard], b - self._B_easy @ over])
        if self._sparse is not None:
            solution = self._sparse.solve(solution)
        elif len(solution):
            solution, _ = self._lapack.dgetrs(self._lu, self._pivots, solution)
        d_kept, y_kept = np.zeros(len(pairs.kept)), solution[h:]
        d_kept[hard] = solution[:h]
        d_kept[easy] = over - (self._B_easy.T @ y_kept) / self._h
        dx[pairs.kept] = d_kept
        dx[pairs.lost] = shift + pairs.ratio * d_kept[self._masters]
        dy[pairs.kept_rows], dy[r:] = y_kept[: len(pairs.kept_rows)], y_kept[len(pairs.kept_rows) :]
        if len(pairs.lost):
            dy[pairs.rows] = y_lost - (self._rest_lost.T @ y_kept[self._touched]) / pairs.pivot
        return dx, dy


class _Pairs:
    """Stage 1: row `rows[i]` says pivot[i] x[lost[i]] + across[i] x[master[i]] = side; so d lost = ratio * d master + …"""

    def __init__(self, rows: Indices, lost: Indices, master: Indices, pivot: Vector, across: Vector, f: int, r: int) -> None:
        self.rows, self.lost, self.master, self.pivot, self.across = rows, lost, master, pivot, across
        self.ratio = -across / pivot
        stays, row_stays = np.ones(f, dtype=bool), np.ones(r, dtype=bool)
        stays[lost], row_stays[rows] = False, False
        self.kept, self.kept_rows = np.flatnonzero(stays), np.flatnonzero(row_stays)

    @classmethod
    def none(cls, f: int, r: int) -> _Pairs:
        nothing, none = np.zeros(0, dtype=np.intp), np.zeros(0)
        return cls(nothing, nothing, nothing, none, none, f, r)

    @classmethod
    def found(cls, A: sp.csr_array | Matrix, helpers: Mask) -> _Pairs:
        """All rows of A with exactly two entries, one of them a helper's; each helper is given away once."""
        pattern = (A != 0).astype(float)
        r, f = pattern.shape
        number = np.arange(f, dtype=float)
        once = (pattern.sum(axis=1) == 2) & (pattern @ helpers.astype(float) == 1)
        rows = np.flatnonzero(np.asarray(once).ravel())
        lost = np.asarray(pattern[rows] @ (number * helpers)).astype(np.intp)
        lost, first = np.unique(lost, return_index=True)
        rows = rows[first]
        master = np.asarray(pattern[rows] @ (number * ~helpers)).astype(np.intp)
        pivot = np.asarray(A[rows] @ helpers.astype(float))
        across = np.asarray(A[rows] @ (~helpers).astype(float))
        return cls(rows, lost, master, pivot, across, f, r)


def _array(A: sp.csr_array | Matrix) -> Matrix:
    return A if isinstance(A, np.ndarray) else np.asarray(A.toarray())
