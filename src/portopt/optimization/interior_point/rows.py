"""The rows that our interior point keeps: few as a rule, one an observation where observations are the factors.

    A = R - J T,  with the cones' rows below

R stays as it is. T changes from iteration to iteration, and only in the rows J that helpers stand in; so do the cones' rows.
"""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices, Mask, Matrix, Vector

MANY_ROWS = 200  # from which on A diag(weights) A' pays for square roots and for a look at what its columns add
LOST = 1e-9  # of the largest column's part in it: what is less by this is lost in the regularization that holds dependent rows
LOST_ROUGHLY = 1e-6


class FixedRows:
    """R (m, n), kept by its columns: a product over some of them reads no others.

    alone: (n,) columns with one entry at most, `value` in `row`, and none in J.  busy: the others, with their squared lengths,
    T's part counted as one.
    """

    def __init__(self, R: Matrix, touched: Mask) -> None:
        self.T = np.ascontiguousarray(R.T)
        self.is_many = len(R) >= MANY_ROWS
        if self.is_many:
            alone = (np.count_nonzero(self.T, axis=1) <= 1) & ~touched
            self.alone, self.busy = np.flatnonzero(alone), np.flatnonzero(~alone)
            self.row = np.abs(self.T[self.alone]).argmax(axis=1)
            self.value = self.T[self.alone, self.row]
            self.size = np.einsum("ij,ij->i", self.T, self.T)[self.busy] + touched[self.busy]


class Rows:
    """A of one iteration. J (t,), T (t, n); cones (e, n): their rows."""

    def __init__(self, fixed: FixedRows, J: Indices, T: Matrix, cones: Matrix) -> None:
        self._fixed, self._J, self._T, self._cones = fixed, J, T, cones
        self._m = fixed.T.shape[1]

    def times(self, x: Vector) -> Vector:
        """A x."""
        out = x @ self._fixed.T
        out[self._J] -= self._T @ x
        return np.concatenate([out, self._cones @ x])

    def back(self, y: Vector) -> Vector:
        """A'y."""
        m = self._m
        return np.asarray(self._fixed.T @ y[:m] - y[self._J] @ self._T + y[m:] @ self._cones)

    def columns(self, chosen: Indices, kind: type = np.float64) -> Matrix:
        """A' of these columns, (k, m + e)."""
        out = np.empty((len(chosen), self._m + len(self._cones)), dtype=kind)
        out[:, : self._m] = self._fixed.T[chosen]
        out[:, self._J] -= self._T[:, chosen].T
        out[:, self._m :] = self._cones[:, chosen].T
        return out

    def gram(self, weights: Vector, *, roughly: bool) -> Matrix:
        """A diag(weights) A', weights positive; of many rows, without the columns whose part would be lost in the others'.

        roughly: of many rows in single precision, which takes half the time.
        """
        fixed, m = self._fixed, self._m
        if not fixed.is_many:
            A = self.columns(np.arange(len(weights)))
            return np.asarray((A.T * weights) @ A)
        part = weights[fixed.busy] * fixed.size
        chosen = fixed.busy[part > (LOST_ROUGHLY if roughly else LOST) * float(part.max(initial=0.0))]
        B = self.columns(chosen, np.float32 if roughly else np.float64)
        B *= np.sqrt(weights[chosen])[:, None]
        S = np.asarray(B.T @ B, dtype=np.float64)  # of one array with itself: half the work of two
        alone = weights[fixed.alone]
        S.flat[: m * len(S) : len(S) + 1] += np.bincount(fixed.row, fixed.value**2 * alone, m)
        cones = self._cones[:, fixed.alone] * alone
        for k, cone in enumerate(cones, m):
            S[k, :m] += np.bincount(fixed.row, fixed.value * cone, m)
            S[:m, k] = S[k, :m]
        S[m:, m:] += cones @ self._cones[:, fixed.alone].T
        return S
