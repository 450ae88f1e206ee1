"""The optimality conditions of a day, solved for what follows each time it is asked: for days on which few weights are free.

The table of tableau.py says what everything would follow from everything, n + r squared numbers that each exchange changes.
What is asked of it is one product with what is given. Where few weights are free that product is cheaper from a
factorization of what is exchanged alone,

    K = [ M_FF + D_F   C_BF' ]        F the free weights, B the rows that bind, D what bends beside M
        [ C_BF         0     ]

and rows of M and C for the rest. With many free the upper block, the rows added to it where they bind, is factored as the
square that it is, and the rows by its Schur complement. Source: Nocedal and Wright (2006), section 16.2.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.optimization.daily.day import Day
from portopt.optimization.daily.tableau import Dependent

SMALL = 56  # unknowns up to which K is factored as it is
SINGULAR = 1e-11  # of the largest variance, or of a row: a pivot that small is none
FEW = 4  # one in so many weights moved: from there on a product with all of M is cheaper than with its rows


class Factored:
    """As tableau.Table, of the same meaning: exchanged (n + r,), C (r, n) kept as it counts now."""

    def __init__(self, day: Day, C: Matrix, exchanged: Mask) -> None:
        """Raises Dependent."""
        self.n, self.day, self.C = day.n, day, C
        self._factor(exchanged)

    def exchange(self, at: Indices) -> None:
        """All of them at once. Raises Dependent, and then has changed nothing."""
        exchanged = self.exchanged.copy()
        exchanged[at] = ~exchanged[at]
        self._factor(exchanged)

    def pivot(self, k: int) -> bool:
        """Exchange k; False where what follows does not depend on what would be given."""
        try:
            self.exchange(np.array([k]))
        except Dependent:
            return False
        return True

    def count(self, at: Indices, row: int, by: Vector) -> None:
        """Weights at `at`, held, count in a row by that much more."""
        self.C[row, at] += by

    def follows(self, given: Vector) -> Vector:
        """(n + r,) from what is given."""
        n, free, binding = self.n, self.free, self.binding
        x, y, _ = self.solved(given)
        out = np.concatenate([self.pushed(x, y), self.C @ x])
        out[free], out[n + binding] = x[free], y[binding]
        return out

    def pushed(self, x: Vector, y: Vector) -> Vector:
        """(n,) (M + D) x + C'y."""
        found = self.times(x) + y @ self.C
        return found if self.day.bend is None else found + self.day.bend * x

    def times(self, x: Vector) -> Vector:
        """(n,) M x."""
        moved = x.nonzero()[0]
        return x[moved] @ self.day.M[moved] if FEW * len(moved) < self.n else self.day.M @ x

    def solved(self, given: Vector) -> tuple[Vector, Vector, Vector]:
        """(x (n,), y (r,), (M + D) x of what is held (n,)) from what is given."""
        n, free, binding = self.n, self.free, self.binding
        f = len(free)
        x, y = given[:n].copy(), given[n:].copy()
        x[free], y[binding] = 0.0, 0.0
        held = self.pushed(x, y) if y.any() else self.times(x)
        rest = np.concatenate([given[free] - held[free], given[n + binding] - (self.C[binding] @ x)])
        found = self.K.solve(rest)
        x[free], y[binding] = found[:f], found[f:]
        return x, y, held

    def _factor(self, exchanged: Mask) -> None:
        """Raises Dependent, and then has changed nothing."""
        free, binding = exchanged[: self.n].nonzero()[0], exchanged[self.n :].nonzero()[0]
        block = self.day.M[free].take(free, axis=1) if len(free) else self.day.M[:0, :0]
        if self.day.bend is not None:
            block.flat[:: len(free) + 1] += self.day.bend[free]
        self.K: Small | Large = (Small if len(free) + len(binding) <= SMALL else Large)(block, self.C[binding[:, None], free])
        self.free, self.binding, self.exchanged = free, binding, exchanged


class Small:
    """K factored as it is. M: (f, f), C: (b, f)."""

    def __init__(self, M: Matrix, C: Matrix) -> None:
        """Raises Dependent."""
        f, b = len(M), len(C)
        self.empty = f + b == 0
        if self.empty:
            return
        if b > f:
            raise Dependent
        K = np.zeros((f + b, f + b), order="F")
        K[:f, :f], K[:f, f:], K[f:, :f] = M, C.T, C
        self.lu, self.pivots, wrong = lapack.dgetrf(K, overwrite_a=True)
        if wrong or not np.abs(self.lu.diagonal()).min() > SINGULAR * min(float(M.diagonal().max()) or 1.0, 1.0):
            raise Dependent

    def solve(self, rest: Vector) -> Vector:
        return rest if self.empty else np.asarray(lapack.dgetrs(self.lu, self.pivots, rest)[0])


class Large:
    """K by Cholesky. M: (f, f), C: (b, f)."""

    def __init__(self, M: Matrix, C: Matrix) -> None:
        """Raises Dependent."""
        self.f, self.C, self.weight = len(M), C, float(np.median(M.diagonal()))
        if not self.weight > 0.0 or len(C) > self.f:
            raise Dependent
        self.L, wrong = lapack.dpotrf((M + self.weight * (C.T @ C)).T, lower=True, overwrite_a=True, clean=False)
        if wrong or not float(self.L.diagonal().min()) ** 2 > SINGULAR * self.weight:
            raise Dependent
        if len(C):
            self.Y = lapack.dpotrs(self.L, C.T, lower=True)[0]
            S = C @ self.Y
            self.S, wrong = lapack.dpotrf(S.T, lower=True)
            if wrong or not bool((self.S.diagonal() ** 2 > SINGULAR * S.diagonal()).all()):
                raise Dependent

    def solve(self, rest: Vector) -> Vector:
        g, s = rest[: self.f], rest[self.f :]
        if not len(s):
            return np.asarray(lapack.dpotrs(self.L, g, lower=True)[0])
        u = lapack.dpotrs(self.L, g + self.weight * (s @ self.C), lower=True)[0]
        y = lapack.dpotrs(self.S, self.C @ u - s, lower=True)[0]
        return np.concatenate([u - self.Y @ y, y])
