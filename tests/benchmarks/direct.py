"""PIQP and Clarabel called by hand: the program written straight into a solver's arrays, no library between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from markets import RISK_FREE, Job, Market

Answer = Callable[[], np.ndarray]
Rows = tuple[sp.csr_array, np.ndarray, np.ndarray]


class Parts:
    """minimize 1/2 x'Px + q'x,  low <= A x <= high,  lb <= x <= ub,  cone;  w = x[:n] (over x[kappa] for a ratio)."""

    def __init__(self, job: Job, m: Market, factors: bool) -> None:
        self.n, self.ratio = m.n, job.kind == "max_sharpe"
        self.k = m.F.shape[1] if factors else 0
        self.trades = 2 * m.n if job.turnover is not None else 0
        self.N = self.n + self.k + self.trades + self.ratio
        scale = job.gamma if job.kind == "utility" else 1.0
        self.P = self._quadratic(m, factors, scale)
        self.q = np.zeros(self.N)
        if job.kind == "utility":
            self.q[: self.n] = -m.mu
        self.A, self.low, self.high = self._rows(job, m, factors)
        self.lb, self.ub = np.full(self.N, -np.inf), np.full(self.N, np.inf)
        self.lb[: self.n] = 0.0
        self.lb[self.n + self.k :] = 0.0
        if not self.ratio:
            self.ub[: self.n] = job.cap

    def _quadratic(self, m: Market, factors: bool, scale: float) -> sp.csc_array:
        rest = sp.csc_array((self.trades + self.ratio, self.trades + self.ratio))
        first = [sp.diags_array(m.D), sp.eye_array(self.k)] if factors else [sp.csc_array(m.Sigma)]
        return sp.csc_array(scale * sp.block_diag([*first, rest]))

    def _rows(self, job: Job, m: Market, factors: bool) -> Rows:
        n, N, inf = self.n, self.N, np.inf
        blocks: list[tuple[Any, Any, Any]] = []

        def wide(*placed: tuple[int, Any]) -> sp.csr_array:
            height = placed[0][1].shape[0]
            parts = [sp.coo_array(part) for _, part in placed]
            rows = np.concatenate([p.coords[0] for p in parts])
            cols = np.concatenate([p.coords[1] + at for (at, _), p in zip(placed, parts, strict=True)])
            return sp.csr_array((np.concatenate([p.data for p in parts]), (rows, cols)), shape=(height, N))

        ones = np.ones((1, n))
        if self.ratio:
            kappa = N - 1
            blocks.append((wide((0, ones), (kappa, -np.ones((1, 1)))), [0.0], [0.0]))
            blocks.append((wide((0, (m.mu - RISK_FREE)[None, :])), [1.0], [1.0]))
            column = np.full((len(m.S), 1), -job.sector_cap)
            blocks.append((wide((0, m.S), (kappa, column)), np.full(len(m.S), -inf), np.zeros(len(m.S))))
            blocks.append((wide((0, sp.eye_array(n)), (kappa, np.full((n, 1), -job.cap))), np.full(n, -inf), np.zeros(n)))
        else:
            blocks.append((wide((0, ones)), [1.0], [1.0]))
            blocks.append((wide((0, m.S)), np.full(len(m.S), -inf), np.full(len(m.S), job.sector_cap)))
        if factors:
            G = m.F @ np.linalg.cholesky(m.Omega)
            blocks.append((wide((0, G.T), (n, -np.eye(self.k))), np.zeros(self.k), np.zeros(self.k)))
        if self.trades:
            at, eye = n + self.k, sp.eye_array(n)
            blocks.append((wide((0, eye), (at, -eye), (at + n, eye)), m.w_prev, m.w_prev))
            blocks.append((wide((at, np.ones((1, 2 * n)))), [-inf], [2 * job.turnover]))
        stacked = sp.csr_array(sp.vstack([b[0] for b in blocks]))
        return stacked, np.concatenate([b[1] for b in blocks]), np.concatenate([b[2] for b in blocks])

    def tracking_cone(self, job: Job, m: Market, factors: bool) -> tuple[sp.csr_array, np.ndarray]:
        """(B, b) of  [te; root'(w - benchmark)]  in the second-order cone."""
        if factors:
            root_D = np.sqrt(m.D)
            y_b = (m.F @ np.linalg.cholesky(m.Omega)).T @ m.benchmark
            body = sp.block_diag([sp.diags_array(root_D), sp.eye_array(self.k)])
            tail = -np.concatenate([root_D * m.benchmark, y_b])
        else:
            body = sp.csr_array(np.linalg.cholesky(m.Sigma).T)
            tail = -(body @ m.benchmark)
        B = sp.vstack([sp.csr_array((1, body.shape[1])), body])
        B = sp.hstack([B, sp.csr_array((B.shape[0], self.N - B.shape[1]))])
        return sp.csr_array(B), np.concatenate([[job.te], tail])

    def weights(self, x: np.ndarray) -> np.ndarray:
        return x[: self.n] / x[-1] if self.ratio else x[: self.n].copy()


def piqp(job: Job, m: Market, factors: bool) -> Answer | str:
    """Dense or sparse PIQP at 1e-9; it has no cones."""
    if job.te is not None:
        return "no cones"
    import piqp as solver_library

    def answer() -> np.ndarray:
        p = Parts(job, m, factors)
        solver = solver_library.SparseSolver() if factors else solver_library.DenseSolver()
        s = solver.settings
        s.eps_abs = s.eps_rel = s.eps_duality_gap_abs = s.eps_duality_gap_rel = 1e-9
        equal = p.low == p.high
        shape = _int32 if factors else (lambda M: np.asfortranarray(M.toarray()))
        solver.setup(
            shape(p.P), p.q, shape(p.A[equal]), p.low[equal], shape(p.A[~equal]), p.low[~equal], p.high[~equal], p.lb, p.ub
        )
        solver.solve()
        return p.weights(np.array(solver.result.x))

    return answer


def clarabel(job: Job, m: Market, factors: bool) -> Answer | str:
    """Clarabel at its own default tolerances."""
    import clarabel as solver_library

    def answer() -> np.ndarray:
        p = Parts(job, m, factors)
        equal, eye = p.low == p.high, sp.eye_array(p.N, format="csr")
        below, above = ~equal & np.isfinite(p.low), ~equal & np.isfinite(p.high)
        floor, ceiling = np.isfinite(p.lb), np.isfinite(p.ub)
        blocks = [p.A[equal], p.A[above], -p.A[below], eye[ceiling], -eye[floor]]
        rhs = [p.high[equal], p.high[above], -p.low[below], p.ub[ceiling], -p.lb[floor]]
        cones = [solver_library.ZeroConeT(int(equal.sum())), solver_library.NonnegativeConeT(sum(map(len, rhs[1:])))]
        if job.te is not None:
            B, b = p.tracking_cone(job, m, factors)
            blocks, rhs = [*blocks, -B], [*rhs, b]
            cones.append(solver_library.SecondOrderConeT(len(b)))
        settings = solver_library.DefaultSettings()
        settings.verbose = False
        P, A = sp.csc_matrix(sp.triu(p.P)), sp.csc_matrix(sp.vstack(blocks))
        found = solver_library.DefaultSolver(P, p.q, A, np.concatenate(rhs), cones, settings).solve()
        return p.weights(np.array(found.x))

    return answer


def _int32(M: Any) -> sp.csc_matrix:
    out = sp.csc_matrix(M)
    out.indices, out.indptr = out.indices.astype(np.int32), out.indptr.astype(np.int32)
    return out
