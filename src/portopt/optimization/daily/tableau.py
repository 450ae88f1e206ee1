"""The optimality conditions as a table: what is given, what follows from it, and how the two change places.

With trades x = w - book, multipliers y of the rows, and C the rows as the trades made now count in them,

    g = M x + C'y        s = C x

Of every weight either x or g is given, of every row either y or s: the table T says what the others are. A weight that
becomes free, or a row that begins to bind, exchanges the two (a principal pivot). Source: Cottle and Dantzig (1968),
Complementary pivot theory of mathematical programming, Linear Algebra and its Applications 1.
"""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices, Mask, Matrix, Vector

LEAST_PIVOT = 1e-8  # of what depends on it: less is nothing


class Dependent(Exception):
    """What would be exchanged says nothing new."""


class Table:
    """T: (n + r, n + r). exchanged: (n + r,) whether x and not g, or y and not s, follows. C: (r, n), kept as it counts now."""

    def __init__(self, M: Matrix, C: Matrix, exchanged: Mask) -> None:
        """Raises Dependent."""
        n, r = len(M), len(C)
        self.n, self.C, self.exchanged = n, C, np.zeros(n + r, dtype=bool)
        self.T = T = np.zeros((n + r, n + r), order="F")
        T[:n, :n], T[:n, n:], T[n:, :n] = M, C.T, C
        self.exchange(np.flatnonzero(exchanged))

    def exchange(self, at: Indices) -> None:
        """All of them at once. Raises Dependent, and then has changed nothing."""
        if len(at) < 2:
            if len(at) and not self.pivot(int(at[0])):
                raise Dependent
            return
        from scipy.linalg import blas, lapack

        T = self.T
        rows, columns = T[at], T[:, at]
        K = np.asfortranarray(rows[:, at])
        lu, pivots, wrong = lapack.dgetrf(K, overwrite_a=True)
        if wrong:
            raise Dependent
        inverse = lapack.dgetri(lu, pivots, overwrite_lu=True)[0]
        down = columns @ inverse
        if not np.abs(down).max() < 1.0 / LEAST_PIVOT:
            raise Dependent
        self.T = T = blas.dgemm(-1.0, down, rows, beta=1.0, c=T, overwrite_c=1)
        T[at] = -inverse @ rows
        T[:, at] = down
        T[at[:, None], at] = inverse
        self.exchanged[at] = ~self.exchanged[at]

    def pivot(self, k: int) -> bool:
        """Exchange k; False where what follows does not depend on what would be given."""
        from scipy.linalg.blas import dger

        T = self.T
        p, column, row = float(T[k, k]), T[:, k].copy(), T[k].copy()
        if abs(p) <= LEAST_PIVOT * float(np.abs(column).max()):
            return False
        self.T = T = dger(-1.0 / p, column, row, a=T, overwrite_a=1)
        T[:, k], T[k] = column / p, row / -p
        T[k, k] = 1.0 / p
        self.exchanged[k] = not self.exchanged[k]
        return True

    def count(self, at: Indices, row: int, by: Vector) -> None:
        """Weights at `at`, held, count in a row by that much more."""
        T, j = self.T, self.n + row
        self.C[row, at] += by
        if self.exchanged[j]:
            T[:, at] -= T[:, j : j + 1] * by
            T[at] += by[:, None] * T[j]
        else:
            T[j, at] += by
            T[at, j] += by

    def follows(self, given: Vector) -> Vector:
        """(n + r,) from what is given."""
        return np.asarray(self.T @ given)
